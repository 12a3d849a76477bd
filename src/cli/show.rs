//! Showing things: tables that fit the terminal, JSON, times.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::{Millis, readable, rfc3339};
use crate::trouble::Trouble;

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Trouble::Bug(e.to_string()))?;
    println!("{text}");
    Ok(())
}

/// Prints a table as wide as the terminal; without rows, the sentence that helps instead.
pub(super) fn table(header: &[&str], rows: Vec<Vec<String>>, empty: &str) {
    if rows.is_empty() {
        println!("{empty}");
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.into_iter().map(|cell| printable(&cell)));
    }
    println!("{table}");
}

/// Text without what a terminal would act on.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{FFFD}' } else { c }).collect()
}

/// A time for people; a dash for none.
pub(super) fn time(at: Millis, zone: &TimeZone) -> String {
    if at == 0 { "–".to_owned() } else { readable(at, zone) }
}

/// A time for programs; none where there is none.
pub(super) fn stamp(at: Millis, zone: &TimeZone) -> Option<String> {
    (at != 0).then(|| rfc3339(at, zone))
}

/// A text for programs; none where it is empty.
pub(super) fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
