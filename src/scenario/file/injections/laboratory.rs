//! Kinds that happen to samples, and to who takes and analyses them.

use super::super::names::Names;
use super::Part;
use crate::base::analyte::Analyte;
use crate::base::problem::Table;
use crate::plant::laboratory::{is_simulated, read_analytes};
use crate::plant::tags::SiteIndex;
use crate::scenario::injection::{InjectionKind, LaboratoryEvent};

pub const PART: Part = Part {
    kinds: &[
        ("lab-sample", sample),
        ("lab-missed", missed),
        ("lab-spoilt", spoilt),
        ("lab-contaminated", contaminated),
        ("lab-error", error),
    ],
    keys: &["target", "analytes", "analyte", "round", "coliforms_per_100_ml", "factor"],
};

fn sample(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    if let Some(span) = table.key_span("until_min") {
        table.add_with_help(span, "a sample is taken once, at `at_min`", "remove `until_min`");
    }
    let name = table.text("target");
    let site = name.as_ref().and_then(|name| names.site(table, name));
    let at = name.as_ref().zip(site).map(|(name, (_, place))| (name.get_ref().as_str(), place));
    let analytes = read_analytes(table, at.as_slice(), true)?;
    happens(LaboratoryEvent::Sample { site: site?.0, analytes })
}

fn missed(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let named = table.opt_text("round");
    let round = match &named {
        Some(name) => Some(names.round(table, name)?),
        None => None,
    };
    happens(LaboratoryEvent::Missed { round })
}

fn spoilt(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    happens(LaboratoryEvent::Spoilt { site: one_or_all(table, names).ok()? })
}

fn contaminated(table: &Table<'_>, names: &Names<'_>) -> Option<InjectionKind> {
    let site = one_or_all(table, names).ok();
    let coliforms = table.number_in("coliforms_per_100_ml", 0.1..=1e6)?.into_inner();
    happens(LaboratoryEvent::Contaminated { site: site?, coliforms_per_100_ml: coliforms })
}

fn error(table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    let analyte = table.choice("analyte", &Analyte::ALL.map(|analyte| (analyte.name(), analyte)));
    let factor = table.number_in("factor", 0.001..=1_000.0);
    let analyte = analyte?;
    if !is_simulated(*analyte.get_ref()) {
        let text = format!("no {} is simulated", analyte.get_ref().spoken());
        let known = Analyte::ALL.into_iter().filter(|it| is_simulated(*it)).map(Analyte::name);
        let help = format!("there is {}", known.collect::<Vec<_>>().join(", "));
        table.add_with_help(analyte.span(), text, help);
        return None;
    }
    let factor = factor?.into_inner();
    happens(LaboratoryEvent::Error { analyte: analyte.into_inner(), factor })
}

/// The sites meant: the one that `target` names, or all. Gives none for all, and is wrong about a
/// name that nobody has.
fn one_or_all(table: &Table<'_>, names: &Names<'_>) -> Result<Option<SiteIndex>, Wrong> {
    match table.opt_text("target") {
        Some(name) => names.site(table, &name).map(|(site, _)| Some(site)).ok_or(Wrong),
        None => Ok(None),
    }
}

/// A mistake that has been noted.
struct Wrong;

#[expect(clippy::unnecessary_wraps, reason = "what every reader gives")]
fn happens(event: LaboratoryEvent) -> Option<InjectionKind> {
    Some(InjectionKind::Laboratory(event))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{kind, read};
    use super::*;

    #[test]
    fn every_kind_is_read() {
        let is = |keys: &str, event: LaboratoryEvent| {
            assert_eq!(kind(keys), InjectionKind::Laboratory(event));
        };
        is(
            "kind = \"lab-sample\"\ntarget = \"UPPER\"\nanalytes = [\"e-coli\", \"turbidity\"]",
            LaboratoryEvent::Sample {
                site: SiteIndex(1),
                analytes: vec![Analyte::EColi, Analyte::Turbidity],
            },
        );
        is("kind = \"lab-missed\"", LaboratoryEvent::Missed { round: None });
        let one = LaboratoryEvent::Missed { round: Some(0) };
        is("kind = \"lab-missed\"\nround = \"daily\"", one);
        is("kind = \"lab-spoilt\"", LaboratoryEvent::Spoilt { site: None });
        is(
            "kind = \"lab-contaminated\"\ntarget = \"FINISHED\"\ncoliforms_per_100_ml = 5",
            LaboratoryEvent::Contaminated { site: Some(SiteIndex(0)), coliforms_per_100_ml: 5.0 },
        );
        is(
            "kind = \"lab-error\"\nanalyte = \"turbidity\"\nfactor = 10",
            LaboratoryEvent::Error { analyte: Analyte::Turbidity, factor: 10.0 },
        );
    }

    #[test]
    fn every_mistake_comes_with_its_way_out() {
        let text = r#"
[[inject]]
id = "a"
at_min = 0
until_min = 9
kind = "lab-sample"
target = "UPER"
analytes = ["e-colli"]

[[inject]]
id = "b"
at_min = 0
kind = "lab-sample"
target = "UPPER"
analytes = ["bromate", "e-coli", "e-coli"]

[[inject]]
id = "c"
at_min = 0
kind = "lab-missed"
round = "dayly"

[[inject]]
id = "d"
at_min = 10
kind = "lab-sample"
target = "FINISHED"

[[inject]]
id = "e"
at_min = 0
kind = "lab-error"
analyte = "leed"
factor = 0

[[inject]]
id = "f"
at_min = 0
kind = "lab-error"
analyte = "bromoform"
factor = 10
"#;
        insta::assert_snapshot!(read(text).expect_err("mistakes").render(false));
    }

    #[test]
    fn who_sends_samples_has_a_laboratory_and_others_have_none() {
        let text = "[[inject]]\nid = \"a\"\nat_min = 0\nkind = \"lab-spoilt\"\n";
        assert!(read(text).expect("no mistake").laboratory);
        assert!(read("laboratory = true\n").expect("no mistake").laboratory);
        assert!(!read("").expect("no mistake").laboratory);
    }
}
