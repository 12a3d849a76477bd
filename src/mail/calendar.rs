//! Invitations (RFC 5545, RFC 6047): what and when, in a few lines.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue, Uri,
};
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
    lines.extend(when(event));
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
fn when(event: &ICalendarComponent) -> Option<String> {
    let time = |property: ICalendarProperty| {
        let entry = event.entries.iter().find(|entry| entry.name == property)?;
        match entry.values.first()? {
            ICalendarValue::PartialDateTime(time) => Some((day(time)?, hour(time), entry.tz_id())),
            _ => None,
        }
    };
    let (begins_on, begins_at, zone) = time(ICalendarProperty::Dtstart)?;
    let end = time(ICalendarProperty::Dtend).map(|(day, hour, _)| match day == begins_on {
        true => hour.unwrap_or(day),
        false => with_hour(day, hour),
    });
    let end = end.map(|end| format!(" – {end}")).unwrap_or_default();
    let zone = zone.map(|zone| format!(" ({zone})")).unwrap_or_default();
    Some(format!("{}{end}{zone}", with_hour(begins_on, begins_at)))
}

fn with_hour(day: String, hour: Option<String>) -> String {
    hour.map_or_else(|| day.clone(), |hour| format!("{day} {hour}"))
}

fn day(time: &PartialDateTime) -> Option<String> {
    Some(format!("{:04}-{:02}-{:02}", time.year?, time.month?, time.day?))
}

/// `14:00`, or `14:00 UTC`.
fn hour(time: &PartialDateTime) -> Option<String> {
    let utc = if time.tz_hour.is_some() { " UTC" } else { "" };
    Some(format!("{:02}:{:02}{utc}", time.hour?, time.minute?))
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

    /// Zones with what ends a value elsewhere, and lines that are folded (RFC 5545, 3.1).
    #[test]
    fn the_zone_and_the_time_are_read_however_they_are_written() {
        let when = |lines: &str| {
            let source =
                format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
            describe(&source).unwrap_or_default()
        };
        let brussels = "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris";
        assert_eq!(
            when(&format!("DTSTART;TZID=\"{brussels}\":20260302T140000\r\nDTEND;TZID=\"{brussels}\":20260302T150000")),
            format!("2026-03-02 14:00 – 15:00 ({brussels})")
        );
        let folded = "DTSTART;TZID=Europe/Pa\r\n ris:2026030\r\n 2T140000\r\nDTEND;TZID=Europe/Paris:20260303T150000";
        assert_eq!(when(folded), "2026-03-02 14:00 – 2026-03-03 15:00 (Europe/Paris)");
        assert_eq!(when("DTSTART:20260302T140000Z\r\nDTEND:20260302T150000Z"), "2026-03-02 14:00 UTC – 15:00 UTC");
        assert_eq!(when("DTSTART;VALUE=DATE:20260302\r\nDTEND;VALUE=DATE:20260303"), "2026-03-02 – 2026-03-03");
        assert_eq!(when("dtstart;tzid=Europe/Paris;x-old=yes:20260302T140000"), "2026-03-02 14:00 (Europe/Paris)");
    }

    #[test]
    fn what_is_no_calendar_says_nothing() {
        assert_eq!(describe("BEGIN:VCALENDAR\r\nEND:VCALENDAR"), None);
        assert_eq!(describe("bonjour"), None);
    }
}
