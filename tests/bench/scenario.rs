//! A day of the Sanmen plant with all rules, as `sanmen test` plays it.

use sanmen::cli::library::Library;
use sanmen::exercise::offline;

use crate::plant::quiet_day;
use crate::{medians, report};

/// 24 h, both halves and the wire between them, at 60 s and at 300 s steps.
pub fn bench() {
    let library = Library::default();
    let plant = library.plant("sanmen").expect("the plant ships");
    let book = library.book().expect("the rules ship");
    let minute = quiet_day(&plant);
    let mut coarse = minute.clone();
    coarse.step = sanmen::base::Span::minutes(5);
    let play = |scenario| {
        offline::play(&plant, scenario, &book, None).expect("the scenario plays");
    };
    let [fine, coarse] = medians(7, [&mut || play(&minute), &mut || play(&coarse)]);
    for (what, time, budget) in [("60 s", fine, 0.2), ("300 s", coarse, 0.06)] {
        let seconds = time.as_secs_f64();
        report(
            &format!("24 h of the Sanmen plant with all rules, {what} steps"),
            &format!("{seconds:.3} s"),
            &format!("≤ {budget} s on a quiet machine"),
            seconds <= budget,
        );
    }
}
