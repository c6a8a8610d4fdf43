//! Refuses injections that contradict each other.

use super::Found;
use crate::base::analyte::Analyte;
use crate::base::problem::Table;
use crate::scenario::injection::{
    Contradiction, Injection, InjectionKind, LaboratoryEvent, contradiction, other_substance,
};

/// Why there is one dissolved substance, and what to do about it.
const ONE_SUBSTANCE: &str =
    "the water of a run holds one dissolved substance: name the same, or write two files";

/// Notes a dissolved substance of `injection` beside another one of those `before`, at `table`.
pub fn check_substance<'i>(
    table: &Table<'_>,
    injection: &Injection,
    before: impl IntoIterator<Item = &'i Injection>,
) {
    if let Some((first, held)) = other_substance(injection, before) {
        let text = format!("\"{first}\" brings {} already", held.spoken());
        let span = table.key_span("analyte").unwrap_or_else(|| table.span());
        table.add_with_help(span, text, ONE_SUBSTANCE);
    }
}

/// Notes every injection that contradicts an earlier one of the file, at its id.
pub(super) fn check(table: &Table<'_>, list: &[Found]) {
    let whole = |found: &'_ Found| found.id.clone().zip(found.injection.clone());
    let list: Vec<_> = list.iter().filter_map(whole).collect();
    for (count, (id, injection)) in list.iter().enumerate() {
        let before = list[..count].iter();
        let mut met = before.filter_map(|(first, other)| {
            contradiction(other, injection).map(|contradiction| (first, contradiction))
        });
        let Some((first, contradiction)) = met.next() else { continue };
        let (line, _) = table.source().line_col(first.span().start);
        let first = first.get_ref();
        let (text, help) = match contradiction {
            Contradiction::Overlap(what) => (
                format!("{what} is already decided by \"{first}\" of line {line} at that time"),
                "end that one first with `until_min`, or let this one start later",
            ),
            Contradiction::SameMoment(what) => (
                format!("{what} is set by \"{first}\" of line {line} at the same moment"),
                "keep one of the two, or let one start later: the later one wins",
            ),
            Contradiction::Substance(held) => (
                format!("\"{first}\" of line {line} brings {} already", held.spoken()),
                ONE_SUBSTANCE,
            ),
        };
        table.add_with_help(id.span(), text, help);
    }
}

/// Notes every sample for what natural water always has, where the file brings none of it: how
/// much a source has by nature is not in the model.
pub(super) fn check_samples(table: &Table<'_>, list: &[Found]) {
    let whole = || list.iter().filter_map(|found| Some((found, found.injection.as_ref()?)));
    let brought = whole().find_map(|(_, injection)| injection.kind.substance());
    for (found, injection) in whole() {
        let InjectionKind::Laboratory(LaboratoryEvent::Sample { analytes, .. }) = &injection.kind
        else {
            continue;
        };
        let unknown = |it: &&Analyte| it.is_in_every_water() && Some(**it) != brought;
        if let (Some(analyte), Some(id)) = (analytes.iter().find(unknown), &found.id) {
            let text = format!("how much {} the source has is not simulated", analyte.spoken());
            let help = format!(
                "every water has some: ask for it beside a `raw-substance` of {}",
                analyte.name()
            );
            table.add_with_help(id.span(), text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_contradicts_is_told_with_both_places_and_the_way_out() {
        let text = "
[[inject]]
id = \"a\"
at_min = 10
until_min = 60
kind = \"pump-trip\"
target = \"P-1\"

[[inject]]
id = \"b\"
at_min = 59
kind = \"pump-trip\"
target = \"P-1\"

[[inject]]
id = \"c\"
at_min = 20
kind = \"dosing-set\"
target = \"DP-1\"
dose_mg_per_l = 1

[[inject]]
id = \"d\"
at_min = 20
kind = \"dosing-set\"
target = \"DP-1\"
dose_mg_per_l = 2
";
        let mistakes = read(text).expect_err("contradictions");
        assert_eq!(
            mistakes.to_string(),
            "2 mistakes\n\
             s.toml:15:6: whether the pump is tripped is already decided by \"a\" of line 8 \
             at that time\n\
             s.toml:28:6: the dose is set by \"c\" of line 21 at the same moment"
        );
        assert!(read(&text.replace("at_min = 59", "at_min = 60")).is_err(), "one is left");
        let told_apart =
            text.replace("at_min = 59", "at_min = 60").replacen("at_min = 20", "at_min = 21", 1);
        assert!(read(&told_apart).is_ok());
    }

    #[test]
    fn one_dissolved_substance_is_in_the_water_and_what_every_water_has_nobody_guesses() {
        let text = "
[[inject]]
id = \"a\"
at_min = 0
until_min = 9
kind = \"raw-substance\"
analyte = \"cadmium\"
by_mg_per_l = 0.02
rise_h = 1
recession_h = 1

[[inject]]
id = \"b\"
at_min = 60
kind = \"raw-substance\"
analyte = \"hardness\"
by_mg_per_l = 200
rise_h = 1
recession_h = 1

[[inject]]
id = \"c\"
at_min = 60
kind = \"lab-sample\"
target = \"UPPER\"
analytes = [\"arsenic\", \"fluoride\"]

[[inject]]
id = \"d\"
at_min = 70
kind = \"raw-substance\"
analyte = \"gross-alpha\"
by_mg_per_l = 200
rise_h = 1
recession_h = 1
";
        let mistakes = read(text).expect_err("contradictions");
        insta::assert_snapshot!(mistakes.render(false));
        let more = text.replace("hardness", "cadmium").replace("gross-alpha", "cadmium");
        assert!(read(&more.replace("fluoride", "lead")).is_ok(), "more of the same adds up");
        let asked = more.replace("cadmium", "fluoride");
        assert!(read(&asked).is_ok(), "there is what is brought");
    }
}
