//! Plants whose disinfectant nobody watches: said plainly, for no figure is invented.

use super::{Book, Kind};
use crate::base::text::{Lang, Text};
use crate::plant::profile::{Disinfectant, Profile};

impl Book {
    /// What to say of a plant whose disinfectant has no limit in force there: one with ozone, of
    /// which no instrument here measures what is left. None for every other plant, and once a rule
    /// with `disinfectant = "ozone"` limits what instruments or samples say.
    pub fn unlimited(&self, profile: &Profile) -> Option<Text> {
        let asks = |it: &super::InspectionRule| {
            let is_limit = matches!(it.kind, Kind::Limit(..) | Kind::LabLimit(..));
            is_limit && it.select.disinfectant.is_some() && it.is_for(profile)
        };
        if profile.disinfectant != Disinfectant::Ozone || self.rules.iter().any(asks) {
            return None;
        }
        Some(Text::of(|lang| match lang {
            Lang::En => format!(
                "plant {} disinfects with ozone: no rule has a limit for its disinfectant, and \
                 nothing says when too little or too much of it is left",
                profile.id
            ),
            Lang::Zh => format!(
                "水厂 {} 以臭氧消毒:没有规则规定其消毒剂限值,余量过低或过高均无报警",
                profile.id
            ),
        }))
    }
}

#[cfg(test)]
mod tests {
    //! Which plants are told of.

    use super::*;
    use crate::base::problem::Source;
    use crate::inspection::testing::profile;

    #[test]
    fn a_plant_with_ozone_is_told_that_nothing_limits_it_until_a_rule_does() {
        let text = include_str!("../../../config/rules/laboratory.toml");
        let gb = include_str!("../../../config/rules/gb5749-2022.toml");
        let book = |more: &str| {
            let files = [("gb.toml", gb), ("lab.toml", text), ("own.toml", more)];
            let files = files.into_iter().filter(|(_, text)| !text.is_empty());
            let sources: Vec<_> = files.map(|(name, text)| Source::new(name, text)).collect();
            Book::load(&sources).expect("sound")
        };
        let ozone = profile(2_400.0, 16_000, Disinfectant::Ozone);
        let said = book("").unlimited(&ozone).expect("a warning");
        assert!(said.en.contains("disinfects with ozone: no rule has a limit"), "{}", said.en);
        assert!(said.zh.contains("以臭氧消毒"), "{}", said.zh);
        for (_, other) in Disinfectant::CHOICES.into_iter().filter(|it| it.1 != Disinfectant::Ozone)
        {
            assert!(book("").unlimited(&profile(2_400.0, 16_000, other)).is_none(), "{other:?}");
        }
        let own = "[[rule]]\nid = \"own\"\ntitle = { en = \"a\", zh = \"a\" }\n\
                   source = \"ours [D]\"\nkind = \"lab-limit\"\nanalyte = \"total-chlorine\"\n\
                   disinfectant = \"ozone\"\nbelow_mg_per_l = 0.05\npriority = \"low\"\n\
                   advice = { en = \"a\", zh = \"a\" }\n";
        assert!(book(own).unlimited(&ozone).is_none());
    }
}
