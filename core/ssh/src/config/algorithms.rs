//! The one table of algorithms: what xssh has (russh with ring and rsa; no DES, no DSA), in our order of preference,
//! what of it is offered unasked, and which names OpenSSH has beyond that. `+ - ^` and patterns work on it, and `-Q`
//! prints it.

use log::{debug, error};

use super::pattern::{self, Verdict};

/// What a list of names is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Ciphers`.
    Cipher,
    /// `MACs`.
    Mac,
    /// `KexAlgorithms`.
    Kex,
    /// `HostKeyAlgorithms`, `PubkeyAcceptedAlgorithms`: keys, certificates, and the hashes they sign with.
    Key,
    /// `CASignatureAlgorithms`: what may sign a certificate.
    CaSignature,
}

/// What a name is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Offered unless the user says otherwise.
    Offered,
    /// Offered where the user names it: weak, or of use to few.
    OnRequest,
    /// OpenSSH has it and we have not: dropped from lists in silence.
    Missing,
}
use Standing::{Missing, Offered, OnRequest};

/// What a row of the key table names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Certificate,
    /// A way to sign with a plain key of another name.
    Signature,
    /// A way to sign with a certificate of another name.
    CertificateSignature,
}
use Form::{Certificate, CertificateSignature, Plain, Signature};

/// GCM first: with AES in hardware it costs half of what chacha20 does, and it needs no MAC.
const CIPHERS: &[(&str, Standing)] = &[
    ("aes128-gcm@openssh.com", Offered),
    ("aes256-gcm@openssh.com", Offered),
    ("chacha20-poly1305@openssh.com", Offered),
    ("aes128-ctr", Offered),
    ("aes192-ctr", Offered),
    ("aes256-ctr", Offered),
    ("aes128-cbc", OnRequest),
    ("aes192-cbc", OnRequest),
    ("aes256-cbc", OnRequest),
    ("3des-cbc", Missing),
];

const MACS: &[(&str, Standing)] = &[
    ("hmac-sha2-256-etm@openssh.com", Offered),
    ("hmac-sha2-512-etm@openssh.com", Offered),
    ("hmac-sha2-256", Offered),
    ("hmac-sha2-512", Offered),
    ("hmac-sha1-etm@openssh.com", Offered),
    ("hmac-sha1", Offered),
    ("umac-64-etm@openssh.com", Missing),
    ("umac-128-etm@openssh.com", Missing),
    ("umac-64@openssh.com", Missing),
    ("umac-128@openssh.com", Missing),
    ("hmac-sha1-96", Missing),
    ("hmac-sha1-96-etm@openssh.com", Missing),
    ("hmac-md5", Missing),
    ("hmac-md5-96", Missing),
    ("hmac-md5-etm@openssh.com", Missing),
    ("hmac-md5-96-etm@openssh.com", Missing),
];

const KEXES: &[(&str, Standing)] = &[
    ("mlkem768x25519-sha256", Offered),
    ("curve25519-sha256", Offered),
    ("curve25519-sha256@libssh.org", Offered),
    ("ecdh-sha2-nistp256", Offered),
    ("ecdh-sha2-nistp384", Offered),
    ("ecdh-sha2-nistp521", Offered),
    ("diffie-hellman-group-exchange-sha256", Offered),
    ("diffie-hellman-group16-sha512", Offered),
    ("diffie-hellman-group18-sha512", Offered),
    ("diffie-hellman-group14-sha256", Offered),
    ("diffie-hellman-group15-sha512", OnRequest),
    ("diffie-hellman-group17-sha512", OnRequest),
    ("diffie-hellman-group14-sha1", OnRequest),
    ("diffie-hellman-group-exchange-sha1", OnRequest),
    ("diffie-hellman-group1-sha1", OnRequest),
    ("sntrup761x25519-sha512", Missing),
    ("sntrup761x25519-sha512@openssh.com", Missing),
    ("mlkem768nistp256-sha256", Missing),
];

const KEYS: &[(&str, Standing, Form)] = &[
    ("ssh-ed25519-cert-v01@openssh.com", Offered, Certificate),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", Offered, Certificate),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", Offered, Certificate),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", Offered, Certificate),
    ("sk-ssh-ed25519-cert-v01@openssh.com", Offered, Certificate),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", Offered, Certificate),
    ("rsa-sha2-512-cert-v01@openssh.com", Offered, CertificateSignature),
    ("rsa-sha2-256-cert-v01@openssh.com", Offered, CertificateSignature),
    ("ssh-ed25519", Offered, Plain),
    ("ecdsa-sha2-nistp256", Offered, Plain),
    ("ecdsa-sha2-nistp384", Offered, Plain),
    ("ecdsa-sha2-nistp521", Offered, Plain),
    ("sk-ssh-ed25519@openssh.com", Offered, Plain),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Offered, Plain),
    ("rsa-sha2-512", Offered, Signature),
    ("rsa-sha2-256", Offered, Signature),
    ("ssh-rsa-cert-v01@openssh.com", OnRequest, Certificate),
    ("ssh-rsa", OnRequest, Plain),
    ("ssh-dss", Missing, Plain),
    ("ssh-dss-cert-v01@openssh.com", Missing, Certificate),
    ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", Missing, Signature),
    ("webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", Missing, CertificateSignature),
    ("ssh-mldsa44-ed25519@openssh.com", Missing, Plain),
    ("ssh-mldsa44-ed25519-cert-v01@openssh.com", Missing, Certificate),
    ("ssh-xmss@openssh.com", Missing, Plain),
    ("ssh-xmss-cert-v01@openssh.com", Missing, Certificate),
];

/// What is wrong with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFault {
    /// It names something that nobody knows, or no name at all.
    Unknown,
    /// Nothing is left that xssh has.
    Empty,
}

fn rows(kind: Kind) -> Vec<(&'static str, Standing)> {
    match kind {
        Kind::Cipher => CIPHERS.to_vec(),
        Kind::Mac => MACS.to_vec(),
        Kind::Kex => KEXES.to_vec(),
        Kind::Key => KEYS.iter().map(|(name, standing, _)| (*name, *standing)).collect(),
        Kind::CaSignature => KEYS
            .iter()
            .filter(|(_, _, form)| matches!(form, Plain | Signature))
            .map(|(name, standing, _)| (*name, *standing))
            .collect(),
    }
}

/// What is offered where the user says nothing, best first.
#[must_use]
pub fn defaults(kind: Kind) -> Vec<&'static str> {
    rows(kind).into_iter().filter(|(_, standing)| *standing == Offered).map(|(name, _)| name).collect()
}

/// Everything xssh has, best first.
#[must_use]
pub fn available(kind: Kind) -> Vec<&'static str> {
    rows(kind).into_iter().filter(|(_, standing)| *standing != Missing).map(|(name, _)| name).collect()
}

/// Applies a list as a configuration writes it: plain names, or `+`, `-`, `^` and patterns that change the default.
/// Names that OpenSSH has and xssh has not are left out with a line in the log.
///
/// # Errors
/// Where a name is unknown, or nothing is left.
pub fn assemble(kind: Kind, list: &str) -> Result<Vec<String>, ListFault> {
    check(kind, list)?;
    let defaults = defaults(kind);
    let (sign, names) = match list.as_bytes().first() {
        Some(b'+' | b'-' | b'^') => list.split_at(1),
        _ => ("", list),
    };
    let chosen = || {
        let available = available(kind);
        names
            .split(',')
            .flat_map(move |pattern| available.clone().into_iter().filter(move |name| pattern::matches(name, pattern)))
    };
    let assembled: Vec<&str> = match sign {
        "-" => defaults.into_iter().filter(|name| pattern::list(name, names) != Verdict::Matches).collect(),
        "+" => defaults.into_iter().chain(chosen()).collect(),
        "^" => chosen().chain(defaults).collect(),
        _ => chosen().collect(),
    };
    let mut unique: Vec<String> = Vec::with_capacity(assembled.len());
    for name in assembled {
        if !unique.iter().any(|known| known == name) {
            unique.push(name.to_owned());
        }
    }
    if unique.is_empty() { Err(ListFault::Empty) } else { Ok(unique) }
}

/// Checks that somebody knows each name of a list; what is taken away with `-` need not exist.
///
/// # Errors
/// Where a name is unknown, negated, or missing.
pub fn check(kind: Kind, list: &str) -> Result<(), ListFault> {
    if list.starts_with('-') {
        return Ok(());
    }
    let names = list.strip_prefix(['+', '^']).unwrap_or(list);
    if names.is_empty() {
        return Err(ListFault::Unknown);
    }
    let rows = rows(kind);
    for name in names.split(',').take_while(|name| !name.is_empty()) {
        if let Some((_, standing)) = rows.iter().find(|(known, _)| *known == name) {
            if *standing == Missing {
                debug!("{name} is not an algorithm that xssh has; left out");
            }
            continue;
        }
        let is_pattern = matches!(kind, Kind::Key | Kind::CaSignature)
            && rows.iter().any(|(known, _)| pattern::matches(known, name));
        if !is_pattern {
            if kind == Kind::Kex {
                error!("Unsupported KEX algorithm \"{name}\"");
            }
            return Err(ListFault::Unknown);
        }
    }
    Ok(())
}

/// The answers to `-Q`, in the words of ssh(1). None for a question nobody knows.
#[must_use]
pub fn query(question: &str) -> Option<Vec<&'static str>> {
    let keys = |wanted: &[Form]| {
        KEYS.iter()
            .filter(|(_, standing, form)| *standing != Missing && wanted.contains(form))
            .map(|(name, _, _)| *name)
            .collect()
    };
    Some(match question {
        "cipher" => available(Kind::Cipher),
        "cipher-auth" => authenticated_ciphers(),
        "mac" => available(Kind::Mac),
        "kex" => available(Kind::Kex),
        "key" => keys(&[Plain, Certificate]),
        "key-cert" => keys(&[Certificate]),
        "key-plain" => keys(&[Plain]),
        "key-sig" => available(Kind::Key),
        "sig" | "key-ca-sign" => available(Kind::CaSignature),
        "compression" => vec!["none", "zlib@openssh.com"],
        "protocol-version" => vec!["2"],
        "help" => QUESTIONS.to_vec(),
        keyword => return query_keyword(&keyword.to_ascii_lowercase()),
    })
}

/// Questions that are the name of a keyword, in any case.
fn query_keyword(keyword: &str) -> Option<Vec<&'static str>> {
    Some(match keyword {
        "ciphers" => available(Kind::Cipher),
        "macs" => available(Kind::Mac),
        "kexalgorithms" => available(Kind::Kex),
        "casignaturealgorithms" => available(Kind::CaSignature),
        "pubkeyacceptedkeytypes"
        | "pubkeyacceptedalgorithms"
        | "hostkeyalgorithms"
        | "hostbasedkeytypes"
        | "hostbasedacceptedkeytypes"
        | "hostbasedacceptedalgorithms" => available(Kind::Key),
        _ => return None,
    })
}

fn authenticated_ciphers() -> Vec<&'static str> {
    let authenticates = |name: &&str| name.contains("-gcm@") || name.contains("-poly1305@");
    available(Kind::Cipher).into_iter().filter(authenticates).collect()
}

const QUESTIONS: &[&str] = &[
    "cipher",
    "cipher-auth",
    "compression",
    "kex",
    "key",
    "key-ca-sign",
    "key-cert",
    "key-plain",
    "key-sig",
    "mac",
    "protocol-version",
    "sig",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(kind: Kind, list: &str) -> String {
        assemble(kind, list).map_or_else(|fault| format!("{fault:?}"), |names| names.join(","))
    }

    #[test]
    fn russh_has_all_that_the_table_says_and_the_table_all_that_russh_has() {
        for name in available(Kind::Cipher) {
            assert!(russh::cipher::Name::try_from(name).is_ok(), "{name}");
        }
        for name in available(Kind::Mac) {
            assert!(russh::mac::Name::try_from(name).is_ok(), "{name}");
        }
        for name in available(Kind::Kex) {
            assert!(russh::kex::Name::try_from(name).is_ok(), "{name}");
        }
        for name in russh::kex::ALL_KEX_ALGORITHMS.iter().map(|name| name.as_ref()).filter(|name| *name != "none") {
            assert!(available(Kind::Kex).contains(&name), "{name}");
        }
    }

    #[test]
    fn weak_ones_wait_to_be_asked_for() {
        for kind in [Kind::Cipher, Kind::Mac, Kind::Kex, Kind::Key, Kind::CaSignature] {
            for name in defaults(kind) {
                assert!(
                    !name.contains("cbc") && !name.starts_with("ssh-rsa") && !name.ends_with("group1-sha1"),
                    "{name}"
                );
            }
        }
        assert!(joined(Kind::Key, "+ssh-rsa").ends_with("rsa-sha2-256,ssh-rsa"));
        assert!(joined(Kind::Cipher, "+aes*cbc").ends_with("Unknown"));
        assert!(joined(Kind::Cipher, "+aes256-cbc").ends_with("aes256-ctr,aes256-cbc"));
    }

    #[test]
    fn plain_lists_keep_their_order_and_drop_what_we_have_not() {
        assert_eq!(joined(Kind::Cipher, "aes256-ctr,3des-cbc,aes128-ctr"), "aes256-ctr,aes128-ctr");
        assert_eq!(joined(Kind::Cipher, "3des-cbc"), "Empty");
        assert_eq!(joined(Kind::Cipher, "aes256-ctr,rot13"), "Unknown");
        assert_eq!(joined(Kind::Mac, "umac-64@openssh.com,hmac-sha2-256"), "hmac-sha2-256");
        assert_eq!(joined(Kind::Cipher, "aes128-ctr,aes128-ctr"), "aes128-ctr");
    }

    #[test]
    fn signs_change_the_default() {
        assert!(joined(Kind::Kex, "^ecdh-sha2-nistp521").starts_with("ecdh-sha2-nistp521,mlkem768x25519-sha256,"));
        assert_eq!(joined(Kind::Cipher, "-aes*,nothing"), "chacha20-poly1305@openssh.com");
        assert_eq!(joined(Kind::Cipher, "-*"), "Empty");
        assert_eq!(joined(Kind::Key, "ssh-ed*"), "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519");
        assert_eq!(joined(Kind::Key, "!ssh-ed25519"), "Unknown");
        assert_eq!(joined(Kind::Key, "+"), "Unknown");
    }

    #[test]
    fn questions_are_answered() {
        assert_eq!(query("key-cert").unwrap().len(), 7);
        assert!(query("sig").unwrap().contains(&"rsa-sha2-512"));
        assert!(!query("key-plain").unwrap().contains(&"rsa-sha2-512"));
        assert_eq!(query("cipher-auth").unwrap().len(), 3);
        assert_eq!(query("KexAlgorithms"), query("kex"));
        assert_eq!(query("nothing"), None);
    }
}
