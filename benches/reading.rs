//! What reading an email costs beside the parser it stands on. Run with `cargo bench`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use guichet::mail::{Limits, parse};
use mail_parser::MessageParser;

/// A reply as Outlook in French sends it: some lines of answer over a long quoted email.
fn reply() -> Vec<u8> {
    let quoted = "Depuis ce matin aucun élève de 6e ne peut se connecter : « identifiant inconnu ».\r\n".repeat(40);
    format!(
        "From: Claire Martin <claire@college.example>\r\nTo: support@desk.example\r\nSubject: RE: [CG42N1-000123] Panne\r\n\
         Message-ID: <r1@college.example>\r\nIn-Reply-To: <gt.abc@desk.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Bonjour,\r\n\r\nC'est revenu pour les 6e A, mais pas pour les 6e B.\r\n\r\n\
         De : Assistance <support@desk.example>\r\nEnvoyé : lundi 2 mars 2026 09:15\r\nÀ : Claire Martin\r\nObjet : Panne\r\n\r\n{quoted}"
    )
    .into_bytes()
}

fn reading(c: &mut Criterion) {
    let raw = reply();
    let limits = Limits::default();
    let mut group = c.benchmark_group("reply");
    group.throughput(Throughput::Bytes(raw.len() as u64));
    group.bench_function("parser alone", |b| b.iter(|| MessageParser::default().parse(&raw)));
    group.bench_function("read whole", |b| b.iter(|| parse(&raw, &limits)));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
