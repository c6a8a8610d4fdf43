//! The stranger of an exercise about forged messages, live: a client of his own on the broker, who
//! hears what the plant says and speaks in its name, and who has none of its keys.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use crate::base::time::wall_now;
use crate::base::{Span, Stamp};
use crate::exercise::live::simulate::Progress;
use crate::exercise::live::stop::Stop;
use crate::exercise::stranger::{Said, Stranger};
use crate::telemetry::publisher::{Keep, PublishError, Publisher};
use crate::telemetry::subscriber::Arrival;

/// How long the broker keeps what he has it keep. It runs out by itself: whoever takes it back says
/// an empty message to everybody.
const KEPT: Span = Span::minutes(10);

/// How long his last messages may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Somebody who is in the air and has no key.
pub struct Intruder {
    stranger: Stranger,
    notebook: Notebook,
    publisher: Publisher,
}

/// What he knows.
pub struct Ears {
    /// What the plant says.
    pub arrivals: mpsc::Receiver<Arrival>,
    /// How far the exercise is.
    pub progress: watch::Receiver<Progress>,
    /// True once everybody has gone where he cannot follow.
    pub lost: watch::Receiver<bool>,
}

impl Intruder {
    /// Who writes into `notebook` what he will say again, and speaks by `publisher`.
    pub fn new(stranger: Stranger, notebook: Notebook, publisher: Publisher) -> Self {
        Self { stranger, notebook, publisher }
    }

    /// Listens and speaks until the exercise is over, he has lost it, or a stop.
    pub async fn run(mut self, mut ears: Ears, stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => break,
                () = gone(&mut ears.lost) => break,
                Some(Arrival { topic, payload, ack, .. }) = ears.arrivals.recv() => {
                    let now = ears.progress.borrow().now;
                    if self.stranger.overhear(now, &topic, &payload) {
                        self.notebook.note(now, &topic, &payload);
                    }
                    ack.acknowledge();
                }
                changed = ears.progress.changed() => {
                    let Progress { now, finished, .. } = *ears.progress.borrow_and_update();
                    if changed.is_err() || finished {
                        break;
                    }
                    let said = self.stranger.say(now);
                    if self.publish(said).await.is_err() {
                        break;
                    }
                }
            }
        }
        let _ = self.publisher.drain(LAST_WORDS).await; // what is left is a stranger's
    }

    async fn publish(&self, said: Vec<Said>) -> Result<(), PublishError> {
        for Said { topic, payload, retained } in said {
            let keep = if retained { Keep::Until(wall_now() + KEPT) } else { Keep::No };
            self.publisher.publish_any(keep, topic, payload).await?;
        }
        Ok(())
    }
}

/// What a stranger has heard and will say again, on disk: a restart makes nobody forget.
#[derive(Debug)]
pub struct Notebook(PathBuf);

/// A line of it, in JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: Stamp,
    topic: String,
    payload: String,
}

impl Notebook {
    /// The notebook at `path`. What stands in it up to `now` the `stranger` knows again; what comes
    /// later has not happened in this branch of the run, and is taken out. Errors: the disk.
    pub fn open(path: &Path, now: Stamp, stranger: &mut Stranger) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let known = text.split_inclusive('\n').map_while(|line| {
            let read = serde_json::from_str(line).ok().filter(|_| line.ends_with('\n'));
            read.filter(|it: &Line| it.at <= now).map(|it| (line.len(), it))
        });
        let mut length = 0;
        for (bytes, Line { at, topic, payload }) in known {
            stranger.overhear(at, &topic, payload.as_bytes());
            length += bytes;
        }
        file.set_len(length as u64)?;
        Ok(Self(path.to_owned()))
    }

    /// Writes down what was heard at `at`. What the disk does not take, he forgets at a restart.
    fn note(&self, at: Stamp, topic: &str, payload: &[u8]) {
        let Ok(payload) = String::from_utf8(payload.to_vec()) else { return };
        let line = Line { at, topic: topic.to_owned(), payload };
        let written = serde_json::to_string(&line).map_err(io::Error::from).and_then(|line| {
            let mut file = OpenOptions::new().append(true).open(&self.0)?;
            file.write_all(format!("{line}\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!(%error, "what the stranger has heard cannot be kept");
        }
    }
}

/// Returns when everybody has gone elsewhere, or the exercise is over.
async fn gone(lost: &mut watch::Receiver<bool>) {
    let _ = lost.wait_for(|lost| *lost).await; // an error says that it is over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PlantId;
    use crate::base::ids::Space;
    use crate::base::random::Seed;
    use crate::scenario::exercise::attack::{Attack, AttackKind};

    const TOPIC: &str = "sanmen/v1/k7/small/data";

    fn at(min: i64) -> Stamp {
        Stamp::from_ms(1_733_356_800_000).expect("a time") + Span::minutes(min)
    }

    /// He says at minute 30 what he heard from minute 5 to minute 15; he begins at `min`.
    fn stranger(min: i64) -> Stranger {
        let id = |text: &str| PlantId::new(text).expect("an id");
        let kind = AttackKind::Replay { of: at(5) };
        let attack = Attack { id: "a".to_owned(), at: at(30), lasting: Span::minutes(10), kind };
        let space = Space::new("k7").expect("an id");
        Stranger::new((space, id("small")), vec![attack], at(min), Seed(1))
    }

    fn hear(notebook: &Notebook, stranger: &mut Stranger, min: i64) {
        let payload = format!("\"{min} ø\"");
        if stranger.overhear(at(min), TOPIC, payload.as_bytes()) {
            notebook.note(at(min), TOPIC, payload.as_bytes());
        }
    }

    fn says(mut stranger: Stranger, min: i64) -> Vec<String> {
        let said = stranger.say(at(min)).into_iter().map(|it| it.payload);
        said.map(|it| String::from_utf8(it).expect("a text")).collect()
    }

    #[test]
    fn after_a_restart_a_stranger_says_again_what_he_heard_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes");
        let begin = |min: i64| {
            let mut stranger = stranger(min);
            let notebook = Notebook::open(&path, at(min), &mut stranger).expect("it opens");
            (notebook, stranger)
        };
        let (notebook, mut first) = begin(0);
        for min in [4, 5, 8] {
            hear(&notebook, &mut first, min);
        }
        // Killed while it wrote.
        let mut file = OpenOptions::new().append(true).open(&path).expect("it is there");
        file.write_all(b"{\"at\": \"2024").expect("written");
        let (notebook, mut second) = begin(9);
        for min in [12, 16] {
            hear(&notebook, &mut second, min);
        }
        assert_eq!(says(second, 30), ["\"5 ø\"", "\"8 ø\"", "\"12 ø\""]);
        // The instructor goes back: what came later has not happened, and comes anew.
        let (notebook, mut branch) = begin(8);
        hear(&notebook, &mut branch, 12);
        assert_eq!(says(branch, 30), ["\"5 ø\"", "\"8 ø\"", "\"12 ø\""]);
        // What he has said again, he does not say once more.
        assert_eq!(says(begin(31).1, 40), Vec::<String>::new());
        assert_eq!(says(begin(29).1, 40).len(), 3);
    }
}
