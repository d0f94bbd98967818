//! The armour of a private key: a label, perhaps headers, and base64 (RFC 7468; RFC 1421 for the headers).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stood in the armour.
#[derive(Clone)]
pub(super) struct Armor {
    /// The words between `BEGIN` and the dashes.
    pub(super) label: String,
    /// `DEK-Info`: the cipher's name and its IV in hexadecimal.
    pub(super) cipher: Option<(String, String)>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// The first armour in a text. `None` where there is none, or none that ends.
pub(super) fn parse(text: &[u8]) -> Option<Armor> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let label = lines.find_map(|line| between(line, b"-----BEGIN ", b"-----"))?;
    let mut cipher = None;
    let mut base64 = Zeroizing::new(Vec::with_capacity(text.len()));
    loop {
        let line = lines.next()?;
        if line.starts_with(b"-----") {
            between(line, b"-----END ", b"-----").filter(|end| *end == label)?;
            break;
        }
        match split_once(line) {
            Some((b"DEK-Info", value)) => cipher = Some(dek_info(value)?),
            Some(_) => {}
            None => base64.extend_from_slice(line),
        }
    }
    let mut body = Zeroizing::new(vec![0; base64::decoded_len_estimate(base64.len())]);
    let length = BASE64.decode_slice(base64.as_slice(), &mut body).ok()?;
    body.truncate(length);
    Some(Armor { label: String::from_utf8(label.to_vec()).ok()?, cipher, body })
}

fn between<'a>(line: &'a [u8], start: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(end)
}

/// A header's name and value. Base64 has no colon.
fn split_once(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, value.get(1..)?.trim_ascii()))
}

fn dek_info(value: &[u8]) -> Option<(String, String)> {
    let (cipher, iv) = std::str::from_utf8(value).ok()?.split_once(',')?;
    Some((cipher.trim().to_owned(), iv.trim().to_owned()))
}
