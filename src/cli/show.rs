//! Showing things: tables that fit the terminal, JSON, times.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::{Millis, readable, rfc3339};
use crate::mail::deceives;
use crate::trouble::Trouble;

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Trouble::Bug(e.to_string()))?;
    println!("{}", escaped(&text));
    Ok(())
}

/// An array that is printed value by value, however many there are.
#[derive(Default)]
pub(super) struct JsonArray {
    begun: bool,
    text: String,
}

impl JsonArray {
    pub(super) fn push(&mut self, value: &impl Serialize) -> Result<(), Trouble> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Trouble::Bug(e.to_string()))?;
        self.text.push_str(if self.begun { ",\n  " } else { "[\n  " });
        self.text.push_str(&escaped(&text).replace('\n', "\n  "));
        self.begun = true;
        if self.text.len() > 64 * 1024 {
            print!("{}", self.text);
            self.text.clear();
        }
        Ok(())
    }

    pub(super) fn end(self) {
        println!("{}{}", self.text, if self.begun { "\n]" } else { "[]" });
    }
}

/// JSON in which every character a terminal might act on stands as `\uXXXX` (RFC 8259 section 7): it means the
/// same to a program.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if (c.is_control() && c != '\n') || deceives(c) {
            let mut units = [0; 2];
            // Outside strings there are none but line ends.
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
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

/// Text without what a terminal would act on, or an eye would misread.
pub(super) fn printable(text: &str) -> String {
    let acts = |c: char| (c.is_control() && c != '\n' && c != '\t') || deceives(c);
    text.chars().map(|c| if acts(c) { '\u{FFFD}' } else { c }).collect()
}

/// The same on one line, for what stands between other words.
pub(super) fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\t'], " "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_terminal_that_acts() {
        let bad = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}b\nc\td\u{e0041}";
        assert_eq!(printable(bad), "a\u{fffd}[31m\u{fffd}2J\u{fffd}\u{fffd}b\nc\td\u{fffd}");
        assert_eq!(one_line("a\nb\u{1b}c"), "a b\u{fffd}c");
        let json = serde_json::to_string(bad).unwrap_or_default();
        let sent = escaped(&json);
        assert!(!sent.chars().any(|c| c.is_control() || deceives(c)), "{sent}");
        assert_eq!(serde_json::from_str::<String>(&sent).ok().as_deref(), Some(bad));
    }
}
