//! The same figures for machines: JSON, and CSV (RFC 4180).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json as value};

use super::figures::{Figures, Group, Lengths, Mean, Share, StateHistory, Took};
use super::period::{Period, Sort};
use super::words::days_of;
use crate::clock::{Millis, SECOND, rfc3339};
use crate::ticket::Policy;

/// The figures as one object. Lengths are in seconds, of the calendar's hours where nothing else is said; shares have their counts beside
/// them. `before`: the times before, the newest first.
#[must_use]
pub fn json(
    sort: Sort,
    period: Period,
    queues: &[String],
    figures: &Figures,
    before: &[Figures],
    policy: &Policy,
) -> Value {
    let zone = &policy.service_desk.time_zone;
    let named = |of: &BTreeMap<String, Group>| of.iter().map(|(name, g)| (name.clone(), group(g))).collect::<Value>();
    let stamp = |at: i64| (at > 0).then(|| rfc3339(at, zone));
    let days: Vec<Value> = days_of(period, zone)
        .into_iter()
        .zip(&figures.days)
        .map(|(at, day)| value!({ "date": rfc3339(at, zone)[..10], "opened": day.opened, "solved": day.solved, "open": day.open }))
        .collect();
    let marks = |mean: Mean| value!({ "mean": mean_mark(mean), "count": mean.of });
    let rated = figures.by_agent.iter().filter(|(_, work)| work.marks.of > 0);
    let people = figures.by_agent.iter().filter(|(who, _)| !who.is_empty());
    let groups = value!({
        "report": sort.as_str(),
        "from": rfc3339(period.from, zone),
        "until": rfc3339(period.until, zone),
        "queues": queues,
        "tickets": figures.cohort,
        "all": group(&figures.all),
        "by_priority": named(&figures.by_priority),
        "by_category": named(&figures.by_category),
        "by_level": figures.by_level.iter().map(|(level, g)| (level.to_string(), group(g))).collect::<Value>(),
        "ola": figures.ola.iter().map(|(level, owed)| (level.to_string(), value!({
            "taken_up_kept": share(owed.response_kept), "resolution_kept": share(owed.resolution_kept),
        }))).collect::<Value>(),
        "by_queue": named(&figures.by_queue),
        "by_type": named(&figures.by_type),
        "by_service": named(&figures.by_service),
        "by_team": named(&figures.by_team),
        "by_channel": named(&figures.by_channel),
        "by_establishment": named(&figures.by_establishment),
        "by_agent": people.map(|(who, work)| (who.clone(), value!({
            "taken": work.taken, "solved": work.solved, "open": work.open, "late": work.late,
        }))).collect::<Value>(),
        "by_vendor": figures.by_vendor.iter().map(|(name, outside)| (name.clone(), value!({
            "tickets": outside.tickets, "elapsed_seconds": outside.time / SECOND,
        }))).collect::<Value>(),
    });
    let rest = value!({
        "reopened": share(figures.reopened),
        "solved_at_first_level": share(figures.first_level),
        "solved_at_first_contact": share(figures.first_contact),
        "solved_by_articles": share(figures.by_articles),
        "escalated": share(figures.went_up),
        "acknowledged_in_time": share(figures.acknowledged),
        "satisfaction": {
            "mean": mean_mark(figures.satisfaction), "count": figures.satisfaction.of, "marks": figures.marks,
            "favourable": share(figures.content),
            "by_agent": rated.map(|(who, work)| (who.clone(), marks(work.marks))).collect::<Value>(),
        },
        "nps": { "score": figures.recommend.per_mille().map(|m| m.div_euclid(10)), "count": figures.recommend.of },
        "backlog": {
            "total": figures.backlog.iter().sum::<i64>(), "overdue": figures.overdue, "by_status": figures.backlog_by_status,
            "by_age_days": { "0-1": figures.backlog[0], "1-3": figures.backlog[1], "3-7": figures.backlog[2], "7-30": figures.backlog[3], "30-": figures.backlog[4] },
        },
        "elapsed_seconds_by_status": figures.time_in_status.iter().map(|(name, time)| (name.clone(), Value::from(time / SECOND))).collect::<Value>(),
        "days": days,
        "opened_by_hour": figures.hours,
        "opened_by_weekday": figures.weekdays,
        "before": before.iter().map(|f| value!({
            "opened": f.all.opened, "solved": f.all.solved, "first_response_kept": share(f.all.response_kept),
            "resolution_kept": share(f.all.resolution_kept), "satisfaction": marks(f.satisfaction),
        })).collect::<Vec<_>>(),
        "recurrent": figures.recurrent,
        "withdrawn": figures.withdrawn.iter().map(|w| value!({
            "number": w.number, "first_responded_at": stamp(w.at), "kept": w.kept,
        })).collect::<Vec<_>>(),
        "post_mortems": figures.post_mortems,
        "major_incidents": figures.incidents.iter().map(|i| value!({
            "number": i.number, "title": i.title, "priority": i.priority, "level": i.level, "assignee": i.assignee,
            "created_at": stamp(i.created_at), "solved_at": stamp(i.solved_at), "late": i.late, "due_at": stamp(i.due_at),
        })).collect::<Vec<_>>(),
    });
    joined(groups, rest)
}

/// One object with the members of both.
fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

fn group(group: &Group) -> Value {
    let target = |length: i64| (length > 0).then_some(length / SECOND);
    let [answer, solution] = [&group.response, &group.resolution].map(main);
    let rest = [&group.response, &group.resolution].map(|took| &took.around_the_clock);
    let mixed = group.response.is_mixed() || group.resolution.is_mixed();
    let seconds = |length: Option<Millis>| length.map(|l| l / SECOND);
    let lengths = |answer: &Lengths, solution: &Lengths| {
        value!({
            "mean_first_response_seconds": seconds(answer.mean()),
            "median_first_response_seconds": seconds(answer.median()),
            "p90_first_response_seconds": seconds(answer.ninetieth()),
            "mean_resolution_seconds": seconds(solution.mean()),
            "median_resolution_seconds": seconds(solution.median()),
            "p90_resolution_seconds": seconds(solution.ninetieth()),
        })
    };
    let all = value!({
        "opened": group.opened,
        "solved": group.solved,
        "first_response_kept": share(group.response_kept),
        "resolution_kept": share(group.resolution_kept),
        "first_response_target_seconds": target(group.response_target),
        "resolution_target_seconds": target(group.resolution_target),
    });
    // Where some clocks never stop and others do, those that never stop have figures of their own.
    let rest = if mixed { value!({ "around_the_clock": lengths(rest[0], rest[1]) }) } else { value!({}) };
    joined(joined(all, lengths(answer, solution)), rest)
}

/// Those of working hours; where there are none, those by day and night.
fn main(took: &Took) -> &Lengths {
    if took.working.count() > 0 { &took.working } else { &took.around_the_clock }
}

fn share(share: Share) -> Value {
    // At most 1000, and one decimal.
    #[allow(clippy::cast_precision_loss)]
    let per_cent = share.per_mille().map(|m| m as f64 / 10.0);
    value!({ "count": share.count, "of": share.of, "per_cent": per_cent })
}

fn mean_mark(mean: Mean) -> Option<f64> {
    // Marks are few and small.
    #[allow(clippy::cast_precision_loss)]
    (mean.of > 0).then(|| (mean.sum as f64 / mean.of as f64 * 100.0).round() / 100.0)
}

/// The groups as a table: one line a priority, category, level, queue and type, the first line all of them.
#[must_use]
pub(crate) fn csv(figures: &Figures) -> String {
    let mut out = String::from(
        "by,name,opened,solved,first_response_kept,first_response_of,resolution_kept,resolution_of,\
         mean_first_response_seconds,mean_resolution_seconds,mean_first_response_seconds_around_the_clock,\
         mean_resolution_seconds_around_the_clock\r\n",
    );
    let mut line = |by: &str, name: &str, g: &Group| {
        let mean = |lengths: &Lengths| lengths.mean().map(|m| (m / SECOND).to_string()).unwrap_or_default();
        let figures = [
            g.opened,
            g.solved,
            g.response_kept.count,
            g.response_kept.of,
            g.resolution_kept.count,
            g.resolution_kept.of,
        ];
        let figures = figures.map(|n| n.to_string()).join(",");
        let means =
            [&g.response.working, &g.resolution.working, &g.response.around_the_clock, &g.resolution.around_the_clock];
        out += &format!("{by},{},{figures},{}\r\n", quoted(name), means.map(mean).join(","));
    };
    line("all", "", &figures.all);
    figures.by_priority.iter().for_each(|(name, g)| line("priority", name, g));
    figures.by_category.iter().for_each(|(name, g)| line("category", name, g));
    figures.by_level.iter().for_each(|(level, g)| line("level", &level.to_string(), g));
    figures.by_queue.iter().for_each(|(name, g)| line("queue", name, g));
    figures.by_type.iter().for_each(|(name, g)| line("type", name, g));
    figures.by_service.iter().for_each(|(name, g)| line("service", name, g));
    figures.by_team.iter().for_each(|(name, g)| line("team", name, g));
    figures.by_channel.iter().for_each(|(name, g)| line("channel", name, g));
    figures.by_establishment.iter().for_each(|(name, g)| line("establishment", name, g));
    out
}

/// The names of the columns of [`ticket_line`].
pub(crate) const TICKET_COLUMNS: &str = "number,title,queue,type,service,category,priority,level,status,assignee,establishment,vendor,\
    created_at,first_responded_at,first_response_missed_at,first_response_seconds,solved_at,resolution_missed_at,resolution_seconds,calendar,\
    due_at,satisfaction\r\n";

/// A ticket as a line of a table, as it stood last.
#[must_use]
pub(crate) fn ticket_line(history: &StateHistory, zone: &TimeZone) -> String {
    let Some((_, last)) = history.states.last() else { return String::new() };
    let stamp = |at: Millis| if at > 0 { rfc3339(at, zone) } else { String::new() };
    let seconds = |length: Option<Millis>| length.map(|l| (l / SECOND).to_string()).unwrap_or_default();
    let (level, rating) = (last.level.to_string(), last.rating.map(|r| r.to_string()).unwrap_or_default());
    let due = if last.status.is_done() { 0 } else { last.resolve_due };
    let texts = [
        &history.number,
        &history.title,
        &last.queue,
        &last.kind,
        &last.service,
        &last.category,
        &last.priority,
        &level,
        last.status.as_str(),
        &last.assignee,
        &last.establishment,
        &last.vendor,
    ];
    let clocks = [
        stamp(history.created_at),
        stamp(last.responded_at),
        stamp(last.respond_missed),
        seconds(last.respond_took),
        stamp(last.solved_at),
        stamp(last.resolve_missed),
        seconds(last.resolve_took),
        quoted(&last.calendar),
        stamp(due),
        rating,
    ];
    format!("{},{}\r\n", texts.map(quoted).join(","), clocks.join(","))
}

/// Quoted where it must be. A word that a spreadsheet would take for a formula is made a text.
fn quoted(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_like_formulas_are_texts() {
        for begins in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1"] {
            let cell = quoted(begins);
            assert!(cell.starts_with('\'') || cell.starts_with("\"'"), "{cell}");
        }
        assert_eq!(quoted("Réseau"), "Réseau");
        assert_eq!(quoted("Wi-Fi, \"Nord\""), "\"Wi-Fi, \"\"Nord\"\"\"");
        let mut figures = Figures::default();
        figures.by_category.insert("=HYPERLINK(\"http://x\",1)".to_owned(), Group::default());
        let table = csv(&figures);
        assert!(table.contains("category,\"'=HYPERLINK(\"\"http://x\"\",1)\","), "{table}");
    }
}
