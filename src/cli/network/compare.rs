//! Two engines on one file, side by side: how far they differ, where and when.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use super::{TableFormat, clock};
use crate::world::hydraulics::file::{Layout, LinkState, QualityKind, Step};

/// Less water than this through a node, and it stands, m³/s: 0.07 m³/h.
const FLOWING: f64 = 2e-5;

/// How far one quantity differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// What is compared, with its unit.
    pub quantity: &'static str,
    /// Where: `all`, or nodes that water flows through, or those where it stands.
    pub water: &'static str,
    /// How many values.
    pub count: usize,
    /// Largest difference.
    pub max: f64,
    /// Id of the node or link of the largest.
    pub at: String,
    /// Time of the largest, s.
    pub time_s: i64,
    /// 95 of 100 are not above.
    pub p95: f64,
    /// Mean of the differences.
    pub mean: f64,
}

/// Differences of one quantity so far.
struct Series {
    quantity: &'static str,
    water: &'static str,
    differences: Vec<f64>,
    worst: Option<(f64, String, i64)>,
}

impl Series {
    fn new(quantity: &'static str, water: &'static str) -> Self {
        Self { quantity, water, differences: Vec::new(), worst: None }
    }

    fn add(&mut self, ours: f64, theirs: f64, id: &str, time_s: i64) {
        let difference = (ours - theirs).abs();
        self.differences.push(difference);
        if self.worst.as_ref().is_none_or(|(worst, _, _)| difference > *worst) {
            self.worst = Some((difference, id.to_owned(), time_s));
        }
    }

    fn finish(mut self) -> Option<Gap> {
        let (max, at, time_s) = self.worst?;
        self.differences.sort_by(f64::total_cmp);
        let count = self.differences.len();
        let mean = self.differences.iter().sum::<f64>() / count as f64;
        let p95 = self.differences[(count * 95).div_ceil(100) - 1];
        let (quantity, water) = (self.quantity, self.water);
        Some(Gap { quantity, water, count, max, at, time_s, p95, mean })
    }
}

/// Everything that differs.
pub struct Comparison {
    layout: Layout,
    /// Start and end of each link, by position in the layout.
    ends: Vec<(usize, usize)>,
    heads: Series,
    flows: Series,
    flowing: Series,
    standing: Series,
}

impl Comparison {
    /// Before the first step. `ends`: start and end node of each link of the layout.
    pub fn new(layout: &Layout, ends: Vec<(usize, usize)>) -> Self {
        let quality = match layout.quality {
            QualityKind::Age => "age, h",
            QualityKind::Trace(_) => "trace, %",
            QualityKind::Chemical(_) | QualityKind::None => "concentration, mg/L",
        };
        Self {
            layout: layout.clone(),
            ends,
            heads: Series::new("head, m", "all"),
            flows: Series::new("flow, m3/h", "all"),
            flowing: Series::new(quality, "flowing"),
            standing: Series::new(quality, "standing"),
        }
    }

    /// Adds one moment. Reservoirs are given, not solved, and left out.
    pub fn add(&mut self, ours: &Step, theirs: &Step) {
        let time_s = theirs.time_s;
        let passing = self.passing(&theirs.links);
        let nodes = self.layout.nodes.iter().zip(&ours.nodes).zip(&theirs.nodes);
        for (at, ((item, our), their)) in nodes.enumerate() {
            if item.kind == "reservoir" {
                continue;
            }
            self.heads.add(our.head.as_m(), their.head.as_m(), &item.id, time_s);
            if let (Some(our), Some(their)) = (our.quality, their.quality) {
                let flows = item.kind == "tank" || passing[at] > FLOWING;
                let series = if flows { &mut self.flowing } else { &mut self.standing };
                series.add(our, their, &item.id, time_s);
            }
        }
        let links = self.layout.links.iter().zip(&ours.links).zip(&theirs.links);
        for ((item, our), their) in links {
            let (our, their) = (our.flow.as_m3_per_h(), their.flow.as_m3_per_h());
            self.flows.add(our, their, &item.id, time_s);
        }
    }

    /// The largest flow at each node, m³/s.
    fn passing(&self, links: &[LinkState]) -> Vec<f64> {
        let mut passing = vec![0.0_f64; self.layout.nodes.len()];
        for ((start, end), link) in self.ends.iter().zip(links) {
            let flow = link.flow.as_m3_per_s().abs();
            passing[*start] = passing[*start].max(flow);
            passing[*end] = passing[*end].max(flow);
        }
        passing
    }

    /// The result: one gap for each quantity that was there.
    pub fn finish(self) -> Vec<Gap> {
        let all = [self.heads, self.flows, self.flowing, self.standing];
        all.into_iter().filter_map(Series::finish).collect()
    }
}

/// Writes the gaps: a table for people, or a line for each.
pub fn write(gaps: &[Gap], format: TableFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        TableFormat::Text => {
            let mut table = Table::new();
            table.set_content_arrangement(ContentArrangement::Disabled);
            let head = ["differs in", "water", "values", "largest", "at", "time", "p95", "mean"];
            table.set_header(head);
            for gap in gaps {
                table.add_row([
                    gap.quantity.to_owned(),
                    gap.water.to_owned(),
                    gap.count.to_string(),
                    format!("{:.5}", gap.max),
                    gap.at.clone(),
                    clock(gap.time_s),
                    format!("{:.5}", gap.p95),
                    format!("{:.5}", gap.mean),
                ]);
            }
            for column in [2, 3, 5, 6, 7] {
                if let Some(column) = table.column_mut(column) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
            writeln!(out, "{table}")
        }
        TableFormat::Csv => {
            let mut rows = csv::Writer::from_writer(out);
            gaps.iter().try_for_each(|gap| rows.serialize(gap)).map_err(io::Error::other)?;
            rows.flush()
        }
        TableFormat::Json => gaps.iter().try_for_each(|gap| {
            serde_json::to_writer(&mut *out, gap)?;
            out.write_all(b"\n")
        }),
    }
}
