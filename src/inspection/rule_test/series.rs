//! The words of a series: what comes at each poll, or on each round.

use std::ops::Range;

use super::{Given, READINGS_MAX};
use crate::base::analyte::{Analyte, Analytes, Sign};
use crate::base::problem::{Spanned, Table};
use crate::base::units::Unit;
use crate::base::{Flag, Span};
use crate::inspection::unit_keys::Measured;

/// The series, in whichever unit of the quantity it is written.
pub(super) fn read_readings(table: &Table<'_>, measured: Measured) -> Option<Vec<Given>> {
    let (own, units) = (measured.measured_in(), measured.units());
    let foreign = Unit::ALL.into_iter().filter(|unit| !units.iter().any(|(own, _)| own == unit));
    let clean = table.refuse_units("series", (measured.name(), own), foreign);
    let found = units.into_iter().find(|(unit, _)| table.has(&unit.key("series")));
    let Some((unit, factor)) = found else {
        if clean {
            let key = own.key("series");
            let help = format!("write `{key} = \"0.5x10 0.2x5\"`: ten readings, then five");
            table.add_with_help(table.span(), format!("`{key}` is missing"), help);
        }
        return None;
    };
    let text = table.text(&unit.key("series"))?;
    let analyte = match measured {
        Measured::Analyte(analyte) => Some(analyte),
        Measured::Quantity(_) => None,
    };
    read_words(table, &text, |word| series_word(word, factor, analyte))
}

/// The rounds of a site: on which days a sample was taken, and what was found out about it.
pub(super) fn read_samples(table: &Table<'_>, wanted: Analytes) -> Option<Vec<Given>> {
    let Some(text) = table.opt_text("samples") else {
        if !table.has("samples") {
            let help = "write `samples = \"allx3 _x2\"`: a sample a day, then two days without";
            table.add_with_help(table.span(), "`samples` is missing", help);
        }
        return None;
    };
    read_words(table, &text, |word| sample_word(word, wanted))
}

/// Everything that the words of `text` say. Mistakes: each at its word.
fn read_words(
    table: &Table<'_>,
    text: &Spanned<String>,
    read: impl Fn(&str) -> Result<Vec<Given>, String>,
) -> Option<Vec<Given>> {
    let mut readings = Vec::new();
    let mut sound = true;
    for (place, word) in words(text.get_ref()) {
        match read(word) {
            Ok(more) => readings.extend(more),
            Err(help) => {
                let place = table.within(text, place);
                table.add_with_help(place, format!("{word:?} is no reading"), help);
                sound = false;
            }
        }
    }
    if sound && !(1..=READINGS_MAX).contains(&readings.len()) {
        let found = readings.len();
        let wrong = format!("a series has 1 to {READINGS_MAX} readings, not {found}");
        table.add(text.span(), wrong);
        return None;
    }
    sound.then_some(readings)
}

/// Each word of a text, with its place in it.
fn words(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.split_whitespace().map(move |word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        (at..at + word.len(), word)
    })
}

/// Reads `all`, an analyte or `_`, each perhaps so many times, as `allx30`.
/// Errors: what would be right.
fn sample_word(word: &str, wanted: Analytes) -> Result<Vec<Given>, String> {
    let names: Vec<&str> = wanted.iter().map(Analyte::name).collect();
    let names = names.join(", ");
    let right = format!("write all (every result), allx30 (thirty days), _ (no sample) or {names}");
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let (one, times) = match word.rsplit_once('x').filter(|(_, times)| is_number(times)) {
        Some((one, times)) => (one, times.parse().map_err(|_| right.clone())?),
        None => (word, 1_usize),
    };
    if !(1..=READINGS_MAX).contains(&times) {
        return Err(format!("how often must lie in 1 to {READINGS_MAX}"));
    }
    let given = match one {
        "_" => Given::Nothing,
        "all" => Given::Sample(wanted),
        name => {
            let analyte = wanted.iter().find(|it| it.name() == name).ok_or(right)?;
            Given::Sample(Analytes::default().with(analyte))
        }
    };
    Ok(vec![given; times])
}

/// Reads `0.5`, `0.5x10`, `0.2..0.6x5`, `0.5~suspect`, `0.5@-7`, `_` or `!`; `<1` and `>1` of a
/// laboratory. Errors: what would be right.
fn series_word(word: &str, factor: f64, lab: Option<Analyte>) -> Result<Vec<Given>, String> {
    let right = || match lab {
        Some(_) => "write 3, <1, >100, 3x5 (five times) or _ (no sample)".to_owned(),
        None => "write 0.5, 0.5x10 (ten times), 0.2..0.6x5 (a ramp), 0.5~suspect, \
                 0.5@-7 (its clock is 7 min behind), _ (nothing comes) or ! (could not read)"
            .to_owned(),
    };
    let (one, times) = match word.rsplit_once('x') {
        Some((one, times)) => (one, times.parse().map_err(|_| right())?),
        None => (word, 1_usize),
    };
    if !(1..=READINGS_MAX).contains(&times) {
        return Err(format!("how often must lie in 1 to {READINGS_MAX}"));
    }
    let same = |given| Ok(vec![given; times]);
    let number = |text: &str| {
        let number: f64 = text.parse().map_err(|_| right())?;
        if number.is_finite() { Ok(number * factor) } else { Err(right()) }
    };
    if one == "_" {
        return same(Given::Nothing);
    }
    if lab.is_some() {
        let (sign, text) = match (one.strip_prefix('<'), one.strip_prefix('>')) {
            (Some(text), _) => (Sign::Below, text),
            (_, Some(text)) => (Sign::Above, text),
            _ => (Sign::Equal, one),
        };
        return same(Given::Result(sign, number(text)?));
    }
    if one == "!" {
        return same(Given::Unread);
    }
    let (one, off) = match one.split_once('@') {
        Some((one, minutes)) => (one, clock_error(minutes).ok_or_else(right)?),
        None => (one, Span::ZERO),
    };
    let (values, flag) = match one.split_once('~') {
        Some((values, name)) => {
            let known = Flag::CHOICES.iter().find(|(known, _)| *known == name);
            let names = Flag::CHOICES.map(|(name, _)| name).join(", ");
            (values, known.map(|(_, flag)| *flag).ok_or(format!("flags are {names}"))?)
        }
        None => (one, Flag::Good),
    };
    let Some((from, to)) = values.split_once("..") else {
        return same(Given::Value(number(values)?, flag, off));
    };
    let (from, to) = (number(from)?, number(to)?);
    let steps = times.saturating_sub(1).max(1) as f64;
    let value = |n: usize| from + (to - from) * n as f64 / steps;
    Ok((0..times).map(|n| Given::Value(value(n), flag, off)).collect())
}

/// Minutes by which a clock is ahead, behind when negative; within a day.
fn clock_error(minutes: &str) -> Option<Span> {
    let minutes: f64 = minutes.parse().ok()?;
    (minutes.abs() <= 1_440.0).then(|| Span::from_seconds_f64(minutes * 60.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_series_are_values_ramps_flags_and_gaps() {
        let read = |word| series_word(word, 1.0, None);
        let good = |value| Given::Value(value, Flag::Good, Span::ZERO);
        assert_eq!(read("0.5"), Ok(vec![good(0.5)]));
        assert_eq!(read("-1x3"), Ok(vec![good(-1.0); 3]));
        assert_eq!(read("1..2x3"), Ok(vec![good(1.0), good(1.5), good(2.0)]));
        assert_eq!(
            read("0.5~suspectx2"),
            Ok(vec![Given::Value(0.5, Flag::Suspect, Span::ZERO); 2])
        );
        let late = Given::Value(2.0, Flag::Suspect, Span::minutes(-7));
        assert_eq!(read("2~suspect@-7x3"), Ok(vec![late; 3]));
        assert_eq!(read("_x2"), Ok(vec![Given::Nothing; 2]));
        assert_eq!(read("!"), Ok(vec![Given::Unread]));
        assert_eq!(series_word("3x1", 10.0, None), Ok(vec![good(30.0)]));
        for bad in [
            "",
            "x",
            "nan",
            "0.5x0",
            "0.5x99999",
            "1..x2",
            "0.5~fine",
            "<1",
            "0.5X2",
            "2@",
            "2@1e9",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let lab = |word| series_word(word, 1.0, Some(Analyte::EColi));
        assert_eq!(lab("<1x2"), Ok(vec![Given::Result(Sign::Below, 1.0); 2]));
        assert_eq!(lab("3"), Ok(vec![Given::Result(Sign::Equal, 3.0)]));
        assert!(lab("!").is_err() && lab("3~good").is_err());
    }

    #[test]
    fn words_of_a_round_are_samples_with_all_or_one_of_their_results() {
        let wanted = Analytes::default().with(Analyte::Turbidity).with(Analyte::FreeChlorine);
        let read = |word| sample_word(word, wanted);
        assert_eq!(read("all"), Ok(vec![Given::Sample(wanted)]));
        assert_eq!(read("_x3"), Ok(vec![Given::Nothing; 3]));
        let chlorine = Given::Sample(Analytes::default().with(Analyte::FreeChlorine));
        assert_eq!(read("free-chlorinex2"), Ok(vec![chlorine; 2]));
        for bad in ["", "x", "allx0", "e-coli", "All", "1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
