//! Pieces of a row: texts fitted to cells (a Chinese character takes two), values, bars, gauges.

use ratatui::text::Span as Piece;

use super::draw::{CALM, DIM, level_style, mark};
use super::model::Value;

/// Cells that a village's row takes beside its name and its bar.
pub const BAR_COLUMN: usize = 2 + 10 + 6 + 1 + 11 + 10;

/// Cells that show the age of a value: a space and `12m`.
pub const AGE: usize = 4;

/// The text in at most `cells`, with `…` for what has no room.
pub fn fit(text: &str, cells: usize) -> String {
    if Piece::raw(text).width() <= cells {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += Piece::raw(letter.to_string()).width();
        if used > cells {
            break;
        }
        short.push(letter);
    }
    short + "…"
}

/// The text in exactly `cells`, blanks behind it.
pub fn left(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    let blanks = cells.saturating_sub(Piece::raw(text.as_str()).width());
    text + &" ".repeat(blanks)
}

/// The text in exactly `cells`, blanks before it.
pub fn right(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    " ".repeat(cells.saturating_sub(Piece::raw(text.as_str()).width())) + &text
}

/// A count with its thousands apart, such as `16,000`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Mark, number, unit (none in no cells), in `number + unit` cells.
pub fn value(value: &Value, number: usize, unit: usize) -> Vec<Piece<'static>> {
    let stale = value.age.is_some() || value.doubtful;
    let style = if stale { DIM } else { level_style(value.level) };
    let shown = if unit == 0 { String::new() } else { format!(" {}", value.unit) };
    vec![
        Piece::styled(mark(value.level), level_style(value.level)),
        Piece::styled(right(&value.number, number - 1), style),
        Piece::styled(left(&shown, unit), if stale { DIM } else { CALM }),
    ]
}

/// The age of a value that is older than it should be, in `cells`.
pub fn age(value: &Value, cells: usize) -> Piece<'static> {
    let age = value.age.as_deref().map(|age| format!(" {age}")).unwrap_or_default();
    Piece::styled(left(&age, cells), CALM)
}

/// A pressure against what the village needs: the mark in the middle is "just enough".
pub fn bar(value: &Value, share: Option<f64>, cells: usize) -> Vec<Piece<'static>> {
    let Some(share) = share else { return vec![Piece::raw(" ".repeat(cells))] };
    let middle = cells / 2;
    let full = ((share * middle as f64).clamp(0.0, cells as f64)).round() as usize;
    let stale = value.age.is_some() || value.doubtful;
    let style = if stale { DIM } else { level_style(value.level) };
    let part = |from: usize, to: usize| {
        let filled = full.clamp(from, to) - from;
        [
            Piece::styled("━".repeat(filled), style),
            Piece::styled("·".repeat(to - from - filled), DIM),
        ]
    };
    let mut pieces = Vec::from(part(0, middle));
    pieces.push(Piece::styled("┃", CALM));
    pieces.extend(part(middle + 1, cells));
    pieces
}

/// A level against what its instrument can show.
pub fn gauge(share: f64, cells: usize) -> Vec<Piece<'static>> {
    let full = ((share.clamp(0.0, 1.0) * cells as f64).round() as usize).min(cells);
    vec![Piece::styled("▮".repeat(full), CALM), Piece::styled("▯".repeat(cells - full), DIM)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[Piece<'_>]) -> String {
        pieces.iter().map(|piece| piece.content.as_ref()).collect()
    }

    #[test]
    fn chinese_characters_take_two_cells_each() {
        assert_eq!(left("云顶村", 8), "云顶村  ");
        assert_eq!(right("余氯", 6), "  余氯");
        assert_eq!(fit("随阳村末梢", 6), "随阳…");
        assert_eq!(fit("云顶村", 6), "云顶村");
    }

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 16_000, 2_190_000].map(grouped);
        assert_eq!(shown, ["0", "999", "16,000", "2,190,000"]);
    }

    #[test]
    fn a_bar_shows_too_little_left_of_the_mark_and_enough_beyond_it() {
        let value = Value::default();
        assert_eq!(text(&bar(&value, Some(0.5), 12)), "━━━···┃·····");
        assert_eq!(text(&bar(&value, Some(1.5), 12)), "━━━━━━┃━━···");
        assert_eq!(text(&bar(&value, Some(9.0), 12)), "━━━━━━┃━━━━━");
        assert_eq!(text(&bar(&value, None, 12)), " ".repeat(12));
    }

    #[test]
    fn a_stale_value_says_how_old_it_is_in_the_same_cells() {
        let fresh = Value { number: "74.3".to_owned(), unit: "kPa", ..Value::default() };
        let stale = Value { age: Some("12m".to_owned()), ..fresh.clone() };
        for value in [&fresh, &stale] {
            assert_eq!(text(&super::value(value, 6, 5)), "  74.3 kPa ");
        }
        assert_eq!(age(&fresh, AGE).content, "    ");
        assert_eq!(age(&stale, AGE).content, " 12m");
    }
}
