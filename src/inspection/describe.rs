//! A rule in words, for lists: which instruments it asks for, and what it looks for there.

use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::inspection::book::{InspectionRule, Kind};
use crate::inspection::event::EventRule;
use crate::inspection::expression::{Arity, Expression};
use crate::inspection::grab_watch::GrabSample;
use crate::inspection::limit::LimitInForce;
use crate::inspection::plausibility::flow_window::FlowTest;
use crate::inspection::round::Duty;
use crate::inspection::select::{Pattern, SIZE_CLASSES, Selector, SizeClasses};
use crate::inspection::service_pressure::ServiceHead;
use crate::inspection::signal::quality::{Level, QualityRule};
use crate::inspection::signal::silence::Patience;
use crate::inspection::unit_keys::{Measured, shown};

impl InspectionRule {
    /// What it looks for, whatever the plant, such as `below 0.30 mg/L, clears at 0.33 mg/L`, with
    /// its further levels.
    pub fn condition(&self, lang: Lang) -> String {
        self.own_condition(lang) + &self.further_levels(lang)
    }

    /// Such as `; high: below 0.10 mg/L, clears at 0.15 mg/L`; empty without further levels.
    pub fn further_levels(&self, lang: Lang) -> String {
        let Some(quantity) = self.select.quantity else { return String::new() };
        let levels = self.levels.further.iter().map(|level| {
            let words = level.limit.words(Measured::Quantity(quantity), lang);
            match lang {
                Lang::En => format!("; {}: {words}", level.priority.name()),
                Lang::Zh => format!(";{}级:{words}", level.priority.zh()),
            }
        });
        levels.collect()
    }

    fn own_condition(&self, lang: Lang) -> String {
        match &self.kind {
            Kind::Limit(limit) => match self.select.quantity {
                Some(quantity) => limit.words(Measured::Quantity(quantity), lang),
                None => String::new(), // a limit is always of a quantity
            },
            Kind::GrabSample(grab) => grab.words(self.select.quantity, lang) + self.mark(),
            Kind::LabLimit(analyte, limit, also) => {
                let also = also.map(|it| it.words(lang)).unwrap_or_default();
                limit.words(Measured::Analyte(*analyte), lang) + &also
            }
            Kind::Expression(expression) => expression.text.clone(),
            Kind::ServicePressure(heads) => heads_words(heads, lang) + self.mark(),
            Kind::NightFlow(test) | Kind::NoDraw(test) => flow_words(test, lang),
            Kind::Event(rule) => event_words(rule, lang),
            Kind::Quality(rule) => quality_words(rule, lang),
            Kind::Round(duty) => duty.words(lang) + self.mark(),
            Kind::TagSilence => {
                let Patience { polls, at_least, at_most } = self.patience;
                match lang {
                    Lang::En => {
                        format!("no usable reading for {polls} polls, {at_least} to {at_most}")
                    }
                    Lang::Zh => {
                        format!("{polls} 个采集周期({at_least} 至 {at_most})无可用读数")
                    }
                }
            }
            Kind::Refusal(rule) => match lang {
                Lang::En => format!("refused {}", rule.words(lang)),
                Lang::Zh => format!("被拒收,{}", rule.words(lang)),
            },
            Kind::GatewaySilence { after } => match lang {
                Lang::En => format!("nothing heard for {after}"),
                Lang::Zh => format!("{after} 无任何数据"),
            },
        }
    }

    /// Which instruments it asks for, such as `free-chlorine, finished-water`.
    pub fn scope(&self, lang: Lang) -> String {
        let words = self.select.words(lang);
        let all = match &self.kind {
            Kind::GatewaySilence { .. } | Kind::Refusal(_) => lang.pick("the plant", "全厂"),
            Kind::LabLimit(..) | Kind::Round(_) => lang.pick("samples", "水样"),
            Kind::Expression(expression) => return expression.scope(lang),
            _ => lang.pick("every instrument", "所有仪表"),
        };
        if words.is_empty() { all.to_owned() } else { words.join(lang.pick(", ", "、")) }
    }
}

impl GrabSample {
    /// Such as `more than 0.10 mg/L + 10 % from a sample taken beside it`.
    fn words(&self, quantity: Option<Quantity>, lang: Lang) -> String {
        let tolerance = quantity.map_or(String::new(), |it| shown(it, self.tolerance));
        let share = match self.share {
            share if share > 0.0 => format!(" + {:.0} %", share * 100.0),
            _ => String::new(),
        };
        match lang {
            Lang::En => format!("more than {tolerance}{share} from a sample taken beside it"),
            Lang::Zh => format!("与旁边所采水样相差超过 {tolerance}{share}"),
        }
    }
}

impl Expression {
    /// Its inputs, such as `outlet: flow, finished-water`.
    fn scope(&self, lang: Lang) -> String {
        let inputs = self.inputs.iter().map(|input| {
            let many = match input.arity {
                Arity::One => "",
                Arity::Every => lang.pick(", every one", "(全部)"),
                Arity::Each => lang.pick(", each", "(逐一)"),
            };
            let words = input.select.words(lang).join(lang.pick(", ", "、"));
            format!("{}: {words}{many}", input.name)
        });
        inputs.collect::<Vec<_>>().join("; ")
    }
}

impl Selector {
    /// What it asks for, a word each.
    pub fn words(&self, lang: Lang) -> Vec<String> {
        let supply = self.supply.map(|it| it.word(lang));
        let source = self.water_source.map(|it| it.word(lang));
        let asked = [
            self.quantity.map(|it| lang.pick(it.name(), it.zh()).to_owned()),
            self.point.map(|it| lang.pick(it.name(), it.zh()).to_owned()),
            self.tag.as_ref().map(Pattern::to_string),
            self.village.as_ref().map(|it| format!("{} {it}", lang.pick("village", "村"))),
            self.plant.as_ref().map(|it| format!("{} {it}", lang.pick("plant", "水厂"))),
            self.county.as_ref().map(|it| format!("{} {it}", lang.pick("county", "县"))),
            self.disinfectant.map(|it| match lang {
                Lang::En => format!("disinfectant {}", it.name()),
                Lang::Zh => format!("{}消毒", it.zh()),
            }),
            supply.map(|name| format!("{}{name}", lang.pick("supply ", ""))),
            self.size_class.map(|classes| match lang {
                Lang::En => format!("size class {}", classes.words()),
                Lang::Zh => format!("{} 型", classes.words()),
            }),
            source.map(|name| format!("{name}{}", lang.pick(" water", ""))),
            self.people_from.map(|least| match lang {
                Lang::En => format!("from {least} people"),
                Lang::Zh => format!("供水人口不少于 {least}"),
            }),
            self.people_below.map(|bound| match lang {
                Lang::En => format!("below {bound} people"),
                Lang::Zh => format!("供水人口少于 {bound}"),
            }),
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
    pub fn words(&self, lang: Lang) -> String {
        let (what, grace) = (self.analytes.spoken_in(lang), self.grace);
        let every = self.every.word(lang);
        if lang == Lang::Zh {
            let days = match (self.times, self.people_per_time) {
                (_, Some(people)) => format!("按每 {people} 人一天"),
                (1, None) => "采样一次".to_owned(),
                (times, None) => format!("分 {times} 天采样"),
            };
            let sites = if self.each_site { ",逐点" } else { "" };
            return format!("{what}:每{every}{days}{sites},其后 {grace} 内须有结果");
        }
        let days = match (self.times, self.people_per_time) {
            (_, Some(people)) => format!("on a day for each {people} people of "),
            (1, None) => String::new(),
            (times, None) => format!("on {times} days of "),
        };
        let sites = if self.each_site { ", at each site" } else { "" };
        format!("{what}: {days}each {every}{sites}, results within {grace} after it")
    }
}

impl LimitInForce {
    /// Such as `below 0.30 mg/L, clears at 0.33 mg/L`.
    pub fn words(&self, measured: Measured, lang: Lang) -> String {
        let side = self.side.word(lang);
        let (limit, mark) = (measured.shown(self.raise), self.mark());
        if self.clear == self.raise {
            return format!("{side} {limit}{mark}");
        }
        let clear = measured.shown(self.clear);
        match lang {
            Lang::En => format!("{side} {limit}{mark}, clears at {clear}"),
            Lang::Zh => format!("{side} {limit}{mark},至 {clear} 解除"),
        }
    }
}

fn heads_words(heads: &ServiceHead, lang: Lang) -> String {
    let metres = [heads.one_storey, heads.two_storeys, heads.further_storey];
    let [one, two, further] = metres.map(|head| format!("{:.1} m", head.as_m()));
    match lang {
        Lang::En => {
            format!("below {one} for 1 storey, {two} for 2, {further} for each further one")
        }
        Lang::Zh => format!("低于:1层 {one},2层 {two},每加一层 {further}"),
    }
}

fn flow_words(test: &FlowTest, lang: Lang) -> String {
    let (side, times, lasting) = (test.side.word(lang), test.usual_times, test.sustained);
    let (from, to) = (clock(test.from.as_seconds()), clock(test.to.as_seconds()));
    match lang {
        Lang::En => {
            format!("{side} {times} × the usual night flow, {from} to {to}, for {lasting}")
        }
        Lang::Zh => {
            format!("{from} 至 {to} {side}平常夜间流量的 {times} 倍,持续 {lasting}")
        }
    }
}

/// A time of the day, `HH:MM`.
fn clock(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes % 60.0)
}

fn event_words(rule: &EventRule, lang: Lang) -> String {
    let name = |it: Quantity| lang.pick(it.name(), it.zh());
    let signals: Vec<&str> = rule.signals.iter().map(|signal| name(signal.quantity)).collect();
    let signals = signals.join(lang.pick(", ", "、"));
    let (sd, step) = (rule.outlier_sd, rule.interval);
    let (fewest, steps) = (rule.discriminator.fewest(), rule.discriminator.steps);
    match lang {
        Lang::En => format!("{signals} beyond {sd} SD in {fewest} of {steps} steps of {step}"),
        Lang::Zh => {
            format!("{signals}:{steps} 步(每步 {step})中有 {fewest} 步超过 {sd} 倍标准差")
        }
    }
}

fn quality_words(rule: &QualityRule, lang: Lang) -> String {
    let (tests, fails) = (rule.tests.names_in(lang), rule.level == Level::Fail);
    let percent = rule.share * 100.0;
    let what = match lang {
        Lang::En if fails => format!("fails {tests}"),
        Lang::En => format!("doubted by {tests}"),
        Lang::Zh if fails => format!("{tests}检验失效"),
        Lang::Zh => format!("{tests}检验可疑"),
    };
    let Some(window) = rule.window else { return what };
    let (readings, with_share) = (rule.readings, rule.share > 0.0);
    let share = match lang {
        _ if !with_share => String::new(),
        Lang::En => format!(" and {percent:.0} %"),
        Lang::Zh => format!("且占 {percent:.0} %"),
    };
    match lang {
        Lang::En => format!("{what}: {readings} readings{share} in {window}"),
        Lang::Zh => format!("{what}:{window} 内 {readings} 个读数{share}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::base::text::Lang;
    use crate::inspection::testing::book;

    #[test]
    fn every_rule_says_what_it_looks_for_and_where() {
        let book = book();
        for rule in book.rules() {
            assert!(
                !rule.condition(Lang::En).is_empty() && !rule.scope(Lang::En).is_empty(),
                "{}",
                rule.id
            );
        }
        let words = |id| {
            let rule = book.rules().iter().find(|rule| rule.id.as_str() == id);
            rule.map(|rule| (rule.scope(Lang::En), rule.condition(Lang::En))).unwrap_or_default()
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
