//! Composes the notifications of a commit, with the files they may carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Planned;
use crate::clock::Millis;
use crate::mail;
use crate::notify::{OutgoingEmail, Parcel, Templates, compose, is_for};
use crate::settings::Settings;
use crate::ticket::{MessageDraft, NotificationKind, Secret};
use crate::work::App;

/// What composing needs.
pub(super) struct Composer<'a> {
    pub(super) secret: &'a Secret,
    pub(super) settings: &'a Settings,
    pub(super) plus_works: BTreeMap<String, bool>,
    pub(super) now: Millis,
    /// Whom a template that does not serve is told to.
    pub(super) app: Option<&'a App>,
}

impl Composer<'_> {
    /// One message to many people is encoded once: its notifications differ in their headers alone.
    pub(super) fn compose_all<'d, 'g>(
        &self,
        planned: &'d [Planned<'g>],
    ) -> Vec<(&'d Planned<'g>, Result<OutgoingEmail, String>)> {
        let mut spread: Vec<(&Planned<'_>, OutgoingEmail)> = Vec::new();
        let one = |plan: &'d Planned<'g>| {
            if plan.notification.kind != NotificationKind::Bulletin {
                return (plan, self.compose(plan, true));
            }
            let same = |(other, _): &&(&Planned<'_>, OutgoingEmail)| {
                Arc::ptr_eq(&other.message, &plan.message)
                    && other.notification.to.language == plan.notification.to.language
            };
            let email = match spread.iter().find(same) {
                Some((_, first)) => self.compose(plan, false).map(|email| email.sharing(first)),
                None => self.compose(plan, true).map(OutgoingEmail::split),
            };
            if let Ok(email) = &email
                && !spread.iter().any(|pair| same(&pair))
            {
                spread.push((plan, email.clone()));
            }
            (plan, email)
        };
        planned.iter().map(one).collect()
    }

    /// `with_files`: whether the files it may carry are read from the email.
    fn compose(&self, plan: &Planned<'_>, with_files: bool) -> Result<OutgoingEmail, String> {
        let Planned { once_key, bytes, about, ticket, message, notification, extra } = plan;
        let bytes = if with_files && notification.kind.row().files { *bytes } else { &[] };
        let wanted = enclosable(message, notification.kind);
        let files = if bytes.is_empty() || wanted.is_empty() { Vec::new() } else { mail::files(bytes, &wanted) };
        let parcel = Parcel {
            notification,
            about: *about,
            ticket,
            message,
            extra,
            files: &files,
            file_bytes: self.settings.notification_file_bytes,
            once_key: once_key.clone(),
            plus_works: self.plus_works.get(&ticket.queue).copied().unwrap_or(false),
            now: self.now,
        };
        let composed = |templates| compose(&parcel, templates, &self.settings.policy, self.secret);
        let mut email = composed(&self.settings.templates);
        // What was tried with made-up facts may still name what these do not have.
        if let Err(error) = &email
            && let Some(built_in) = Templates::built_in()
        {
            tracing::error!(%error, "a template does not serve; the built-in one is used");
            if let Some(app) = self.app {
                app.note_unserved(error.to_string());
            }
            email = composed(built_in);
        }
        email.map_err(|e| format!("{} to {}: {e}", notification.kind.as_str(), notification.to.address))
    }
}

/// The files a notification may carry: no logos, and to requesters nothing that may hold more than the agent
/// meant to send.
fn enclosable(message: &MessageDraft, kind: NotificationKind) -> Vec<mail::Attachment> {
    let fit =
        |a: &&mail::Attachment| a.role != mail::FileRole::Logo && (kind.is_internal() || a.is_fit_for_requesters());
    if !is_for(message.visibility, kind) {
        return Vec::new();
    }
    message.attachments.iter().filter(fit).cloned().collect()
}
