//! A binary key revocation list (OpenSSH's PROTOCOL.krl, format version 1).

use ring::digest;

/// The first bytes.
pub(super) const MAGIC: &[u8] = b"SSHKRL\n\0";

/// A key or certificate that a list is asked about, as blobs (RFC 4253, section 6.6).
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The plain key.
    pub(super) key: &'a [u8],
    /// What only a certificate has.
    pub(super) certificate: Option<Certificate<'a>>,
}

/// Who signed a certificate, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'a> {
    pub(super) authority: &'a [u8],
    pub(super) serial: u64,
    pub(super) key_id: &'a str,
}

/// Why a list cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// It ends early, or a length is wrong.
    Truncated,
    /// A part that nobody here knows: it may revoke anything.
    Unknown(u8),
    /// Another format version.
    Version(u32),
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated => f.write_str("the list is damaged"),
            Self::Unknown(kind) => write!(f, "the list has a section of the unknown kind {kind}"),
            Self::Version(version) => write!(f, "the list has the unknown format version {version}"),
        }
    }
}

/// Whether `list` revokes `subject`, or the authority that signed it.
pub(super) fn revokes(list: &[u8], subject: Subject<'_>) -> Result<bool, Defect> {
    let mut rest = Bytes(list.strip_prefix(MAGIC).ok_or(Defect::Truncated)?);
    match rest.u32()? {
        1 => {}
        version => return Err(Defect::Version(version)),
    }
    // The list's own version, date and flags; reserved; a comment.
    for _ in 0..3 {
        rest.u64()?;
    }
    rest.string()?;
    rest.string()?;
    let mut revoked = false;
    while let Some(kind) = rest.next_byte() {
        let section = Bytes(rest.string()?);
        revoked |= match kind {
            1 => by_certificate(section, subject.certificate)?,
            2 => any_string(section, |key| key == subject.key || Some(key) == subject.authority())?,
            3 => by_hash(section, subject, &digest::SHA1_FOR_LEGACY_USE_ONLY)?,
            5 => by_hash(section, subject, &digest::SHA256)?,
            // Signatures come last and are not checked: the file is the user's own, as OpenSSH has it.
            4 => return Ok(revoked),
            unknown => return Err(Defect::Unknown(unknown)),
        };
    }
    Ok(revoked)
}

impl<'a> Subject<'a> {
    fn authority(&self) -> Option<&'a [u8]> {
        self.certificate.map(|certificate| certificate.authority)
    }
}

fn by_hash(section: Bytes<'_>, subject: Subject<'_>, algorithm: &'static digest::Algorithm) -> Result<bool, Defect> {
    let hash = |blob: &[u8]| digest::digest(algorithm, blob);
    let (key, authority) = (hash(subject.key), subject.authority().map(hash));
    any_string(section, |listed| {
        listed == key.as_ref() || authority.as_ref().is_some_and(|authority| listed == authority.as_ref())
    })
}

fn any_string(mut section: Bytes<'_>, wanted: impl Fn(&[u8]) -> bool) -> Result<bool, Defect> {
    let mut found = false;
    while !section.0.is_empty() {
        found |= wanted(section.string()?);
    }
    Ok(found)
}

fn by_certificate(mut section: Bytes<'_>, subject: Option<Certificate<'_>>) -> Result<bool, Defect> {
    let authority = section.string()?;
    section.string()?;
    let Some(subject) = subject.filter(|subject| authority.is_empty() || authority == subject.authority) else {
        return Ok(false);
    };
    let mut found = false;
    while let Some(kind) = section.next_byte() {
        let mut part = Bytes(section.string()?);
        found |= match kind {
            0x20 => part.any_u64(|serial| serial == subject.serial)?,
            0x21 => (part.u64()?..=part.u64()?).contains(&subject.serial),
            0x22 => part.bitmap_has(subject.serial)?,
            0x23 => any_string(part, |id| id == subject.key_id.as_bytes())?,
            unknown => return Err(Defect::Unknown(unknown)),
        };
    }
    Ok(found)
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Defect> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Defect::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn next_byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn u32(&mut self) -> Result<u32, Defect> {
        Ok(self.take(4)?.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn u64(&mut self) -> Result<u64, Defect> {
        Ok(self.take(8)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn string(&mut self) -> Result<&'a [u8], Defect> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| Defect::Truncated)?)
    }

    fn any_u64(&mut self, wanted: impl Fn(u64) -> bool) -> Result<bool, Defect> {
        let mut found = false;
        while !self.0.is_empty() {
            found |= wanted(self.u64()?);
        }
        Ok(found)
    }

    /// Bit n, counted from the last byte's lowest, stands for the serial `offset + n`.
    fn bitmap_has(&mut self, serial: u64) -> Result<bool, Defect> {
        let offset = self.u64()?;
        let bitmap = self.string()?;
        let Some(bit) = serial.checked_sub(offset) else { return Ok(false) };
        let Some(back) = usize::try_from(bit / 8).ok().and_then(|byte| byte.checked_add(1)) else { return Ok(false) };
        let byte = bitmap.len().checked_sub(back).and_then(|at| bitmap.get(at));
        Ok(byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_list_panics(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let certificate = Some(Certificate { authority: b"ca", serial: 7, key_id: "id" });
            let _ = revokes(&[MAGIC, &tail].concat(), Subject { key: b"key", certificate });
        }
    }

    #[test]
    fn a_bitmap_counts_from_its_end() {
        let part = [&5_u64.to_be_bytes()[..], &2_u32.to_be_bytes(), &[0b1, 0b10]].concat();
        let has = |serial| Bytes(&part).bitmap_has(serial).unwrap();
        assert!(has(6) && has(13) && !has(5) && !has(4) && !has(14) && !has(u64::MAX));
    }
}
