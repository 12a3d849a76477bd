//! # guichet: an email ticket gateway
//!
//! A *guichet* is the counter where a person hands in a request and is given a number. The whole
//! program is one mail's way through a building with a few rooms:
//!
//! ```text
//!  IMAP ──bytes──▶ [inbox] ─▶ mail::parse ─ParsedMail─▶ ticket::read ─Intake─▶ look-ups ─▶ store ─Snapshot─┐
//!                                                                                                          ▼
//!                                                                                               ticket::decide
//!                                                                                                          │ Decision
//!                                                                                                          ▼
//!                                                                                   letter::compose ─OutgoingMail
//!  clock ──Due (a deadline has been reached)──▶ ticket::due ───────────────────────────────────────────────┤
//!  operator ──order──▶ work::operator ──▶ ticket::decide ──────────────────────────────────────────────────┤
//!  clock ──bell──▶ work::reports ─courses of tickets─▶ report ─figures, charts─▶ letter::compose ────────────┤
//!  ONE COMMIT: verdict + tickets + messages + events + deadlines + [outbox] ◀──────────────────────────────┘
//!  SMTP ◀──Due── [outbox] ;  Sent | Later | Failed settles the letter
//! ```
//!
//! | room | holds | never |
//! | --- | --- | --- |
//! | [`clock`] | the only `now()` | |
//! | [`mail`] | what a mail says | async, SQL, the clock, randomness |
//! | [`ticket`] | the rules | the same |
//! | [`letter`] | what the desk writes | the same |
//! | [`report`] | figures and charts of a time, from plain rows | the same |
//! | [`store`] | the only SQL, one text for SQLite and PostgreSQL | rules |
//! | [`edge`] | IMAP, Maildir, SMTP, OAuth 2.0, systemd, the local page | rules, SQL |
//! | [`settings`] | configuration, checked into plain values | |
//! | [`trouble`] | what is done about each failure | |
//! | [`work`] | the verbs: collect, process, sweep, report, deliver, look after | state of its own |
//! | [`cli`] | the commands | |
//!
//! Dependencies point only upward in this list's order: clock → mail → ticket → letter, report → store,
//! edge → settings → trouble → work → cli. A test holds this, and that SQL stands only in
//! `store` and the current time is asked only in `clock`.
//!
//! ## Words
//!
//! **queue** a support address with its prefix, people and policy · **ticket** · **message**
//! public, internal or vendor's · **order** a line that asks for something · **event** one line of a ticket's history · **requester** · **agent**
//! someone of the desk · **vendor** somebody outside who helps it · **level** N1, N2 and so on: who takes over from whom · **deadline** what is to
//! happen by itself at a time · **calendar** when people work · **target** what is promised, within what
//! time · **course** how a ticket stood, for reports · **participant** someone on the requester's side · **priority** P0…P4 ·
//! **letter** a mail the desk writes · **inbox** mails kept as received, each ending with a
//! **verdict** · **outbox** letters waiting to leave · **held** a mail a person must judge · **instance** one of
//! several processes on a database · **life** of an instance, from start to end · **lease** what one of them does alone for now ·
//! **link** of the chain that covers what a commit wrote · **alarm** something the operator has been told is wrong.
//!
//! `docs/architecture.md` walks one mail through in numbered steps and lists the invariants with
//! their tests.

pub mod cli;
pub mod clock;
pub mod edge;
pub mod letter;
pub mod mail;
pub mod report;
pub mod settings;
pub mod store;
pub mod ticket;
pub mod trouble;
pub mod work;
