//! Reads what a rule of kind `round` asks for.

use crate::base::Span;
use crate::base::analyte::{Analyte, Analytes};
use crate::base::problem::{Spanned, Table};
use crate::inspection::round::{Duty, Every};

/// Longest grace: four weeks.
const GRACE_HOURS_MAX: f64 = 672.0;

/// The duty. Every mistake is noted.
pub(super) fn read(table: &Table<'_>) -> Option<Duty> {
    if !table.has("point") {
        let help = "add point = \"finished-water\", or another water";
        table.add_with_help(table.span(), "`point` is missing: a round is about one water", help);
    }
    let analytes = read_analytes(table);
    let every = read_every(table);
    let times = table.opt_integer_in("times", 1..=31);
    let people = table.opt_integer_in("people_per_time", 1..=1_000_000_000);
    if let Some(span) = table.key_span("times").filter(|_| people.is_some()) {
        table.add_with_help(span, "`people_per_time` says how often", "keep one of them");
    }
    let people_per_time = people.and_then(|people| u32::try_from(people.into_inner()).ok());
    let grace = table.number_in("grace_h", 0.0..=GRACE_HOURS_MAX);
    let sites = [("any", false), ("each", true)];
    let each_site = table.opt_choice("sites", &sites).is_some_and(Spanned::into_inner);
    if let Some(span) = table.key_span("site").filter(|_| !each_site) {
        let help = "add sites = \"each\"";
        table.add_with_help(span, "one site is named, and any site is enough", help);
    }
    let every = every?;
    let days = every.days_at_least();
    if let Some(times) = times.as_ref().filter(|times| *times.get_ref() > i64::from(days)) {
        let text = format!("{} different days do not fit into {days}", times.get_ref());
        table.add(times.span(), text);
        return None;
    }
    let times = times.map_or(Some(1), |times| u8::try_from(times.into_inner()).ok());
    let grace = Span::from_seconds_f64(grace?.into_inner() * 3_600.0);
    Some(Duty { analytes: analytes?, times: times?, people_per_time, every, grace, each_site })
}

fn read_analytes(table: &Table<'_>) -> Option<Analytes> {
    let known = Analyte::ALL.map(Analyte::name);
    let texts = table.texts("analytes");
    if texts.is_empty() {
        table.add(
            table.place_of("analytes"),
            "`analytes` is missing: samples are taken for something",
        );
        return None;
    }
    let mut analytes = Analytes::default();
    let mut sound = true;
    for text in &texts {
        if let Some(analyte) = Analyte::ALL.into_iter().find(|it| it.name() == text.get_ref()) {
            analytes = analytes.with(analyte);
        } else {
            table.unknown(text.span(), "analyte", text.get_ref(), &known);
            sound = false;
        }
    }
    sound.then_some(analytes)
}

fn read_every(table: &Table<'_>) -> Option<Every> {
    let every = table.choice("per", &Every::CHOICES);
    let Some(span) = table.key_span("months") else { return every.map(Spanned::into_inner) };
    let months: Vec<f64> = table.numbers("months").into_iter().map(Spanned::into_inner).collect();
    let month = |number: &f64| (1..=12_u8).find(|month| f64::from(*month) == *number);
    let months = match months.as_slice() {
        [first, last] => month(first).zip(month(last)),
        _ => None,
    };
    if months.is_none() {
        let help = "such as months = [7, 9] for July to September";
        table.add_with_help(span, "`months` is a first and a last month, 1 to 12", help);
    }
    let every = every?;
    if *every.get_ref() != Every::CHOICES[4].1 {
        let help = "write per = \"year\"";
        table.add_with_help(every.span(), "`months` are some of a year's", help);
        return None;
    }
    let (first, last) = months?;
    Some(Every::season(first, last))
}

#[cfg(test)]
mod tests {
    use crate::base::problem::Source;
    use crate::inspection::book::Book;

    const SOUND: &str = r#"[[rule]]
id = "tap-monthly"
title = { en = "Monthly", zh = "每月" }
source = "a plan [D]"
kind = "round"
point = "tap-water"
size_class = ["I", "II"]
water_source = "surface"
analytes = ["e-coli", "turbidity"]
times = 2
per = "month"
grace_h = 60
sites = "each"
priority = "low"
advice = { en = "Go.", zh = "去。" }
"#;

    fn mistakes(text: &str) -> String {
        match Book::load(&[Source::new("rounds.toml", text)]) {
            Ok(_) => "no mistake".to_owned(),
            Err(problems) => problems.render(false),
        }
    }

    #[test]
    fn a_sound_rule_is_read_and_every_mistake_of_one_is_told() {
        assert_eq!(mistakes(SOUND), "no mistake");
        let season = SOUND.replace("times = 2\nper = \"month\"", "per = \"year\"\nmonths = [7, 9]");
        assert_eq!(mistakes(&season), "no mistake");
        let text = SOUND
            .replace("\"II\"", "\"IIV\"")
            .replace("surface", "surfaces")
            .replace("\"e-coli\"", "\"e-colli\"")
            .replace("\"month\"", "\"monht\"")
            .replace("grace_h = 60\n", "no_data = \"hold\"\n")
            .replace("\"each\"", "\"all\"");
        insta::assert_snapshot!(mistakes(&text));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let seldom = SOUND.replace("times = 2\nper = \"month\"", "times = 2\nper = \"day\"");
        let months = SOUND.replace("per = \"month\"", "per = \"month\"\nmonths = [7, 9]");
        let thirteen = SOUND.replace("per = \"month\"", "per = \"year\"\nmonths = [7, 13]");
        let point = SOUND.replace("point = \"tap-water\"\n", "");
        let any = SOUND.replace("sites = \"each\"", "site = \"SY-9\"");
        let all = [seldom, months, thirteen, point, any].map(|text| mistakes(&text));
        insta::assert_snapshot!(all.join("\n"));
    }
}
