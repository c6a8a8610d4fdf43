//! One expression rule at work at one plant, or on one instrument of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::text::Lang;
use crate::base::{Flag, RuleId, Span, Stamp, TagId, Text};
use crate::inspection::book::{AcceptFlags, InspectionRule};
use crate::inspection::expression::history::{History, Manner};
use crate::inspection::expression::tree::Over;
use crate::inspection::expression::unit::Dimension;
use crate::inspection::expression::{Binding, Expression};
use crate::inspection::finding::{Finding, Verdict, Watch, Why};
use crate::inspection::sight::Sight;
use crate::plant::tags::{Tag, TagIndex};

/// An expression rule at work.
#[derive(Debug, Clone)]
pub struct ExpressionWatch {
    watch: Watch,
    rule: RuleId,
    about: Option<TagId>,
    accept: AcceptFlags,
    expression: Arc<Expression>,
    sources: Vec<Source>,
    state: State,
}

/// An instrument that serves an input.
#[derive(Debug, Clone)]
struct Source {
    input: usize,
    tag: TagIndex,
    id: TagId,
    manner: Manner,
    history: History,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct State {
    started: Option<Stamp>,
    /// When it is judged next.
    next: Option<Stamp>,
    /// Does the condition hold, as far as known?
    holds: bool,
    verdict: Option<Verdict>,
}

/// What a restart must not forget of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpressionState {
    rule: RuleId,
    about: Option<TagId>,
    /// Buckets are as long as this: those of another step mean nothing.
    every_ms: i64,
    state: State,
    histories: Vec<(String, TagId, History)>,
}

impl ExpressionWatch {
    /// `rule`, bound to instruments of a plant.
    pub fn new(
        rule: &InspectionRule,
        expression: &Arc<Expression>,
        watch: Watch,
        binding: &Binding,
        tags: &[Tag],
    ) -> Self {
        let bound = binding.tags.iter().enumerate();
        let bound = bound.flat_map(|(input, tags)| tags.iter().map(move |tag| (input, *tag)));
        let sources = bound.filter_map(|(input, index)| {
            let tag = tags.get(index.0)?;
            let patience = rule.patience.for_poll(tag.poll);
            let manner = Manner { every: expression.every, poll: tag.poll, patience };
            let (id, history) = (tag.id.clone(), History::default());
            Some(Source { input, tag: index, id, manner, history })
        });
        Self {
            watch,
            rule: rule.id.clone(),
            about: binding.about.and_then(|i| tags.get(i.0)).map(|tag| tag.id.clone()),
            accept: rule.accept,
            expression: Arc::clone(expression),
            sources: sources.collect(),
            state: State::default(),
        }
    }

    /// Which rule, where.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The verdict so far; none before the first.
    pub fn verdict(&self) -> Option<Verdict> {
        self.state.verdict
    }

    /// The instruments it looks at, in the order of their places; one may have several.
    pub fn tags(&self) -> impl Iterator<Item = TagIndex> + '_ {
        self.sources.iter().map(|source| source.tag)
    }

    /// Forgets all that was seen.
    pub fn begin_again(&mut self) {
        self.state = State::default();
        self.sources.iter_mut().for_each(|source| source.history = History::default());
    }

    /// The watch begins, unless it has begun already: at the next step after `now`.
    pub fn start(&mut self, now: Stamp) {
        if self.state.started.is_none() {
            self.state.started = Some(now);
            self.state.next = Some(self.step_after(now));
        }
    }

    fn step_after(&self, now: Stamp) -> Stamp {
        let into = now.as_ms().rem_euclid(self.expression.every.as_ms().max(1));
        now - Span::ms(into) + self.expression.every
    }

    /// Takes a reading, newer than all before it, of the instrument at a place.
    pub fn observe(&mut self, place: usize, at: Stamp, value: f64, flag: Flag) {
        let source = self.sources.get_mut(place).filter(|_| self.accept.contains(flag));
        if let Some(source) = source {
            source.history.observe(at, value, &source.manner);
        }
    }

    /// Before this moment `advance` has nothing to find.
    pub fn deadline(&self) -> Stamp {
        self.state.next.unwrap_or(Stamp::MAX)
    }

    /// Event time has reached `to`: every step before it is judged at its own moment.
    pub fn advance(&mut self, to: Stamp, findings: &mut Vec<Finding>) {
        while let Some(at) = self.state.next.filter(|at| *at < to) {
            self.judge(at, findings);
            for source in &mut self.sources {
                let longest = self.expression.longest(source.input);
                source.history.forget(at + self.expression.every, longest, &source.manner);
            }
            // With nothing left to look at no step differs from this one.
            let idle = self.state.verdict == Some(Verdict::NoData)
                && self.sources.iter().all(|source| source.history.is_empty());
            let from = if idle { to - self.expression.every } else { at };
            self.state.next = Some(self.step_after(from.max(at)));
        }
    }

    fn judge(&mut self, at: Stamp, findings: &mut Vec<Finding>) {
        let terms = self.terms(at);
        let expression = &self.expression;
        let known = if self.state.holds {
            match &expression.clear {
                Some(clear) => clear.holds(&terms).map(|clears| !clears),
                None => expression.when.holds(&terms),
            }
        } else {
            expression.when.holds(&terms)
        };
        let verdict = match known {
            Some(holds) => {
                self.state.holds = holds;
                if holds { Verdict::Abnormal } else { Verdict::Normal }
            }
            None if self.is_filling(at) => return,
            None => Verdict::NoData,
        };
        let before = self.state.verdict.replace(verdict);
        // The first normal verdict is no news.
        if before == Some(verdict) || (before.is_none() && verdict == Verdict::Normal) {
            return;
        }
        let said = Text::of(|lang| self.sentence(before, verdict, &terms, lang));
        let shown = self.sources.iter().find(|source| Some(&source.id) == self.about.as_ref());
        let window = shown.map(|source| source.history.last_values(at)).unwrap_or_default();
        let value = window.last().map(|it| it.1);
        let why = Why { value, window, ..Why::default() }.saying(said);
        findings.push(Finding { watch: self.watch, at, verdict, level: 0, why });
    }

    /// Is the watch so young that its windows cannot be full yet?
    fn is_filling(&self, at: Stamp) -> bool {
        let needed = self
            .sources
            .iter()
            .map(|source| self.expression.longest(source.input) + source.manner.patience);
        let needed = needed.max().unwrap_or(Span::ZERO);
        self.state.verdict.is_none() && self.state.started.is_some_and(|it| at < it + needed)
    }

    fn terms(&self, at: Stamp) -> Vec<Option<f64>> {
        let terms = self.expression.terms.iter().map(|term| {
            let sources = self.sources.iter().filter(|source| source.input == term.input);
            let values = sources
                .map(|source| source.history.look(term.look, at, term.window, &source.manner));
            term.over.unwrap_or(Over::Max).of(values) // of one instrument: its value
        });
        terms.collect()
    }

    /// What it sees, as it was judged last.
    pub fn sight(&self) -> Sight {
        let at = self.state.next.map(|next| next - self.expression.every);
        let verdict = self.state.verdict;
        let said = Text::of(|lang| match (at, verdict) {
            (Some(at), Some(verdict)) => self.sentence(None, verdict, &self.terms(at), lang),
            (Some(at), None) => self.values(&self.terms(at), lang),
            (None, _) => String::new(),
        });
        let shown = self.sources.iter().find(|source| Some(&source.id) == self.about.as_ref());
        let judged = shown.zip(at).map(|(source, at)| source.history.last_values(at));
        let judged = judged.unwrap_or_default();
        Sight { verdict, judged, ..Sight::default() }.saying(said)
    }

    fn values(&self, terms: &[Option<f64>], lang: Lang) -> String {
        let named = self.expression.terms.iter().zip(terms);
        let values = named.map(|(term, value)| match value {
            Some(value) => {
                let is = lang.pick("is", "为");
                format!("{} {is} {}", term.text, shown(*value, term.dimension))
            }
            None => format!("{} {}", term.text, lang.pick("is unknown", "未知")),
        });
        values.collect::<Vec<_>>().join(lang.pick(", ", ","))
    }

    fn sentence(
        &self,
        before: Option<Verdict>,
        verdict: Verdict,
        terms: &[Option<f64>],
        lang: Lang,
    ) -> String {
        let named = self.expression.terms.iter().zip(terms);
        let about = self.about.as_ref().map(|tag| format!("{tag}: ")).unwrap_or_default();
        let text = &self.expression.text;
        if verdict == Verdict::NoData {
            let missing = named.filter(|(_, value)| value.is_none());
            let missing: Vec<&str> = missing.map(|(term, _)| term.text.as_str()).collect();
            let none = lang.pick("no data for", "无数据");
            return format!("{about}{none} {}", missing.join(", "));
        }
        let values = self.values(terms, lang);
        let holds = match (before, verdict) {
            (Some(Verdict::Abnormal), Verdict::Normal) => lang.pick("no longer ", "不再成立"),
            (_, Verdict::Normal) => lang.pick("not ", "不成立"),
            _ => lang.pick("", "成立"),
        };
        match lang {
            Lang::En => format!("{about}{values}: {holds}{text}"),
            Lang::Zh => format!("{about}{values};{holds}:{text}"),
        }
    }

    /// For a checkpoint.
    pub fn state(&self) -> ExpressionState {
        let histories = self.sources.iter().filter_map(|source| {
            let input = self.expression.inputs.get(source.input)?;
            Some((input.name.clone(), source.id.clone(), source.history.clone()))
        });
        ExpressionState {
            rule: self.rule.clone(),
            about: self.about.clone(),
            every_ms: self.expression.every.as_ms(),
            state: self.state.clone(),
            histories: histories.collect(),
        }
    }

    /// Continues from a checkpoint, if one of these is its own, judged in the same steps.
    pub fn resume(&mut self, states: &[ExpressionState]) {
        let every_ms = self.expression.every.as_ms();
        let mut states = states.iter().filter(|it| it.every_ms == every_ms);
        let own = states.find(|it| it.rule == self.rule && it.about == self.about);
        let Some(own) = own else { return };
        self.state = own.state.clone();
        for source in &mut self.sources {
            let Some(input) = self.expression.inputs.get(source.input) else { continue };
            let kept = own.histories.iter().find(|it| it.0 == input.name && it.1 == source.id);
            if let Some((_, _, history)) = kept {
                source.history = history.clone();
            }
        }
    }
}

fn shown(value: f64, dimension: Dimension) -> String {
    let digits = match value.abs() {
        big if big >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        small if small >= 0.1 || small == 0.0 => 2,
        _ => 4,
    };
    if dimension == Dimension::NONE {
        format!("{value:.digits$}")
    } else {
        format!("{value:.digits$} {dimension}")
    }
}
