//! Tables for people: no frame, cut to the width of a terminal.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use ratatui::crossterm::terminal;

/// An empty table with these columns.
pub fn plain(head: &[&str]) -> Table {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    // On a terminal cells are wrapped; elsewhere a row is a line.
    let width = io::stdout().is_terminal().then(terminal::size);
    match width {
        Some(Ok((columns, _))) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns)
        }
        _ => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(head);
    table
}

/// Writes a table, without spaces at the ends of its lines.
pub fn write(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
