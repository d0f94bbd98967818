//! The encryption of the old PEM files: `DEK-Info`, with a key from one round of MD5 (RFC 1421, section 4.6.1.3; OpenSSL's
//! EVP_BytesToKey). Such a file is no better protected than its passphrase is long; it is read because there are many.

use super::KeyFileError;
use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use zeroize::Zeroizing;

/// What was encrypted; `None` where the passphrase is wrong.
pub(super) fn decrypt(
    cipher: &str,
    iv: &str,
    body: &[u8],
    passphrase: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyFileError> {
    let iv = hexadecimal(iv).ok_or(KeyFileError::Damaged("its DEK-Info has a broken IV"))?;
    match cipher {
        "AES-128-CBC" => with::<Decryptor<Aes128>>(16, &iv, body, passphrase),
        "AES-192-CBC" => with::<Decryptor<Aes192>>(24, &iv, body, passphrase),
        "AES-256-CBC" => with::<Decryptor<Aes256>>(32, &iv, body, passphrase),
        "DES-EDE3-CBC" => with::<Decryptor<TdesEde3>>(24, &iv, body, passphrase),
        other => Err(KeyFileError::Unsupported {
            what: format!("the cipher {}", crate::terminal::visible::visible(other.as_bytes())),
            cure: "encrypt the key anew with ssh-keygen -p",
        }),
    }
}

fn with<D: KeyIvInit + BlockModeDecrypt>(
    key_size: usize,
    iv: &[u8],
    body: &[u8],
    passphrase: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyFileError> {
    let damaged = KeyFileError::Damaged("its DEK-Info does not fit its cipher");
    let Some(salt) = iv.get(..8) else { return Err(damaged) };
    let key = derive(passphrase, salt, key_size);
    let Ok(decryptor) = D::new_from_slices(&key, iv) else {
        return Err(damaged);
    };
    let mut plain = Zeroizing::new(body.to_vec());
    let Ok(length) = decryptor.decrypt_padded::<Pkcs7>(&mut plain).map(<[u8]>::len) else {
        return Ok(None);
    };
    plain.truncate(length);
    Ok(Some(plain))
}

fn derive(passphrase: &str, salt: &[u8], size: usize) -> Zeroizing<Vec<u8>> {
    const DIGEST: usize = 16;
    let mut key = Zeroizing::new(Vec::with_capacity(size + DIGEST));
    while key.len() < size {
        let mut context = md5::Context::new();
        context.consume(key.get(key.len().saturating_sub(DIGEST)..).unwrap_or_default());
        context.consume(passphrase);
        context.consume(salt);
        key.extend_from_slice(&context.finalize().0);
    }
    key.truncate(size);
    key
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
