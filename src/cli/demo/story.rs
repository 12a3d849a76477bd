//! What happens in the demonstration, told as it happens.

use std::time::{Duration, Instant};

use super::AppRef;
use super::mailbox::Post;
use super::receiver::{Received, Receiver};
use crate::cli::show;
use crate::mail::{self, Limits, ParsedEmail};
use crate::store::TicketFilter;
use crate::trouble::Trouble;

pub(super) const SUPPORT: &str = "assistance@cd42.example";
pub(super) const MODERATOR: &str = "marie@kosmos.example";
const CLAIRE: &str = "claire.martin@college-dupilat.example";
const TOM: &str = "tom.baker@college-massenet.example";

const REQUEST: &str = include_str!("../../../fixtures/demo/request-fr.eml");
const URGENT: &str = include_str!("../../../fixtures/demo/urgent-en.eml");

/// Longest wait for any notification.
const LIMIT: Duration = Duration::from_secs(8);

pub(super) async fn tell(app: &AppRef, post: &Post, receiver: &Receiver) -> Result<(), Trouble> {
    let begun = Instant::now();
    step(1, "Claire Martin writes to the support address.");
    deliver(post, REQUEST)?;
    let ack = expect(receiver, CLAIRE, 0).await?;
    show_notification("she receives", &ack);
    let notice = expect(receiver, MODERATOR, 0).await?;

    step(2, "Tom Baker writes in English, with [P1] in his subject.");
    let before = receiver.all().len();
    deliver(post, URGENT)?;
    let english = expect(receiver, TOM, before).await?;
    show_notification("he receives", &english);
    expect(receiver, MODERATOR, before).await?;

    step(3, "Claire answers the acknowledgement and changes its subject; her mail joins her ticket.");
    let before = receiver.all().len();
    deliver(
        post,
        &answer(&ack, CLAIRE, "Claire Martin", "Autre chose", "C'est revenu pour les 6e A, mais pas pour les 6e B."),
    )?;
    let told = expect(receiver, MODERATOR, before).await?;
    show_notification("the moderator receives", &told);

    step(4, "The moderator answers from her mail client; the requester reads it in full.");
    let before = receiver.all().len();
    let words = "#public\n\nBonjour,\n\nLe compte de la classe a été réactivé. Pouvez-vous réessayer ?\n\nMarie";
    deliver(post, &answer(&notice, MODERATOR, "Marie Dubois", "", words))?;
    let reply = expect(receiver, CLAIRE, before).await?;
    show_notification("she receives", &reply);

    step(5, "She takes it, resolves it, and the receipt tells her what that did.");
    let before = receiver.all().len();
    let words = "#take\n#resolve\nLe compte de la classe est réactivé.";
    deliver(post, &answer(&told, MODERATOR, "Marie Dubois", "", words))?;
    let resolved = expect(receiver, CLAIRE, before).await?;
    show_notification("the requester receives", &resolved);
    show_notification("the moderator receives", &expect(receiver, MODERATOR, before).await?);

    step(6, "Claire opens the link \"C'est résolu\" and sends the email that it is.");
    let before = receiver.all().len();
    deliver(post, &answer(&resolved, CLAIRE, "Claire Martin", "", "#résolu"))?;
    show_notification("she receives", &expect(receiver, CLAIRE, before).await?);

    println!("The tickets now:");
    list(app).await?;
    println!("{} notifications were sent in {:.1} s.", receiver.all().len(), begun.elapsed().as_secs_f64());
    Ok(())
}

fn step(number: u8, text: &str) {
    println!("{number}. {text}");
}

fn deliver(post: &Post, mail: &str) -> Result<(), Trouble> {
    post.deliver(mail).map_err(|e| Trouble::Again(format!("the mailbox takes no email: {e}")))
}

async fn expect(receiver: &Receiver, to: &str, skip: usize) -> Result<ParsedEmail, Trouble> {
    let notification = receiver.wait(to, skip, LIMIT).await;
    let notification =
        notification.ok_or_else(|| Trouble::Bug(format!("no notification to {to} within {} s", LIMIT.as_secs())))?;
    read(&notification)
}

fn read(notification: &Received) -> Result<ParsedEmail, Trouble> {
    mail::parse(&notification.bytes, &Limits::default())
        .map_err(|e| Trouble::Bug(format!("our own notification is unreadable: {e}")))
}

fn show_notification(who: &str, notification: &ParsedEmail) {
    println!("   {who}:");
    println!("   │ Subject: {}", notification.subject);
    println!("   │");
    let text = notification.text.split("\n-- \n").next().unwrap_or(&notification.text);
    // The links are whole emails, and long.
    for line in text.trim().lines().filter(|line| !line.trim_start().starts_with("mailto:")) {
        println!("   │ {}", show::printable(line));
    }
    println!();
}

/// A reply as a mail client writes it. An empty `subject` keeps that of the notification.
fn answer(notification: &ParsedEmail, from: &str, name: &str, subject: &str, words: &str) -> String {
    let id = notification.message_id.clone().unwrap_or_default();
    let subject = if subject.is_empty() { format!("Re: {}", notification.subject) } else { subject.to_owned() };
    let quoted: Vec<String> = notification.text.lines().map(|l| format!("> {l}")).collect();
    format!(
        "Return-Path: <{from}>\nFrom: {name} <{from}>\nTo: {SUPPORT}\nSubject: {subject}\nMessage-ID: <answer-to-{id}>\n\
         In-Reply-To: <{id}>\nReferences: <{id}>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n{words}\n\nLe lundi 2 mars 2026 à 09:15, Assistance ENT a écrit :\n{}\n",
        quoted.join("\n")
    )
}

async fn list(app: &AppRef) -> Result<(), Trouble> {
    let tickets = app.store.tickets(&TicketFilter { limit: 20, ..TicketFilter::default() }).await?;
    let mut rows = Vec::new();
    for ticket in tickets {
        let messages = app.store.messages(ticket.id).await?.len();
        rows.push(vec![
            ticket.number,
            ticket.status.to_string(),
            ticket.priority,
            ticket.title,
            ticket.requester_name,
            messages.to_string(),
        ]);
    }
    show::table(&["Number", "Status", "Priority", "Title", "Requester", "Messages"], rows, "None, which is a bug.");
    Ok(())
}
