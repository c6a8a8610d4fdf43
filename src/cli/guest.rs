//! How we behave at a broker that is not on this machine: who may guess our topics, how many
//! messages it gets, and what is said of it.

use clap::Args;

use crate::base::Span;
use crate::base::ids::Space;
use crate::base::text::Lang;
use crate::cli::exit::Failure;
use crate::cli::keys::Named;
use crate::cli::settings::Settings;
use crate::cli::stderr::say;
use crate::exercise::live::pace::Pace;
use crate::telemetry::access::Access;
use crate::telemetry::ceiling::Ceiling;
use crate::telemetry::{public, topic};

/// Clock messages a second, besides those of plants.
const CLOCK_PER_S: f64 = 1.0;

/// A guest's readings wait at least so long for more of them, so that a message carries many.
const BATCH_WALL_LEAST: Span = Span::SECOND;

/// Flags for brokers that are not on this machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the broker")]
pub struct GuestArgs {
    /// The broker is ours: no ceiling on messages, any speed, any space
    #[arg(long)]
    own: bool,
    /// Show the address of the exercise as a QR code; on a public broker it is shown anyway
    #[arg(long)]
    share: bool,
}

impl GuestArgs {
    /// Are we a guest at this broker?
    fn is_guest(&self, access: &Access, settings: &Settings) -> bool {
        let host = &access.url.host;
        !(access.url.is_loopback() || self.own || settings.broker.own_hosts.contains(host))
    }

    /// Makes a guest's manners part of `access` and `settings`: for plants in `space`, so many
    /// (none: only a monitor) at this pace. Says so. Errors: what no guest may do.
    pub fn enter(
        &self,
        (access, lang): (&mut Access, Lang),
        space: &Space,
        plants: Option<(usize, Pace)>,
        settings: &mut Settings,
    ) -> Result<(), Failure> {
        if !self.is_guest(access, settings) {
            return Ok(());
        }
        let host = access.url.host.clone();
        if plants.is_some_and(|(_, pace)| pace == Pace::Max) {
            return Err(Failure::usage(format!(
                "--speed max would flood {host}: give a number, or --own if that broker is yours"
            )));
        }
        let is_open = access.url.login.is_none() && !access.tls.has_certificate;
        if is_open && !topic::is_private(space) {
            return Err(Failure::usage(format!(
                "anybody at {host} could guess the space {space}: take one that sanmen simulate \
                 draws when --space is left out, or give --own if that broker is yours"
            )));
        }
        let set = &settings.broker;
        let of_plants = |(count, _): (usize, Pace)| {
            count.max(1) as f64 * set.per_second_per_plant + CLOCK_PER_S
        };
        let most = plants.map_or(set.per_second, of_plants).min(set.per_second);
        access.ceiling = Some(Ceiling::new(most));
        settings.batch_wall = settings.batch_wall.max(BATCH_WALL_LEAST);
        if let Some(broker) = public::known(&host) {
            say(&match lang {
                Lang::En => format!(
                    "{host} is public: everybody who learns the space can read this exercise, and \
                     speak in it. Nothing real belongs here. It {}",
                    broker.note.0
                ),
                Lang::Zh => format!(
                    "{host}是公共消息服务器:任何知道空间名的人都能读取本次演练并在其中发言,\
                     不要放入任何真实数据。该服务器{}",
                    broker.note.1
                ),
            });
        }
        Ok(())
    }

    /// Where others find the exercise and by which keys they believe it, as a line and, where it
    /// helps, as a picture.
    pub fn say_where(&self, (access, lang): (&Access, Lang), space: &Space, keys: &[Named]) {
        if access.url.is_loopback() && !self.share {
            return; // others on this machine have been told how to watch it
        }
        let address = access.url.shared(space.as_str(), keys);
        say(&format!("{}{address}", lang.pick("join: ", "加入:")));
        if (self.share || public::known(&access.url.host).is_some())
            && let Some(picture) = picture(&address)
        {
            say(&picture);
        }
    }
}

/// A QR code in half blocks, dark on light; none when the text is too long.
pub(super) fn picture(text: &str) -> Option<String> {
    use qrcode::render::unicode::Dense1x2;
    let code = qrcode::QrCode::new(text).ok()?;
    // Terminals are dark more often than not: swapped colours read on both.
    let mut renderer = code.render::<Dense1x2>();
    renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    Some(renderer.build())
}

/// The same as a vector picture for pages; none when the text is too long.
pub(super) fn drawing(text: &str) -> Option<String> {
    let code = qrcode::QrCode::new(text).ok()?;
    let width = code.width();
    let colors = code.to_colors();
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == qrcode::Color::Dark);
    let square =
        |(at, _): (usize, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
    let (squares, side): (String, usize) = (dark.map(square).collect(), width + 2 * QUIET);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/>\
         <path d=\"{squares}\"/></svg>"
    ))
}

/// Light modules around a code, by its standard (ISO/IEC 18004).
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_square_and_light_around() {
        let picture = picture("mqtts://test.mosquitto.org:8886/sanmen/v1/abc/#").expect("short");
        let lines: Vec<&str> = picture.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert!(lines.len() * 2 >= width && lines.len() * 2 <= width + 1);
        assert!(lines[0].chars().all(|c| c == '█'), "the quiet zone is light");
    }

    #[test]
    fn a_drawing_has_the_dark_modules_of_its_code() {
        let link = "http://192.0.2.7:8080/#token=abc";
        let code = qrcode::QrCode::new(link).expect("short");
        let dark = code.to_colors().iter().filter(|it| **it == qrcode::Color::Dark).count();
        let drawing = drawing(link).expect("short");
        assert_eq!(drawing.matches("h1v1h-1z").count(), dark);
        // The first corner of the finder begins behind the quiet zone.
        assert!(drawing.contains("M4 4h1v1h-1z") && !drawing.contains("token"), "{drawing}");
    }
}
