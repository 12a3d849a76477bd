//! Why an email is held: a code, by which lists are grouped and by which many are let in at once.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::stored::stored_words;

stored_words!(HoldCause);

/// The cause. The sentence beside it says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString, Display, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum HoldCause {
    /// The sender may not open tickets.
    Stranger,
    /// The mailbox's own server says that the sender's domain did not send it. Lists often break DMARC.
    Denied,
    /// It came through a list or form, or from the service desk's own address, and names nobody who could be answered.
    Nobody,
    /// Nothing proves the agent or vendor it claims to be from.
    Unproven,
    /// What an agent asked could not be done as it was written.
    NotDone,
    /// There was too much before it.
    Flood,
    /// It looks like what many others said.
    Alike,
    /// It may be a delivery report, or a person's.
    Report,
    /// No queue takes it.
    NoQueue,
    /// The server does not give it out.
    Unfetched,
    /// It passes a bound, or cannot be read.
    Unreadable,
    /// Anything else, and emails held before there were causes.
    #[default]
    Other,
}

impl HoldCause {
    /// All of them, in the order they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// What a list of such emails is headed with.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Stranger => "Senders who may not open tickets",
            Self::Denied => "Senders whom the mail server denies (DMARC); mailing lists often cause this",
            Self::Nobody => "Nobody to answer: lists, forms, and the service desk's own address",
            Self::Unproven => "Nothing proves who wrote them",
            Self::NotDone => "Agents' emails that could not be carried out",
            Self::Flood => "Too many at once",
            Self::Alike => "Many that say the same",
            Self::Report => "Perhaps delivery reports",
            Self::NoQueue => "No queue takes them",
            Self::Unfetched => "Emails that the server does not give out",
            Self::Unreadable => "Emails that cannot be read, or pass a bound",
            Self::Other => "Others",
        }
    }
}
