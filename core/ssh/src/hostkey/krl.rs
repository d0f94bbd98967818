//! Binary key revocation lists, as `ssh-keygen -k` writes them (OpenSSH, PROTOCOL.krl).
//!
//! A list is read from its first byte to its last for each question, and nothing of it is kept. What cannot be judged
//! refuses the whole list: signatures, which OpenSSH has stopped to support since 9.4, unknown sections, and extensions
//! that call themselves critical.

use ring::digest;

use super::key::{Key, KeyDefect};
use super::presented::{Presented, Vouched};

/// Section 1, KRL_MAGIC.
const MAGIC: &[u8] = b"SSHKRL\n\0";
/// Section 1, KRL_FORMAT_VERSION.
const VERSION: u32 = 1;

/// What makes a list unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KrlDefect {
    /// It ends within a field, or has bytes where none belong.
    #[error("key revocation list: invalid format")]
    Malformed,
    /// A format that is not version 1.
    #[error("key revocation list: unknown format version {0}")]
    Version(u32),
    /// A section of a type that we do not know.
    #[error("key revocation list: unsupported section {0}")]
    Section(u8),
    /// A part of a section about certificates, of a type that we do not know.
    #[error("key revocation list: unsupported certificate section {0}")]
    CertificateSection(u8),
    /// A signature section. A list can be signed from outside: `ssh-keygen -Y sign`.
    #[error("key revocation list: signatures inside the list are not supported")]
    Signed,
    /// An extension that must be understood, and is not.
    #[error("key revocation list: unsupported critical extension")]
    Extension,
    /// An authority that is no key.
    #[error("key revocation list: authority: {0}")]
    Authority(#[from] KeyDefect),
}

/// Whether the bytes begin as a list does.
pub(super) fn is_krl(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Whether the list revokes the key, its certificate, or the authority that signed that.
pub(super) fn revokes(bytes: &[u8], presented: &Presented) -> Result<bool, KrlDefect> {
    let mut fields = Fields(bytes.strip_prefix(MAGIC).ok_or(KrlDefect::Malformed)?);
    match fields.u32()? {
        VERSION => {}
        other => return Err(KrlDefect::Version(other)),
    }
    // The list's own version, its date, and flags of which none is defined.
    for _ in 0..3 {
        fields.u64()?;
    }
    // A reserved field and a comment.
    fields.string()?;
    fields.string()?;
    let vouched = presented.vouched.as_ref();
    let keys: Vec<Wanted> = [Some(&presented.key), vouched.map(|vouched| &vouched.authority)]
        .into_iter()
        .flatten()
        .map(Wanted::new)
        .collect();
    let mut found = false;
    while !fields.is_empty() {
        let kind = fields.u8()?;
        let section = Fields(fields.string()?);
        found |= match kind {
            1 => certificates(section, vouched)?,
            2 => blobs(section, None, |blob| keys.iter().any(|key| key.blob == blob))?,
            3 => blobs(section, Some(20), |blob| keys.iter().any(|key| key.sha1.as_ref() == blob))?,
            4 => return Err(KrlDefect::Signed),
            5 => blobs(section, Some(32), |blob| keys.iter().any(|key| key.sha256.as_ref() == blob))?,
            255 => extension(section)?,
            other => return Err(KrlDefect::Section(other)),
        };
    }
    Ok(found)
}

/// A key that the list may name.
struct Wanted<'a> {
    blob: &'a [u8],
    sha1: digest::Digest,
    sha256: digest::Digest,
}

impl<'a> Wanted<'a> {
    fn new(key: &'a Key) -> Self {
        let blob = key.blob();
        Self {
            blob,
            sha1: digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, blob),
            sha256: digest::digest(&digest::SHA256, blob),
        }
    }
}

/// Sections 3 and 4: keys or their hashes.
fn blobs(mut section: Fields<'_>, length: Option<usize>, is_wanted: impl Fn(&[u8]) -> bool) -> Result<bool, KrlDefect> {
    let mut found = false;
    while !section.is_empty() {
        let blob = section.string()?;
        if length.is_some_and(|length| length != blob.len()) {
            return Err(KrlDefect::Malformed);
        }
        found |= is_wanted(blob);
    }
    Ok(found)
}

/// Section 2: serial numbers and key IDs of one authority, or of all.
fn certificates(mut section: Fields<'_>, vouched: Option<&Vouched>) -> Result<bool, KrlDefect> {
    let authority = section.string()?;
    section.string()?;
    let of_all = authority.is_empty();
    let authority = if of_all { None } else { Some(Key::from_blob(authority)?) };
    let concerned = vouched.filter(|vouched| of_all || authority.as_ref() == Some(&vouched.authority));
    // Serial 0 is that of every certificate that was given none, and is revoked by none (krl.c, is_cert_revoked).
    let serial = concerned.map(|vouched| vouched.certificate.serial()).filter(|serial| *serial != 0);
    let mut found = false;
    while !section.is_empty() {
        let kind = section.u8()?;
        let mut part = Fields(section.string()?);
        match kind {
            0x20 => {
                while !part.is_empty() {
                    found |= Some(part.u64()?) == serial;
                }
            }
            0x21 => {
                let (low, high) = (part.u64()?, part.u64()?);
                found |= serial.is_some_and(|serial| (low..=high).contains(&serial));
            }
            0x22 => found |= bitmap(&mut part, serial)?,
            0x23 => {
                while !part.is_empty() {
                    let id = part.string()?;
                    found |= concerned.is_some_and(|vouched| vouched.certificate.key_id().as_bytes() == id);
                }
            }
            0x39 => found |= extension(Fields(std::mem::take(&mut part.0)))?,
            other => return Err(KrlDefect::CertificateSection(other)),
        }
        if !part.is_empty() {
            return Err(KrlDefect::Malformed);
        }
    }
    Ok(found)
}

/// Section 2.3: bit N stands for the serial number `offset + N`.
fn bitmap(part: &mut Fields<'_>, serial: Option<u64>) -> Result<bool, KrlDefect> {
    let (offset, bits) = (part.u64()?, part.string()?);
    if bits.first().is_some_and(|first| first & 0x80 != 0) {
        // A negative number (RFC 4251, section 5, mpint).
        return Err(KrlDefect::Malformed);
    }
    let highest = (bits.len() as u64).saturating_mul(8).saturating_sub(1);
    let leading = bits.iter().position(|byte| *byte != 0);
    let highest_set = leading.and_then(|zeros| {
        let first = bits.get(zeros)?;
        Some(highest - 8 * zeros as u64 - u64::from(first.leading_zeros()))
    });
    if highest_set.is_some_and(|highest| offset.checked_add(highest).is_none()) {
        return Err(KrlDefect::Malformed);
    }
    let Some(index) = serial.and_then(|serial| serial.checked_sub(offset)) else {
        return Ok(false);
    };
    let byte = usize::try_from(index / 8)
        .ok()
        .and_then(|from_end| bits.len().checked_sub(from_end + 1))
        .and_then(|position| bits.get(position));
    Ok(byte.is_some_and(|byte| byte >> (index % 8) & 1 == 1))
}

/// Section 5, and 2.5: none is known, so one that must be is refused and any other says nothing.
fn extension(mut section: Fields<'_>) -> Result<bool, KrlDefect> {
    section.string()?;
    let critical = section.u8()? != 0;
    section.string()?;
    match (critical, section.is_empty()) {
        (true, _) => Err(KrlDefect::Extension),
        (false, true) => Ok(false),
        (false, false) => Err(KrlDefect::Malformed),
    }
}

/// Fields of RFC 4251, section 5, read from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], KrlDefect> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(KrlDefect::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KrlDefect> {
        self.take(N)?.try_into().map_err(|_| KrlDefect::Malformed)
    }

    fn u8(&mut self) -> Result<u8, KrlDefect> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, KrlDefect> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, KrlDefect> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn string(&mut self) -> Result<&'a [u8], KrlDefect> {
        let length = usize::try_from(self.u32()?).map_err(|_| KrlDefect::Malformed)?;
        self.take(length)
    }
}
