//! A second limit that the same sample must break too, before anything is abnormal: of two
//! residuals one is enough.

use crate::base::analyte::Analyte;
use crate::base::problem::Table;
use crate::base::text::Lang;
use crate::inspection::limit::LimitInForce;
use crate::inspection::limit_file::read_limit;
use crate::inspection::unit_keys::Measured;

/// A limit of another analyte of the same sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Also {
    /// What is measured.
    pub analyte: Analyte,
    /// What it is held against.
    pub limit: LimitInForce,
}

impl Also {
    /// Such as `, and chlorine dioxide of the same sample below 0.1 mg/L [M]`.
    pub fn words(&self, lang: Lang) -> String {
        let (what, limit) =
            (self.analyte.spoken_in(lang), self.limit.words(Measured::Analyte(self.analyte), lang));
        match lang {
            Lang::En => format!(", and {what} of the same sample {limit}"),
            Lang::Zh => format!(",且同一水样{what}{limit}"),
        }
    }
}

/// Reads the table `also` of a rule about `first`; none when there is none, or it has a mistake,
/// which is told.
pub(super) fn read(table: &Table<'_>, first: Analyte) -> Option<Also> {
    let table = table.opt_table("also")?;
    let analytes = Analyte::ALL.map(|analyte| (analyte.name(), analyte));
    let analyte = table.meant("analyte", &analytes)?;
    let (place, analyte) = (analyte.span(), *analyte.get_ref());
    let limit = read_limit(&table, Measured::Analyte(analyte))?;
    if analyte == first {
        let text = format!("{} is what the rule is about already", analyte.name());
        table.add_with_help(place, text, "name another analyte of the same sample");
        return None;
    }
    if analyte.measured_in() != first.measured_in() {
        let (one, other) = (first.measured_in().wire, analyte.measured_in().wire);
        let text = format!("{} is in {other}, {} in {one}", analyte.name(), first.name());
        table.add_with_help(place, text, "a rule of two limits has one unit");
        return None;
    }
    Some(Also { analyte, limit })
}

#[cfg(test)]
mod tests {
    //! What a rule of two limits may not say.

    use crate::base::problem::{Problem, Source};
    use crate::inspection::book::Book;

    /// The headlines of what is wrong with a rule about free chlorine that has this second limit.
    fn said(also: &str) -> Vec<String> {
        let text = format!(
            "[[rule]]\nid = \"own\"\ntitle = {{ en = \"a\", zh = \"a\" }}\nsource = \"ours [D]\"\n\
             kind = \"lab-limit\"\nanalyte = \"free-chlorine\"\nbelow_mg_per_l = 0.3\n\
             also = {{ {also} }}\npriority = \"low\"\nadvice = {{ en = \"a\", zh = \"a\" }}\n\
             [[rule.test]]\nseries_mg_per_l = \"0.2\"\nexpect = []\n\
             [[rule.test.beside]]\nseries_mg_per_l = \"0.2\"\n"
        );
        match Book::load(&[Source::new("own.toml", &text)]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(Problem::headline).collect(),
        }
    }

    #[test]
    fn the_second_limit_is_of_another_analyte_in_the_same_unit_and_a_mistake_in_it_comes_alone() {
        assert_eq!(said("analyte = \"ozone\", below_mg_per_l = 0.02"), [""; 0]);
        for (also, wanted) in [
            ("analyte = \"free-chlorine\", below_mg_per_l = 0.1", "what the rule is about already"),
            (
                "analyte = \"turbidity\", above_ntu = 1",
                "turbidity is in NTU, free-chlorine in mg/L",
            ),
            ("analyte = \"ozone\"", "is missing"),
            ("analyte = \"ozon\", below_mg_per_l = 0.1", "ozon"),
        ] {
            let found = said(also);
            assert!(found.len() == 1 && found[0].contains(wanted), "{also}: {found:?}");
        }
    }
}
