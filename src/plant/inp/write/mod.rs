//! A network as an `.inp` text that our reader and EPANET take alike.

use std::fmt::Write as _;

use crate::base::Span;
use crate::plant::efficiency::Efficiency;
use crate::plant::network::{
    Friction, Lift, Link, LinkKind, LinkStatus, Mixing, Network, NodeIndex, NodeKind, Shape, Tank,
    ValveKind,
};

mod controls;

/// The text of `network` in m³/h, m and mm, with these title lines and a village's day as its
/// pattern. Ids must be EPANET's own: without blanks, quotes and semicolons.
pub fn write(network: &Network, title: &[String]) -> String {
    let mut text = String::from("[TITLE]\n");
    for line in title {
        text.push_str(&format!("{line}\n"));
    }
    write_nodes(network, &mut text);
    write_links(network, &mut text);
    controls::write(network, &mut text);
    text.push_str(DAY);
    let (reactions, driven) = (network.reactions, network.pressure_driven);
    let _ = write!(
        text,
        "\n[REACTIONS]\n Order Bulk 1\n Order Wall 1\n Global Bulk {}\n Global Wall {}\n\
         \n[TIMES]\n Duration 72:00\n Hydraulic Timestep 0:05\n Quality Timestep 0:05\n \
         Rule Timestep {}\n Report Timestep 1:00\n Pattern Timestep 1:00\n Start ClockTime 12 am\n\
         \n[OPTIONS]\n Units CMH\n Headloss {}\n Viscosity {}\n \
         Diffusivity {}\n Demand Model PDA\n Minimum Pressure {}\n \
         Required Pressure {}\n Pressure Exponent {}\n Pattern DAY\n Quality Chlorine mg/L\n \
         Trials 100\n Accuracy 0.0001\n Unbalanced Continue 10\n Emitter Exponent 0.5\n",
        number(0.0 - reactions.bulk_per_day),
        number(0.0 - reactions.wall_m_per_day),
        clock(network.rule_step.0),
        network.friction.word(),
        number(network.liquid.viscosity),
        number(network.liquid.diffusivity),
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
    let mut mixing = String::from("\n[MIXING]\n");
    for (at, node) in network.nodes.iter().enumerate() {
        let (id, elevation) = (&node.id, number(node.elevation.as_m()));
        let _ = match &node.kind {
            NodeKind::Junction { base_demand, .. } => {
                writeln!(junctions, "{id} {elevation} {}", number(base_demand.as_m3_per_h()))
            }
            NodeKind::Reservoir => writeln!(reservoirs, "{id} {elevation}"),
            NodeKind::Tank(tank) => {
                let _ = writeln!(tanks, "{id} {elevation} {}", measures(tank, at));
                match tank.mixing {
                    Mixing::Complete => Ok(()),
                    Mixing::TwoCompartments { inlet_share } => {
                        writeln!(mixing, "{id} 2COMP {}", number(inlet_share))
                    }
                    Mixing::FirstInFirstOut => writeln!(mixing, "{id} FIFO"),
                    Mixing::LastInFirstOut => writeln!(mixing, "{id} LIFO"),
                }
            }
        };
    }
    for section in [junctions, reservoirs, tanks, mixing] {
        text.push_str(&section);
    }
}

/// Levels, diameter, volume curve and overflow of the tank at this position.
fn measures(tank: &Tank, at: usize) -> String {
    let (diameter, curve) = match &tank.shape {
        Shape::Cylinder { diameter } => (diameter.as_m(), "*".to_owned()),
        Shape::Curve(_) => {
            // EPANET looks at the curve, and wants a number here.
            (libm::sqrt(tank.surface_m2() / std::f64::consts::FRAC_PI_4), volume_curve(at))
        }
    };
    format!(
        "{} {} {} {} 0 {curve} {}",
        number(tank.initial_level.as_m()),
        number(tank.min_level.as_m()),
        number(tank.max_level.as_m()),
        number(diameter),
        if tank.overflow { "YES" } else { "NO" },
    )
}

/// The id of the volume curve of the tank at this position.
fn volume_curve(at: usize) -> String {
    format!("V{at}")
}

/// The sections of links.
#[derive(Default)]
struct Links {
    pipes: String,
    pumps: String,
    valves: String,
    curves: String,
    status: String,
    energy: String,
}

fn write_links(network: &Network, text: &mut String) {
    let mut links = Links::default();
    for (at, node) in network.nodes.iter().enumerate() {
        if let NodeKind::Tank(Tank { shape: Shape::Curve(points), .. }) = &node.kind {
            let points = points.iter().map(|(level, volume)| (level.as_m(), volume.as_m3()));
            links.curve(&volume_curve(at), points);
        }
    }
    for (at, link) in network.links.iter().enumerate() {
        links.link(network, at, link);
    }
    for (head, section) in [
        ("[PIPES]\n;ID From To Length(m) Diam(mm) Roughness MinorLoss Status", links.pipes),
        ("[PUMPS]\n;ID From To", links.pumps),
        ("[VALVES]\n;ID From To Diam(mm) Type Setting MinorLoss Curve", links.valves),
        ("[CURVES]\n;ID X Y", links.curves),
        ("[STATUS]", links.status),
        ("[ENERGY]", links.energy),
    ] {
        let _ = write!(text, "\n{head}\n{section}");
    }
}

impl Links {
    fn curve(&mut self, id: &str, points: impl Iterator<Item = (f64, f64)>) {
        for (x, y) in points {
            let _ = writeln!(self.curves, "{id} {} {}", number(x), number(y));
        }
    }

    fn link(&mut self, network: &Network, at: usize, link: &Link) {
        let name = |NodeIndex(at): NodeIndex| network.nodes[at].id.as_str();
        let ends = format!("{} {} {}", link.id, name(link.start), name(link.end));
        match &link.kind {
            LinkKind::Pipe { length, diameter, roughness, minor_loss, .. } => {
                let is_height = network.friction == Friction::DarcyWeisbach;
                let _ = writeln!(
                    self.pipes,
                    "{ends} {} {} {} {} {}",
                    number(length.as_m()),
                    number(diameter.as_m() * 1_000.0),
                    number(if is_height { roughness * 1_000.0 } else { *roughness }),
                    number(*minor_loss),
                    pipe_status(link),
                );
                return;
            }
            LinkKind::Pump { lift, speed, efficiency } => {
                let lift = match lift {
                    Lift::Curve(curve) => {
                        let points = curve.iter().map(|(q, h)| (q.as_m3_per_h(), h.as_m()));
                        self.curve(&format!("C{at}"), points);
                        format!("HEAD C{at}")
                    }
                    Lift::Power(power) => format!("POWER {}", number(power.as_kw())),
                };
                let _ = writeln!(self.pumps, "{ends} {lift} SPEED {}", number(*speed));
                if let Efficiency::Points(points) = efficiency {
                    let _ = writeln!(self.energy, "PUMP {} EFFIC E{at}", link.id);
                    let points = points.iter().map(|(q, share)| (q.as_m3_per_h(), share * 100.0));
                    self.curve(&format!("E{at}"), points);
                }
            }
            LinkKind::Valve { kind, diameter, setting, minor_loss, curve } => {
                let mut id = String::new();
                if !curve.is_empty() {
                    id = format!("L{at}");
                    let unit = if *kind == ValveKind::Gpv { 3_600.0 } else { 1.0 };
                    self.curve(&id, curve.iter().map(|(x, y)| (x * unit, *y)));
                }
                let (word, diameter) = (kind.word(), number(diameter.as_m() * 1_000.0));
                let (setting, loss) = (number(valve_setting(*kind, *setting)), number(*minor_loss));
                let _ = if *kind == ValveKind::Gpv {
                    writeln!(self.valves, "{ends} {diameter} {word} {id} {loss}")
                } else {
                    writeln!(self.valves, "{ends} {diameter} {word} {setting} {loss} {id}")
                };
            }
        }
        let _ = match link.initial {
            LinkStatus::Closed => writeln!(self.status, "{} Closed", link.id),
            LinkStatus::WideOpen => writeln!(self.status, "{} Open", link.id),
            LinkStatus::Open => Ok(()),
        };
    }
}

fn pipe_status(link: &Link) -> &'static str {
    match (&link.kind, link.initial) {
        (LinkKind::Pipe { check_valve: true, .. }, _) => "CV",
        (_, LinkStatus::Closed) => "Closed",
        _ => "Open",
    }
}

/// A valve's setting in the file's units.
fn valve_setting(kind: ValveKind, setting: f64) -> f64 {
    match kind {
        ValveKind::Fcv => setting * 3_600.0,
        _ => setting,
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
        [TANKS]\n T 40 2.5 0.2 3 6 0 * YES\n U 40 1 0.5 2 6 0 UV\n W 40 1 0.5 2 6\n[PIPES]\n\
        P1 A T 500 150 0.125 0 Open\n P2 A B 200 100 0.25 0.5 Closed\n P3 C B 10 100 0.1 0 CV\n\
        P4 A U 9 100 0.1\n P5 A W 9 100 0.1\n[PUMPS]\n\
        PU R A HEAD C1 SPEED 0.9\n PV R A POWER 7.5\n\
        [VALVES]\n V1 A C 100 FCV 3.6 0\n V2 B C 80 PRV 21.5 1\n V3 B D 80 TCV 7 2\n\
        V4 C D 80 PSV 30 0\n V5 C D 80 PBV 3 0\n V6 C D 80 GPV GP 0\n V7 C D 80 PCV 30 2 PC\n\
        V8 C D 80 PCV 40 2\n[STATUS]\n V3 CLOSED\n V4 OPEN\n V6 OPEN\n[CURVES]\n C1 36 40\n\
        UV 0 0\n UV 1 10\n UV 2.5 40\n GP 0 0\n GP 7.2 3\n PC 0 0\n PC 40 10\n PC 100 100\n\
        [MIXING]\n T 2COMP 0.3\n U FIFO\n W LIFO\n[CONTROLS]\n\
        LINK PU CLOSED IF NODE T ABOVE 2.9\n LINK PU 0.8 IF NODE T BELOW 1\n\
        LINK V1 7.2 AT TIME 2:30\n LINK P2 OPEN AT CLOCKTIME 6 AM\n LINK V2 OPEN AT TIME 9\n\
        [RULES]\n RULE 1\n IF TANK T LEVEL BELOW 1\n AND SYSTEM CLOCKTIME >= 10 PM\n\
        OR SYSTEM DEMAND > 40\n OR PUMP PU STATUS IS OPEN\n OR VALVE V1 SETTING = 3.6\n\
        OR TANK T FILLTIME < 1.5\n OR PIPE P1 FLOW <= 20\n OR NODE A PRESSURE <> 20\n\
        OR NODE A HEAD > 60\n OR VALVE V2 STATUS NOT ACTIVE\n OR SYSTEM TIME = 5:30\n\
        OR NODE A DEMAND > 3\n OR TANK T DRAINTIME < 2\n\
        THEN PUMP PV STATUS IS OPEN\n AND VALVE V1 SETTING IS 7.2\n\
        ELSE PUMP PV STATUS IS CLOSED\n PRIORITY 3\n\
        RULE 2\n IF TANK T LEVEL ABOVE 2\n THEN PIPE P2 STATUS IS CLOSED\n\
        [TIMES]\n RULE TIMESTEP 0:03\n[OPTIONS]\n Units CMH\n Headloss D-W\n Viscosity 1.2\n\
        Diffusivity 1.1\n\
        [REACTIONS]\n Global Bulk -0.5\n Global Wall -0.05\n[COORDINATES]\n A 3.5 -2\n";

    #[test]
    fn what_is_written_reads_back_as_the_same_network() {
        let network = read(&Source::new("a.inp", ALL)).expect("a sound file");
        let text = write(&network, &["A title".to_owned()]);
        let again = read(&Source::new("b.inp", &text)).expect("what we write, we read");
        assert_eq!(again.title, ["A title"]);
        assert_eq!(write(&again, &["A title".to_owned()]), text);
        let shown = |network: &Network| {
            let Network { nodes, links, controls, rules, reactions, .. } = network;
            let nodes: Vec<String> = nodes.iter().map(|node| format!("{node:?}")).collect();
            let Network { rule_step, friction, liquid, pressure_driven, .. } = network;
            format!(
                "{nodes:#?} {links:#?} {controls:#?} {rules:#?} {reactions:?} \
                 {rule_step:?} {friction:?} {liquid:?} {pressure_driven:?}"
            )
        };
        assert_eq!((network.rules.len(), network.rules[0].premises.len()), (2, 13));
        assert_eq!(shown(&again), shown(&network));
    }

    #[test]
    fn numbers_are_short_and_never_negative_zero() {
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(0.0 - 0.0), "0");
        assert_eq!(number(1_234.567_891), "1234.568");
    }
}
