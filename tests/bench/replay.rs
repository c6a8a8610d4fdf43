//! A day of a hundred instruments, read once a second, through all rules.

use crate::many_tags::{play, scene};
use crate::{medians, report};

/// Instruments, and seconds of a day.
const TAGS: usize = 100;
const DAY_S: i64 = 86_400;

/// From decoded readings on: put in order, tested, judged, counted.
pub fn bench() {
    let (plant, book) = scene(TAGS);
    let mut day = || {
        let tally = play(&plant, &book, DAY_S);
        assert_eq!(tally.readings, TAGS as u64 * DAY_S.unsigned_abs());
    };
    let [time] = medians(3, [&mut day]);
    let seconds = time.as_secs_f64();
    let rate = TAGS as f64 * DAY_S as f64 / seconds / 1e6;
    report(
        "24 h of 100 instruments at 1 s replayed through all rules",
        &format!("{seconds:.2} s, {rate:.2} M readings/s"),
        "≤ 3 s on a quiet core",
        seconds <= 3.0,
    );
}
