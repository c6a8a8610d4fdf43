//! `[ENERGY]`: what pumps make of their current. Prices are left to EPANET.

use super::Reader;
use super::line::{Line, Word};
use crate::plant::efficiency::Efficiency;
use crate::plant::network::LinkKind;

impl<'a> Reader<'a> {
    /// After the links: a pump's own curve wins over the file's one efficiency.
    pub(super) fn read_energy(&mut self) {
        let lines = self.lines("ENERGY");
        for line in &lines {
            let words = &line.words;
            self.keyword("word of [ENERGY]", &words[0], &["GLOBAL", "PUMP", "DEMAND"]);
            if words[0].is("GLOBAL") && words.get(1).is_some_and(is_efficiency) {
                self.read_global_efficiency(line);
            }
        }
        for line in lines.iter().filter(|line| line.words[0].is("PUMP")) {
            if line.words.get(2).is_some_and(is_efficiency) {
                self.read_pump_efficiency(line);
            }
        }
    }

    fn read_global_efficiency(&mut self, line: &Line<'a>) {
        if !self.has_columns(line, 3, "GLOBAL EFFIC percent") {
            return;
        }
        let Some(share) = self.percent(&line.words[2]) else { return };
        for link in &mut self.network.links {
            if let LinkKind::Pump { efficiency, .. } = &mut link.kind {
                *efficiency = Efficiency::constant(share);
            }
        }
    }

    fn read_pump_efficiency(&mut self, line: &Line<'a>) {
        if !self.has_columns(line, 4, "PUMP id EFFIC curve") {
            return;
        }
        let (pump, word) = (self.link(&line.words[1]), &line.words[3]);
        let curve = self.efficiency_curve(word);
        let (Some(pump), Some(curve)) = (pump, curve) else { return };
        if let LinkKind::Pump { efficiency, .. } = &mut self.network.links[pump.0].kind {
            *efficiency = curve;
        } else {
            let text = format!("{:?} is no pump", line.words[1].text);
            self.add(&line.words[1].span, text, "name a pump of [PUMPS]");
        }
    }

    fn efficiency_curve(&mut self, word: &Word<'a>) -> Option<Efficiency> {
        let points = self.curve(word)?;
        let rises = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let is_share = |(flow, percent): &(f64, f64)| *flow >= 0.0 && is_percent(*percent);
        if points.is_empty() || !rises || !points.iter().all(is_share) {
            let text = format!("curve {:?} is no efficiency curve", word.text);
            let help = "give points of rising flow and the efficiency there, above 0 to 100 %";
            self.add(&word.span, text, help);
            return None;
        }
        let point = |(flow, percent): &(f64, f64)| (self.options.flow(*flow), percent / 100.0);
        Some(Efficiency::Points(points.iter().map(point).collect()))
    }

    fn percent(&mut self, word: &Word<'a>) -> Option<f64> {
        let bound = "above 0 and at most 100 %";
        Some(self.bounded(word, "the efficiency", bound, is_percent)? / 100.0)
    }
}

/// EPANET, too, looks at the beginning of the word.
fn is_efficiency(word: &Word<'_>) -> bool {
    word.text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("EFFI"))
}

fn is_percent(value: f64) -> bool {
    value > 0.0 && value <= 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::{Problems, Source};
    use crate::base::units::Flow;
    use crate::plant::inp;

    fn read(energy: &str) -> Result<Vec<Efficiency>, Problems> {
        let text = format!(
            "[JUNCTIONS]\n A 1 0\n B 1 1\n[RESERVOIRS]\n R 5\n[PIPES]\n P A B 9 100 130\n\
             [PUMPS]\n PU R A HEAD H\n PV R A HEAD H\n[CURVES]\n H 36 40\n E 18 60\n E 36 80\n\
             F 36 80\n F 18 60\n G 18 101\n[ENERGY]\n{energy}[OPTIONS]\n UNITS CMH\n HEADLOSS H-W\n"
        );
        let network = inp::read(&Source::new("e.inp", text))?;
        let efficiency = |kind: &LinkKind| match kind {
            LinkKind::Pump { efficiency, .. } => Some(efficiency.clone()),
            _ => None,
        };
        Ok(network.links.iter().filter_map(|link| efficiency(&link.kind)).collect())
    }

    #[test]
    fn a_pumps_own_curve_wins_over_the_files_efficiency_and_that_over_the_usual() {
        let flow = Flow::m3_per_h;
        let own = Efficiency::Points(vec![(flow(18.0), 0.6), (flow(36.0), 0.8)]);
        let found = read(" PUMP PU EFFIC E\n Global Efficiency 70\n Demand Charge 0\n");
        assert_eq!(found.expect("sound"), [own, Efficiency::constant(0.7)]);
        let usual = Efficiency::usual(&[(flow(36.0), crate::base::units::Length::m(40.0))]);
        let found = read(" Global Price 0.6\n PUMP PU PRICE 0.1\n");
        assert_eq!(found.expect("sound"), [usual.clone(), usual]);
    }

    #[test]
    fn what_is_no_efficiency_is_refused_with_the_way_out() {
        let wrong = " GLOBAL EFFIC 101\n PUMP PU EFFIC F\n PUMP PV EFFIC G\n PUMP P EFFIC E\n \
                     PUMP PU EFFIC X\n PUMPS PU EFFIC E\n";
        let text = read(wrong).expect_err("mistakes").render(false);
        for sentence in [
            "e.inp:19:15: the efficiency must be above 0 and at most 100 %, found 101",
            "e.inp:20:16: curve \"F\" is no efficiency curve",
            "e.inp:21:16: curve \"G\" is no efficiency curve",
            "e.inp:22:7: \"P\" is no pump",
            "e.inp:23:16: curve \"X\" is not known",
            "did you mean PUMP?",
            "6 mistakes",
        ] {
            assert!(text.contains(sentence), "{sentence} in {text}");
        }
    }
}
