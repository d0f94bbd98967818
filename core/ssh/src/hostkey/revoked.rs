//! RevokedHostKeys: a file of keys that no host may use.

use std::fs;
use std::path::Path;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKey};

use super::HostKeyError;
use super::krl::{self, Subject};
use crate::limits;

/// Whether `file` revokes the key, its certificate, or the authority that signed it: public keys, one a line, or a
/// binary list.
///
/// # Errors
/// The file cannot be read or understood, or is larger than [`limits::FILE`]: no host is believed then, since nobody can
/// say that its key is not revoked.
pub(super) fn lists(file: &Path, key: &PublicKey, certificate: Option<&Certificate>) -> Result<bool, HostKeyError> {
    let refuse = |reason: String| HostKeyError::RevokedFile { file: file.to_owned(), reason };
    let length = fs::metadata(file).map_err(|error| refuse(error.to_string()))?.len();
    if length > limits::FILE {
        return Err(refuse(format!("it is larger than {} bytes", limits::FILE)));
    }
    let text = fs::read(file).map_err(|error| refuse(error.to_string()))?;
    if text.starts_with(krl::MAGIC) {
        return in_krl(&text, key, certificate).map_err(refuse);
    }
    let listed = text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut listed = listed.filter_map(|line| listed_key(line.trim()));
    let authority = certificate.map(Certificate::signature_key);
    Ok(listed.any(|revoked| revoked == *key.key_data() || Some(&revoked) == authority))
}

/// The key of a line, or the key inside the certificate of a line.
fn listed_key(line: &str) -> Option<KeyData> {
    match Certificate::from_openssh(line) {
        Ok(certificate) => Some(certificate.public_key().clone()),
        Err(_) => PublicKey::from_openssh(line).ok().map(|key| key.key_data().clone()),
    }
}

fn in_krl(list: &[u8], key: &PublicKey, certificate: Option<&Certificate>) -> Result<bool, String> {
    let blob = |key: &PublicKey| key.to_bytes().map_err(|error| error.to_string());
    let key = blob(key)?;
    let authority = certificate.map(|certificate| blob(&super::certificate::signer(certificate))).transpose()?;
    let details = certificate.zip(authority.as_deref()).map(|(certificate, authority)| krl::Certificate {
        authority,
        serial: certificate.serial(),
        key_id: certificate.key_id(),
    });
    krl::revokes(list, Subject { key: &key, certificate: details }).map_err(|defect| defect.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn keygen(arguments: &[&str], folder: &Path) {
        let status = Command::new("ssh-keygen").args(arguments).current_dir(folder).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn lists_of_ssh_keygen_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for key in ["ca", "host", "other"] {
            keygen(&["-q", "-t", "ed25519", "-N", "", "-f", key], folder);
        }
        keygen(&["-q", "-h", "-s", "ca", "-z", "7", "-I", "the-host", "-n", "h", "host.pub"], folder);
        std::fs::write(folder.join("serials"), "serial: 5-9\n").unwrap();
        std::fs::write(folder.join("ids"), "id: the-host\n").unwrap();
        std::fs::write(
            folder.join("hashes"),
            format!("sha256: {}", fs::read_to_string(folder.join("host.pub")).unwrap()),
        )
        .unwrap();
        let key = PublicKey::from_openssh(&fs::read_to_string(folder.join("host.pub")).unwrap()).unwrap();
        let certificate = fs::read_to_string(folder.join("host-cert.pub")).unwrap();
        let certificate = Certificate::from_openssh(&certificate).unwrap();
        for (specification, revoked) in [
            (&["host.pub"][..], true),
            (&["host-cert.pub"], true),
            (&["other.pub"], false),
            (&["ca.pub"], true),
            (&["hashes"], true),
            (&["-s", "ca.pub", "serials"], true),
            (&["-s", "ca.pub", "ids"], true),
            (&["-s", "other.pub", "serials"], false),
        ] {
            keygen(&[&["-q", "-k", "-f", "list"], specification].concat(), folder);
            assert_eq!(lists(&folder.join("list"), &key, Some(&certificate)).unwrap(), revoked, "{specification:?}");
        }
        let plain = ["host-cert.pub", "ca.pub", "host.pub"];
        for file in plain {
            assert!(lists(&folder.join(file), &key, Some(&certificate)).unwrap(), "{file}");
        }
        std::fs::write(folder.join("list"), [krl::MAGIC, &[0; 3]].concat()).unwrap();
        assert!(lists(&folder.join("list"), &key, None).is_err());
    }
}
