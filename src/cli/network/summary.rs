//! The run as a water engineer reads it: one row a step, then nodes, links and the water's books.

use std::io::{self, Write};
use std::path::Path;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::clock;
use crate::base::units::{Flow, Volume};
use crate::world::hydraulics::file::{
    Item, Layout, LinkState, NodeState, QualityKind, Status, Step, Totals,
};

/// A table longer than this shows only its lowest pressures or largest flows.
const ROWS_MAX: usize = 200;
/// How many it shows then.
const ROWS_SHOWN: usize = 20;

/// Smallest, mean and largest of the reported steps.
#[derive(Debug, Clone, Copy)]
struct Spread {
    min: f64,
    max: f64,
    sum: f64,
    count: u32,
}

impl Spread {
    const NONE: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, count: 0 };

    fn add(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.count += 1;
    }

    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }

    /// Cells for smallest, mean and largest.
    fn cells(&self, decimals: usize) -> [String; 3] {
        if self.count == 0 {
            return [String::new(), String::new(), String::new()];
        }
        [self.min, self.mean(), self.max].map(|value| number(value, decimals))
    }
}

/// A rounded number that is never `-0`.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.'));
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

struct NodeSummary {
    pressure: Spread,
    lowest_at_s: i64,
    demand: Spread,
    quality: Spread,
}

struct LinkSummary {
    flow: Spread,
    open: u32,
}

/// Sums of a run; its size grows with the network, not with the number of steps.
pub struct Summary<'a> {
    layout: &'a Layout,
    nodes: Vec<NodeSummary>,
    links: Vec<LinkSummary>,
    steps: u32,
}

impl<'a> Summary<'a> {
    /// Before the first step.
    pub fn new(layout: &'a Layout) -> Self {
        let node = |_| NodeSummary {
            pressure: Spread::NONE,
            lowest_at_s: 0,
            demand: Spread::NONE,
            quality: Spread::NONE,
        };
        let link = |_| LinkSummary { flow: Spread::NONE, open: 0 };
        Self {
            layout,
            nodes: layout.nodes.iter().map(node).collect(),
            links: layout.links.iter().map(link).collect(),
            steps: 0,
        }
    }

    /// What the file holds, and the heading of the steps.
    pub fn head(&self, file: &Path, out: &mut dyn Write) -> io::Result<()> {
        let layout = self.layout;
        writeln!(out, "{}", file.display())?;
        writeln!(out, "  {}; {}", kinds(&layout.nodes), kinds(&layout.links))?;
        writeln!(
            out,
            "  {} h, results every {}, hydraulics at least every {}; file in {}, shown in SI{}",
            number(layout.duration_s as f64 / 3_600.0, 1),
            clock(layout.step_s),
            clock(layout.hydraulic_step_s),
            layout.flow_unit,
            quality_words(&layout.quality),
        )?;
        writeln!(out)?;
        writeln!(
            out,
            "{:>9} {:>12} {:>12} {:>12} {:>10} {:<16} {:>10} {:>10}",
            "time", "supplied", "delivered", "into tanks", "lowest", "at", "quality", "quality"
        )?;
        writeln!(
            out,
            "{:>9} {:>12} {:>12} {:>12} {:>10} {:<16} {:>10} {:>10}",
            "h:mm", "m³/h", "m³/h", "m³/h", "m", "", "min", "max"
        )
    }

    /// One row, and the step's share of the sums.
    pub fn step(&mut self, step: &Step, out: &mut dyn Write) -> io::Result<()> {
        self.add(step);
        let [mut supplied, mut delivered, mut stored] = [Flow::ZERO; 3];
        let mut quality = Spread::NONE;
        for (item, node) in self.layout.nodes.iter().zip(&step.nodes) {
            match item.kind {
                "reservoir" => supplied += -node.demand,
                "tank" => stored += node.demand,
                _ => {
                    delivered += node.demand;
                    node.quality.into_iter().for_each(|value| quality.add(value));
                }
            }
        }
        let lowest = lowest(self.layout, &step.nodes);
        let [least, _, most] = quality.cells(2);
        writeln!(
            out,
            "{:>9} {:>12} {:>12} {:>12} {:>10} {:<16} {least:>10} {most:>10}",
            clock(step.time_s),
            number(supplied.as_m3_per_h(), 2),
            number(delivered.as_m3_per_h(), 2),
            number(stored.as_m3_per_h(), 2),
            lowest.map_or_else(String::new, |(_, node)| number(node.pressure.as_m(), 2)),
            lowest.map_or("", |(item, _)| item.id.as_str()),
        )
    }

    fn add(&mut self, step: &Step) {
        self.steps += 1;
        for (sum, node) in self.nodes.iter_mut().zip(&step.nodes) {
            let pressure = node.pressure.as_m();
            if pressure < sum.pressure.min {
                sum.lowest_at_s = step.time_s;
            }
            sum.pressure.add(pressure);
            sum.demand.add(node.demand.as_m3_per_h());
            node.quality.into_iter().for_each(|value| sum.quality.add(value));
        }
        for (sum, link) in self.links.iter_mut().zip(&step.links) {
            let LinkState { flow, status, .. } = *link;
            sum.flow.add(flow.as_m3_per_h());
            sum.open += u32::from(status != Status::Closed);
        }
    }

    /// Nodes, links, and where the water went.
    pub fn tail(&self, totals: Totals, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", self.node_table())?;
        say_hidden(self.nodes.len(), "nodes, lowest pressures first", out)?;
        writeln!(out, "\n{}", self.link_table())?;
        say_hidden(self.links.len(), "links, largest flows first", out)?;
        let [supplied, delivered, stored] =
            [totals.supplied, totals.delivered, totals.stored].map(Volume::as_m3);
        writeln!(
            out,
            "\nwater: {} m³ supplied, {} m³ delivered, {} m³ into tanks, {} m³ unaccounted for",
            number(supplied, 1),
            number(delivered, 1),
            number(stored, 1),
            number(supplied - delivered - stored, 1),
        )
    }

    fn node_table(&self) -> Table {
        let mut rows: Vec<(&Item, &NodeSummary)> =
            self.layout.nodes.iter().zip(&self.nodes).collect();
        if rows.len() > ROWS_MAX {
            rows.retain(|(item, _)| item.kind == "junction");
            rows.sort_by(|(_, a), (_, b)| a.pressure.min.total_cmp(&b.pressure.min));
            rows.truncate(ROWS_SHOWN);
        }
        let has_quality = self.layout.quality != QualityKind::None;
        let mut header = vec!["node", "kind", "pressure m: min", "mean", "max", "lowest at"];
        header.push("demand m³/h: mean");
        if has_quality {
            header.extend(["quality: min", "mean", "max"]);
        }
        let rows = rows.into_iter().map(|(item, sum)| {
            let [min, mean, max] = sum.pressure.cells(2);
            let mut row = vec![item.id.clone(), item.kind.to_owned(), min, mean, max];
            row.extend([clock(sum.lowest_at_s), number(sum.demand.mean(), 2)]);
            if has_quality {
                row.extend(sum.quality.cells(3));
            }
            row
        });
        table(&header, rows)
    }

    fn link_table(&self) -> Table {
        let mut rows: Vec<(&Item, &LinkSummary)> =
            self.layout.links.iter().zip(&self.links).collect();
        if rows.len() > ROWS_MAX {
            let largest = |sum: &LinkSummary| sum.flow.max.abs().max(sum.flow.min.abs());
            rows.sort_by(|(_, a), (_, b)| largest(b).total_cmp(&largest(a)));
            rows.truncate(ROWS_SHOWN);
        }
        let rows = rows.into_iter().map(|(item, sum)| {
            let [min, mean, max] = sum.flow.cells(2);
            let open = f64::from(sum.open) / f64::from(self.steps.max(1)) * 100.0;
            vec![item.id.clone(), item.kind.to_owned(), min, mean, max, number(open, 0)]
        });
        table(&["link", "kind", "flow m³/h: min", "mean", "max", "open % of steps"], rows)
    }
}

/// The lowest pressure where water is drawn.
fn lowest<'s>(layout: &'s Layout, nodes: &'s [NodeState]) -> Option<(&'s Item, &'s NodeState)> {
    layout
        .nodes
        .iter()
        .zip(nodes)
        .filter(|(item, node)| item.kind == "junction" && node.demand > Flow::ZERO)
        .min_by(|(_, a), (_, b)| a.pressure.as_m().total_cmp(&b.pressure.as_m()))
}

fn say_hidden(rows: usize, what: &str, out: &mut dyn Write) -> io::Result<()> {
    if rows > ROWS_MAX {
        writeln!(out, "  {ROWS_SHOWN} of {rows} {what}; --format csv has all")?;
    }
    Ok(())
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().copied());
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `92 junctions, 2 reservoirs, 3 tanks`, in the order in which the kinds come.
fn kinds(items: &[Item]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for item in items {
        match counts.iter_mut().find(|(kind, _)| *kind == item.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((item.kind, 1)),
        }
    }
    let words = counts.iter().map(|(kind, count)| match count {
        1 => format!("1 {kind}"),
        _ => format!("{count} {}", plural(kind)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn plural(kind: &str) -> String {
    match kind.split_once(' ') {
        Some((first, rest)) => format!("{first}s {rest}"),
        None => format!("{kind}s"),
    }
}

fn quality_words(kind: &QualityKind) -> String {
    match kind {
        QualityKind::None => String::new(),
        QualityKind::Chemical(name) => format!("; quality is {name} in mg/L"),
        QualityKind::Age => "; quality is water age in h".to_owned(),
        QualityKind::Trace(node) => format!("; quality is % of the water that comes from {node}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_loss_is_not_shown_as_minus_zero() {
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-0.01, 2), "-0.01");
    }

    #[test]
    fn kinds_are_counted_in_words() {
        let item = |kind| Item { id: String::new(), kind };
        let items = ["pipe", "pipe", "pipe with check valve", "pipe with check valve", "PRV"];
        assert_eq!(kinds(&items.map(item)), "2 pipes, 2 pipes with check valve, 1 PRV");
    }
}
