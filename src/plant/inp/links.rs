//! `[PIPES]`, `[PUMPS]`, `[VALVES]`, `[STATUS]` and `[VERTICES]`.

use super::Reader;
use super::line::{Line, Word};
use crate::base::units::{Length, Power};
use crate::plant::network::{
    Friction, Lift, Link, LinkIndex, LinkKind, LinkStatus, NodeIndex, NodeKind, ValveKind,
};

/// Said of what can only be open or closed.
pub(super) const NO_SETTING: &str = "a pipe and a GPV have no setting";

impl<'a> Reader<'a> {
    pub(super) fn read_links(&mut self) {
        for line in self.lines("PIPES") {
            let declared = self.declare_link(&line.words[0]);
            if let Some((kind, initial)) = self.pipe(&line).filter(|_| declared.is_some()) {
                self.push_link(&line, kind, initial);
            }
        }
        for line in self.lines("PUMPS") {
            let declared = self.declare_link(&line.words[0]);
            if let Some(kind) = self.pump(&line).filter(|_| declared.is_some()) {
                self.push_link(&line, kind, LinkStatus::Open);
            }
        }
        for line in self.lines("VALVES") {
            let declared = self.declare_link(&line.words[0]);
            if let Some(kind) = self.valve(&line).filter(|_| declared.is_some()) {
                self.push_link(&line, kind, LinkStatus::Open);
            }
        }
        self.read_status();
        for line in self.lines("VERTICES") {
            if self.has_columns(&line, 3, "link x y") {
                self.link(&line.words[0]);
                self.number(&line.words[1], "x");
                self.number(&line.words[2], "y");
            }
        }
    }

    fn push_link(&mut self, line: &Line<'a>, kind: LinkKind, initial: LinkStatus) {
        // `ends` has reported what is wrong with them.
        let (Some(start), Some(end)) =
            (self.network.node(line.words[1].text), self.network.node(line.words[2].text))
        else {
            return;
        };
        let id = line.words[0].text.to_owned();
        self.network.link_index.insert(id.clone(), LinkIndex(self.network.links.len()));
        self.network.links.push(Link { id, start, end, kind, initial });
    }

    fn ends(&mut self, line: &Line<'a>) -> Option<(NodeIndex, NodeIndex)> {
        let (start, end) = (self.node(&line.words[1]), self.node(&line.words[2]));
        if line.words[1].text == line.words[2].text {
            let span = line.words[1].span.start..line.words[2].span.end;
            let text = format!("link {:?} leads from a node to itself", line.words[0].text);
            self.add(&span, text, "give it two nodes");
            return None;
        }
        start.zip(end)
    }

    fn pipe(&mut self, line: &Line<'a>) -> Option<(LinkKind, LinkStatus)> {
        const COLUMNS: &str = "id start end length diameter roughness minor-loss status";
        if !self.has_columns(line, 6, COLUMNS) {
            return None;
        }
        let words = &line.words;
        let ends = self.ends(line);
        let length = self.positive(&words[3], "the length");
        let diameter = self.positive(&words[4], "the diameter");
        let roughness = self.positive(&words[5], "the roughness");
        let is_height = self.network.friction == Friction::DarcyWeisbach;
        let is_status = |word: &Word<'a>| ["OPEN", "CLOSED", "CV"].iter().any(|s| word.is(s));
        let (loss, status) = match words.get(6) {
            Some(word) if words.len() == 7 && is_status(word) => (None, Some(word)),
            loss => (loss, words.get(7)),
        };
        let minor_loss = loss.map_or(Some(0.0), |word| self.not_negative(word, "the minor loss"));
        let status = match status {
            Some(word) => self.keyword("status", word, &["OPEN", "CLOSED", "CV"])?,
            None => 0,
        };
        ends?;
        let kind = LinkKind::Pipe {
            length: Length::m(length?),
            diameter: Length::m(diameter? / 1_000.0),
            roughness: if is_height { roughness? / 1_000.0 } else { roughness? },
            minor_loss: minor_loss?,
            check_valve: status == 2,
        };
        Some((kind, if status == 1 { LinkStatus::Closed } else { LinkStatus::Open }))
    }

    fn pump(&mut self, line: &Line<'a>) -> Option<LinkKind> {
        if !self.has_columns(line, 5, "id start end HEAD curve SPEED speed") {
            return None;
        }
        let ends = self.ends(line);
        let mut lift = None;
        let mut speed = 1.0;
        for pair in line.words[3..].chunks(2) {
            let place =
                self.keyword("parameter", &pair[0], &["HEAD", "SPEED", "POWER", "PATTERN"])?;
            let Some(value) = pair.get(1) else {
                self.add(&pair[0].span, format!("{} has no value", pair[0].text), "add one");
                return None;
            };
            match place {
                0 | 2 if lift.is_some() => {
                    let text = "the pump has a head curve or a power, not both";
                    self.add(&pair[0].span, text, "remove one of them");
                }
                0 => lift = Some(self.head_curve(value)?),
                1 => speed = self.positive(value, "the speed")?,
                2 => lift = Some(Lift::Power(Power::kw(self.positive(value, "the power")?))),
                _ => {
                    let help = "remove it, and switch the pump in [CONTROLS]";
                    self.add(&pair[0].span, "a plant's pump follows no pattern", help);
                    return None;
                }
            }
        }
        if lift.is_none() {
            let help = "write HEAD and a curve's id, or POWER and kW";
            self.add(&line.span(), "the pump has no head curve and no power", help);
        }
        ends?;
        let lift = lift?;
        Some(LinkKind::Pump { efficiency: lift.usual_efficiency(), lift, speed })
    }

    fn head_curve(&mut self, word: &Word<'a>) -> Option<Lift> {
        let points = self.curve(word)?;
        let rises = points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1);
        let positive = points.iter().all(|(flow, head)| *flow >= 0.0 && *head >= 0.0);
        if !rises || !positive || points.is_empty() {
            let help = "give points of rising flow and falling head, none negative";
            self.add(&word.span, format!("curve {:?} is no pump curve", word.text), help);
            return None;
        }
        if !epanet_can_fit(&points) {
            let help = "give one point, three from flow 0 that bend downwards, or at least four";
            self.add(&word.span, format!("EPANET cannot fit curve {:?}", word.text), help);
            return None;
        }
        let point = |(flow, head): &(f64, f64)| (self.options.flow(*flow), Length::m(*head));
        Some(Lift::Curve(points.iter().map(point).collect()))
    }

    fn valve(&mut self, line: &Line<'a>) -> Option<LinkKind> {
        if !self.has_columns(line, 6, "id start end diameter type setting minor-loss curve") {
            return None;
        }
        let words = &line.words;
        let ends = self.ends(line);
        let diameter = self.positive(&words[3], "the diameter");
        let known = ValveKind::CHOICES.map(|(word, _)| word);
        let (_, kind) = ValveKind::CHOICES[self.keyword("valve", &words[4], &known)?];
        let (setting, curve) = self.valve_setting_and_curve(kind, &words[5], words.get(7));
        let minor_loss = match words.get(6) {
            Some(word) => self.not_negative(word, "the minor loss")?,
            None => 0.0,
        };
        let (start, end) = ends?;
        for (node, word) in [(start, &words[1]), (end, &words[2])] {
            let is_junction = matches!(self.network.nodes[node.0].kind, NodeKind::Junction { .. });
            if !kind.may_touch_a_tank() && !is_junction {
                let text = format!("a {} cannot touch a tank or reservoir", words[4].text);
                self.add(&word.span, text, "put a junction and a short pipe between them");
            }
        }
        let setting = self.valve_setting(kind, setting?);
        Some(LinkKind::Valve {
            kind,
            diameter: Length::m(diameter? / 1_000.0),
            setting,
            minor_loss,
            curve: curve?,
        })
    }

    /// A GPV names its curve where others have a setting; a PCV may name one behind its loss.
    fn valve_setting_and_curve(
        &mut self,
        kind: ValveKind,
        setting: &Word<'a>,
        curve: Option<&Word<'a>>,
    ) -> (Option<f64>, Option<Vec<(f64, f64)>>) {
        if kind == ValveKind::Gpv {
            let points = self.rising_curve(setting, "a head loss curve");
            let in_si = |(flow, loss): &(f64, f64)| (self.options.flow(*flow).as_m3_per_s(), *loss);
            return (Some(0.0), points.map(|points| points.iter().map(in_si).collect()));
        }
        let points = match curve {
            Some(word) if kind == ValveKind::Pcv => self.rising_curve(word, "a valve curve"),
            Some(word) => {
                let text = format!("a {} has no curve", kind.word());
                self.add(&word.span, text, "remove it");
                None
            }
            None => Some(Vec::new()),
        };
        let value = if kind == ValveKind::Pcv {
            let bound = "0 to 100 %";
            let is_percent = |value| (0.0..=100.0).contains(&value);
            self.bounded(setting, "the setting", bound, is_percent)
        } else {
            self.not_negative(setting, "the setting")
        };
        (value, points)
    }

    /// A curve of at least two points whose x and y rise (y may rest), none negative.
    pub(super) fn rising_curve(&mut self, word: &Word<'a>, what: &str) -> Option<Vec<(f64, f64)>> {
        let points = self.curve(word)?;
        let rises = points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let is_positive = points.first().is_some_and(|(x, y)| *x >= 0.0 && *y >= 0.0);
        if !rises || !is_positive || points.len() < 2 {
            let help = "give at least two points that rise, none negative";
            self.add(&word.span, format!("curve {:?} is no {}", word.text, &what[2..]), help);
            return None;
        }
        Some(points)
    }

    fn valve_setting(&self, kind: ValveKind, value: f64) -> f64 {
        match kind {
            ValveKind::Fcv => self.options.flow(value).as_m3_per_s(),
            _ => value,
        }
    }

    /// A setting of this link in SI; none for a pipe and a GPV, which take none.
    pub(super) fn link_setting(&self, link: LinkIndex, value: f64) -> Option<f64> {
        match &self.network.links[link.0].kind {
            LinkKind::Pipe { .. } | LinkKind::Valve { kind: ValveKind::Gpv, .. } => None,
            LinkKind::Pump { .. } => Some(value),
            LinkKind::Valve { kind, .. } => Some(self.valve_setting(*kind, value)),
        }
    }

    pub(super) fn is_check_valve(&self, link: LinkIndex) -> bool {
        matches!(self.network.links[link.0].kind, LinkKind::Pipe { check_valve: true, .. })
    }

    fn read_status(&mut self) {
        for line in self.lines("STATUS") {
            if !self.has_columns(&line, 2, "link status") {
                continue;
            }
            let Some(link) = self.link(&line.words[0]) else { continue };
            let word = &line.words[1];
            if self.is_check_valve(link) {
                let text = "a check valve has no status";
                self.add(&line.words[0].span, text, "remove the line");
            } else if word.is("CLOSED") {
                self.network.links[link.0].initial = LinkStatus::Closed;
            } else if word.is("OPEN") {
                let opened = LinkStatus::opened(&self.network.links[link.0].kind);
                self.network.links[link.0].initial = opened;
            } else if let Some(value) = self.not_negative(word, "the status") {
                self.set_initial(link, word, value);
            }
        }
    }

    fn set_initial(&mut self, link: LinkIndex, word: &Word<'a>, value: f64) {
        let Some(value) = self.link_setting(link, value) else {
            self.add(&word.span, NO_SETTING, "write OPEN or CLOSED");
            return;
        };
        let link = &mut self.network.links[link.0];
        match &mut link.kind {
            LinkKind::Pump { .. } if value == 0.0 => link.initial = LinkStatus::Closed,
            LinkKind::Pump { speed, .. } => *speed = value,
            LinkKind::Valve { setting, .. } => *setting = value,
            LinkKind::Pipe { .. } => {}
        }
    }
}

/// EPANET fits a power function through one point, or through three of which the first has no
/// flow; its exponent must not exceed 20. Source: EPANET 2.3 `validate.c`, `powerfuncpump`.
fn epanet_can_fit(points: &[(f64, f64)]) -> bool {
    match points {
        [(flow, head)] => *flow > 0.0 && *head > 0.0,
        [(q0, h0), (q1, h1), (q2, h2)] if *q0 == 0.0 => {
            let exponent = libm::log((h0 - h2) / (h0 - h1)) / libm::log(q2 / q1);
            exponent > 0.0 && exponent <= 20.0
        }
        _ => true,
    }
}
