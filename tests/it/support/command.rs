//! The command, as these tests were built with it.

use std::path::Path;
use std::process::{Command, Output};

/// What a run in `folder` leaves.
pub fn sanmen(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sanmen"))
        .args(args)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .expect("the command was built with this test")
}

/// Exit code, what it puts out, and what it says, at the project's root.
pub fn said(args: &[&str]) -> (Option<i32>, String, String) {
    let output = sanmen(Path::new(env!("CARGO_MANIFEST_DIR")), args);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}
