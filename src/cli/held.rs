//! Says when the ceiling of a guest holds plants back, and when it does no longer.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::base::Span;
use crate::base::text::Lang;
use crate::cli::stderr::say;
use crate::exercise::live::company::Voices;
use crate::telemetry::access::Access;
use crate::telemetry::link::{LinkState, LinkStatus};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// Messages that wait so long for their turn are worth a line, in seconds.
const BEHIND_S: f64 = 10.0;

/// Those that wait no longer than this are on time again, in seconds.
const CAUGHT_UP_S: f64 = 2.0;

/// What there is to say of a wait.
#[derive(Debug, Clone, Copy, PartialEq)]
enum News {
    /// The newest message has so many seconds to wait.
    Behind(f64),
    CaughtUp,
}

/// What has been said: said again once it is twice as long, or half.
#[derive(Debug, Default)]
struct Told(Option<f64>);

impl Told {
    /// The newest message has so many seconds to wait now.
    fn look(&mut self, wait_s: f64) -> Option<News> {
        let news = match self.0 {
            None if wait_s >= BEHIND_S => News::Behind(wait_s),
            Some(_) if wait_s <= CAUGHT_UP_S => News::CaughtUp,
            Some(told) if wait_s >= 2.0 * told || wait_s <= told / 2.0 => News::Behind(wait_s),
            _ => return None,
        };
        self.0 = matches!(news, News::Behind(_)).then_some(wait_s);
        Some(news)
    }
}

/// Says it on stderr until the plants have said everything; without a ceiling there is nothing to
/// say. While the broker is away, that is what holds them back, and is said by others.
pub fn report(
    voices: &Voices,
    broker: &Access,
    link: Option<watch::Receiver<LinkStatus>>,
    lang: Lang,
) -> JoinHandle<()> {
    let (ceiling, host) = (broker.ceiling.clone(), broker.url.host.clone());
    let (Some(ceiling), Some(link)) = (ceiling, link) else { return tokio::spawn(async {}) };
    let per_s = ceiling.per_s();
    let waiting = voices.waiting();
    tokio::spawn(async move {
        let mut looks = tokio::time::interval(LOOK);
        let mut told = Told::default();
        loop {
            looks.tick().await;
            let Some(messages) = waiting() else { return };
            if link.borrow().state != LinkState::Connected {
                continue;
            }
            if let Some(news) = told.look(messages as f64 / per_s) {
                say(&sentence(news, (messages, per_s), &host, lang));
            }
        }
    })
}

fn sentence(news: News, (messages, per_s): (u64, f64), host: &str, lang: Lang) -> String {
    match (news, lang) {
        (News::Behind(wait_s), Lang::En) => format!(
            "the plants fall behind: {messages} messages wait for their turn, the newest for about \
             {}, at {per_s} a second, which is what a guest of {host} sends at most; take a lower \
             --speed, or a broker of your own (--own if that one is)",
            Span::from_seconds_f64(wait_s.round())
        ),
        (News::Behind(wait_s), Lang::Zh) => format!(
            "水厂消息滞后:{messages}条消息排队待发,最新一条约需等待{};作为{host}的访客,每秒最多发{per_s}条。\
             请降低--speed,或改用自己的消息服务器(若它就是您的,加--own)",
            Span::from_seconds_f64(wait_s.round())
        ),
        (News::CaughtUp, Lang::En) => "the plants are on time again".to_owned(),
        (News::CaughtUp, Lang::Zh) => "水厂消息不再滞后".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    //! When something is said.

    use super::News::{Behind, CaughtUp};
    use super::*;

    #[test]
    fn a_wait_is_said_once_and_again_when_it_has_doubled_halved_or_gone() {
        let mut told = Told::default();
        let waits = [0.0, 9.9, 10.0, 15.0, 19.0, 21.0, 30.0, 12.0, 10.0, 3.0, 2.5, 1.9, 0.0, 9.0];
        let said: Vec<News> = waits.into_iter().filter_map(|it| told.look(it)).collect();
        assert_eq!(said, [Behind(10.0), Behind(21.0), Behind(10.0), Behind(3.0), CaughtUp]);
    }

    #[test]
    fn the_sentence_has_how_much_how_long_why_and_the_way_out() {
        let text = sentence(Behind(140.2), (280, 2.0), "192.0.2.2", Lang::En);
        for part in ["280 messages", "about 2 min", "2 a second", "192.0.2.2", "--speed", "--own"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
