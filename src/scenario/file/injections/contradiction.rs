//! Refuses injections that contradict each other.

use super::Found;
use crate::base::problem::Table;
use crate::scenario::injection::{Contradiction, contradiction};

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
        };
        table.add_with_help(id.span(), text, help);
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
}
