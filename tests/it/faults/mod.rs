//! Faults: the program killed, each server broken, the disk full, the clock set. After each, everything is counted.
//!
//! `./tests/faults` runs all of it many times and writes the table of `docs/reliability.md`; `./tests/run` runs it a few times.

mod clock;
mod database;
mod instances;
pub mod kills;
mod mailbox;
mod outlet;
mod trial;
