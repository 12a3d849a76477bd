//! Tests against real servers; `tests/run` starts them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on should stop"
)]

mod support;

mod absence;
mod answered;
mod attacks;
mod bad_input;
mod callers;
mod capabilities;
mod cases;
mod commands;
mod configuration;
mod desk;
mod examples;
mod faults;
mod fetching;
mod first_sign_in;
mod fixtures;
mod floods;
mod forgotten;
mod guarded;
mod hostile;
mod imap;
mod imap_faults;
mod keeping;
mod kill;
mod loops;
mod month;
mod natural;
mod notifications;
mod outbox;
mod phrases;
mod plans;
mod proof;
mod reading;
mod reload;
mod safety;
mod sending;
mod service;
mod service_levels;
mod sign_in;
mod smtp;
mod snapshots;
mod soak;
mod sql;
mod story;
mod structure;
mod templates;
mod verified;
