//! Names in selectors that nothing at hand has: of plants, counties, villages, instruments, sites.

use std::collections::BTreeSet;

use super::{InspectionRule, Place};
use crate::base::RuleId;
use crate::base::problem::{Problems, nearest};
use crate::inspection::select::{Pattern, Selector};
use crate::inspection::signal::spec::TestSpec;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// So many names are listed where none is near.
const LISTED_MAX: usize = 8;

/// A rule or a test that asks for something by its name.
struct Asking<'a> {
    what: &'static str,
    id: &'a RuleId,
    place: &'a Place,
    select: &'a Selector,
    /// The key of the names of instruments: a laboratory takes its samples at sites.
    tag_key: &'static str,
}

/// A name that is asked for, and what there is.
struct Asked<'p> {
    key: &'static str,
    name: String,
    /// Has anything that name?
    is_there: bool,
    known: Vec<&'p str>,
}

/// Warns of each name that nothing has; gives the rules and tests that ask for one. A name that is
/// near one that is there is a misspelling; any other may belong to other works.
pub(super) fn warn(
    rules: &[InspectionRule],
    tests: &[TestSpec],
    plants: &[(&Profile, &[Tag])],
    warnings: &mut Problems,
) -> BTreeSet<RuleId> {
    let of_rules = rules.iter().map(|rule| Asking {
        what: "rule",
        id: &rule.id,
        place: &rule.place,
        select: &rule.select,
        tag_key: if rule.kind.is_about_sites() { "site" } else { "tag" },
    });
    let of_tests = tests.iter().map(|test| Asking {
        what: "test",
        id: &test.id,
        place: &test.place,
        select: &test.select,
        tag_key: "tag",
    });
    let mut told = BTreeSet::new();
    for asking in of_rules.chain(of_tests) {
        for Asked { key, name, known, .. } in
            asking.names(plants).into_iter().filter(|asked| !asked.is_there)
        {
            let Asking { what, id, place, .. } = asking;
            let text = format!("{what} {id}: no plant at hand has the {key} {name:?}");
            let help = match nearest(&name, &known) {
                Some(near) => format!("did you mean {near:?}?"),
                None if (1..=LISTED_MAX).contains(&known.len()) => {
                    format!("there are {}; `--plants DIR` names other plants", known.join(", "))
                }
                None => "look at its selectors; `--plants DIR` names other plants".to_owned(),
            };
            place.add(&[&[key]], text, warnings).help(help);
            told.insert(id.clone());
        }
    }
    told
}

impl Asking<'_> {
    fn names<'p>(&self, plants: &[(&'p Profile, &'p [Tag])]) -> Vec<Asked<'p>> {
        let Selector { plant, county, village, tag, .. } = self.select;
        let profiles = || plants.iter().map(|(profile, _)| *profile);
        let mut asked = Vec::new();
        if let Some(pattern) = plant {
            let known = profiles().map(|it| it.id.as_str()).collect();
            asked.push(by_pattern("plant", pattern, known));
        }
        if let Some(name) = county {
            let is_there = profiles().any(|it| {
                let by_name = Selector { county: county.clone(), ..Selector::default() };
                by_name.wants_plant(it)
            });
            let known = profiles().flat_map(|it| [it.county.en.as_str(), it.county.zh.as_str()]);
            asked.push(Asked {
                key: "county",
                name: name.clone(),
                is_there,
                known: distinct(known.filter(|name| !name.is_empty())),
            });
        }
        if let Some(village) = village {
            let known = distinct(profiles().flat_map(|it| &it.villages).map(|it| it.id.as_str()));
            let name = village.to_string();
            let is_there = known.contains(&name.as_str());
            asked.push(Asked { key: "village", name, is_there, known });
        }
        let meant: Vec<_> =
            plants.iter().filter(|(profile, _)| self.select.wants_plant(profile)).collect();
        if let Some(pattern) = tag.as_ref().filter(|_| !meant.is_empty()) {
            let known: Vec<&str> = if self.tag_key == "site" {
                let sites = meant.iter().flat_map(|(profile, _)| &profile.sites);
                sites.map(|site| site.id.as_str()).collect()
            } else {
                meant.iter().flat_map(|(_, tags)| tags.iter()).map(|it| it.id.as_str()).collect()
            };
            asked.push(by_pattern(self.tag_key, pattern, distinct(known.into_iter())));
        }
        asked
    }
}

fn by_pattern<'p>(key: &'static str, pattern: &Pattern, known: Vec<&'p str>) -> Asked<'p> {
    let is_there = known.iter().any(|name| pattern.fits(name));
    Asked { key, name: pattern.to_string(), is_there, known }
}

fn distinct<'p>(names: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
