use super::pem::Armor;
use super::{KeyFileError, legacy, openssh, pkcs};
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::KeypairData;

/// The private key in an armour; `None` where there is a passphrase and none was given, or a wrong one.
pub(super) fn decode(armor: &Armor, passphrase: Option<&str>) -> Result<Option<PrivateKey>, KeyFileError> {
    let key = match armor.label.as_str() {
        "OPENSSH PRIVATE KEY" => openssh::private(&armor.body, passphrase)?,
        "RSA PRIVATE KEY" => old(armor, passphrase, pkcs::rsa)?,
        "EC PRIVATE KEY" => old(armor, passphrase, pkcs::private)?,
        "PRIVATE KEY" => Some(pkcs::private(&armor.body)?),
        "ENCRYPTED PRIVATE KEY" => match passphrase {
            Some(passphrase) => match pkcs::decrypt(&armor.body, passphrase)? {
                // Padding that is right by chance.
                Some(plain) => pkcs::private(&plain).ok(),
                None => None,
            },
            None => None,
        },
        "DSA PRIVATE KEY" => return Err(dsa()),
        label if label.ends_with("PRIVATE KEY") => {
            return Err(KeyFileError::Unsupported {
                what: format!("the format {}", crate::terminal::visible::visible(label.as_bytes())),
                cure: "convert the key with ssh-keygen -i, or make a new one",
            });
        }
        _ => return Err(KeyFileError::NoKey),
    };
    key.map(usable).transpose()
}

/// A key in one of the old files, encrypted or not.
fn old(
    armor: &Armor,
    passphrase: Option<&str>,
    read: fn(&[u8]) -> Result<PrivateKey, KeyFileError>,
) -> Result<Option<PrivateKey>, KeyFileError> {
    let Some((cipher, iv)) = &armor.cipher else {
        return read(&armor.body).map(Some);
    };
    let Some(passphrase) = passphrase else { return Ok(None) };
    let plain = legacy::decrypt(cipher, iv, &armor.body, passphrase)?;
    // One wrong passphrase in 256 leaves padding that is right by chance.
    Ok(plain.and_then(|plain| read(&plain).ok()))
}

fn usable(key: PrivateKey) -> Result<PrivateKey, KeyFileError> {
    match key.key_data() {
        KeypairData::Ed25519(_) | KeypairData::Ecdsa(_) | KeypairData::Rsa(_) => Ok(key),
        KeypairData::SkEd25519(_) | KeypairData::SkEcdsaSha2NistP256(_) => Err(KeyFileError::SecurityKey),
        KeypairData::Dsa(_) => Err(dsa()),
        _ => Err(KeyFileError::Unsupported {
            what: format!("a key of type {}", crate::terminal::visible::visible(key.algorithm().as_str().as_bytes())),
            cure: "make a new one with ssh-keygen",
        }),
    }
}

fn dsa() -> KeyFileError {
    KeyFileError::Unsupported { what: "DSA".to_owned(), cure: "make a new key with ssh-keygen" }
}
