//! The tables of a dataset, the same in CSV and Parquet.

use crate::base::Stamp;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number, 0 or more.
    Count,
    /// A number.
    Number,
    /// A moment, UTC.
    Time,
}

/// A column: its name (with its unit), what it holds, and whether it may be empty.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "columns"), expect(dead_code, reason = "text has no types"))]
pub struct Column {
    /// As the head of the file has it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// May a row have nothing there?
    pub may_be_empty: bool,
}

/// A table: its name is the file's.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Such as `readings`.
    pub name: &'static str,
    /// In the order of the file.
    pub columns: &'static [Column],
}

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'c> {
    /// Nothing.
    Empty,
    /// Text.
    Text(&'c str),
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// A moment.
    Time(Stamp),
}

impl From<Option<f64>> for Cell<'_> {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }
}

impl From<Option<Stamp>> for Cell<'_> {
    fn from(value: Option<Stamp>) -> Self {
        value.map_or(Self::Empty, Self::Time)
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, may_be_empty: false }
}

const fn maybe(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, may_be_empty: true }
}

/// Readings as they arrive.
pub const READINGS: Table = Table {
    name: "readings",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("tag", Kind::Text),
        column("quantity", Kind::Text),
        column("unit", Kind::Text),
        column("observed_at", Kind::Time),
        column("received_at", Kind::Time),
        maybe("value", Kind::Number),
        column("flag", Kind::Count),
        column("seq", Kind::Count),
        column("sent_at", Kind::Time),
    ],
};

/// The truth at every tag.
pub const TRUTH: Table = Table {
    name: "truth",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("at", Kind::Time),
        column("tag", Kind::Text),
        column("quantity", Kind::Text),
        column("unit", Kind::Text),
        maybe("value", Kind::Number),
    ],
};

/// How every village is served.
pub const VILLAGES: Table = Table {
    name: "villages",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("at", Kind::Time),
        column("village", Kind::Text),
        column("people", Kind::Count),
        column("demand_m3_per_h", Kind::Number),
        column("delivered_m3_per_h", Kind::Number),
        column("served_share", Kind::Number),
        column("pressure_kpa", Kind::Number),
        column("chlorine_mg_per_l", Kind::Number),
        column("turbidity_ntu", Kind::Number),
        column("age_h", Kind::Number),
        column("lacks", Kind::Text),
    ],
};

/// What the works does.
pub const WORKS: Table = Table {
    name: "works",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("at", Kind::Time),
        column("production_m3_per_h", Kind::Number),
        column("raw_ntu", Kind::Number),
        column("coagulant_mg_per_l", Kind::Number),
        column("settled_ntu", Kind::Number),
        column("filtered_ntu", Kind::Number),
        column("dosed_mg_per_l", Kind::Number),
        column("contact_min", Kind::Number),
        column("ct_mg_min_per_l", Kind::Number),
        column("giardia_log", Kind::Number),
    ],
};

/// Laboratory results as they arrive.
pub const LABORATORY: Table = Table {
    name: "laboratory",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("sample", Kind::Text),
        column("site", Kind::Text),
        column("point", Kind::Text),
        column("taken_at", Kind::Time),
        column("reported_at", Kind::Time),
        column("received_at", Kind::Time),
        column("analyte", Kind::Text),
        column("sign", Kind::Text),
        column("value", Kind::Number),
        column("unit", Kind::Text),
        column("method", Kind::Text),
    ],
};

/// What failed, and whom it reached.
pub const LABELS: Table = Table {
    name: "labels",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("injection", Kind::Text),
        column("kind", Kind::Text),
        maybe("target", Kind::Text),
        column("settings", Kind::Text),
        column("from", Kind::Time),
        maybe("until", Kind::Time),
        column("lacks", Kind::Text),
        maybe("lacking_from", Kind::Time),
        maybe("lacking_until", Kind::Time),
        column("villages", Kind::Text),
        column("people", Kind::Count),
    ],
};

/// When and where the truth is not the whole truth.
pub const OUTSIDE: Table = Table {
    name: "outside",
    columns: &[
        column("scenario", Kind::Text),
        column("seed", Kind::Count),
        column("plant", Kind::Text),
        column("limit", Kind::Text),
        column("from", Kind::Time),
        column("until", Kind::Time),
        column("minutes", Kind::Number),
        maybe("place", Kind::Text),
        column("places", Kind::Count),
        maybe("value", Kind::Number),
        maybe("unit", Kind::Text),
    ],
};

/// Every table of a part.
pub const TABLES: [Table; 7] = [READINGS, TRUTH, VILLAGES, WORKS, LABORATORY, LABELS, OUTSIDE];
