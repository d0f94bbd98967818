//! RevokedHostKeys: a file of keys that no host may use.

use std::fs;
use std::path::Path;

use russh::keys::PublicKey;

use super::HostKeyError;
use crate::limits;

/// The first bytes of a binary key revocation list (PROTOCOL.krl).
const KRL_MAGIC: &[u8] = b"SSHKRL\n\0";

/// Whether `file` lists one of `keys`: public keys, one a line.
///
/// # Errors
/// The file cannot be read, is larger than [`limits::FILE`], or is a binary list, which is not read here: no host is
/// believed then, since nobody can say that its key is not revoked.
pub(super) fn lists(file: &Path, keys: &[&PublicKey]) -> Result<bool, HostKeyError> {
    let refuse = |reason: String| HostKeyError::RevokedFile { file: file.to_owned(), reason };
    let length = fs::metadata(file).map_err(|error| refuse(error.to_string()))?.len();
    if length > limits::FILE {
        return Err(refuse(format!("it is larger than {} bytes", limits::FILE)));
    }
    let text = fs::read(file).map_err(|error| refuse(error.to_string()))?;
    if text.starts_with(KRL_MAGIC) {
        return Err(refuse(
            "a binary key revocation list (KRL) is not read here; list the keys as text, one a line".to_owned(),
        ));
    }
    let listed = text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut listed = listed.filter_map(|line| PublicKey::from_openssh(line.trim()).ok());
    Ok(listed.any(|revoked| keys.iter().any(|key| key.key_data() == revoked.key_data())))
}
