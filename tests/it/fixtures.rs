//! Own emails, one oddity a file: what the reader makes of each is written down beside them.
//! `GUICHET_GOLDEN=write ./tests/run fixtures` writes it anew, for the reader of the diff to review.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use guichet::mail::{Limits, files, parse};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn emails() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder().join("mails")).unwrap().map(|e| e.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    paths
        .into_iter()
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect()
}

#[test]
fn each_oddity_is_read_as_written_down() {
    let output = Command::new(env!("CARGO_BIN_EXE_guichet"))
        .args(["inspect", "--json", "mails"])
        .current_dir(folder())
        .output()
        .unwrap();
    assert!(output.status.success());
    let found = String::from_utf8(output.stdout).unwrap();
    let golden = folder().join("mails.expected.jsonl");
    if std::env::var("GUICHET_GOLDEN").is_ok_and(|v| v == "write") {
        std::fs::write(&golden, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
    assert_eq!(found.lines().count(), emails().len());
}

/// A small generator of numbers, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (sides.max(1) as u64)).unwrap()
    }
}

/// One change: bits flipped, an end cut off, a piece repeated, moved, or replaced by noise.
fn mutate(mail: &mut Vec<u8>, dice: &mut Dice) {
    if mail.is_empty() {
        return;
    }
    let (at, length) = (dice.roll(mail.len()), 1 + dice.roll(200));
    let end = (at + length).min(mail.len());
    match dice.roll(6) {
        0 => (0..=dice.roll(30)).for_each(|_| {
            let place = dice.roll(mail.len());
            mail[place] ^= 1 << dice.roll(8);
        }),
        1 => mail.truncate(at),
        2 => {
            let piece = mail[at..end].repeat(1 + dice.roll(20));
            mail.splice(at..at, piece);
        }
        3 => {
            let piece: Vec<u8> = mail.drain(at..end).collect();
            let place = dice.roll(mail.len() + 1);
            mail.splice(place..place, piece);
        }
        4 => mail[at..end].iter_mut().for_each(|b| *b = u8::try_from(dice.roll(256)).unwrap()),
        _ => drop(mail.drain(at..end)),
    }
}

#[test]
fn ten_thousand_damaged_emails_are_read_without_panic() {
    let originals = emails();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let limits = Limits::default();
    let mut readable = 0;
    for round in 0..10_000 {
        let (name, original) = &originals[dice.roll(originals.len())];
        let mut mail = original.clone();
        for _ in 0..=dice.roll(4) {
            mutate(&mut mail, &mut dice);
        }
        let read = catch_unwind(AssertUnwindSafe(|| {
            let Ok(read) = parse(&mail, &limits) else { return false };
            assert_eq!(
                files(&mail, &read.attachments).len(),
                read.attachments.len(),
                "a file that is listed can be had back"
            );
            assert!(!read.text.contains('\0') && !read.subject.contains(['\n', '\r']));
            true
        }));
        let read = read.unwrap_or_else(|_| {
            let place = std::env::temp_dir().join(format!("guichet-mutation-{round}.eml"));
            std::fs::write(&place, &mail).unwrap();
            panic!("round {round}, from {name}; the email is kept as {}", place.display())
        });
        readable += usize::from(read);
    }
    assert!(readable > 9_000, "{readable} of them could be read");
}
