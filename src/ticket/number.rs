//! Ticket numbers: `PREFIX-000123`.

/// The number as people write it: the prefix, and the count with at least six digits.
#[must_use]
pub fn format(prefix: &str, count: i64) -> String {
    format!("{prefix}-{count:06}")
}

/// The prefix and the count of a number; none for anything else.
#[must_use]
pub fn parse(number: &str) -> Option<(String, i64)> {
    let (prefix, digits) = number.rsplit_once('-')?;
    let count = digits.parse().ok().filter(|count| format(prefix, *count) == number)?;
    Some((prefix.to_owned(), count))
}

/// Numbers of known prefixes in a text, in their order, in the form of [`format`].
///
/// The prefix is compared without case; at least one digit must follow its hyphen, and neither
/// end may continue a word (`XCG42N1-000001` and `CG42N1-000001a` are none).
#[must_use]
pub(crate) fn numbers_in<'a>(text: &str, prefixes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<(usize, String)> = prefixes.flat_map(|prefix| occurrences(text, prefix)).collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, number)| number).collect()
}

fn occurrences(text: &str, prefix: &str) -> Vec<(usize, String)> {
    let upper = text.to_ascii_uppercase();
    let mark = format!("{}-", prefix.to_ascii_uppercase());
    let hits = upper.match_indices(&mark).filter_map(|(at, _)| {
        let before = upper[..at].chars().next_back();
        let rest = &upper[at + mark.len()..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(12).collect();
        let after = rest[digits.len()..].chars().next();
        let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let count: i64 = digits.parse().ok()?;
        (whole(before) && whole(after)).then(|| (at, format(prefix, count)))
    });
    hits.take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Vec<String> {
        numbers_in(text, ["CG42N1", "IT"].into_iter())
    }

    #[test]
    fn numbers_have_six_digits_and_grow_beyond() {
        assert_eq!(format("CG42N1", 123), "CG42N1-000123");
        assert_eq!(format("A", 12_345_678), "A-12345678");
        assert_eq!(parse("CG42N1-000123"), Some(("CG42N1".to_owned(), 123)));
        assert_eq!(parse("A-12345678"), Some(("A".to_owned(), 12_345_678)));
        assert_eq!((parse("CG42N1-123"), parse("CG42N1"), parse("")), (None, None, None));
    }

    #[test]
    fn numbers_are_found_in_their_order_and_spelling() {
        assert_eq!(find("Re: [CG42N1-000123] é, it-7"), ["CG42N1-000123", "IT-000007"]);
    }

    #[test]
    fn parts_of_words_are_no_numbers() {
        for text in ["XCG42N1-000001", "CG42N1-000001a", "CG42N1-", "CG42N1 000001", "IT-9999999999999"] {
            assert!(find(text).is_empty(), "{text}");
        }
    }
}
