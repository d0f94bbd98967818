//! Key files: private keys in OpenSSH's format, PKCS#8, PKCS#1 and SEC1, and public keys and certificates beside them.
//!
//! [`public::load`] reads what is offered to a server. It takes no passphrase and touches no secret. Only when the server
//! wants a key, [`private::open`] checks and reads its file, and [`private::PrivateFile::unlock`] asks for the passphrase
//! where there is one.
//!
//! A key file is read whole, up to a limit; what a file asks of us (memory and rounds of a key derivation, nested
//! certificates) is checked before it is done.

mod decode;
mod error;
mod legacy;
mod openssh;
mod pem;
mod pkcs;
pub(super) mod private;
pub(super) mod public;
#[cfg(test)]
mod tests;

pub use error::KeyFileError;

use crate::limits;
use std::fs::File;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// The whole of a key file.
fn read(file: &File) -> io::Result<Zeroizing<Vec<u8>>> {
    let size = file.metadata()?.len();
    if size > limits::KEY_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    // One byte more than it has now tells a file that grows from one that ends; and no growing leaves secrets behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
    file.take(limits::KEY_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > limits::KEY_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}
