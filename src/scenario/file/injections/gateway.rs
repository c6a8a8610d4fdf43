//! Kinds that happen to the gateway and its link.

use super::super::names::Names;
use super::Part;
use crate::base::problem::Table;
use crate::scenario::injection::{GatewayEvent, InjectionKind};

pub const PART: Part = Part { kinds: &[("gateway-silence", silence)], keys: &[] };

#[expect(clippy::unnecessary_wraps, reason = "a reader as the others")]
fn silence(_table: &Table<'_>, _names: &Names<'_>) -> Option<InjectionKind> {
    Some(InjectionKind::Gateway(GatewayEvent::Silence))
}
