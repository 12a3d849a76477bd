//! The fields of a report (RFC 3464 section 2): one block for the email, then one for each recipient.

use super::Bounce;
use crate::mail::address::looks_like_address;

/// Most recipients that are taken from one report.
const RECIPIENTS: usize = 200;

/// What one recipient's block says.
#[derive(Default)]
struct Block {
    address: Option<String>,
    action: String,
    status: Option<String>,
    diagnostic: Option<String>,
}

impl Block {
    /// Recipients that were reached, or handed on, are none of a bounce.
    fn is_trouble(&self) -> bool {
        !matches!(self.action.as_str(), "relayed" | "delivered" | "expanded")
    }
}

/// The recipients that were not reached; none when all of them were.
pub(super) fn read(text: &str) -> Option<Bounce> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let mut blocks = vec![Block::default()];
    for line in unfolded.lines() {
        if line.trim().is_empty() {
            blocks.push(Block::default());
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if let Some(block) = blocks.last_mut() {
            field(block, &name.trim().to_ascii_lowercase(), value.trim());
        }
    }
    let said = |b: &&Block| b.address.is_some() || !b.action.is_empty() || b.status.is_some();
    let said: Vec<&Block> = blocks.iter().filter(said).collect();
    let troubles: Vec<&Block> = said.iter().copied().filter(|b| b.is_trouble()).collect();
    if troubles.is_empty() && !said.is_empty() {
        return None;
    }
    let mut recipients: Vec<String> = Vec::new();
    for address in troubles.iter().filter_map(|b| b.address.as_ref()) {
        if recipients.len() < RECIPIENTS && !recipients.contains(address) {
            recipients.push(address.clone());
        }
    }
    Some(Bounce {
        recipients,
        status: troubles.iter().find_map(|b| b.status.clone()),
        diagnostic: troubles.iter().find_map(|b| b.diagnostic.clone()),
        delayed: !troubles.is_empty() && troubles.iter().all(|b| b.action == "delayed"),
        original_id: None,
        certain: true,
    })
}

fn field(block: &mut Block, name: &str, value: &str) {
    match name {
        // What was written to comes before what it became.
        "original-recipient" => block.address = address(value).or(block.address.take()),
        "final-recipient" if block.address.is_none() => block.address = address(value),
        "action" => block.action = value.split([' ', '(']).next().unwrap_or_default().to_ascii_lowercase(),
        "status" => {
            let code = value.split_whitespace().next().unwrap_or_default();
            block.status.get_or_insert_with(|| code.to_owned());
        }
        "diagnostic-code" => {
            // `smtp; 550 no such user`: the type of the words is not part of them (section 2.3.6).
            let words = value.split_once(';').filter(|(kind, _)| kind.len() <= 12 && !kind.contains(' '));
            let words = words.map_or(value, |(_, words)| words.trim());
            block.diagnostic.get_or_insert_with(|| words.to_owned());
        }
        _ => {}
    }
}

/// `rfc822; Ana <ana@x.example>`, `utf-8; h\x{E9}@x.example` (RFC 6533 section 3); no X.400, no local name.
fn address(value: &str) -> Option<String> {
    let (kind, rest) = value.split_once(';').unwrap_or(("rfc822", value));
    if kind.trim().eq_ignore_ascii_case("x400") {
        return None;
    }
    let inner = rest.rsplit_once('<').map_or(rest, |(_, inside)| inside);
    let plain = inner.trim().trim_matches(['<', '>', '"']).trim();
    let address = if plain.contains("\\x{") { unescaped(plain) } else { plain.to_owned() };
    looks_like_address(&address).then_some(address)
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let (digits, tail) = after.split_once('}').unwrap_or((after, ""));
        out.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_not_reached_counts() {
        let text = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; good@x.example\nAction: delivered\nStatus: 2.0.0\n\n\
                    Original-Recipient: rfc822; alias@x.example\nFinal-Recipient: rfc822; Bad <bad@x.example>\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;\n 550 no\n";
        let bounce = read(text).unwrap_or_default();
        assert_eq!(bounce.recipients, ["alias@x.example"]);
        assert_eq!((bounce.status.as_deref(), bounce.diagnostic.as_deref()), (Some("5.1.1"), Some("550 no")));
        assert!(!bounce.delayed);
        assert_eq!(read("Final-Recipient: rfc822; a@x.example\nAction: relayed\nStatus: 2.0.0\n"), None);
    }

    #[test]
    fn addresses_of_every_kind_are_read() {
        assert_eq!(address("rfc822; Jean Dupont <jean@x.example>").as_deref(), Some("jean@x.example"));
        assert_eq!(address("utf-8; h\\x{E9}@x.example").as_deref(), Some("hé@x.example"));
        assert_eq!(address("X400; /c=fr/"), None);
        assert_eq!(address("LOCAL; jdupont"), None);
    }
}
