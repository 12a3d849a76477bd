//! `format=flowed` (RFC 3676): paragraphs that were broken for transport are joined again.

/// The text with its soft line breaks undone. `delsp`: the space before each break goes as well.
pub(super) fn unfold(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of the quote whose paragraph is still open.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            out.push_str(&line[..depth]);
            if depth > 0 && !content.is_empty() {
                out.push(' ');
            }
        }
        let signature = content == "-- ";
        let soft = content.ends_with(' ') && !signature;
        out.push_str(if soft && delsp { &content[..content.len() - 1] } else { content });
        open = soft.then_some(depth);
        if !soft {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unfold;

    #[test]
    fn soft_breaks_are_undone_and_hard_ones_kept() {
        assert_eq!(unfold("un \ndeux\ntrois", false), "un deux\ntrois\n");
        assert_eq!(unfold("日本 \n語", true), "日本語\n");
        assert_eq!(unfold("> a \n> b\n>> c\nd", false), "> a b\n>> c\nd\n");
        assert_eq!(unfold("fin\n-- \nAna", false), "fin\n-- \nAna\n");
        assert_eq!(unfold(" From here\n >no quote", false), "From here\n>no quote\n");
    }

    #[test]
    fn a_break_never_joins_two_depths() {
        assert_eq!(unfold("> a \nb", false), "> a \nb\n");
    }
}
