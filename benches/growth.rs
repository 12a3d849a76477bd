//! Whether reading stays linear: each shape of mail that invites more than that, at a size and at
//! four times that size. Prints MB/s and how the time grew; 4 is linear. Run with `cargo bench --bench growth`.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that prints and may stop")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use guichet::mail::{Label, Limits, parse, read_fields};

/// Bytes of the smaller mail.
const SMALL: usize = 64 * 1024;

const HEAD: &str = "From: Ana <ana@college.example>\r\nTo: support@desk.example\r\nSubject: Re: Panne\r\nIn-Reply-To: <a@b.example>\r\n";

/// A reply: more is looked for in one than in a first email.
fn plain(piece: &str, size: usize) -> Vec<u8> {
    let body = piece.repeat(size / piece.len() + 1);
    format!("{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n").into_bytes()
}

fn html(piece: &str, size: usize) -> Vec<u8> {
    let body = piece.repeat(size / piece.len() + 1);
    format!("{HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n").into_bytes()
}

fn bounce(piece: &str, size: usize) -> Vec<u8> {
    let body = piece.repeat(size / piece.len() + 1);
    format!("Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nwas not delivered\r\n{body}\r\n").into_bytes()
}

fn header(name: &str, piece: &str, size: usize) -> Vec<u8> {
    let value = piece.repeat(size / piece.len() + 1);
    format!("{HEAD}{name}: {value}\r\n\r\nBonjour\r\n").into_bytes()
}

fn parts(piece: &str, size: usize) -> Vec<u8> {
    let body = piece.repeat(size / piece.len() + 1);
    format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n").into_bytes()
}

type Shape = (&'static str, fn(&str, usize) -> Vec<u8>, &'static str);

const SHAPES: [Shape; 43] = [
    ("prose", plain, "L'imprimante de la salle 12 ne répond plus depuis ce matin.\r\n"),
    ("quoted lines", plain, "> L'imprimante de la salle 12 ne répond plus.\r\n"),
    ("quote marks", plain, ">"),
    ("attributions", plain, "Le 2 mars 2026 à 09:15, Ana <ana@college.example> a écrit :\r\n"),
    ("half attributions", plain, "Le 2 mars 2026 à 09:15, Ana\r\n"),
    ("attributions in a line", plain, " On 2 March 2026, ana@college.example wrote:"),
    ("answers between", plain, "> quoi ?\r\nceci\r\n"),
    ("header fields", plain, "De : 8 h\r\n"),
    ("header blocks", plain, "De : x\r\nEnvoyé : y\r\n"),
    ("telephones", plain, "Envoyé de mon iPhone\r\n"),
    ("legal notices", plain, "\r\nCe message et toutes les pièces jointes sont confidentiels.\r\n"),
    ("underscores", plain, "__________\r\n"),
    ("bare signatures", plain, "--\r\n"),
    ("announcements", plain, "a@b.example:\r\n\r\n"),
    ("table rows in text", plain, "a\tb\tc\r\n"),
    ("dashes", plain, "-- -- "),
    ("rules", plain, "--- x ---\r\n"),
    ("forwards", plain, "---- Forwarded message ----\r\nDate: x\r\n"),
    ("empty lines", plain, "\r\n"),
    ("spaces", plain, " "),
    ("colons", plain, ":\r\n"),
    ("beginnings of files", plain, "begin 644 a\r\n#0V%T\r\n"),
    ("addresses", plain, "a@b.example "),
    ("paragraphs", html, "<p>Bonjour <b>à tous</b></p>"),
    ("blocks", html, "<blockquote>a</blockquote>"),
    ("open elements", html, "<div><b>"),
    ("links", html, "<a href=\"https://a.example/b\">c</a>"),
    ("tables", html, "<table><tr><td>a<td>b</table>"),
    ("cells", html, "<td>a</td>"),
    ("signatures", html, "<div class=gmail_signature>a</div>"),
    ("broken tags", html, "<a <b href='<"),
    ("reports' recipients", bounce, "<a@b.example>: 550 5.1.1 no\r\n"),
    ("reports' fields", bounce, "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"),
    ("reports' codes", bounce, "550 5.1.1 "),
    ("reports' originals", bounce, "Received: x\r\n"),
    ("encoded-words", |p, s| header("Subject", p, s), "=?utf-8?Q?=C3=A9?= "),
    ("half encoded-words", |p, s| header("Subject", p, s), "=?utf-8?Q?"),
    ("recipients", |p, s| header("Cc", p, s), "a@b.example, "),
    ("references", |p, s| header("References", p, s), "<a@b.example> "),
    ("unending encoded-words", |p, s| header("Subject", p, s), "=?a?Q? "),
    ("broken names", |p, s| header("Reply-To", p, s), "=?utf-8?Q?=C3?= x =?utf-8?Q?a?= x "),
    ("foreign marks", plain, "\u{fdd1}a\n"),
    ("files", parts, "--b\r\nContent-Type: image/png; name=\"a.png\"\r\n\r\nx\r\n"),
];

/// The shortest of several runs.
fn time(mut work: impl FnMut()) -> Duration {
    let begun = Instant::now();
    work();
    let first = begun.elapsed();
    let more = if first > Duration::from_millis(200) { 1 } else { 7 };
    (0..more).fold(first, |best, _| {
        let begun = Instant::now();
        work();
        best.min(begun.elapsed())
    })
}

fn main() {
    let limits =
        Limits { parts: 1_000_000, html_bytes: 8 << 20, text_bytes: 8 << 20, recipients: 200, ..Limits::default() };
    println!("{:<24} {:>9} {:>9} {:>8}", "shape", "MB/s", "4x MB/s", "growth");
    let mut worst = 0.0f64;
    for (name, make, piece) in SHAPES {
        let (small, large) = (make(piece, SMALL), make(piece, 4 * SMALL));
        let one = time(|| drop(black_box(parse(&small, &limits))));
        let four = time(|| drop(black_box(parse(&large, &limits))));
        row(name, small.len(), one, large.len(), four, &mut worst);
    }
    let label = |code: &str, words: &[&str]| Label::new(code, false, words.iter().copied());
    let labels = [label("name", &["nom et prenom", "nom"]), label("phone", &["telephone", "tel"])];
    let labels: Vec<&Label> = labels.iter().collect();
    for (name, piece) in
        [("form fields", "nom : a ; tel : b\n"), ("half form fields", "nom "), ("cells of forms", "nom\t")]
    {
        let (small, large) = (piece.repeat(SMALL / piece.len()), piece.repeat(4 * SMALL / piece.len()));
        let one = time(|| drop(black_box(read_fields(&small, &labels, "Ana"))));
        let four = time(|| drop(black_box(read_fields(&large, &labels, "Ana"))));
        row(name, small.len(), one, large.len(), four, &mut worst);
    }
    println!("steepest growth: {worst:.1} (linear is 4.0)");
}

fn row(name: &str, small: usize, one: Duration, large: usize, four: Duration, worst: &mut f64) {
    #[allow(clippy::cast_precision_loss, reason = "sizes of some megabytes")]
    let speed = |bytes: usize, time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    let growth = four.as_secs_f64() / one.as_secs_f64();
    *worst = worst.max(growth);
    println!("{name:<24} {:>9.1} {:>9.1} {growth:>8.1}", speed(small, one), speed(large, four));
}
