//! What is to be said to people: a code with values. The sentences stand in `mail-templates/LANGUAGE/phrases.toml`, and
//! [`crate::notify::Phrases`] says them in the reader's language.

use std::collections::BTreeMap;

use crate::clock::Millis;

/// A sentence, or a part of one, by its code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrase {
    /// Where it stands in `phrases.toml`: `done.taken` is `taken` below `[done]`.
    pub code: &'static str,
    /// What its placeholders stand for.
    pub values: Vec<(&'static str, Value)>,
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Said as it is.
    Text(String),
    /// A number, by which the form of the sentence may be chosen (CLDR plural rules).
    Count(i64),
    /// An instant, in the service desk's time zone.
    At(Millis),
    /// The day an instant lies in, in the service desk's time zone.
    Day(Millis),
    /// A length of time in hours and minutes.
    Length(Millis),
    /// A text in every language there is one in; English, or the first, for the others.
    ByLanguage(BTreeMap<String, String>),
    /// Name of a calendar, for which its label is said.
    Calendar(String),
    /// Another phrase.
    Phrase(Phrase),
    /// Several, with commas between them.
    List(Vec<Phrase>),
}

/// Something that can stand for a placeholder.
pub(crate) trait ToValue {
    fn to_value(&self) -> Value;
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value {
        Value::Count(*self)
    }
}

impl ToValue for i8 {
    fn to_value(&self) -> Value {
        Value::Count(i64::from(*self))
    }
}

impl ToValue for usize {
    fn to_value(&self) -> Value {
        Value::Count(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl ToValue for Phrase {
    fn to_value(&self) -> Value {
        Value::Phrase(self.clone())
    }
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

/// A phrase with its values: `phrase!("done.merged", number)`, `phrase!("sla.due", at = Value::At(due))`. A test holds that the code
/// and its placeholders are those of every language.
macro_rules! phrase {
    ($code:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::ticket::Phrase {
            code: $code,
            values: vec![$((stringify!($name), phrase!(@value $name $(= $value)?))),*],
        }
    };
    (@value $name:ident) => { $crate::ticket::phrase::ToValue::to_value(&$name) };
    (@value $name:ident = $value:expr) => { $crate::ticket::phrase::ToValue::to_value(&$value) };
}
pub(crate) use phrase;

/// What the record says of a step: English words, or a phrase that is put into English when it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Words that hold only for this one case, or what a program says.
    Text(String),
    /// A sentence people are told as well.
    Phrase(Phrase),
    /// Several, one after the other.
    All(Vec<Detail>),
}

impl Default for Detail {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Detail {
    /// The words; of a phrase that was not said before, its code.
    #[must_use]
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Phrase(phrase) => phrase.code.to_owned(),
            Self::All(all) => all.into_iter().map(Self::into_text).collect::<Vec<_>>().join(" "),
        }
    }

    /// The same with words behind it.
    pub(crate) fn and(self, more: impl Into<Self>) -> Self {
        Self::All(vec![self, more.into()])
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Phrase> for Detail {
    fn from(phrase: Phrase) -> Self {
        Self::Phrase(phrase)
    }
}

impl From<&Phrase> for Detail {
    fn from(phrase: &Phrase) -> Self {
        Self::Phrase(phrase.clone())
    }
}
