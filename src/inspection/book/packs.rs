//! Packs of a book: which rules belong to which, which are in force where, what is chosen twice.

use std::collections::BTreeSet;

use super::{Book, InspectionRule, Kind, Place};
use crate::base::ids::PackId;
use crate::base::problem::{Problems, nearest};
use crate::inspection::also::Also;
use crate::inspection::pack::{Head, Pack};
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// The rules of one file, and what its head says of packs.
pub(super) struct OfFile {
    pub head: Head,
    pub rules: Vec<InspectionRule>,
    /// Rules with mistakes that can still be held against instruments.
    pub drafts: Vec<InspectionRule>,
}

/// Rules in their packs.
#[derive(Default)]
pub(super) struct Joined {
    pub rules: Vec<InspectionRule>,
    pub drafts: Vec<InspectionRule>,
    pub packs: Vec<Pack>,
}

/// Puts the rules of files into their packs; `known` are those of other files. Mistakes: two packs
/// of one id, a file that joins a pack that is none. Files read without any pack join none.
pub(super) fn join(files: Vec<OfFile>, known: &[Pack], problems: &mut Problems) -> Joined {
    let mut packs: Vec<Pack> = Vec::new();
    for file in &files {
        let Head::Describes(pack) = &file.head else { continue };
        if let Some(first) = packs.iter().find(|it| it.id == pack.id) {
            let there = first.place.source.place(first.place.span.start);
            let text = format!("pack {} is there already, at {there}", pack.id);
            let help = format!("write pack = \"{}\" to add to it, or give another id", pack.id);
            problems.add(&pack.place.source, pack.place.span.clone(), text).help(help);
        } else {
            packs.push(pack.clone());
        }
    }
    let mut all = Joined::default();
    for OfFile { head, rules, drafts } in files {
        let id = match head {
            Head::None => None,
            Head::Describes(pack) => Some(pack.id),
            Head::Joins(id, place) => {
                let Some(id) = joined(id, &place, (&packs, known), problems) else {
                    continue; // for which plants its rules are nobody can say
                };
                Some(id)
            }
        };
        let found = |id: &PackId| packs.iter().chain(known).find(|pack| pack.id == *id);
        let pack = id.as_ref().and_then(found).map(Pack::within);
        let within = |rule| InspectionRule { pack: pack.clone(), ..rule };
        all.rules.extend(rules.into_iter().map(within));
        all.drafts.extend(drafts.into_iter().map(within));
    }
    all.packs = packs;
    all
}

fn joined(
    id: PackId,
    place: &Place,
    (packs, known): (&[Pack], &[Pack]),
    problems: &mut Problems,
) -> Option<PackId> {
    let ids: Vec<&PackId> = packs.iter().chain(known).map(|pack| &pack.id).collect();
    if ids.is_empty() || ids.contains(&&id) {
        return Some(id);
    }
    let (text, help) = no_pack(&id, &ids);
    problems.add(&place.source, place.span.clone(), text).help(help);
    None
}

/// What is wrong with an id that no pack has, and the way out.
fn no_pack(id: &PackId, known: &[&PackId]) -> (String, String) {
    let names: Vec<&str> = known.iter().map(|id| id.as_str()).collect();
    let help = match nearest(id.as_str(), &names) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("packs: {}", names.join(", ")),
    };
    (format!("there is no pack {:?}", id.as_str()), help)
}

impl Book {
    /// The packs, in the order of the files.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// What is wrong with an id that no pack has, and the way out; none when there is the pack.
    pub fn no_pack(&self, id: &PackId) -> Option<(String, String)> {
        let known: Vec<&PackId> = self.packs.iter().map(|pack| &pack.id).collect();
        (!known.contains(&id)).then(|| no_pack(id, &known))
    }

    /// The same rules, with these packs in force at plants that choose none, instead of those
    /// whose heads say `default = true`.
    pub fn choosing(mut self, chosen: &[PackId]) -> Self {
        for pack in &mut self.packs {
            pack.is_usual = chosen.contains(&pack.id);
        }
        for pack in self.rules.iter_mut().filter_map(|rule| rule.pack.as_mut()) {
            pack.is_usual = chosen.contains(&pack.id);
        }
        self
    }

    /// The same rules, with these packs in force at every plant, whatever it chooses.
    pub fn settled(self, chosen: &[PackId]) -> Self {
        let mut book = self.choosing(chosen);
        for pack in book.rules.iter_mut().filter_map(|rule| rule.pack.as_mut()) {
            pack.is_settled = true;
        }
        book
    }

    /// The same rules, with these packs in force at every plant too, whatever it chooses.
    pub fn always(mut self, added: &[PackId]) -> Self {
        for pack in self.packs.iter_mut().filter(|pack| added.contains(&pack.id)) {
            pack.is_usual = true;
        }
        let packs = self.rules.iter_mut().filter_map(|rule| rule.pack.as_mut());
        for pack in packs.filter(|pack| added.contains(&pack.id)) {
            (pack.is_usual, pack.is_settled) = (true, true);
        }
        self
    }

    /// Packs that these plants choose and that are none. A book without packs has no say in it.
    pub fn unknown_packs<'p>(&self, plants: impl IntoIterator<Item = &'p Profile>) -> Problems {
        let mut problems = Problems::new();
        let chosen = plants.into_iter().flat_map(|plant| plant.packs.iter().flatten());
        for (choice, (text, help)) in chosen.filter_map(|it| Some((it, self.no_pack(&it.id)?))) {
            let Some((source, span)) = &choice.place else { continue };
            if !self.packs.is_empty() {
                problems.add(source, span.clone(), text).help(help);
            }
        }
        problems
    }
}

/// Two packs that one plant chooses and that look for the same: one cause, two alarms. Of a pack
/// that is made to stand beside others that is meant.
pub(super) fn doubled(rules: &[InspectionRule], plants: &[(&Profile, &[Tag])]) -> Problems {
    let mut found = Problems::new();
    let mut told: BTreeSet<(&PackId, &PackId)> = BTreeSet::new();
    for (profile, tags) in plants {
        let in_force = rules.iter().filter(|rule| rule.pack.is_some() && rule.is_for(profile));
        let in_force: Vec<&InspectionRule> = in_force.collect();
        for (at, rule) in in_force.iter().enumerate() {
            for other in &in_force[..at] {
                let (Some(one), Some(two)) = (&other.pack, &rule.pack) else { continue };
                let is_meant = one.is_beside || two.is_beside;
                if one.id == two.id || is_meant || !look_for_the_same(other, rule) {
                    continue;
                }
                let Some(place) = shared(other, rule, profile, tags) else { continue };
                if !told.insert((&one.id, &two.id)) {
                    continue;
                }
                let text = format!(
                    "rule {}: {} has chosen packs {} and {}, and {} looks for the same at {place}",
                    rule.id, profile.id, one.id, two.id, other.id
                );
                let help = "one cause would raise two alarms: choose one of the packs";
                found.add(&rule.place.source, rule.place.span.clone(), text).help(help);
            }
        }
    }
    found
}

/// Where both rules watch.
fn shared(
    one: &InspectionRule,
    other: &InspectionRule,
    profile: &Profile,
    tags: &[Tag],
) -> Option<String> {
    let tag = tags.iter().find(|tag| one.watches(profile, tag) && other.watches(profile, tag));
    let at_site = |rule: &InspectionRule, site| rule.watches_site(profile, site);
    let site = profile.sites.iter().find(|site| at_site(one, site) && at_site(other, site));
    tag.map(|tag| tag.id.to_string()).or_else(|| site.map(|site| site.id.to_string()))
}

/// The same quantity or analyte, on the same side of a limit.
fn look_for_the_same(one: &InspectionRule, other: &InspectionRule) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Limit(one), Kind::Limit(other)) => one.side == other.side,
        (Kind::ServicePressure(_), Kind::ServicePressure(_)) => true,
        (Kind::LabLimit(what, one, also), Kind::LabLimit(that, other, too)) => {
            let second = |it: &Option<Also>| it.map(|it| it.analyte);
            what == that && one.side == other.side && second(also) == second(too)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::problem::Source;
    use crate::base::text::Lang;
    use crate::base::units::Quantity;
    use crate::inspection::book::tests::SOUND;
    use crate::inspection::testing::{profile, tag};
    use crate::plant::profile::{ChosenPack, Disinfectant};
    use crate::plant::tags::SamplingPoint;

    /// A sound rule of this id, from memory.
    fn rule(id: &str) -> String {
        SOUND.replace("\"low\"", &format!("{id:?}")).replace("[D]", "[M]")
    }

    /// A file with this head and one rule.
    fn file(name: &str, head: &str) -> std::sync::Arc<Source> {
        let text = format!("{head}\n{}", rule(name));
        Source::new(format!("{name}.toml"), text)
    }

    fn pack(id: &str, more: &str) -> String {
        format!("[pack]\nid = \"{id}\"\ntitle = {{ en = \"P\", zh = \"包\" }}\n{more}")
    }

    fn id(text: &str) -> PackId {
        PackId::new(text).expect("an id")
    }

    /// The packs that ship, as far as instruments go.
    fn book() -> Book {
        let files = [
            ("gb5749-2022.toml", include_str!("../../../config/rules/gb5749-2022.toml")),
            ("gb5749-2006.toml", include_str!("../../../config/rules/gb5749-2006.toml")),
            ("pressure.toml", include_str!("../../../config/rules/pressure.toml")),
            ("tanks.toml", include_str!("../../../config/rules/tanks.toml")),
            ("urban-heads.toml", include_str!("../../../config/rules/urban-heads.toml")),
            ("who.toml", include_str!("../../../config/rules/who.toml")),
            ("who-laboratory.toml", include_str!("../../../config/rules/who-laboratory.toml")),
        ];
        let sources: Vec<_> = files.iter().map(|(name, text)| Source::new(*name, *text)).collect();
        Book::load(&sources).expect("sound")
    }

    /// A plant that chooses these packs; an empty list: none.
    fn choosing(packs: &[&str]) -> Profile {
        let chosen = packs.iter().map(|pack| {
            let place = Some((Source::new("plant.toml", format!("packs = [{pack:?}]")), 9..12));
            ChosenPack { id: id(pack), place }
        });
        let packs = (!packs.is_empty()).then(|| chosen.collect());
        Profile { packs, ..profile(2_400.0, 16_000, Disinfectant::FreeChlorine) }
    }

    fn in_force(book: &Book, profile: &Profile) -> Vec<String> {
        let tag = tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1);
        let rules = book.rules().iter().filter(|rule| rule.watches(profile, &tag));
        rules.map(|rule| rule.id.to_string()).collect()
    }

    #[test]
    fn what_the_plant_chooses_counts_then_the_settings_then_the_packs_own_word() {
        let usual = pack("usual", "source = \"x [D]\"\ndefault = true");
        let other = pack("other", "source = \"x [D]\"");
        let files = [
            file("of-none", ""),
            file("of-usual", &usual),
            file("joined", "pack = \"usual\""),
            file("of-other", &other),
        ];
        let book = Book::load(&files).expect("sound");
        let ours = in_force(&book, &choosing(&[]));
        assert_eq!(ours, ["of-none", "of-usual", "joined"]);
        assert_eq!(in_force(&book, &choosing(&["other"])), ["of-none", "of-other"]);
        let book = book.choosing(&[id("other")]);
        assert_eq!(in_force(&book, &choosing(&[])), ["of-none", "of-other"]);
        let both = ["of-none", "of-usual", "joined"];
        assert_eq!(in_force(&book, &choosing(&["usual"])), both);
        let rule = book.rules().first().expect("a rule");
        let words = rule.condition(Lang::En);
        assert!(words.contains("0.30 mg/L [M],"), "{words}");
    }

    #[test]
    fn every_mistake_about_packs_is_told_with_the_way_out() {
        let usual = pack("usual", "source = \"x [D]\"");
        let files = [
            file("one", &usual),
            file("two", &usual),
            file("three", "pack = \"usul\""),
            file("four", "[pack]\nid = \"a b\"\ntitel = 1\nsource = \"GB 5749\""),
        ];
        insta::assert_snapshot!(Book::load(&files).expect_err("mistakes").render(false));
        // A file of a pack, read alone, is for every plant.
        let alone = Book::load(&[file("three", "pack = \"usul\"")]).expect("sound");
        assert_eq!(in_force(&alone, &choosing(&[])), ["three"]);
    }

    #[test]
    fn a_plant_is_told_of_packs_that_are_none_or_look_for_the_same() {
        let (one, two) = (pack("one", "source = \"x [D]\""), pack("two", "source = \"x [D]\""));
        let book = Book::load(&[file("low", &one), file("low-2", &two)]).expect("sound");
        let tags = [tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1)];
        let told = |packs: &[&str]| {
            let review = book.check_against(&[(&choosing(packs), &tags)]);
            let all = review.problems.iter().chain(review.warnings.iter());
            all.map(crate::base::problem::Problem::headline).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(&["one"]), "");
        insta::assert_snapshot!(told(&["onw"]));
        insta::assert_snapshot!(told(&["one", "two"]));
    }

    #[test]
    fn a_pack_that_is_made_to_stand_beside_others_may_look_for_the_same() {
        let (one, two) = (pack("one", "source = \"x [D]\""), pack("two", "source = \"x [D]\""));
        let two = format!("{two}\nbeside = true");
        let book = Book::load(&[file("low", &one), file("low-2", &two)]).expect("sound");
        let tags = [tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1)];
        let review = book.check_against(&[(&choosing(&["one", "two"]), &tags)]);
        assert!(review.problems.is_empty() && review.warnings.is_empty());
        assert_eq!(in_force(&book, &choosing(&["one", "two"])), ["low", "low-2"]);
    }

    #[test]
    fn names_that_nothing_at_hand_has_are_told_with_the_nearest() {
        let mut profile = choosing(&[]);
        profile.county = crate::base::Text { en: "Chibi".to_owned(), zh: "赤壁市".to_owned() };
        let tags = [tag("AIT-301", Quantity::FreeChlorine, SamplingPoint::FinishedWater, 1)];
        let told = |asks: &str| {
            let text = rule("low").replace("kind =", &format!("{asks}\nkind ="));
            let book = Book::load(&[Source::new("r.toml", text)]).expect("sound");
            let review = book.check_against(&[(&profile, &tags)]);
            assert_eq!(review.unmatched, [], "it is told once");
            let each = review.warnings.iter();
            each.map(|it| format!("{} ({})", it.headline(), it.way_out().unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        for asks in ["county = \"Chibi\"", "plant = \"te*\"", "tag = \"AIT-*\""] {
            assert_eq!(told(asks), [""; 0], "{asks}");
        }
        let asked = [
            ("county = \"Chibbi\"", "did you mean \"Chibi\"?"),
            ("county = \"Tongshan\"", "there are Chibi, 赤壁市; `--plants DIR` names other plants"),
            ("plant = \"tset\"", "did you mean \"test\"?"),
            ("plant = \"Test\"", "did you mean \"test\"?"),
            ("plant = \"x*\"", "there are test; `--plants DIR` names other plants"),
            ("tag = \"AIT-3O1\"", "did you mean \"AIT-301\"?"),
        ];
        for (asks, help) in asked {
            let [only] = &told(asks)[..] else { panic!("{asks}") };
            let name = asks.split_once(" = ").expect("a key").1;
            assert!(only.starts_with("r.toml:6:"), "at its own line: {only}");
            assert!(only.contains(&format!(" {name} ({help})")), "{only}");
        }
    }

    #[test]
    fn the_older_edition_allows_what_the_newer_forbids_and_small_supplies_more() {
        let limits = |packs: &[&str], m3_per_day, quantity| {
            let profile = Profile {
                design_capacity_m3_per_day: m3_per_day,
                population: if m3_per_day < 1_000.0 { 5_000 } else { 16_000 },
                ..choosing(packs)
            };
            let tag = tag("AIT-1", quantity, SamplingPoint::FinishedWater, 5);
            let book = book();
            let limits = book.rules().iter().filter_map(|rule| rule.limit_for(&profile, &tag));
            limits.map(|limit| (limit.raise, limit.unverified)).collect::<Vec<_>>()
        };
        let chlorine = |packs: &[&str]| limits(packs, 2_400.0, Quantity::FreeChlorine);
        assert_eq!(chlorine(&[]), [(0.3, false), (2.0, false)]);
        assert_eq!(chlorine(&["gb5749-2006"]), [(0.3, false), (4.0, false)]);
        let small = limits(&["gb5749-2006"], 900.0, Quantity::Turbidity);
        assert_eq!(small, [(3.0, true)]);
        let mut pressure = tag("PIT-1", Quantity::Pressure, SamplingPoint::TapWater, 1);
        pressure.storeys = Some(3);
        let heads = |packs: &[&str]| {
            let (profile, book) = (choosing(packs), book());
            let limits = book.rules().iter().filter_map(|it| it.limit_for(&profile, &pressure));
            limits.map(|limit| (limit.raise / 9.807 * 10.0).round()).collect::<Vec<_>>()
        };
        assert_eq!(heads(&[]), [135.0, 400.0]);
        assert_eq!(heads(&["urban-heads"]), [160.0, 140.0]);
    }

    #[test]
    fn the_who_asks_for_more_chlorine_than_either_edition_and_stands_beside_both() {
        let book = book();
        let at = |packs: &[&str], point| {
            let (profile, tag) = (choosing(packs), tag("AIT-1", Quantity::FreeChlorine, point, 1));
            let limits = book.rules().iter().filter_map(|rule| rule.limit_for(&profile, &tag));
            limits.map(|limit| limit.raise).collect::<Vec<_>>()
        };
        let (finished, tap) = (SamplingPoint::FinishedWater, SamplingPoint::TapWater);
        assert_eq!((at(&["who"], finished), at(&["who"], tap)), (vec![0.5], vec![0.2]));
        assert_eq!(at(&["gb5749-2022", "who"], finished), [0.3, 2.0, 0.5]);
        assert_eq!(at(&["gb5749-2022", "who"], tap), [0.05, 2.0, 0.2]);
    }

    #[test]
    fn the_who_asks_for_a_sample_a_month_for_each_5000_people() {
        let book = book();
        for (people, wanted) in
            [(4_999, Some(1)), (5_000, Some(1)), (16_000, Some(4)), (100_000, None)]
        {
            let profile = Profile { population: people, ..choosing(&["who"]) };
            let of_who = |rule: &&InspectionRule| rule.id.as_str().starts_with("who-");
            let rules = book.rules().iter().filter(of_who).filter(|rule| rule.is_for(&profile));
            let times = rules.filter_map(|rule| match rule.kind {
                Kind::Round(duty) => Some(duty.for_people(people).times),
                _ => None,
            });
            assert_eq!(times.collect::<Vec<_>>(), wanted.into_iter().collect::<Vec<_>>());
        }
    }
}
