//! For whom the text of an agent's mail is.

use crate::ticket::command::Order;

/// The text, by who may read it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Speech {
    pub(super) public: String,
    pub(super) internal: String,
    pub(super) vendor: String,
    /// The text itself, for orders that take it as theirs.
    pub(super) body: String,
    /// True when both a vendor and the requester are to get it.
    pub(super) torn: bool,
    /// True when the body, and with it the files, are for the requester.
    pub(super) body_is_public: bool,
    /// True when an order says for whom the text is, so that there must be one.
    pub(super) wanted: bool,
    /// True when it goes to people named, not to the requester.
    pub(super) audience: bool,
    /// True when it goes to many.
    pub(super) spread: bool,
    /// True when it is to leave whatever a colleague answered.
    pub(super) meant: bool,
}

impl Speech {
    /// `public`: what the text is when no order says so.
    pub(super) fn of(orders: &[Order], body: &str, public: bool) -> Self {
        let is = |test: fn(&Order) -> bool| orders.iter().any(test);
        let note = is(|o| matches!(o, Order::Note | Order::PostMortem));
        let vendor = is(|o| matches!(o, Order::Vendor(_)));
        let split = is(|o| matches!(o, Order::Split(_)));
        let spoken = is(|o| {
            matches!(
                o,
                Order::Public
                    | Order::Send
                    | Order::Ask(_)
                    | Order::Resolve(_)
                    | Order::Reject(_)
                    | Order::Canned(_)
                    | Order::Broadcast(..)
            )
        });
        let mut speech = Self {
            body: body.to_owned(),
            torn: vendor && spoken && !note,
            wanted: is(|o| matches!(o, Order::Note | Order::PostMortem | Order::Public | Order::Send)),
            spread: is(|o| matches!(o, Order::Broadcast(..))),
            audience: is(|o| matches!(o, Order::Broadcast(to, _) if !to.is_empty())),
            // A message to many is not one more answer to this requester.
            meant: is(|o| matches!(o, Order::Send | Order::Broadcast(..))),
            ..Self::default()
        };
        if split {
            // The text belongs to the other ticket.
        } else if note {
            body.clone_into(&mut speech.internal);
        } else if vendor {
            body.clone_into(&mut speech.vendor);
        } else if spoken || (public && !orders.iter().any(is_quiet)) {
            body.clone_into(&mut speech.public);
            speech.body_is_public = true;
        } else {
            body.clone_into(&mut speech.internal);
        }
        for order in orders {
            if let Order::Ask(words) | Order::Resolve(words) | Order::Reject(words) | Order::Broadcast(_, words) = order
            {
                speech.put_before(words);
            }
        }
        speech
    }

    /// Whether nothing is said at all.
    pub(super) fn is_silent(&self) -> bool {
        self.public.is_empty() && self.internal.is_empty() && self.vendor.is_empty()
    }

    /// Public words that stand above the text.
    pub(super) fn put_before(&mut self, words: &str) {
        if words.is_empty() || self.public.starts_with(words) {
            return;
        }
        self.public = format!("{words}\n\n{}", self.public).trim_end().to_owned();
    }
}

/// Orders whose text is the desk's own business.
fn is_quiet(order: &Order) -> bool {
    matches!(order, Order::Escalate(..) | Order::Approve | Order::Merge(_))
}
