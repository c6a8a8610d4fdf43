#![expect(unsafe_code, reason = "tells the C library how to keep EPANET's large tables")]
//! EPANET keeps two tables of 1 MB for each project and uses a page of each.
//!
//! Whole maps of their own cost the pages that are used, and go back to the system at the end.
//! glibc gives such maps only until the first is freed; from then on it takes the tables from its
//! heap, where each is cleared and stays in memory after its end: 2 MB a plant.

/// Gives large blocks maps of their own, as long as this process runs.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn keep_apart() {
    use std::ffi::c_int;
    use std::sync::Once;

    /// From this size on.
    const BYTES: c_int = 512 * 1024;
    /// As glibc's `malloc.h` has it.
    const M_MMAP_THRESHOLD: c_int = -3;

    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: glibc's own function, which any thread may call at any time. Where it refuses,
        // the tables cost more memory, and nothing else changes.
        let _ = unsafe { mallopt(M_MMAP_THRESHOLD, BYTES) };
    });
}

/// Other systems decide by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn keep_apart() {}
