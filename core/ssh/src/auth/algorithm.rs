//! With which signature algorithm a key is offered.

use super::public_key::PublicHalf;
use russh::keys::HashAlg;

/// What the server said of RSA in `server-sig-algs` (RFC 8308, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerRsa {
    /// It sent no list, or one without RSA.
    Unknown,
    /// Its list has `ssh-rsa` and no `rsa-sha2-*`. OpenSSH 7.4 says so too, and takes the others all the same.
    Sha1,
    /// Its list has `rsa-sha2-512`, or this at most.
    Sha2(HashAlg),
}

/// The signature of an RSA key: SHA-1 (`ssh-rsa`) where there is no hash.
pub(super) type Hash = Option<HashAlg>;

/// Whether `PubkeyAcceptedAlgorithms` has any algorithm for this key.
pub(super) fn is_allowed(key: &PublicHalf, accepted: &[String]) -> bool {
    names(key).iter().any(|(name, _)| accepted.contains(name))
}

/// Whether SHA-1 is allowed for this key.
pub(super) fn allows_sha1(key: &PublicHalf, accepted: &[String]) -> bool {
    key.is_rsa() && accepted.contains(&key.name())
}

/// The algorithm to offer this key with; `None` where `PubkeyAcceptedAlgorithms` has none for it.
///
/// Where the server told nothing, OpenSSH falls back to SHA-1 or gives up. Here SHA-1 is used only where it is asked for;
/// else SHA-2 is tried, which such servers often take: that costs one refused offer, against a login that fails.
pub(super) fn choose(key: &PublicHalf, accepted: &[String], server: ServerRsa) -> Option<Hash> {
    if !key.is_rsa() {
        return is_allowed(key, accepted).then_some(None);
    }
    let known = names(key);
    // In the order of PubkeyAcceptedAlgorithms.
    let mut wanted =
        accepted.iter().filter_map(|name| known.iter().find(|(known, _)| known == name)).map(|(_, hash)| *hash);
    match server {
        ServerRsa::Unknown | ServerRsa::Sha1 if allows_sha1(key, accepted) => Some(None),
        ServerRsa::Unknown | ServerRsa::Sha1 | ServerRsa::Sha2(HashAlg::Sha512) => {
            let sha2 = wanted.clone().find(Option::is_some);
            sha2.or_else(|| wanted.next())
        }
        ServerRsa::Sha2(best) => {
            let exact = wanted.clone().find(|hash| *hash == Some(best));
            exact.or_else(|| wanted.next())
        }
    }
}

/// The name of a signature made with a key of this kind: that of its key where it is a certificate.
pub(super) fn signature_name(key: &PublicHalf, hash: Hash) -> String {
    match hash {
        Some(HashAlg::Sha512) if key.is_rsa() => "rsa-sha2-512".to_owned(),
        Some(HashAlg::Sha256) if key.is_rsa() => "rsa-sha2-256".to_owned(),
        _ => key.plain().algorithm().as_str().to_owned(),
    }
}

/// Each algorithm that a key may be offered with.
fn names(key: &PublicHalf) -> Vec<(String, Hash)> {
    let mut names = vec![(key.name(), None)];
    if key.is_rsa() {
        let suffix = if key.certificate().is_some() { "-cert-v01@openssh.com" } else { "" };
        names.push((format!("rsa-sha2-512{suffix}"), Some(HashAlg::Sha512)));
        names.push((format!("rsa-sha2-256{suffix}"), Some(HashAlg::Sha256)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{HashAlg, ServerRsa, choose, is_allowed};
    use crate::auth::public_key::PublicHalf;

    const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAIQDAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e0w==";
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const SHA512: Option<HashAlg> = Some(HashAlg::Sha512);
    const SHA256: Option<HashAlg> = Some(HashAlg::Sha256);

    fn key(line: &str) -> PublicHalf {
        PublicHalf::from_line(line).unwrap()
    }

    fn accepted(list: &str) -> Vec<String> {
        list.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn other_keys_have_one_algorithm() {
        let ed25519 = key(ED25519);
        assert_eq!(choose(&ed25519, &accepted("ssh-ed25519"), ServerRsa::Unknown), Some(None));
        assert_eq!(choose(&ed25519, &accepted("ssh-rsa"), ServerRsa::Unknown), None);
        assert!(!is_allowed(&ed25519, &accepted("ssh-ed25519-cert-v01@openssh.com")));
    }

    #[test]
    fn rsa_goes_by_the_servers_list_and_ours() {
        let both = "rsa-sha2-512,rsa-sha2-256";
        for (list, server, expected) in [
            (both, ServerRsa::Sha2(HashAlg::Sha512), Some(SHA512)),
            (both, ServerRsa::Sha2(HashAlg::Sha256), Some(SHA256)),
            ("rsa-sha2-256,rsa-sha2-512", ServerRsa::Sha2(HashAlg::Sha512), Some(SHA256)),
            ("ssh-rsa,rsa-sha2-256", ServerRsa::Sha2(HashAlg::Sha512), Some(SHA256)),
            ("ssh-rsa", ServerRsa::Sha2(HashAlg::Sha512), Some(None)),
            ("ssh-ed25519", ServerRsa::Sha2(HashAlg::Sha512), None),
        ] {
            assert_eq!(choose(&key(RSA), &accepted(list), server), expected, "{list} {server:?}");
        }
    }

    #[test]
    fn sha1_is_used_only_where_it_is_asked_for() {
        for server in [ServerRsa::Unknown, ServerRsa::Sha1] {
            let without = accepted("rsa-sha2-512,rsa-sha2-256");
            assert_eq!(choose(&key(RSA), &without, server), Some(SHA512));
            let with = accepted("rsa-sha2-512,rsa-sha2-256,ssh-rsa");
            assert_eq!(choose(&key(RSA), &with, server), Some(None));
        }
    }
}
