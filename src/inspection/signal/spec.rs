//! The tests of signal quality in force: which test, at which instruments, with which limits.

use super::flat_line::FlatLineTest;
use super::partner::{Multivariate, Neighbour};
use super::range::{Climatology, GrossRange};
use super::rate::RateTest;
use super::spike::SpikeTest;
use super::spread::Attenuation;
use super::timing::Pace;
use crate::base::problem::Problems;
use crate::base::{QualityTest, QualityTests, RuleId, Span, Text};
use crate::inspection::book::Place;
use crate::inspection::select::Selector;
use crate::inspection::unit_keys::shown;
use crate::plant::profile::Profile;
use crate::plant::tags::Tag;

/// One `[[quality-test]]` of a file.
#[derive(Debug, Clone)]
pub struct TestSpec {
    /// Its id.
    pub id: RuleId,
    /// Where its limits come from, with their mark.
    pub source: Text,
    /// The instruments it is made at.
    pub select: Selector,
    /// The test with its limits.
    pub kind: TestKind,
    /// Where it stands in its file.
    pub place: Place,
}

/// A test with its limits.
#[derive(Debug, Clone, PartialEq)]
pub enum TestKind {
    /// The order and pace of readings.
    Timing(Pace),
    /// What sensor and operator allow.
    GrossRange(GrossRange),
    /// What the season allows.
    Climatology(Box<Climatology>),
    /// Single readings that stand out.
    Spike(SpikeTest),
    /// Changes that are too fast.
    RateOfChange(RateTest),
    /// A signal that stands still.
    FlatLine(FlatLineTest),
    /// A signal that moves too little.
    AttenuatedSignal(Attenuation),
    /// A jump that nothing else shows.
    Multivariate(Multivariate),
    /// Disagreement with neighbours.
    Neighbour(Neighbour),
}

impl TestKind {
    /// Which test it is.
    pub fn test(&self) -> QualityTest {
        match self {
            Self::Timing(_) => QualityTest::Timing,
            Self::GrossRange(_) => QualityTest::GrossRange,
            Self::Climatology(_) => QualityTest::Climatology,
            Self::Spike(_) => QualityTest::Spike,
            Self::RateOfChange(_) => QualityTest::RateOfChange,
            Self::FlatLine(_) => QualityTest::FlatLine,
            Self::AttenuatedSignal(_) => QualityTest::AttenuatedSignal,
            Self::Multivariate(_) => QualityTest::Multivariate,
            Self::Neighbour(_) => QualityTest::Neighbour,
        }
    }

    /// Does it look at `other` when it judges `tag`? By how much that must move to confirm a jump.
    pub fn looks_at(&self, tag: &Tag, other: &Tag) -> Option<f64> {
        match self {
            Self::Multivariate(test) => test.confirms(tag, other),
            Self::Neighbour(test) => test.by.wants(tag, other).then_some(0.0),
            _ => None,
        }
    }

    /// How far before and after a reading it looks at others, if it does.
    pub fn within(&self) -> Option<Span> {
        match self {
            Self::Multivariate(test) => Some(test.within),
            Self::Neighbour(test) => Some(test.within),
            _ => None,
        }
    }
}

/// Tests that are always made: they need no limits.
pub const ALWAYS: [QualityTest; 2] = [QualityTest::Syntax, QualityTest::Timing];

impl TestSpec {
    /// Is it made at this instrument of this plant, if no other of its kind comes before it?
    pub fn watches(&self, profile: &Profile, tag: &Tag) -> bool {
        self.select.wants_plant(profile) && self.select.wants_tag(tag)
    }
}

/// The tests in force at an instrument: of each kind the one whose selectors ask most; what a tag
/// names comes before everything else.
pub fn in_force<'s>(specs: &'s [TestSpec], profile: &Profile, tag: &Tag) -> Vec<&'s TestSpec> {
    let mut chosen: Vec<&TestSpec> = Vec::new();
    for spec in specs.iter().filter(|spec| spec.watches(profile, tag)) {
        match chosen.iter_mut().find(|other| other.kind.test() == spec.kind.test()) {
            Some(other) if spec.select.asks() > other.select.asks() => *other = spec,
            Some(_) => {}
            None => chosen.push(spec),
        }
    }
    chosen
}

/// Which tests are made at an instrument.
pub fn made_at(specs: &[TestSpec], profile: &Profile, tag: &Tag) -> QualityTests {
    let always = Vec::from(ALWAYS).into();
    let made = in_force(specs, profile, tag).into_iter();
    made.fold(always, |made, spec| made | spec.kind.test().into())
}

/// Holds the tests against plants; gives those that are for one of them and are made nowhere.
pub fn check_against(
    specs: &[TestSpec],
    plants: &[(&Profile, &[Tag])],
    problems: &mut Problems,
) -> Vec<RuleId> {
    let mut idle = Vec::new();
    for spec in specs {
        let mut matched = !plants.iter().any(|(profile, _)| spec.select.wants_plant(profile));
        for (profile, tags) in plants {
            for tag in tags.iter().filter(|tag| spec.watches(profile, tag)) {
                matched |= check_tag(specs, spec, (profile, tags), tag, problems);
            }
        }
        if !matched {
            idle.push(spec.id.clone());
        }
    }
    idle
}

/// Holds one test against one instrument; is it of any use there?
fn check_tag(
    specs: &[TestSpec],
    spec: &TestSpec,
    (profile, tags): (&Profile, &[Tag]),
    tag: &Tag,
    problems: &mut Problems,
) -> bool {
    let at = format!("{} of {}", tag.id, profile.id);
    let rival = specs.iter().take_while(|other| other.id != spec.id).find(|other| {
        other.kind.test() == spec.kind.test()
            && other.select.asks() == spec.select.asks()
            && other.watches(profile, tag)
    });
    let mut say = |key: &str, text: String, help: String| {
        let text = format!("test {}: {text}", spec.id);
        spec.place.add(&[&[key]], text, problems).help(help);
    };
    if let Some(rival) = rival {
        let test = spec.kind.test().name();
        say(
            "id",
            format!("{at} has the {test} test of {} already", rival.id),
            "make one of them ask for more, such as a point or a tag".to_owned(),
        );
    }
    check_range(spec, tag, &at, &mut say);
    check_pace(spec, tag, &at, &mut say);
    let Some(within) = spec.kind.within() else { return true };
    let partners = || tags.iter().filter(|other| spec.kind.looks_at(tag, other).is_some());
    if let Some(slow) = partners().find(|other| within + within < other.poll) {
        say(
            "within_min",
            format!(
                "{} is read every {}, so {within} before and after {at} hold none of it",
                slow.id, slow.poll
            ),
            format!("make within_min at least half of {}", slow.poll),
        );
    }
    partners().next().is_some()
}

fn check_range(spec: &TestSpec, tag: &Tag, at: &str, say: &mut impl FnMut(&str, String, String)) {
    let TestKind::GrossRange(GrossRange { operator: Some((low, high)) }) = spec.kind else {
        return;
    };
    if low < tag.range.0 || high > tag.range.1 {
        let unit = |value| shown(tag.quantity, value);
        say(
            "operator_",
            format!("{at} cannot show what the operator expects, {} to {}", unit(low), unit(high)),
            format!("its range is {} to {}", unit(tag.range.0), unit(tag.range.1)),
        );
    }
}

/// Windows and delays that hold too few polls of the instrument.
fn check_pace(spec: &TestSpec, tag: &Tag, at: &str, say: &mut impl FnMut(&str, String, String)) {
    let (readings, window) = match spec.kind {
        TestKind::AttenuatedSignal(test) => (test.readings, test.window),
        TestKind::RateOfChange(RateTest::Deviations { readings, window, .. }) => (readings, window),
        _ => return,
    };
    let needed = tag.poll * i64::from(readings);
    if window < needed {
        say(
            "window_min",
            format!("{window} hold no {readings} readings of {at}, read every {}", tag.poll),
            format!("make window_min at least {needed}, or `readings` fewer"),
        );
    }
}
