//! Marks of quotation besides `>`: `| ` of old programs, and `AB> ` with the initials of who is quoted.

use crate::mail::marks::{Line, Quote};

/// Fewest lines that make such a mark one: a single line may be anything.
const LINES: usize = 2;

/// Lines that begin with such a mark are quoted.
pub(in crate::mail::reply) fn mark_other_quotes(lines: &mut [Line<'_>]) {
    if lines.iter().any(|line| line.quote == Quote::Cite) {
        return;
    }
    for is_marked in [is_barred, is_initialled] {
        let marked = lines.iter().filter(|line| is_marked(&line.text)).take(LINES).count();
        if marked == LINES {
            lines.iter_mut().filter(|line| is_marked(&line.text)).for_each(|line| line.quote = Quote::Cite);
        }
    }
}

/// `| Bonjour,`, and no row of a table.
fn is_barred(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix('|');
    rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with(' ') && !rest.contains('|')))
}

/// `S> Bonjour,`
fn is_initialled(text: &str) -> bool {
    let text = text.trim_start();
    let initials = text.len() - text.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    (1..=3).contains(&initials) && text[initials..].starts_with("> ")
}
