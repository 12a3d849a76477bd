//! The same figures for machines: JSON, and CSV (RFC 4180).

use serde_json::{Value, json as value};

use super::figures::{Figures, Group, Mean, Share};
use super::period::{Period, Sort};
use super::words::days_of;
use crate::clock::{SECOND, rfc3339};
use crate::ticket::Policy;

/// The figures as one object. Times are in seconds of working time; shares have their counts beside them.
#[must_use]
pub fn json(sort: Sort, period: Period, queues: &[String], figures: &Figures, policy: &Policy) -> Value {
    let zone = &policy.service_desk.time_zone;
    let groups = |of: Vec<(String, &Group)>| -> Value { of.into_iter().map(|(name, g)| (name, group(g))).collect() };
    let named =
        |of: &std::collections::BTreeMap<String, Group>| groups(of.iter().map(|(n, g)| (n.clone(), g)).collect());
    let stamp = |at: i64| (at > 0).then(|| rfc3339(at, zone));
    let days: Vec<Value> = days_of(period, zone)
        .into_iter()
        .zip(&figures.days)
        .map(|(at, (opened, solved))| value!({ "date": rfc3339(at, zone)[..10], "opened": opened, "solved": solved }))
        .collect();
    value!({
        "report": sort.as_str(),
        "from": rfc3339(period.from, zone),
        "until": rfc3339(period.until, zone),
        "queues": queues,
        "tickets": figures.cohort,
        "all": group(&figures.all),
        "by_priority": named(&figures.by_priority),
        "by_category": named(&figures.by_category),
        "by_level": groups(figures.by_level.iter().map(|(n, g)| (n.to_string(), g)).collect()),
        "by_queue": named(&figures.by_queue),
        "by_type": named(&figures.by_type),
        "reopened": share(figures.reopened),
        "solved_at_first_level": share(figures.first_level),
        "solved_at_first_contact": share(figures.first_contact),
        "solved_by_articles": share(figures.by_articles),
        "escalated": share(figures.went_up),
        "acknowledged_in_time": share(figures.acknowledged),
        "satisfaction": {
            "mean": mean_mark(figures.satisfaction), "count": figures.satisfaction.of, "marks": figures.marks,
            "favourable": share(figures.content),
            "by_agent": figures.by_agent.iter().map(|(who, m)| (who.clone(), value!({ "mean": mean_mark(*m), "count": m.of }))).collect::<Value>(),
        },
        "nps": { "score": figures.recommend.per_mille().map(|m| m.div_euclid(10)), "count": figures.recommend.of },
        "backlog": {
            "total": figures.backlog.iter().sum::<i64>(), "overdue": figures.overdue, "by_status": figures.backlog_by_status,
            "by_age_days": { "0-1": figures.backlog[0], "1-3": figures.backlog[1], "3-7": figures.backlog[2], "7-30": figures.backlog[3], "30-": figures.backlog[4] },
        },
        "days": days,
        "recurrent": figures.recurrent,
        "post_mortems": figures.post_mortems,
        "major_incidents": figures.incidents.iter().map(|i| value!({
            "number": i.number, "title": i.title, "priority": i.priority, "level": i.level, "assignee": i.assignee,
            "created_at": stamp(i.created_at), "solved_at": stamp(i.solved_at), "late": i.late,
        })).collect::<Vec<_>>(),
    })
}

fn group(group: &Group) -> Value {
    let target = |length: i64| (length > 0).then_some(length / SECOND);
    value!({
        "opened": group.opened,
        "solved": group.solved,
        "first_response_kept": share(group.response_kept),
        "resolution_kept": share(group.resolution_kept),
        "mean_first_response_seconds": group.response.value().map(|m| m / SECOND),
        "mean_resolution_seconds": group.resolution.value().map(|m| m / SECOND),
        "first_response_target_seconds": target(group.response_target),
        "resolution_target_seconds": target(group.resolution_target),
    })
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
         mean_first_response_seconds,mean_resolution_seconds\r\n",
    );
    let mut line = |by: &str, name: &str, g: &Group| {
        let mean = |mean: Mean| mean.value().map(|m| (m / SECOND).to_string()).unwrap_or_default();
        let figures = [
            g.opened,
            g.solved,
            g.response_kept.count,
            g.response_kept.of,
            g.resolution_kept.count,
            g.resolution_kept.of,
        ];
        let figures = figures.map(|n| n.to_string()).join(",");
        out += &format!("{by},{},{figures},{},{}\r\n", quoted(name), mean(g.response), mean(g.resolution));
    };
    line("all", "", &figures.all);
    figures.by_priority.iter().for_each(|(name, g)| line("priority", name, g));
    figures.by_category.iter().for_each(|(name, g)| line("category", name, g));
    figures.by_level.iter().for_each(|(level, g)| line("level", &level.to_string(), g));
    figures.by_queue.iter().for_each(|(name, g)| line("queue", name, g));
    figures.by_type.iter().for_each(|(name, g)| line("type", name, g));
    out
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
