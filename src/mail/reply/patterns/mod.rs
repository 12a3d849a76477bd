//! What clients put between a reply and the email it answers, by shape rather than by client. The
//! words are those of [`language`](crate::mail::language).

mod attribution;
mod foot;
mod head;
mod shape;

pub(super) use attribution::{
    before_shared, begins_attribution, is_attribution, is_link, may_announce, may_attribute, names_address,
};
pub(super) use foot::{is_advertised, is_device, is_disclaimer, is_dividing_ruler, is_legal, is_ruler};
pub(in crate::mail) use head::{field, is_forward};
pub(super) use head::{is_above_line, is_author, is_header_block, is_original, is_outlook_block};
