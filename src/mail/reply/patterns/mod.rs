//! What clients put between a reply and the email it answers, by shape rather than by client. The
//! words are those of [`language`](crate::mail::language).

mod attribution;
mod foot;
mod head;
mod marked;
mod shape;

pub(super) use attribution::{
    before_shared, begins_attribution, is_attribution, is_link, may_announce, may_attribute, names_address,
};
pub(crate) use foot::is_disclaimer;
pub(super) use foot::{is_advertised, is_device, is_dividing_ruler, is_legal, is_ruler};
pub(in crate::mail) use head::{field, is_forward};
pub(super) use head::{is_above_line, is_author, is_header_block, is_original, is_outlook_block};
pub(super) use marked::mark_other_quotes;
