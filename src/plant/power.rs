//! What keeps a plant running when the mains fail.

use crate::base::Span;

/// A plant's own power; nothing unless `[power]` of `plant.toml` says so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OwnPower {
    /// A generator that carries all pumps, the works and the boosters.
    pub generator: Option<Generator>,
    /// How long the gateway lasts without mains (UPS); for ever when none is given.
    pub ups: Option<Span>,
}

/// A diesel generator. It starts by order only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generator {
    /// From the order until it carries the pumps: somebody goes there.
    pub start: Span,
    /// How long its fuel lasts.
    pub fuel: Span,
}
