//! From the settings' names to what russh offers.

use std::borrow::Cow;

use russh::keys::ssh_key::{Algorithm, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};

use crate::hostkey::split_certificates;
use crate::settings::Settings;

/// The lists for one connection. `host_key` is the settings' list in the order that the known hosts gave it.
pub(super) fn preferred(settings: &Settings, host_key: &[String]) -> Preferred {
    let mut key_exchanges: Vec<kex::Name> = names(&settings.algorithms.kex);
    key_exchanges.push(kex::EXTENSION_SUPPORT_AS_CLIENT);
    key_exchanges.push(kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT);
    let (certificates, keys) = split_certificates(host_key);
    Preferred {
        kex: Cow::Owned(key_exchanges),
        key: Cow::Owned(keys.iter().filter_map(|name| algorithm(name)).collect()),
        host_key_certificates: Cow::Owned(certificates.iter().filter_map(|name| certificate(name)).collect()),
        cipher: Cow::Owned(names::<cipher::Name>(&settings.algorithms.ciphers)),
        mac: Cow::Owned(names::<mac::Name>(&settings.algorithms.macs)),
        compression: Cow::Borrowed(if settings.connection.compression { COMPRESSED } else { PLAIN }),
    }
}

/// As OpenSSH: compression only after authentication where the server knows that, and none rather than no connection.
const COMPRESSED: &[compression::Name] = &[compression::ZLIB_LEGACY, compression::ZLIB, compression::NONE];
const PLAIN: &[compression::Name] = &[compression::NONE, compression::ZLIB_LEGACY, compression::ZLIB];

fn names<'a, N: TryFrom<&'a str>>(list: &'a [String]) -> Vec<N> {
    list.iter().filter_map(|name| N::try_from(name.as_str()).ok()).collect()
}

fn algorithm(name: &str) -> Option<Algorithm> {
    Algorithm::new(name).ok().filter(|found| !matches!(found, Algorithm::Other(_)))
}

/// The plain algorithm under a certificate's name; russh derives the name again.
fn certificate(name: &str) -> Option<Algorithm> {
    match name {
        "rsa-sha2-512-cert-v01@openssh.com" => Some(Algorithm::Rsa { hash: Some(HashAlg::Sha512) }),
        "rsa-sha2-256-cert-v01@openssh.com" => Some(Algorithm::Rsa { hash: Some(HashAlg::Sha256) }),
        _ => Algorithm::new_certificate(name).ok(),
    }
}
