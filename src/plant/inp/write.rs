//! A network as an `.inp` text that our reader and EPANET take alike.

use std::fmt::Write as _;

use crate::base::Span;
use crate::plant::efficiency::Efficiency;
use crate::plant::network::{
    ControlAction, ControlWhen, Link, LinkKind, LinkStatus, Network, NodeIndex, NodeKind, ValveKind,
};

/// The text of `network` in m³/h, m and mm, with these title lines and a village's day as its
/// pattern. Ids must be EPANET's own: without blanks, quotes and semicolons.
pub fn write(network: &Network, title: &[String]) -> String {
    let mut text = String::from("[TITLE]\n");
    for line in title {
        text.push_str(&format!("{line}\n"));
    }
    write_nodes(network, &mut text);
    write_links(network, &mut text);
    write_controls(network, &mut text);
    text.push_str(DAY);
    let (reactions, driven) = (network.reactions, network.pressure_driven);
    let _ = write!(
        text,
        "\n[REACTIONS]\n Order Bulk 1\n Order Wall 1\n Global Bulk {}\n Global Wall {}\n\
         \n[TIMES]\n Duration 72:00\n Hydraulic Timestep 0:05\n Quality Timestep 0:05\n \
         Report Timestep 1:00\n Pattern Timestep 1:00\n Start ClockTime 12 am\n\
         \n[OPTIONS]\n Units CMH\n Headloss H-W\n Demand Model PDA\n Minimum Pressure {}\n \
         Required Pressure {}\n Pressure Exponent {}\n Pattern DAY\n Quality Chlorine mg/L\n \
         Trials 100\n Accuracy 0.0001\n Unbalanced Continue 10\n Emitter Exponent 0.5\n",
        number(0.0 - reactions.bulk_per_day),
        number(0.0 - reactions.wall_m_per_day),
        number(driven.minimum.as_m()),
        number(driven.required.as_m()),
        number(driven.exponent),
    );
    let placed = network.nodes.iter().filter_map(|node| Some((&node.id, node.coordinates?)));
    text.push_str("\n[COORDINATES]\n");
    for (id, (x, y)) in placed {
        let _ = writeln!(text, "{id} {} {}", number(x), number(y));
    }
    text.push_str("\n[END]\n");
    text
}

/// EPANET's own run needs a day; ours has its own. The hours are those of `world::demand` `[D]`.
const DAY: &str = "
[PATTERNS]
; a day in a mountain village: 07:00 is the peak
DAY 0.2 0.15 0.12 0.12 0.2 0.6
DAY 1.7 2.6 1.6 1.05 0.91 1.4
DAY 1.5 0.9 0.75 0.75 0.95 1.5
DAY 1.95 1.9 1.4 0.95 0.5 0.3
";

/// Seven digits say more than anybody has measured, and read back alike everywhere.
fn number(value: f64) -> String {
    let short: f64 = format!("{value:.6e}").parse().unwrap_or(value);
    format!("{}", short + 0.0)
}

fn write_nodes(network: &Network, text: &mut String) {
    let mut junctions = String::from("\n[JUNCTIONS]\n;ID Elev(m) Demand(m3/h)\n");
    let mut reservoirs = String::from("\n[RESERVOIRS]\n;ID Head(m)\n");
    let mut tanks = String::from(
        "\n[TANKS]\n;ID Elev(m) Init(m) Min(m) Max(m) Diam(m) MinVol Curve Overflow\n",
    );
    for node in &network.nodes {
        let (id, elevation) = (&node.id, number(node.elevation.as_m()));
        let _ = match &node.kind {
            NodeKind::Junction { base_demand, .. } => {
                writeln!(junctions, "{id} {elevation} {}", number(base_demand.as_m3_per_h()))
            }
            NodeKind::Reservoir => writeln!(reservoirs, "{id} {elevation}"),
            NodeKind::Tank(tank) => writeln!(
                tanks,
                "{id} {elevation} {} {} {} {} 0 * {}",
                number(tank.initial_level.as_m()),
                number(tank.min_level.as_m()),
                number(tank.max_level.as_m()),
                number(tank.diameter.as_m()),
                if tank.overflow { "YES" } else { "NO" },
            ),
        };
    }
    for section in [junctions, reservoirs, tanks] {
        text.push_str(&section);
    }
}

fn write_links(network: &Network, text: &mut String) {
    let mut pipes = String::from("\n[PIPES]\n;ID From To Length(m) Diam(mm) C MinorLoss Status\n");
    let mut pumps = String::from("\n[PUMPS]\n;ID From To Curve\n");
    let mut valves = String::from("\n[VALVES]\n;ID From To Diam(mm) Type Setting MinorLoss\n");
    let mut curves = String::from("\n[CURVES]\n;ID Flow(m3/h) Head(m)\n");
    let mut status = String::from("\n[STATUS]\n");
    let mut energy = String::from("\n[ENERGY]\n");
    let name = |NodeIndex(at): NodeIndex| network.nodes[at].id.as_str();
    for (at, link) in network.links.iter().enumerate() {
        let ends = format!("{} {} {}", link.id, name(link.start), name(link.end));
        match &link.kind {
            LinkKind::Pipe { length, diameter, roughness_c, minor_loss, .. } => {
                let _ = writeln!(
                    pipes,
                    "{ends} {} {} {} {} {}",
                    number(length.as_m()),
                    number(diameter.as_m() * 1_000.0),
                    number(*roughness_c),
                    number(*minor_loss),
                    pipe_status(link),
                );
                continue;
            }
            LinkKind::Pump { curve, speed, efficiency } => {
                let _ = writeln!(pumps, "{ends} HEAD C{at} SPEED {}", number(*speed));
                for (flow, head) in curve {
                    let (flow, head) = (number(flow.as_m3_per_h()), number(head.as_m()));
                    let _ = writeln!(curves, "C{at} {flow} {head}");
                }
                if let Efficiency::Points(points) = efficiency {
                    let _ = writeln!(energy, "PUMP {} EFFIC E{at}", link.id);
                    for (flow, share) in points {
                        let (flow, percent) = (number(flow.as_m3_per_h()), number(share * 100.0));
                        let _ = writeln!(curves, "E{at} {flow} {percent}");
                    }
                }
            }
            LinkKind::Valve { kind, diameter, setting, minor_loss } => {
                let (word, setting) = valve(*kind, *setting);
                let diameter = number(diameter.as_m() * 1_000.0);
                let (setting, loss) = (number(setting), number(*minor_loss));
                let _ = writeln!(valves, "{ends} {diameter} {word} {setting} {loss}");
            }
        }
        if link.initial == LinkStatus::Closed {
            let _ = writeln!(status, "{} Closed", link.id);
        }
    }
    for section in [pipes, pumps, valves, curves, status, energy] {
        text.push_str(&section);
    }
}

fn pipe_status(link: &Link) -> &'static str {
    match (&link.kind, link.initial) {
        (LinkKind::Pipe { check_valve: true, .. }, _) => "CV",
        (_, LinkStatus::Open) => "Open",
        (_, LinkStatus::Closed) => "Closed",
    }
}

/// EPANET's word and the setting in the file's units.
fn valve(kind: ValveKind, setting: f64) -> (&'static str, f64) {
    match kind {
        ValveKind::Prv => ("PRV", setting),
        ValveKind::Psv => ("PSV", setting),
        ValveKind::Fcv => ("FCV", setting * 3_600.0),
        ValveKind::Tcv => ("TCV", setting),
    }
}

fn write_controls(network: &Network, text: &mut String) {
    text.push_str("\n[CONTROLS]\n");
    for control in &network.controls {
        let link = &network.links[control.link.0];
        let what = match (control.action, &link.kind) {
            (ControlAction::Open, _) => "OPEN".to_owned(),
            (ControlAction::Closed, _) => "CLOSED".to_owned(),
            (ControlAction::Setting(to), LinkKind::Valve { kind, .. }) => {
                number(valve(*kind, to).1)
            }
            (ControlAction::Setting(to), _) => number(to),
        };
        let node = |NodeIndex(at): NodeIndex| network.nodes[at].id.as_str();
        let when = match control.when {
            ControlWhen::Above(at, level) => {
                format!("IF NODE {} ABOVE {}", node(at), number(level.as_m()))
            }
            ControlWhen::Below(at, level) => {
                format!("IF NODE {} BELOW {}", node(at), number(level.as_m()))
            }
            ControlWhen::AtTime(time) => format!("AT TIME {}", clock(time)),
            ControlWhen::AtClockTime(time) => format!("AT CLOCKTIME {}", clock(time)),
        };
        let _ = writeln!(text, "LINK {} {what} {when}", link.id);
    }
}

fn clock(time: Span) -> String {
    let seconds = time.as_ms() / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::plant::inp::read;

    /// Every kind of node, link and control that a plant may have, but for the time of day.
    const ALL: &str = "[JUNCTIONS]\n A 10 7.2\n B 12 0\n C 12 3\n D 5 1\n[RESERVOIRS]\n R 5.25\n\
        [TANKS]\n T 40 2.5 0.2 3 6 0 * YES\n[PIPES]\n P1 A T 500 150 130 0 Open\n\
        P2 A B 200 100 120 0.5 Closed\n P3 C B 10 100 120 0 CV\n[PUMPS]\n\
        PU R A HEAD C1 SPEED 0.9\n\
        [VALVES]\n V1 A C 100 FCV 3.6 0\n V2 B C 80 PRV 21.5 1\n V3 B D 80 TCV 7 2\n\
        V4 C D 80 PSV 30 0\n[STATUS]\n V3 CLOSED\n[CURVES]\n C1 36 40\n[CONTROLS]\n\
        LINK PU CLOSED IF NODE T ABOVE 2.9\n LINK PU 0.8 IF NODE T BELOW 1\n\
        LINK V1 7.2 AT TIME 2:30\n LINK P2 OPEN AT CLOCKTIME 6 AM\n[OPTIONS]\n Units CMH\n\
        [REACTIONS]\n Global Bulk -0.5\n Global Wall -0.05\n[COORDINATES]\n A 3.5 -2\n";

    #[test]
    fn what_is_written_reads_back_as_the_same_network() {
        let network = read(&Source::new("a.inp", ALL)).expect("a sound file");
        let text = write(&network, &["A title".to_owned()]);
        let again = read(&Source::new("b.inp", &text)).expect("what we write, we read");
        assert_eq!(again.title, ["A title"]);
        assert_eq!(write(&again, &["A title".to_owned()]), text);
        let shown = |network: &Network| {
            let Network { nodes, links, controls, reactions, pressure_driven, .. } = network;
            let nodes: Vec<String> = nodes.iter().map(|node| format!("{node:?}")).collect();
            format!("{nodes:#?} {links:#?} {controls:#?} {reactions:?} {pressure_driven:?}")
        };
        assert_eq!(shown(&again), shown(&network));
    }

    #[test]
    fn numbers_are_short_and_never_negative_zero() {
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(0.0 - 0.0), "0");
        assert_eq!(number(1_234.567_891), "1234.568");
    }
}
