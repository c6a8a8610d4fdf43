//! A rule in words, for lists: which instruments it asks for, and what it looks for there.

use crate::base::units::Quantity;
use crate::inspection::book::{InspectionRule, Kind};
use crate::inspection::event::EventRule;
use crate::inspection::expression::{Arity, Expression};
use crate::inspection::grab_watch::GrabSample;
use crate::inspection::limit::{LimitInForce, Side};
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::round::Duty;
use crate::inspection::select::{Pattern, SIZE_CLASSES, Selector, SizeClasses, Supply};
use crate::inspection::signal::quality::{Level, QualityRule};
use crate::inspection::unit_keys::{Measured, shown};
use crate::plant::profile::WaterSource;

impl InspectionRule {
    /// What it looks for, whatever the plant, such as `below 0.30 mg/L, clears at 0.33 mg/L`, with
    /// its further levels.
    pub fn condition(&self) -> String {
        self.own_condition() + &self.further_levels()
    }

    /// Such as `; high: below 0.10 mg/L, clears at 0.15 mg/L`; empty without further levels.
    pub fn further_levels(&self) -> String {
        let Some(quantity) = self.select.quantity else { return String::new() };
        let levels = self.levels.further.iter().map(|level| {
            let words = level.limit.words(Measured::Quantity(quantity));
            format!("; {}: {words}", level.priority.name())
        });
        levels.collect()
    }

    fn own_condition(&self) -> String {
        match &self.kind {
            Kind::Limit(limit) => match self.select.quantity {
                Some(quantity) => limit.words(Measured::Quantity(quantity)),
                None => String::new(), // a limit is always of a quantity
            },
            Kind::GrabSample(grab) => grab.words(self.select.quantity) + self.mark(),
            Kind::LabLimit(analyte, limit) => limit.words(Measured::Analyte(*analyte)),
            Kind::Expression(expression) => expression.text.clone(),
            Kind::ServicePressure(heads) => {
                let metres = [heads.one_storey, heads.two_storeys, heads.further_storey];
                let [one, two, further] = metres.map(|head| format!("{:.1} m", head.as_m()));
                let mark = self.mark();
                format!(
                    "below {one} for 1 storey, {two} for 2, {further} for each further one{mark}"
                )
            }
            Kind::NightFlow(test) | Kind::NoDraw(test) => flow_words(test),
            Kind::Event(rule) => event_words(rule),
            Kind::Quality(rule) => quality_words(rule),
            Kind::Round(duty) => duty.words() + self.mark(),
            Kind::TagSilence => {
                let patience = self.patience;
                let (least, most) = (patience.at_least, patience.at_most);
                format!("no usable reading for {} polls, {least} to {most}", patience.polls)
            }
            Kind::Refusal(rule) => format!("refused {}", rule.words()),
            Kind::GatewaySilence { after } => format!("nothing heard for {after}"),
        }
    }

    /// Which instruments it asks for, such as `free-chlorine, finished-water`.
    pub fn scope(&self) -> String {
        let words = self.select.words();
        let all = match &self.kind {
            Kind::GatewaySilence { .. } | Kind::Refusal(_) => "the plant",
            Kind::LabLimit(..) | Kind::Round(_) => "samples",
            Kind::Expression(expression) => return expression.scope(),
            _ => "every instrument",
        };
        if words.is_empty() { all.to_owned() } else { words.join(", ") }
    }
}

impl GrabSample {
    /// Such as `more than 0.10 mg/L + 10 % from a sample taken beside it`.
    fn words(&self, quantity: Option<Quantity>) -> String {
        let tolerance = quantity.map_or(String::new(), |it| shown(it, self.tolerance));
        let share = match self.share {
            share if share > 0.0 => format!(" + {:.0} %", share * 100.0),
            _ => String::new(),
        };
        format!("more than {tolerance}{share} from a sample taken beside it")
    }
}

impl Expression {
    /// Its inputs, such as `outlet: flow, finished-water`.
    fn scope(&self) -> String {
        let inputs = self.inputs.iter().map(|input| {
            let many = match input.arity {
                Arity::One => "",
                Arity::Every => ", every one",
                Arity::Each => ", each",
            };
            format!("{}: {}{many}", input.name, input.select.words().join(", "))
        });
        inputs.collect::<Vec<_>>().join("; ")
    }
}

impl Selector {
    /// What it asks for, a word each.
    pub fn words(&self) -> Vec<String> {
        let supply = Supply::CHOICES.iter().find(|(_, known)| Some(*known) == self.supply);
        let source = WaterSource::CHOICES.iter().find(|it| Some(it.1) == self.water_source);
        let asked = [
            self.quantity.map(|it| it.name().to_owned()),
            self.point.map(|it| it.name().to_owned()),
            self.tag.as_ref().map(Pattern::to_string),
            self.village.as_ref().map(|it| format!("village {it}")),
            self.plant.as_ref().map(|it| format!("plant {it}")),
            self.county.as_ref().map(|it| format!("county {it}")),
            self.disinfectant.map(|it| format!("disinfectant {}", it.name())),
            supply.map(|(name, _)| format!("supply {name}")),
            self.size_class.map(|classes| format!("size class {}", classes.words())),
            source.map(|(name, _)| format!("{name} water")),
            self.people_from.map(|least| format!("from {least} people")),
            self.people_below.map(|bound| format!("below {bound} people")),
        ];
        asked.into_iter().flatten().collect()
    }
}

impl SizeClasses {
    /// Such as `I, II, III`.
    pub fn words(self) -> String {
        let names = SIZE_CLASSES.iter().filter(|(_, class)| self.contains(*class));
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl Duty {
    /// Such as `colony count, total coliforms: on 2 days of each month, results within 2 d 12 h`.
    pub fn words(&self) -> String {
        let (what, grace) = (self.analytes.spoken(), self.grace);
        let days = match (self.times, self.people_per_time) {
            (_, Some(people)) => format!("on a day for each {people} people of "),
            (1, None) => String::new(),
            (times, None) => format!("on {times} days of "),
        };
        let sites = if self.each_site { ", at each site" } else { "" };
        format!("{what}: {days}each {}{sites}, results within {grace} after it", self.every)
    }
}

impl LimitInForce {
    /// Such as `below 0.30 mg/L, clears at 0.33 mg/L`.
    pub fn words(&self, measured: Measured) -> String {
        let side = if self.side == Side::Below { "below" } else { "above" };
        let (limit, mark) = (measured.shown(self.raise), self.mark());
        if self.clear == self.raise {
            return format!("{side} {limit}{mark}");
        }
        format!("{side} {limit}{mark}, clears at {}", measured.shown(self.clear))
    }
}

fn flow_words(test: &FlowTest) -> String {
    let side = if test.side == Side::Below { "below" } else { "above" };
    let (from, to) = (clock(test.from.as_seconds()), clock(test.to.as_seconds()));
    let lasting = test.sustained;
    format!("{side} {} × the usual night flow, {from} to {to}, for {lasting}", test.usual_times)
}

/// A time of the day, `HH:MM`.
fn clock(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes % 60.0)
}

fn event_words(rule: &EventRule) -> String {
    let signals: Vec<&str> = rule.signals.iter().map(|signal| signal.quantity.name()).collect();
    let bed = &rule.discriminator;
    format!(
        "{} beyond {} SD in {} of {} steps of {}",
        signals.join(", "),
        rule.outlier_sd,
        bed.fewest(),
        bed.steps,
        rule.interval
    )
}

fn quality_words(rule: &QualityRule) -> String {
    let tests = rule.tests.join(", ");
    let level = if rule.level == Level::Fail { "fails" } else { "doubted by" };
    let Some(window) = rule.window else { return format!("{level} {tests}") };
    let share =
        if rule.share > 0.0 { format!(" and {:.0} %", rule.share * 100.0) } else { String::new() };
    format!("{level} {tests}: {} readings{share} in {window}", rule.readings)
}

#[cfg(test)]
mod tests {
    use crate::inspection::testing::book;

    #[test]
    fn every_rule_says_what_it_looks_for_and_where() {
        let book = book();
        for rule in book.rules() {
            assert!(!rule.condition().is_empty() && !rule.scope().is_empty(), "{}", rule.id);
        }
        let words = |id| {
            let rule = book.rules().iter().find(|rule| rule.id.as_str() == id);
            rule.map(|rule| (rule.scope(), rule.condition())).unwrap_or_default()
        };
        let (scope, condition) = words("finished-chlorine-low");
        assert_eq!(scope, "free-chlorine, finished-water, disinfectant free-chlorine");
        let wanted =
            "below 0.30 mg/L, clears at 0.33 mg/L; high: below 0.10 mg/L, clears at 0.15 mg/L";
        assert_eq!(condition, wanted);
        assert_eq!(words("gateway-silent").0, "the plant");
        assert_eq!(words("gateway-silent").1, "nothing heard for 10 min");
        let (scope, condition) = words("round-tap-microbes");
        assert_eq!(scope, "tap-water, size class I, II, III");
        let wanted = "total coliforms, colony count: on 2 days of each month, results within \
                      2 d 12 h after it [M]";
        assert_eq!(condition, wanted);
        assert_eq!(words("lab-e-coli").1, "above 0 /100 mL");
    }
}
