//! OpenSSH's own format (PROTOCOL.key).

use super::KeyFileError;
use crate::auth::public_key::{PublicHalf, nested_too_deep};
use crate::fields::Fields;
use crate::limits;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::{Error, Kdf};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const DAMAGED: KeyFileError = KeyFileError::Damaged("the key is cut short or damaged");

/// The public key, which stands before the secret and in clear.
pub(super) fn public(body: &[u8]) -> Option<PublicHalf> {
    let mut fields = Fields(body.strip_prefix(MAGIC)?);
    let (_cipher, _kdf, _options) = (fields.string()?, fields.string()?, fields.string()?);
    let keys = fields.uint()?;
    (keys == 1).then_some(())?;
    PublicHalf::from_blob(fields.string()?)
}

/// The private key; `None` where there is a passphrase and none was given, or a wrong one.
pub(super) fn private(body: &[u8], passphrase: Option<&str>) -> Result<Option<PrivateKey>, KeyFileError> {
    if nested_too_deep(body) {
        return Err(DAMAGED);
    }
    let key = PrivateKey::from_bytes(body).map_err(|error| explain(&error))?;
    if !key.is_encrypted() {
        return Ok(Some(key));
    }
    let Some(passphrase) = passphrase else { return Ok(None) };
    if let Kdf::Bcrypt { rounds, .. } = key.kdf()
        && *rounds > limits::BCRYPT_ROUNDS
    {
        return Err(KeyFileError::TooCostly(format!("{rounds} rounds of bcrypt")));
    }
    match key.decrypt(passphrase) {
        Ok(key) => Ok(Some(key)),
        // A wrong passphrase shows as two numbers that differ, and with an authenticated cipher as a tag that does not fit.
        Err(Error::Crypto) => Ok(None),
        Err(error) => Err(explain(&error)),
    }
}

fn explain(error: &Error) -> KeyFileError {
    match error {
        Error::AlgorithmUnknown | Error::AlgorithmUnsupported { .. } => KeyFileError::Unsupported {
            what: "its kind of key or cipher".to_owned(),
            cure: "add it to an agent with ssh-add, or make a new key with ssh-keygen",
        },
        Error::PublicKey => KeyFileError::Damaged("its public and private halves differ"),
        _ => DAMAGED,
    }
}
