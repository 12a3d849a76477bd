//! # guichet: an email ticket gateway
//!
//! A *guichet* is the counter where a person hands in a request and is given a number. The whole
//! program is one email's way through a building with a few rooms:
//!
//! ```text
//!  IMAP ──bytes──▶ [inbox] ─▶ mail::parse ─ParsedEmail─▶ ticket::read ─Intake─▶ lookups ─▶ store ─Snapshot─┐
//!                                                                                                          ▼
//!  operator ──command──▶ work::operator ─Intake─────────────────────────────────────────────────▶ ticket::decide
//!  clock ──deadline reached──▶ work::sweep ───────────────────────────────────────────────────────▶ ticket::due
//!  clock ──wake-up──▶ work::reports, alarms, digest, catch_up ─figures, lines──┐                           │
//!                                                                              ▼                           │ Decision
//!                                            work::commit(Cause, Decision) ◀───────────────────────────────┘
//!                                                    │ ──Notification──▶ notify::compose ─OutgoingEmail─┐
//!                                                    ▼                                                  ▼
//!                ONE COMMIT: verdict + tickets + messages + events + deadlines + wake-ups + [outbox]
//!  SMTP ◀──ClaimedEmail── [outbox] ;  Sent | Later | Failed settles the row
//! ```
//!
//! | room | holds | never |
//! | --- | --- | --- |
//! | [`clock`] | the only `now()` | |
//! | [`mail`] | what an email says | async, SQL, the clock, randomness |
//! | [`ticket`] | the rules; what is said is a code with values | the same |
//! | [`notify`] | what the service desk writes: templates, phrases, languages | the same |
//! | [`report`] | figures and charts of a period, from plain rows | the same |
//! | [`store`] | the only SQL, one text for SQLite and PostgreSQL | rules |
//! | [`edge`] | IMAP, Maildir, SMTP, OAuth 2.0, systemd, the local page | rules, SQL |
//! | [`settings`] | configuration, checked into plain values | |
//! | [`trouble`] | what is done about each failure | |
//! | [`work`] | the verbs: collect, process, sweep, report, deliver, look after; the one commit they share | state of its own |
//! | [`cli`] | the commands | |
//!
//! Each room uses only rooms above it in this list's order: clock → mail → ticket → notify → report → store,
//! edge → settings → trouble → work → cli. A test holds this, and that SQL stands only in
//! `store` and the current time is asked only in `clock`.
//!
//! ## Words
//!
//! **queue** a support address with its prefix, people and policy · **ticket** · **message**
//! public, internal or vendor's · **command** a line that asks for something · **event** one line of a ticket's history · **requester** · **agent**
//! someone of the service desk · **vendor** somebody outside who helps it · **level** L1, L2 and so on (N1, N2 in French): who takes over from whom · **deadline** what is to
//! happen automatically at a time · **calendar** when people work · **target** within what time · **SLA** what the requester is promised, from
//! submission · **OLA** what one level owes the next, from arrival there · **state history** how a ticket stood, for reports · **participant** someone on the requester's side · **priority** P0…P4 ·
//! **notification** an email the service desk writes · **inbox** emails kept as received, each ending with a
//! **verdict** · **outbox** notifications waiting to be sent · **held** an email a person must review · **instance** one of
//! several processes on a database · **epoch** of an instance, from start to end · **lease** what one of them does alone for now ·
//! **chain entry** what covers what a commit wrote · **alarm** something the operator has been told is wrong.
//!
//! `docs/architecture.md` walks one email through in numbered steps and lists the invariants with
//! their tests.

pub mod cli;
pub mod clock;
pub mod edge;
pub mod mail;
pub mod notify;
pub mod report;
pub mod settings;
pub mod store;
pub mod ticket;
pub mod trouble;
pub mod work;
