//! The public half of an identity file.

use super::{openssh, pem, read};
use crate::auth::public_key::PublicHalf;
use log::error;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The public key or certificate that belongs to `path`: the file itself where it is public, the file with `.pub` behind
/// its name, or what an OpenSSH private key tells of itself (authfile.c, sshkey_load_public).
pub(in crate::auth) fn load(path: &Path) -> Option<PublicHalf> {
    let text = read_file(path);
    if let Some(key) = text.as_ref().and_then(|text| from_lines(text)) {
        return Some(key);
    }
    if let Some(key) = read_file(&suffixed(path, ".pub")).and_then(|text| from_lines(&text)) {
        return Some(key);
    }
    let armor = pem::parse(&text?)?;
    (armor.label == "OPENSSH PRIVATE KEY").then(|| openssh::public(&armor.body)).flatten()
}

/// `path` with `suffix` behind it.
pub(in crate::auth) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn read_file(path: &Path) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    match File::open(path).and_then(|file| read(&file)) {
        Ok(text) => Some(text),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                error!("load pubkey \"{}\": {error}", path.display());
            }
            None
        }
    }
}

/// The first key of a file that holds public keys.
fn from_lines(text: &[u8]) -> Option<PublicHalf> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .take_while(|line| !line.starts_with(b"-----BEGIN"))
        .filter(|line| !line.starts_with(b"#"))
        .find_map(|line| PublicHalf::from_line(std::str::from_utf8(line).ok()?))
}
