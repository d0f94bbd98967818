//! The formats of other programs: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017, appendix A.1) and SEC1 (RFC 5915).
//!
//! RSA keys are only taken apart here: whether their numbers fit together shows when they sign.

use super::KeyFileError;
use crate::limits;
use pkcs8::der::asn1::{ObjectIdentifier, UintRef};
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair, RsaPrivateKey};
use russh::keys::ssh_key::{Mpint, public::RsaPublicKey};
use russh::keys::{PrivateKey, pkcs8 as russh_pkcs8};
use zeroize::Zeroizing;

/// rsaEncryption (RFC 8017, appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const DAMAGED: KeyFileError = KeyFileError::Damaged("the key is cut short, damaged, or of an unknown kind");

/// A PKCS#8 or SEC1 key.
pub(super) fn private(der: &[u8]) -> Result<PrivateKey, KeyFileError> {
    match PrivateKeyInfoRef::try_from(der) {
        Ok(info) if info.algorithm.oid == RSA => rsa(info.private_key.as_bytes()),
        _ => russh_pkcs8::decode_pkcs8(der, None).map_err(|_| DAMAGED),
    }
}

/// A PKCS#1 key.
pub(super) fn rsa(der: &[u8]) -> Result<PrivateKey, KeyFileError> {
    let pair = rsa_pair(der).ok_or(DAMAGED)?;
    PrivateKey::new(KeypairData::Rsa(pair), "").map_err(|_| DAMAGED)
}

/// What a PKCS#8 key was encrypted for; `None` where the passphrase is wrong.
pub(super) fn decrypt(der: &[u8], passphrase: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyFileError> {
    let unsupported = || KeyFileError::Unsupported {
        what: "its way of encryption".to_owned(),
        cure: "encrypt the key anew with ssh-keygen -p",
    };
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| unsupported())?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(unsupported());
    };
    check_cost(&parameters.kdf)?;
    match parameters.decrypt(passphrase, info.encrypted_data.as_bytes()) {
        Ok(plain) => Ok(Some(Zeroizing::new(plain))),
        Err(pkcs8::pkcs5::Error::DecryptFailed) => Ok(None),
        Err(_) => Err(unsupported()),
    }
}

fn check_cost(kdf: &Kdf) -> Result<(), KeyFileError> {
    let too_costly = match kdf {
        Kdf::Pbkdf2(pbkdf2) if pbkdf2.iteration_count > limits::PBKDF2_ROUNDS => {
            format!("{} rounds of PBKDF2", pbkdf2.iteration_count)
        }
        Kdf::Scrypt(scrypt) => {
            let block = u64::from(scrypt.block_size);
            let memory = scrypt.cost_parameter.saturating_mul(128).saturating_mul(block);
            let work = (scrypt.cost_parameter.saturating_mul(block)).saturating_mul(scrypt.parallelization.into());
            if memory <= limits::SCRYPT_MEMORY && work <= limits::SCRYPT_WORK {
                return Ok(());
            }
            format!("scrypt with {} MiB", memory >> 20)
        }
        _ => return Ok(()),
    };
    Err(KeyFileError::TooCostly(too_costly))
}

fn rsa_pair(der: &[u8]) -> Option<RsaKeypair> {
    let mut reader = SliceReader::new(der).ok()?;
    let pair = reader.sequence(|fields| {
        let _version = u8::decode(fields)?;
        let (n, e) = (number(fields)?, number(fields)?);
        let (d, p, q) = (number(fields)?, number(fields)?, number(fields)?);
        let _exponents = (number(fields)?, number(fields)?);
        Ok::<_, pkcs8::der::Error>((n, e, d, p, q, number(fields)?))
    });
    let (n, e, d, p, q, iqmp) = pair.ok()?;
    let private = RsaPrivateKey::new(d, iqmp, p, q).ok()?;
    RsaKeypair::new(RsaPublicKey::new(e, n).ok()?, private).ok()
}

fn number(fields: &mut SliceReader<'_>) -> pkcs8::der::Result<Mpint> {
    Ok(Mpint::from_positive_bytes(UintRef::decode(fields)?.as_bytes()))
}
