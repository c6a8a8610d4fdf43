//! Reads what a rule of kind `grab-sample` asks for.

use crate::base::problem::{Spanned, Table};
use crate::base::units::{Quantity, Unit};
use crate::inspection::grab_watch::GrabSample;
use crate::inspection::kind_file;

/// The tolerance. Every mistake is noted; without a quantity nobody can say in which unit.
pub(super) fn read(table: &Table<'_>, quantity: Option<Quantity>) -> Option<GrabSample> {
    let percent = table.opt_number_in("tolerance_percent", 0.0..=1_000.0);
    let Some(quantity) = quantity else {
        let keys = Unit::ALL.map(|unit| unit.key("tolerance"));
        for key in keys.iter().filter(|key| table.key_span(key).is_some()) {
            table.opt_number(key);
        }
        kind_file::forgive(table);
        return None;
    };
    let own = quantity.measured_in();
    let foreign = Unit::ALL.into_iter().filter(|unit| *unit != own);
    table.refuse_units("tolerance", (quantity.name(), own), foreign);
    let tolerance = table.number_in(&own.key("tolerance"), 0.0..=1e6);
    let analyte = GrabSample::analyte(quantity);
    if analyte.is_none() {
        let all = Quantity::ALL.into_iter().filter(|it| GrabSample::analyte(*it).is_some());
        let names: Vec<&str> = all.map(Quantity::name).collect();
        let text = format!("no laboratory reports what instruments call {}", quantity.name());
        let span = table.place_of("quantity");
        table.add_with_help(span, text, format!("samples are analysed for {}", names.join(", ")));
    }
    let share = percent.map_or(0.0, Spanned::into_inner) / 100.0;
    Some(GrabSample { analyte: analyte?, tolerance: tolerance?.into_inner(), share })
}
