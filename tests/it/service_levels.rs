//! The tables of service levels in the shipped examples, cell by cell: opened late on a Friday, on the eve
//! of a holiday, in school holidays, and on the nights the clocks change. The expected instants were
//! worked out apart from the program.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use guichet::settings;
use guichet::ticket::sla::{Calendar, Season, Slas, keep};
use guichet::ticket::{Person, Status, TicketView};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// The service levels of an example as it is shipped, servers left out.
fn example(name: &str) -> Slas {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(examples.join("vacances-zone-a.ics"), folder.path().join("vacances-zone-a.ics")).unwrap();
    let mut table: toml::Table = fs::read_to_string(examples.join(format!("{name}.toml"))).unwrap().parse().unwrap();
    let place = |text: &str| -> toml::Value { text.parse::<toml::Table>().unwrap().into() };
    table.insert("smtp".to_owned(), place("host = \"127.0.0.1\"\nsecurity = \"none\""));
    for (_, mailbox) in table["mailboxes"].as_table_mut().unwrap() {
        *mailbox = place("kind = \"maildir\"\npath = \"mail\"");
    }
    let file = folder.path().join("guichet.toml");
    fs::write(&file, table.to_string()).unwrap();
    let settings = settings::load_with(&file, Vec::new()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    assert_eq!(settings.warnings, Vec::<String>::new(), "{name}");
    settings.policy.slas
}

fn millis(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap_or_else(|e| panic!("{text}: {e}")).as_millisecond()
}

fn paris(at: i64) -> String {
    if at == 0 {
        return String::new();
    }
    let zone = TimeZone::get("Europe/Paris").unwrap();
    Timestamp::from_millisecond(at).unwrap().to_zoned(zone).strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

/// When a first answer and a solution are due; "" where nothing is promised.
type Due = (String, String);

/// A ticket opened then, and given to a level at once: what its requester was promised, and what that level owes.
/// Something happens, and counts from then on.
fn run(ticket: &mut TicketView, before: &TicketView, hand: Option<i64>, at: i64, slas: &Slas) {
    keep(ticket, before, hand, (at, at), slas);
}

fn opened(slas: &Slas, at: &str, level: i64, priority: &str) -> (Due, Due) {
    let queue = slas.queues.keys().next().unwrap().clone();
    let requester = Person { address: "prof@lycee.example".to_owned(), ..Person::default() };
    let mut ticket = TicketView { queue, level: 1, priority: priority.to_owned(), requester, ..TicketView::default() };
    run(&mut ticket, &TicketView::default(), None, millis(at), slas);
    let before = ticket.clone();
    ticket.level = level;
    run(&mut ticket, &before, Some(1), millis(at), slas);
    let (sla, ola) = (&ticket.sla, &ticket.sla.ola);
    ((paris(sla.respond_due), paris(sla.resolve_due)), (paris(ola.respond_due), paris(ola.resolve_due)))
}

/// Example, opened, level, priority, first answer due, solution due ("": best effort).
type Cell = (&'static str, &'static str, i64, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const CELLS: &[Cell] = &[
    // korrigo, opened 2026-03-06T17:30+01:00
    ("korrigo", "2026-03-06T17:30+01:00", 1, "P1", "2026-03-06T18:30+01:00", "2026-03-06T21:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 1, "P2", "2026-03-09T11:30+01:00", "2026-03-11T11:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 1, "P3", "2026-03-11T11:30+01:00", "2026-03-18T09:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 1, "P4", "2026-03-18T09:30+01:00", ""),
    ("korrigo", "2026-03-06T17:30+01:00", 2, "P1", "2026-03-06T18:00+01:00", "2026-03-06T21:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 2, "P2", "2026-03-09T09:30+01:00", "2026-03-11T11:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 2, "P3", "2026-03-10T09:30+01:00", "2026-03-18T09:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 2, "P4", "2026-03-13T15:30+01:00", ""),
    ("korrigo", "2026-03-06T17:30+01:00", 3, "P1", "2026-03-06T19:30+01:00", "2026-03-08T17:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 3, "P2", "2026-03-09T15:30+01:00", "2026-03-13T17:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 3, "P3", "2026-03-13T15:30+01:00", "2026-03-20T17:30+01:00"),
    ("korrigo", "2026-03-06T17:30+01:00", 3, "P4", "2026-03-13T17:30+01:00", ""),
    // korrigo, opened 2026-04-30T16:00+02:00
    ("korrigo", "2026-04-30T16:00+02:00", 1, "P1", "2026-04-30T17:00+02:00", "2026-04-30T20:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 1, "P2", "2026-05-04T10:00+02:00", "2026-05-06T10:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 1, "P3", "2026-05-06T10:00+02:00", "2026-05-13T18:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 1, "P4", "2026-05-13T18:00+02:00", ""),
    ("korrigo", "2026-04-30T16:00+02:00", 2, "P1", "2026-04-30T16:30+02:00", "2026-04-30T20:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 2, "P2", "2026-04-30T18:00+02:00", "2026-05-06T10:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 2, "P3", "2026-05-04T18:00+02:00", "2026-05-13T18:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 2, "P4", "2026-05-11T14:00+02:00", ""),
    ("korrigo", "2026-04-30T16:00+02:00", 3, "P1", "2026-04-30T18:00+02:00", "2026-05-02T16:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 3, "P2", "2026-05-04T14:00+02:00", "2026-05-11T16:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 3, "P3", "2026-05-11T14:00+02:00", "2026-05-20T16:00+02:00"),
    ("korrigo", "2026-04-30T16:00+02:00", 3, "P4", "2026-05-11T16:00+02:00", ""),
    // korrigo, opened 2026-02-10T10:00+01:00
    ("korrigo", "2026-02-10T10:00+01:00", 1, "P1", "2026-02-10T11:00+01:00", "2026-02-10T14:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 1, "P2", "2026-02-23T12:00+01:00", "2026-02-25T12:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 1, "P3", "2026-02-25T12:00+01:00", "2026-03-04T10:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 1, "P4", "2026-03-04T10:00+01:00", ""),
    ("korrigo", "2026-02-10T10:00+01:00", 2, "P1", "2026-02-10T10:30+01:00", "2026-02-10T14:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 2, "P2", "2026-02-23T10:00+01:00", "2026-02-25T12:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 2, "P3", "2026-02-24T10:00+01:00", "2026-03-04T10:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 2, "P4", "2026-02-27T16:00+01:00", ""),
    ("korrigo", "2026-02-10T10:00+01:00", 3, "P1", "2026-02-10T12:00+01:00", "2026-02-12T10:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 3, "P2", "2026-02-23T16:00+01:00", "2026-02-27T18:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 3, "P3", "2026-02-27T16:00+01:00", "2026-03-06T18:00+01:00"),
    ("korrigo", "2026-02-10T10:00+01:00", 3, "P4", "2026-02-27T18:00+01:00", ""),
    // korrigo, opened 2026-03-29T01:30+01:00
    ("korrigo", "2026-03-29T01:30+01:00", 1, "P1", "2026-03-29T03:30+02:00", "2026-03-29T06:30+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 1, "P2", "2026-03-30T12:00+02:00", "2026-04-01T12:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 1, "P3", "2026-04-01T12:00+02:00", "2026-04-22T10:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 1, "P4", "2026-04-22T10:00+02:00", ""),
    ("korrigo", "2026-03-29T01:30+01:00", 2, "P1", "2026-03-29T03:00+02:00", "2026-03-29T06:30+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 2, "P2", "2026-03-30T10:00+02:00", "2026-04-01T12:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 2, "P3", "2026-03-31T10:00+02:00", "2026-04-22T10:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 2, "P4", "2026-04-03T16:00+02:00", ""),
    ("korrigo", "2026-03-29T01:30+01:00", 3, "P1", "2026-03-29T04:30+02:00", "2026-03-31T02:30+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 3, "P2", "2026-03-30T16:00+02:00", "2026-04-03T18:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 3, "P3", "2026-04-03T16:00+02:00", "2026-04-24T18:00+02:00"),
    ("korrigo", "2026-03-29T01:30+01:00", 3, "P4", "2026-04-03T18:00+02:00", ""),
    // korrigo, opened 2026-10-25T02:30+02:00
    ("korrigo", "2026-10-25T02:30+02:00", 1, "P1", "2026-10-25T02:30+01:00", "2026-10-25T05:30+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 1, "P2", "2026-11-02T12:00+01:00", "2026-11-04T12:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 1, "P3", "2026-11-04T12:00+01:00", "2026-11-12T10:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 1, "P4", "2026-11-12T10:00+01:00", ""),
    ("korrigo", "2026-10-25T02:30+02:00", 2, "P1", "2026-10-25T02:00+01:00", "2026-10-25T05:30+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 2, "P2", "2026-11-02T10:00+01:00", "2026-11-04T12:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 2, "P3", "2026-11-03T10:00+01:00", "2026-11-12T10:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 2, "P4", "2026-11-06T16:00+01:00", ""),
    ("korrigo", "2026-10-25T02:30+02:00", 3, "P1", "2026-10-25T03:30+01:00", "2026-10-27T01:30+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 3, "P2", "2026-11-02T16:00+01:00", "2026-11-06T18:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 3, "P3", "2026-11-06T16:00+01:00", "2026-11-16T18:00+01:00"),
    ("korrigo", "2026-10-25T02:30+02:00", 3, "P4", "2026-11-06T18:00+01:00", ""),
    // workflow, opened 2026-03-06T17:30+01:00
    ("workflow", "2026-03-06T17:30+01:00", 1, "P1", "2026-03-06T17:45+01:00", "2026-03-06T21:30+01:00"),
    ("workflow", "2026-03-06T17:30+01:00", 1, "P2", "2026-03-06T18:30+01:00", "2026-03-07T01:30+01:00"),
    ("workflow", "2026-03-06T17:30+01:00", 1, "P3", "2026-03-06T21:30+01:00", "2026-03-08T17:30+01:00"),
    ("workflow", "2026-03-06T17:30+01:00", 1, "P4", "2026-03-07T17:30+01:00", "2026-03-11T17:30+01:00"),
    // workflow, opened 2026-04-30T16:00+02:00
    ("workflow", "2026-04-30T16:00+02:00", 1, "P1", "2026-04-30T16:15+02:00", "2026-04-30T20:00+02:00"),
    ("workflow", "2026-04-30T16:00+02:00", 1, "P2", "2026-04-30T17:00+02:00", "2026-05-01T00:00+02:00"),
    ("workflow", "2026-04-30T16:00+02:00", 1, "P3", "2026-04-30T20:00+02:00", "2026-05-02T16:00+02:00"),
    ("workflow", "2026-04-30T16:00+02:00", 1, "P4", "2026-05-01T16:00+02:00", "2026-05-05T16:00+02:00"),
    // workflow, opened 2026-02-10T10:00+01:00
    ("workflow", "2026-02-10T10:00+01:00", 1, "P1", "2026-02-10T10:15+01:00", "2026-02-10T14:00+01:00"),
    ("workflow", "2026-02-10T10:00+01:00", 1, "P2", "2026-02-10T11:00+01:00", "2026-02-10T18:00+01:00"),
    ("workflow", "2026-02-10T10:00+01:00", 1, "P3", "2026-02-10T14:00+01:00", "2026-02-12T10:00+01:00"),
    ("workflow", "2026-02-10T10:00+01:00", 1, "P4", "2026-02-11T10:00+01:00", "2026-02-15T10:00+01:00"),
    // workflow, opened 2026-03-29T01:30+01:00
    ("workflow", "2026-03-29T01:30+01:00", 1, "P1", "2026-03-29T01:45+01:00", "2026-03-29T06:30+02:00"),
    ("workflow", "2026-03-29T01:30+01:00", 1, "P2", "2026-03-29T03:30+02:00", "2026-03-29T10:30+02:00"),
    ("workflow", "2026-03-29T01:30+01:00", 1, "P3", "2026-03-29T06:30+02:00", "2026-03-31T02:30+02:00"),
    ("workflow", "2026-03-29T01:30+01:00", 1, "P4", "2026-03-30T02:30+02:00", "2026-04-03T02:30+02:00"),
    // workflow, opened 2026-10-25T02:30+02:00
    ("workflow", "2026-10-25T02:30+02:00", 1, "P1", "2026-10-25T02:45+02:00", "2026-10-25T05:30+01:00"),
    ("workflow", "2026-10-25T02:30+02:00", 1, "P2", "2026-10-25T02:30+01:00", "2026-10-25T09:30+01:00"),
    ("workflow", "2026-10-25T02:30+02:00", 1, "P3", "2026-10-25T05:30+01:00", "2026-10-27T01:30+01:00"),
    ("workflow", "2026-10-25T02:30+02:00", 1, "P4", "2026-10-26T01:30+01:00", "2026-10-30T01:30+01:00"),
    // maintenance, opened 2026-03-06T17:30+01:00
    ("maintenance", "2026-03-06T17:30+01:00", 1, "P0", "2026-03-06T17:35+01:00", "2026-03-06T18:30+01:00"),
    ("maintenance", "2026-03-06T17:30+01:00", 1, "P1", "2026-03-06T17:45+01:00", "2026-03-06T21:30+01:00"),
    ("maintenance", "2026-03-06T17:30+01:00", 1, "P2", "2026-03-09T09:30+01:00", ""),
    ("maintenance", "2026-03-06T17:30+01:00", 1, "P3", "2026-03-09T14:30+01:00", ""),
    ("maintenance", "2026-03-06T17:30+01:00", 1, "P4", "2026-03-12T11:30+01:00", ""),
    // maintenance, opened 2026-04-30T16:00+02:00
    ("maintenance", "2026-04-30T16:00+02:00", 1, "P0", "2026-04-30T16:05+02:00", "2026-04-30T17:00+02:00"),
    ("maintenance", "2026-04-30T16:00+02:00", 1, "P1", "2026-04-30T16:15+02:00", "2026-04-30T20:00+02:00"),
    ("maintenance", "2026-04-30T16:00+02:00", 1, "P2", "2026-04-30T17:00+02:00", ""),
    ("maintenance", "2026-04-30T16:00+02:00", 1, "P3", "2026-05-04T11:00+02:00", ""),
    ("maintenance", "2026-04-30T16:00+02:00", 1, "P4", "2026-05-07T10:00+02:00", ""),
    // maintenance, opened 2026-02-10T10:00+01:00
    ("maintenance", "2026-02-10T10:00+01:00", 1, "P0", "2026-02-10T10:05+01:00", "2026-02-10T11:00+01:00"),
    ("maintenance", "2026-02-10T10:00+01:00", 1, "P1", "2026-02-10T10:15+01:00", "2026-02-10T14:00+01:00"),
    ("maintenance", "2026-02-10T10:00+01:00", 1, "P2", "2026-02-10T11:00+01:00", ""),
    ("maintenance", "2026-02-10T10:00+01:00", 1, "P3", "2026-02-10T16:00+01:00", ""),
    ("maintenance", "2026-02-10T10:00+01:00", 1, "P4", "2026-02-13T15:00+01:00", ""),
    // maintenance, opened 2026-03-29T01:30+01:00
    ("maintenance", "2026-03-29T01:30+01:00", 1, "P0", "2026-03-29T01:35+01:00", "2026-03-29T03:30+02:00"),
    ("maintenance", "2026-03-29T01:30+01:00", 1, "P1", "2026-03-29T01:45+01:00", "2026-03-29T06:30+02:00"),
    ("maintenance", "2026-03-29T01:30+01:00", 1, "P2", "2026-03-30T10:00+02:00", ""),
    ("maintenance", "2026-03-29T01:30+01:00", 1, "P3", "2026-03-30T15:00+02:00", ""),
    ("maintenance", "2026-03-29T01:30+01:00", 1, "P4", "2026-04-02T12:00+02:00", ""),
    // maintenance, opened 2026-10-25T02:30+02:00
    ("maintenance", "2026-10-25T02:30+02:00", 1, "P0", "2026-10-25T02:35+02:00", "2026-10-25T02:30+01:00"),
    ("maintenance", "2026-10-25T02:30+02:00", 1, "P1", "2026-10-25T02:45+02:00", "2026-10-25T05:30+01:00"),
    ("maintenance", "2026-10-25T02:30+02:00", 1, "P2", "2026-10-26T10:00+01:00", ""),
    ("maintenance", "2026-10-25T02:30+02:00", 1, "P3", "2026-10-26T15:00+01:00", ""),
    ("maintenance", "2026-10-25T02:30+02:00", 1, "P4", "2026-10-29T12:00+01:00", ""),
];

/// The first level's table is what requesters are promised; those above it are what levels owe each other from arrival.
#[test]
fn every_cell_of_the_tables_is_due_when_the_documents_say() {
    let mut wrong = Vec::new();
    let due = |cell: &Cell| (cell.4.to_owned(), cell.5.to_owned());
    for name in ["korrigo", "workflow", "maintenance"] {
        let slas = example(name);
        for cell in CELLS.iter().filter(|cell| cell.0 == name) {
            let (_, at, level, priority, ..) = *cell;
            let (promised, owed) = opened(&slas, at, level, priority);
            let first = CELLS.iter().find(|c| (c.0, c.1, c.2, c.3) == (name, at, 1, priority)).unwrap();
            let expected = (due(first), if level == 1 { Due::default() } else { due(cell) });
            if (promised.clone(), owed.clone()) != expected {
                wrong.push(format!("{name} N{level} {priority} {at}: {promised:?} {owed:?}, not {expected:?}"));
            }
        }
    }
    assert_eq!(CELLS.len(), 5 * (12 + 4 + 5));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A ticket that climbs step by step: what was promised at its opening stands, and each level owes what its table says from arrival.
#[test]
fn what_was_promised_stands_while_a_ticket_climbs() {
    let slas = example("korrigo");
    let opened = ["2026-03-06T17:30+01:00", "2026-04-30T16:00+02:00", "2026-10-25T02:30+02:00"];
    let cell = |at: &str, level: i64, priority: &str| {
        let found = CELLS.iter().find(|c| (c.0, c.1, c.2, c.3) == ("korrigo", at, level, priority)).unwrap();
        (found.4.to_owned(), found.5.to_owned())
    };
    let queue = slas.queues.keys().next().unwrap().clone();
    for priority in ["P1", "P2", "P3", "P4"] {
        let mut ticket =
            TicketView { queue: queue.clone(), level: 1, priority: priority.to_owned(), ..TicketView::default() };
        run(&mut ticket, &TicketView::default(), None, millis(opened[0]), &slas);
        let (promised, from) = (cell(opened[0], 1, priority), ticket.sla.begun);
        for (level, at) in (2..).zip(&opened[1..]) {
            let before = ticket.clone();
            ticket.level = level;
            run(&mut ticket, &before, Some(level - 1), millis(at), &slas);
            let (sla, ola) = (&ticket.sla, &ticket.sla.ola);
            assert_eq!((paris(sla.respond_due), paris(sla.resolve_due)), promised, "{priority} L{level}");
            assert_eq!(
                (paris(ola.respond_due), paris(ola.resolve_due)),
                cell(at, level, priority),
                "{priority} L{level}"
            );
            assert_eq!((ola.level, ola.since, sla.begun), (level, millis(at), from));
        }
        // Back at the first level nothing more is owed than what was promised.
        let before = ticket.clone();
        ticket.level = 1;
        run(&mut ticket, &before, Some(3), millis(opened[2]) + 60_000, &slas);
        assert_eq!((ticket.sla.ola.level, paris(ticket.sla.resolve_due)), (0, promised.1), "{priority}");
    }
}

/// What a calendar means, minute by minute: slow, and obvious.
struct Model<'a>(&'a Calendar);

impl Model<'_> {
    fn is_open(&self, at: i64) -> bool {
        let calendar = self.0;
        let local = Timestamp::from_millisecond(at).unwrap().to_zoned(calendar.zone.clone());
        let (day, minute) = (local.date(), local.hour() as i16 * 60 + local.minute() as i16);
        let within = |hours: &[(i16, i16)]| hours.iter().any(|(from, to)| (*from..*to).contains(&minute));
        if let Some(hours) = calendar.special.get(&day) {
            return within(hours);
        }
        let closed = calendar.closed.iter().any(|(off, on)| (*off..*on).contains(&at));
        let weekday = day.weekday().to_monday_zero_offset() as usize;
        let season = calendar.seasons.iter().find(|season| season.first <= day && day <= season.last);
        let week = season.map_or(calendar.week.as_ref().unwrap(), |season| &season.week);
        let off = closed || calendar.holidays.is_off(day);
        within(&week[weekday]) && (!off || season.is_some_and(|season| season.on_holidays))
    }

    fn between(&self, from: i64, until: i64) -> i64 {
        (from..until).step_by(60_000).filter(|at| self.is_open(*at)).count() as i64 * 60_000
    }
}

/// Hours of a day: one or two parts. None begins or ends in the hour that a night has twice, or not at all:
/// there a wall clock alone does not tell which instant is meant.
fn day_hours() -> impl Strategy<Value = Vec<(i16, i16)>> {
    let edge =
        (0i16..=96).prop_map(|quarter| quarter * 15).prop_filter("no edge at night", |m| !(45..=195).contains(m));
    proptest::collection::btree_set(edge, 0..5).prop_map(|edges| {
        let edges: Vec<i16> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
}

/// Around a change of the clocks, a leap day, the end of a year, and anywhere.
fn begin() -> impl Strategy<Value = Date> {
    let known = ["2026-03-26", "2026-10-22", "2028-02-26", "2026-12-29", "2027-12-30", "2026-04-30"];
    let known = proptest::sample::select(known.map(|d| d.parse::<Date>().unwrap()).to_vec());
    prop_oneof![known, (2020i16..2040, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| jiff::civil::date(y, m, d))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn working_time_is_what_counting_minutes_gives(
        week in proptest::array::uniform7(day_hours()),
        zone in proptest::sample::select(vec!["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC", "Pacific/Auckland"]),
        (first, minute, hours) in (begin(), 0i64..1_440, 1i64..200),
        off in proptest::option::of((0i64..72, 1i64..72)),
        special in proptest::option::of(day_hours()),
        seasons in proptest::collection::vec((0i64..4, 1i64..5, proptest::array::uniform7(day_hours()), any::<bool>()), 0..3),
        (france, alsace_moselle, length) in (any::<bool>(), any::<bool>(), 1i64..3_000),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let start = first.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
        let closed = off.map(|(from, length)| (start + from * 3_600_000, start + (from + length) * 3_600_000));
        let mut calendar = Calendar { name: "model".to_owned(), zone, week: Some(week), ..Calendar::always() };
        calendar.holidays.france = france;
        calendar.holidays.alsace_moselle = alsace_moselle;
        calendar.closed = closed.into_iter().collect();
        calendar.special = special.map(|hours| (first.tomorrow().unwrap(), hours)).into_iter().collect();
        let mut next = first;
        for (gap, days, week, on_holidays) in seasons {
            let begins = next.checked_add(jiff::Span::new().days(gap)).unwrap();
            let last = begins.checked_add(jiff::Span::new().days(days - 1)).unwrap();
            calendar.seasons.push(Season { first: begins, last, week, on_holidays });
            next = last.tomorrow().unwrap();
        }
        let model = Model(&calendar);
        let (from, until) = (start + minute * 60_000, start + minute * 60_000 + hours * 3_600_000);

        let counted = model.between(from, until);
        prop_assert_eq!(calendar.between(from, until), counted);
        prop_assert_eq!(calendar.between(until, from), -counted);
        prop_assert_eq!(calendar.is_open(from), model.is_open(from));

        // As much later, and no sooner; and back again.
        let length = length * 60_000;
        if let Some(due) = calendar.add(from, length) {
            prop_assert_eq!(calendar.between(from, due), length);
            prop_assert!(calendar.between(from, due - 60_000) < length);
            if due - from < 40 * 86_400_000 {
                prop_assert_eq!(model.between(from, due), length);
            }
            let back = calendar.subtract(due, length).unwrap();
            prop_assert_eq!(calendar.between(back, due), length);
            prop_assert_eq!(calendar.between(from, back), 0);
        }
        if let Some(open) = calendar.next_open(from) {
            prop_assert!(open >= from && model.is_open(open) && calendar.between(from, open) == 0);
        }
    }
}

#[test]
fn a_calendar_that_never_opens_gives_no_time_and_ends() {
    let calendar = Arc::new(Calendar { week: Some(Default::default()), ..Calendar::always() });
    assert_eq!((calendar.add(0, 60_000), calendar.next_open(0), calendar.between(0, 1 << 40)), (None, None, 0));
}

#[test]
fn a_promise_is_broken_no_earlier_than_it_was_made() {
    let slas = example("korrigo");
    let (opened, raised) = (millis("2026-03-06T10:00:00+01:00"), millis("2026-04-01T10:00:00+02:00"));
    let queue = slas.queues.keys().next().unwrap().clone();
    let mut ticket = TicketView { queue, level: 1, priority: "P4".to_owned(), ..TicketView::default() };
    run(&mut ticket, &TicketView::default(), None, opened, &slas);
    ticket.first_responded_at = Some(opened + 60_000);
    let before = ticket.clone();
    run(&mut ticket, &before, Some(1), opened + 60_000, &slas);
    assert_eq!(ticket.sla.resolve_due, 0, "best effort");
    // Weeks later it turns out to be urgent: its time is over already, and nobody could know.
    let before = ticket.clone();
    ticket.priority = "P2".to_owned();
    run(&mut ticket, &before, Some(1), raised, &slas);
    assert_eq!(paris(ticket.sla.resolve_due), "2026-03-10T14:00+01:00");
    let before = ticket.clone();
    ticket.status = Status::Resolved;
    run(&mut ticket, &before, Some(1), raised + 60_000, &slas);
    assert_eq!(ticket.sla.resolve_missed, raised);
}
