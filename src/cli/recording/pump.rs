//! A recording from front to back, with a bar that says how far it is.

use indicatif::{ProgressBar, ProgressStyle};

use super::Recording;
use crate::base::text::Lang;
use crate::cli::exit::Failure;
use crate::exercise::live::stop::Stop;
use crate::exercise::replay::Item;

/// Items between two looks at the bar and at whether to stop.
const ITEMS: usize = 4_096;

/// Takes items out of a recording.
pub struct Pump {
    recording: Recording,
    bar: ProgressBar,
    /// Was it stopped before its end?
    pub is_cut: bool,
}

/// Is there more?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// There may be.
    Yes,
    /// The recording is over, or somebody has said stop.
    No,
}

impl Pump {
    /// Before the first item.
    pub fn new(recording: Recording, lang: Lang) -> Self {
        // Nobody knows how much another program will say.
        let (bar, looks) = match recording.size {
            0 => {
                let looks = lang.pick("{spinner} {bytes} read", "{spinner} 已读{bytes}");
                (ProgressBar::no_length(), looks)
            }
            size => {
                let looks = lang.pick(
                    "{wide_bar} {percent:>3} % {eta} left",
                    "{wide_bar} {percent:>3} % 剩余{eta}",
                );
                (ProgressBar::new(size), looks)
            }
        };
        if let Ok(style) = ProgressStyle::with_template(looks) {
            bar.set_style(style);
        }
        Self { recording, bar, is_cut: false }
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Gives some of the next items to `take`. Errors: the recording cannot be read on.
    pub fn some(&mut self, stop: &Stop, take: &mut dyn FnMut(Item)) -> Result<More, Failure> {
        for _ in 0..ITEMS {
            match self.recording.take() {
                Ok(Some(item)) => take(item),
                Ok(None) => {
                    self.bar.finish_and_clear();
                    return Ok(More::No);
                }
                Err(failure) => {
                    self.bar.finish_and_clear();
                    return Err(failure);
                }
            }
        }
        self.bar.set_position(self.recording.progress.bytes());
        if stop.is_set() {
            self.bar.finish_and_clear();
            self.is_cut = true;
            return Ok(More::No);
        }
        Ok(More::Yes)
    }
}
