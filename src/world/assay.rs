//! What a laboratory would find in a sample, if it made no mistake: the truth by analyte.
//!
//! A new analyte is a line here and one in `plant::laboratory::assayable`.

use super::truth::{Truth, Water, WorksTruth};
use crate::base::analyte::Analyte;
use crate::base::units::{Microbes, Quantity};
use crate::plant::tags::Place;

/// Coliforms for each E. coli, which is one of them `[D]`: surface water has five to twenty.
const COLIFORMS_PER_E_COLI: f64 = 8.0;

/// Colonies in 1 mL for each E. coli in 100 mL of raw or badly treated water `[D]`.
const COLONIES_PER_E_COLI: f64 = 20.0;

/// Colonies in 1 mL that good treatment leaves `[D]`; works publish 0 to 13 `[S9]`.
const COLONIES_LEFT: f64 = 2.0;

/// Colonies in 1 mL that grow in pipes at 20 °C once the water is old and without chlorine `[D]`.
const COLONIES_GROWN: f64 = 300.0;

/// Age at which half of them have grown, h `[D]`.
const GROWTH_H: f64 = 24.0;

/// Free chlorine or chlorine dioxide that lets 1/e of them grow, mg/L `[D]`; combined chlorine does
/// a tenth of it.
const GROWTH_MG_PER_L: f64 = 0.05;

/// The limit of chloroform, mg/L `[S6]`: the sum of trihalomethanes counts in such.
const CHLOROFORM_LIMIT: f64 = 0.06;

impl Truth {
    /// What there is of `analyte` at `place`, in the analyte's unit; none where it is not known.
    pub fn assay(&self, place: Place, analyte: Analyte) -> Option<f64> {
        match (analyte, place) {
            (Analyte::EColi, _) => Some(self.e_coli(place)?.as_per_100_ml()),
            (Analyte::TotalColiforms, _) => {
                Some(self.e_coli(place)?.as_per_100_ml() * COLIFORMS_PER_E_COLI)
            }
            (Analyte::ColonyCount, _) => self.colonies(place),
            (Analyte::Turbidity, _) => self.value(place, Quantity::Turbidity),
            (_, Place::Node(_) | Place::Raw) if analyte.is_dissolved() => {
                self.dissolved(place, analyte)
            }
            (_, Place::Node(index)) => of_water(&self.nodes.get(index.0)?.water, analyte),
            (_, Place::Raw) => of_raw(&self.works, analyte),
            _ => None,
        }
    }

    /// A dissolved substance: of the one of this run as much as there is, of others none `[D]`; of
    /// those that every water has nobody knows how much.
    fn dissolved(&self, place: Place, analyte: Analyte) -> Option<f64> {
        match place {
            _ if self.works.substance != Some(analyte) => {
                (!analyte.is_in_every_water()).then_some(0.0)
            }
            Place::Node(index) => Some(self.nodes.get(index.0)?.water.substance),
            _ => Some(self.works.raw_substance),
        }
    }

    fn e_coli(&self, place: Place) -> Option<Microbes> {
        match place {
            Place::Node(index) => Some(self.nodes.get(index.0)?.water.e_coli),
            Place::Raw => Some(self.works.raw_e_coli),
            Place::Filtered => Some(self.works.filtered_e_coli),
            _ => None,
        }
    }

    /// Colonies in 1 mL: what came with E. coli, what treatment leaves of the hardier ones, and in
    /// pipes what has grown.
    fn colonies(&self, place: Place) -> Option<f64> {
        let came = self.e_coli(place)?.as_per_100_ml() * COLONIES_PER_E_COLI;
        let Place::Node(index) = place else { return Some(came + COLONIES_LEFT) };
        let water = self.nodes.get(index.0)?.water;
        Some(came + COLONIES_LEFT + grown(&water, &self.works))
    }
}

fn of_water(water: &Water, analyte: Analyte) -> Option<f64> {
    let found = match analyte {
        Analyte::FreeChlorine => water.chlorine,
        Analyte::TotalChlorine => water.chlorine + water.combined,
        Analyte::ChlorineDioxide => water.chlorine_dioxide,
        Analyte::CodMn => water.codmn,
        Analyte::Ammonia => water.ammonia,
        Analyte::Iron => water.iron,
        Analyte::Manganese => water.manganese,
        Analyte::Aluminium => water.aluminium,
        Analyte::Chlorite => water.chlorite,
        Analyte::Chlorate => water.chlorate,
        // Of water without bromide almost all of them is chloroform.
        Analyte::Chloroform => water.trihalomethanes,
        Analyte::Trihalomethanes => water.trihalomethanes * (1.0 / CHLOROFORM_LIMIT),
        Analyte::Colour => return Some(water.colour_pt_co),
        _ => return None,
    };
    Some(found.as_mg_per_l())
}

fn of_raw(works: &WorksTruth, analyte: Analyte) -> Option<f64> {
    let found = match analyte {
        Analyte::CodMn => works.raw_codmn,
        Analyte::Ammonia => works.raw_ammonia,
        Analyte::Iron => works.raw_iron,
        Analyte::Manganese => works.raw_manganese,
        Analyte::Ph => return Some(works.raw_ph),
        Analyte::Colour => return Some(works.raw_colour_pt_co),
        _ => return None,
    };
    Some(found.as_mg_per_l())
}

/// Regrowth: more in old and warm water, hardly any where there is chlorine.
fn grown(water: &Water, works: &WorksTruth) -> f64 {
    let ripe = water.age_h / (water.age_h + GROWTH_H);
    let warmth = libm::pow(2.0, (works.temperature.as_deg_c() - 20.0) / 10.0);
    let chlorine = water.disinfectant().as_mg_per_l() + 0.1 * water.combined.as_mg_per_l();
    COLONIES_GROWN * ripe * warmth * libm::exp(-chlorine / GROWTH_MG_PER_L)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::base::units::{Concentration, Temperature};
    use crate::plant::laboratory::assayable;
    use crate::plant::network::{LinkIndex, NodeIndex};
    use crate::world::truth::{LinkTruth, NodeTruth, PowerState};

    const TAP: Place = Place::Node(NodeIndex(0));

    fn truth(water: Water, deg_c: f64) -> Truth {
        let works = WorksTruth {
            temperature: Temperature::deg_c(deg_c),
            raw_e_coli: Microbes::per_100_ml(200.0),
            ..<_>::default()
        };
        Truth {
            at: Stamp::from_ms(0).expect("a time"),
            nodes: vec![NodeTruth { water, ..<_>::default() }],
            links: vec![LinkTruth::default()],
            works,
            power: PowerState::USUAL,
            stations: Vec::new(),
        }
    }

    #[test]
    fn what_files_may_ask_for_is_what_the_truth_knows() {
        let truth = truth(Water::default(), 20.0);
        let places = [
            TAP,
            Place::Link(LinkIndex(0)),
            Place::Raw,
            Place::CoagulantPump,
            Place::CoagulantStock,
            Place::Settled,
            Place::Filters,
            Place::Filtered,
            Place::DosingPump,
            Place::DosingStock,
            Place::Mains,
            Place::Generator,
        ];
        for place in places {
            let is_water =
                matches!(place, Place::Node(_) | Place::Raw | Place::Settled | Place::Filtered);
            for analyte in Analyte::ALL {
                let known = is_water && truth.assay(place, analyte).is_some();
                assert_eq!(assayable(place).contains(&analyte), known, "{analyte:?} at {place:?}");
            }
        }
    }

    #[test]
    fn of_dissolved_substances_there_is_the_one_of_the_run_and_nobody_knows_what_is_natural() {
        let mut truth = truth(Water { substance: 0.02, ..<_>::default() }, 20.0);
        let taps = |truth: &Truth, analyte| truth.assay(TAP, analyte);
        assert_eq!(taps(&truth, Analyte::Cadmium), Some(0.0));
        assert_eq!(taps(&truth, Analyte::Hardness), None);
        truth.works.substance = Some(Analyte::Cadmium);
        truth.works.raw_substance = 0.5;
        assert_eq!(taps(&truth, Analyte::Cadmium), Some(0.02));
        assert_eq!(taps(&truth, Analyte::Lead), Some(0.0));
        assert_eq!(truth.assay(Place::Raw, Analyte::Cadmium), Some(0.5));
        truth.works.substance = Some(Analyte::Hardness);
        assert_eq!(taps(&truth, Analyte::Hardness), Some(0.02));
        assert_eq!(truth.assay(Place::Raw, Analyte::Hardness), Some(0.5));
        assert_eq!(truth.assay(Place::Filtered, Analyte::Hardness), None);
    }

    #[test]
    fn trihalomethanes_count_in_limits_of_chloroform() {
        let thm = Concentration::mg_per_l(0.03);
        let truth = truth(Water { trihalomethanes: thm, ..<_>::default() }, 20.0);
        assert_eq!(truth.assay(TAP, Analyte::Chloroform), Some(0.03));
        let sum = truth.assay(TAP, Analyte::Trihalomethanes).expect("known");
        assert!((sum - 0.5).abs() < 1e-12, "0.03 of 0.06: {sum}");
    }

    #[test]
    fn raw_water_has_coliforms_and_colonies_by_its_e_coli() {
        let truth = truth(Water::default(), 20.0);
        assert_eq!(truth.assay(Place::Raw, Analyte::EColi), Some(200.0));
        assert_eq!(truth.assay(Place::Raw, Analyte::TotalColiforms), Some(1_600.0));
        assert_eq!(truth.assay(Place::Raw, Analyte::ColonyCount), Some(4_002.0));
    }

    #[test]
    fn colonies_grow_in_old_warm_water_without_chlorine() {
        let colonies = |mg_per_l, age_h, deg_c| {
            let chlorine = Concentration::mg_per_l(mg_per_l);
            let water = Water { chlorine, age_h, ..<_>::default() };
            truth(water, deg_c).assay(TAP, Analyte::ColonyCount).expect("known")
        };
        // 2 + 300 · 24/48 · 2^0 · e^0 = 152; at 10 °C half of the growth: 77; with 0.3 mg/L
        // e^-6 = 0.0025 of it: 2.37; fresh water has what treatment leaves.
        assert!((colonies(0.0, 24.0, 20.0) - 152.0).abs() < 1e-9);
        assert!((colonies(0.0, 24.0, 10.0) - 77.0).abs() < 1e-9);
        assert!((colonies(0.3, 24.0, 20.0) - 2.372).abs() < 0.001);
        assert_eq!(colonies(0.0, 0.0, 20.0), 2.0);
    }
}
