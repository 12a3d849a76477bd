//! winmail.dat: what Outlook packs an email's files and text into (MS-OXTNEF).
//!
//! A stream of attributes, some of which are lists of MAPI properties. Everything is bounded by the
//! bytes that are there; a damaged stream gives what could be read before the damage.

use super::charset;

/// What was packed.
#[derive(Default)]
pub(super) struct Package {
    pub(super) files: Vec<File>,
    pub(super) text: Option<String>,
}

/// A packed file.
#[derive(Default)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: Option<String>,
    pub(super) contents: Vec<u8>,
}

const SIGNATURE: u32 = 0x223E_9F78;
/// Most files that are taken out of one package.
const FILES: usize = 500;

// Attributes (MS-OXTNEF section 2.1.3.2).
const ATTACH_REND_DATA: u32 = 0x0006_9002;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800F;
const ATTACHMENT: u32 = 0x0006_9005;
const MSG_PROPS: u32 = 0x0006_9003;
const BODY: u32 = 0x0002_800C;
const CODE_PAGE: u32 = 0x0006_9007;

// Properties (MS-OXPROPS).
const PROP_BODY: u16 = 0x1000;
const PROP_BODY_HTML: u16 = 0x1013;
const PROP_DATA: u16 = 0x3701;
const PROP_FILE_NAME: u16 = 0x3704;
const PROP_LONG_FILE_NAME: u16 = 0x3707;
const PROP_MIME_TAG: u16 = 0x370E;

/// Whether these bytes are such a package.
pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.len() > 6 && u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) == SIGNATURE
}

/// Takes it apart.
pub(super) fn read(bytes: &[u8]) -> Package {
    let mut package = Package::default();
    let mut input = Input { bytes, at: 6 };
    let mut code_page = "windows-1252".to_owned();
    // Ends with the bytes; each turn takes some.
    while let Some((id, data)) = attribute(&mut input) {
        match id {
            CODE_PAGE => code_page = format!("windows-{}", Input { bytes: data, at: 0 }.u32().unwrap_or(1252)),
            ATTACH_REND_DATA if package.files.len() < FILES => package.files.push(File::default()),
            BODY => package.text = Some(text(data, &code_page)).filter(|t| !t.trim().is_empty()),
            MSG_PROPS => take_body(data, &code_page, &mut package),
            _ => {
                if let Some(file) = package.files.last_mut() {
                    take_file(id, data, &code_page, file);
                }
            }
        }
    }
    package.files.retain(|f| !f.contents.is_empty() || !f.name.is_empty());
    package
}

fn attribute<'a>(input: &mut Input<'a>) -> Option<(u32, &'a [u8])> {
    input.take(1)?;
    let id = input.u32()?;
    let length = input.u32()? as usize;
    let data = input.take(length)?;
    input.take(2)?;
    Some((id, data))
}

fn take_file(id: u32, data: &[u8], code_page: &str, file: &mut File) {
    match id {
        ATTACH_TITLE if file.name.is_empty() => file.name = text(data, code_page),
        ATTACH_DATA => file.contents = data.to_vec(),
        ATTACHMENT => {
            for property in properties(data) {
                match property.id {
                    PROP_LONG_FILE_NAME => file.name = property.text(code_page),
                    PROP_FILE_NAME if file.name.is_empty() => file.name = property.text(code_page),
                    PROP_MIME_TAG => file.media_type = Some(property.text(code_page).to_lowercase()),
                    PROP_DATA if file.contents.is_empty() => file.contents = property.data.to_vec(),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn take_body(data: &[u8], code_page: &str, package: &mut Package) {
    for property in properties(data) {
        let text = match property.id {
            PROP_BODY => property.text(code_page),
            PROP_BODY_HTML => mail_parser::decoders::html::html_to_text(&property.text(code_page)),
            _ => continue,
        };
        if package.text.is_none() && !text.trim().is_empty() {
            package.text = Some(text);
        }
    }
}

fn text(data: &[u8], code_page: &str) -> String {
    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
    charset::decode(Some(code_page), &data[..end])
}

/// A MAPI property with one value.
struct Property<'a> {
    id: u16,
    wide: bool,
    data: &'a [u8],
}

impl Property<'_> {
    fn text(&self, code_page: &str) -> String {
        if !self.wide {
            return text(self.data, code_page);
        }
        let units = self.data.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        char::decode_utf16(units.take_while(|u| *u != 0)).map(|c| c.unwrap_or('\u{fffd}')).collect()
    }
}

/// The properties of a list, up to the first that cannot be read.
fn properties(data: &[u8]) -> Vec<Property<'_>> {
    let mut input = Input { bytes: data, at: 0 };
    let count = input.u32().unwrap_or(0);
    let mut found = Vec::new();
    for _ in 0..count.min(5_000) {
        let Some(property) = property(&mut input) else { break };
        found.extend(property);
    }
    found
}

/// One property; `Some(None)` when its type is of no interest.
fn property<'a>(input: &mut Input<'a>) -> Option<Option<Property<'a>>> {
    let (kind, id) = (input.u16()?, input.u16()?);
    if id >= 0x8000 {
        input.take(16)?;
        if input.u32()? == 0 {
            input.take(4)?;
        } else {
            let length = input.u32()? as usize;
            input.take_padded(length)?;
        }
    }
    let several = kind & 0x1000 != 0;
    let plain = kind & 0x0fff;
    let fixed = match plain {
        0x02 | 0x03 | 0x04 | 0x0A | 0x0B => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x0D | 0x1E | 0x1F | 0x102 => None,
        _ => return None,
    };
    let count = if several || fixed.is_none() { input.u32()? } else { 1 };
    let mut first = None;
    for _ in 0..count {
        let data = match fixed {
            Some(size) => input.take(size)?,
            None => {
                let length = input.u32()? as usize;
                input.take_padded(length)?
            }
        };
        first.get_or_insert(data);
    }
    let wanted = first.filter(|_| fixed.is_none());
    Some(wanted.map(|data| Property { id, wide: plain == 0x1F, data }))
}

/// Bytes and a place in them.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// Values are padded to four bytes; the last one's padding may be missing.
    fn take_padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        self.at = (self.at + (4 - length % 4) % 4).min(self.bytes.len());
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(attributes: &[(u8, u32, &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_le_bytes().to_vec();
        out.extend([1, 0]);
        for (level, id, data) in attributes {
            out.push(*level);
            out.extend(id.to_le_bytes());
            out.extend(u32::try_from(data.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(data);
            let sum: u16 = data.iter().fold(0, |sum, b| sum.wrapping_add(u16::from(*b)));
            out.extend(sum.to_le_bytes());
        }
        out
    }

    fn long_name(name: &str) -> Vec<u8> {
        let wide: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let mut out = 2u32.to_le_bytes().to_vec();
        // A number first, which is passed over.
        out.extend([0x03, 0x00, 0x05, 0x37, 1, 0, 0, 0]);
        out.extend([0x1F, 0x00, 0x07, 0x37, 1, 0, 0, 0]);
        out.extend(u32::try_from(wide.len()).unwrap_or(0).to_le_bytes());
        out.extend(&wide);
        out
    }

    #[test]
    fn files_and_text_are_taken_out() {
        let name = long_name("Année 2026.pdf");
        let bytes = packed(&[
            (1, BODY, b"Bonjour \xe0 tous\0"),
            (2, ATTACH_REND_DATA, &[0; 14]),
            (2, ATTACH_TITLE, b"ANNEE2~1.PDF\0"),
            (2, ATTACH_DATA, b"%PDF"),
            (2, ATTACHMENT, &name),
        ]);
        let package = read(&bytes);
        assert!(is_tnef(&bytes));
        assert_eq!(package.text.as_deref(), Some("Bonjour à tous"));
        assert_eq!(package.files.len(), 1);
        assert_eq!(
            (package.files[0].name.as_str(), package.files[0].contents.as_slice()),
            ("Année 2026.pdf", b"%PDF".as_slice())
        );
    }

    #[test]
    fn a_damaged_package_gives_what_is_there() {
        let bytes = packed(&[(2, ATTACH_REND_DATA, &[0; 14]), (2, ATTACH_TITLE, b"a.txt\0"), (2, ATTACH_DATA, b"abc")]);
        for end in 0..bytes.len() {
            let _ = read(&bytes[..end]);
            for value in [0u8, 0xff] {
                let mut bent = bytes.clone();
                bent[end] = value;
                let _ = read(&bent);
            }
        }
        assert_eq!(read(&bytes[..bytes.len() - 5]).files[0].name, "a.txt");
    }
}
