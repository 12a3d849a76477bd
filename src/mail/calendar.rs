//! Invitations (RFC 5545, RFC 6047): what and when, in a few lines.

use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarProperty, ICalendarValue, Uri};
use calcard::{Entry, Parser};

/// Largest calendar that is read, in bytes.
const SIZE: usize = 256 * 1024;

/// The first event of a calendar, readable; none when there is no event in it.
pub(super) fn describe(source: &str) -> Option<String> {
    let calendar = parse(source)?;
    let event = calendar.components.iter().find(|c| c.component_type == ICalendarComponentType::VEvent)?;
    let text = |property: &ICalendarProperty| {
        let entry = event.entries.iter().find(|e| e.name == *property)?;
        match entry.values.first()? {
            ICalendarValue::Text(text) => Some(text.trim().to_owned()),
            ICalendarValue::Uri(Uri::Location(uri)) => Some(uri.clone()),
            _ => None,
        }
    };
    let mut lines: Vec<String> = text(&ICalendarProperty::Summary).into_iter().collect();
    lines.extend(when(source));
    for property in [ICalendarProperty::Location, ICalendarProperty::Organizer, ICalendarProperty::Description] {
        let line = text(&property).map(|t| t.trim_start_matches("mailto:").trim_start_matches("MAILTO:").to_owned());
        lines.extend(line.filter(|t| !t.is_empty()));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The scheduling method (RFC 5546), upper case: `REQUEST`, `REPLY`, `CANCEL`…
pub(super) fn method(source: &str) -> Option<String> {
    let line = source.lines().take(60).find(|l| l.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("method:")))?;
    Some(line[7..].trim().to_ascii_uppercase())
}

fn parse(source: &str) -> Option<ICalendar> {
    if source.len() > SIZE {
        return None;
    }
    match Parser::new(source).entry() {
        Entry::ICalendar(calendar) => Some(calendar),
        _ => None,
    }
}

/// Beginning and end of the event as the calendar writes them: `2026-03-02 14:00 – 15:00 (Europe/Paris)`.
fn when(source: &str) -> Option<String> {
    let event = source.split("BEGIN:VEVENT").nth(1)?;
    let field = |name: &str| event.lines().find(|l| l.starts_with(name) && l[name.len()..].starts_with([':', ';']));
    let begins = field("DTSTART")?;
    let zone =
        begins.split(':').next().and_then(|head| head.split("TZID=").nth(1)).map(|z| z.trim_matches('"').to_owned());
    let start = instant(begins.rsplit(':').next()?)?;
    let end = field("DTEND").and_then(|l| instant(l.rsplit(':').next()?));
    let end = match end {
        Some(end) if end.get(..10) == start.get(..10) => format!(" – {}", end.get(11..).unwrap_or_default()),
        Some(end) => format!(" – {end}"),
        None => String::new(),
    };
    let zone = zone.map(|z| format!(" ({z})")).unwrap_or_default();
    Some(format!("{start}{end}{zone}"))
}

/// `20260302T140000Z` as `2026-03-02 14:00 UTC`.
fn instant(value: &str) -> Option<String> {
    let value = value.trim();
    let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to).map(|d| d.iter().collect::<String>());
    let date = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let time = part(8, 12).map(|t| format!(" {}:{}", &t[..2], &t[2..])).unwrap_or_default();
    Some(format!("{date}{time}{}", if value.ends_with('Z') { " UTC" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Réunion de rentrée\r\nDTSTART;TZID=Europe/Paris:20260302T140000\r\nDTEND;TZID=Europe/Paris:20260302T150000\r\nLOCATION:Salle 12\r\nORGANIZER:mailto:ana@college.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn an_invitation_says_what_when_and_where() {
        let text = describe(INVITATION);
        assert_eq!(
            text.as_deref(),
            Some("Réunion de rentrée\n2026-03-02 14:00 – 15:00 (Europe/Paris)\nSalle 12\nana@college.example")
        );
        assert_eq!(method(INVITATION).as_deref(), Some("REQUEST"));
    }

    #[test]
    fn what_is_no_calendar_says_nothing() {
        assert_eq!(describe("BEGIN:VCALENDAR\r\nEND:VCALENDAR"), None);
        assert_eq!(describe("bonjour"), None);
    }
}
