//! Host certificates, as ssh-keygen signs them.

use log::Level;
use russh::keys::PublicKey;

use super::{Bench, Scripted, host, line, said, verify};
use crate::hostkey::HostKeyError;
use crate::hostkey::policy::Policy;
use crate::prompt::Nobody;
use crate::settings::StrictChecking;

struct Case {
    bench: Bench,
    ca: PublicKey,
    key: PublicKey,
}

impl Case {
    fn new(kind: &str, authority: &str) -> Self {
        let bench = Bench::new();
        let (ca, key) = (bench.key("ca", authority), bench.key("k", kind));
        Self { bench, ca, key }
    }

    fn trusted(&self) -> Policy {
        Policy {
            strict: StrictChecking::Yes,
            ..self.bench.policy("@cert-authority ".to_owned() + &line("host,*.example.org", &self.ca))
        }
    }

    /// Whether a certificate signed with these arguments is believed, and what is said at level ERROR.
    fn holds(&self, policy: &Policy, arguments: &[&str]) -> (bool, Vec<String>) {
        let certificate = self.bench.sign("k", "ca", arguments);
        let (result, log) = said(Level::Error, || verify(policy, &host("host", 22), certificate.into(), &Nobody));
        (result.is_ok(), log)
    }
}

#[test]
fn a_certificate_by_a_known_authority_is_believed() {
    for kind in ["ed25519", "ecdsa", "rsa-2048"] {
        for authority in ["ed25519", "rsa-2048", "ecdsa"] {
            let case = Case::new(kind, authority);
            let policy = case.trusted();
            let certificate = case.bench.sign("k", "ca", &["-h", "-n", "other,host"]);
            let (verified, log) =
                said(Level::Debug, || verify(&policy, &host("host", 22), certificate.into(), &Nobody));
            let verified = verified.unwrap();
            assert!(verified.passwords_allowed && !verified.update_allowed);
            assert!(verified.how.starts_with("certificate \"an id\", authority in"), "{}", verified.how);
            assert!(log.iter().any(|text| text.starts_with("Found CA key in")), "{log:?}");
            assert!(log.iter().any(|text| text.starts_with("Server host certificate: ")), "{log:?}");
        }
    }
}

#[test]
fn what_makes_a_certificate_hold() {
    let case = Case::new("ed25519", "ed25519");
    let policy = case.trusted();
    let holds = |arguments: &[&str]| case.holds(&policy, arguments);
    assert!(holds(&["-h"]).0, "no names are all names");
    assert!(holds(&["-h", "-n", "host", "-V", "-1w:+2w"]).0);
    let refused = |arguments: &[&str], reason: &str| {
        let (held, log) = holds(arguments);
        assert!(!held, "{arguments:?}");
        assert_eq!(log, [reason, "No ED25519 host key is known for host and you have requested strict checking."]);
    };
    refused(&["-n", "host"], "Certificate invalid: not a host certificate");
    refused(&["-h", "-n", "foo"], "Certificate invalid: name is not a listed principal");
    refused(&["-h", "-n", "*"], "Certificate invalid: name is not a listed principal");
    refused(&["-h", "-V", "20300101:20320101"], "Certificate invalid: not yet valid");
    refused(&["-h", "-V", "19800101:19900101"], "Certificate invalid: expired");
    refused(&["-h", "-O", "critical:new@example.org=x"], "Certificate contains unsupported critical options");
    let mut strict = policy.clone();
    strict.ca_signature = vec!["rsa-sha2-512".to_owned()];
    let (held, log) = case.holds(&strict, &["-h"]);
    assert!(!held && log[0] == "Certificate signed with disallowed algorithm", "{log:?}");
}

#[test]
fn the_alias_and_not_the_port_is_the_principal() {
    let case = Case::new("ed25519", "ed25519");
    let certificate = || case.bench.sign("k", "ca", &["-h", "-n", "host"]);
    let policy = Policy {
        strict: StrictChecking::Yes,
        ..case.bench.policy("@cert-authority ".to_owned() + &line("[host]:2222", &case.ca))
    };
    assert!(verify(&policy, &host("host", 2222), certificate().into(), &Nobody).is_ok());
    // An authority that is known for the bare name counts on every port.
    assert!(verify(&case.trusted(), &host("host", 2222), certificate().into(), &Nobody).is_ok());
    let mut aliased = host("elsewhere", 2222);
    aliased.alias = Some("Host".to_owned());
    assert!(verify(&case.trusted(), &aliased, certificate().into(), &Nobody).is_ok());
}

#[test]
fn a_wrong_signature_is_none() {
    let case = Case::new("ed25519", "ed25519");
    let certificate = case.bench.sign("k", "ca", &["-h", "-n", "host"]);
    // The same certificate for another key: its signature is over the first.
    let other = case.bench.key("other", "ed25519");
    let mut bytes = certificate.to_bytes().unwrap();
    let (old, new) = (case.key.key_data().ed25519().unwrap().0, other.key_data().ed25519().unwrap().0);
    let at = bytes.windows(32).position(|window| window == old).unwrap();
    bytes[at..at + 32].copy_from_slice(&new);
    let forged = russh::keys::Certificate::from_bytes(&bytes).unwrap();
    let (result, log) = said(Level::Error, || verify(&case.trusted(), &host("host", 22), forged.into(), &Nobody));
    assert!(result.is_err());
    assert_eq!(log[0], "Certificate invalid: wrong signature");
}

#[test]
fn without_an_authority_the_key_must_be_known_by_itself() {
    let case = Case::new("ed25519", "ed25519");
    let certificate = || case.bench.sign("k", "ca", &["-h", "-n", "host"]);
    let mut policy = Policy { strict: StrictChecking::Yes, ..case.bench.policy(line("host", &case.key)) };
    let (verified, log) = said(Level::Debug, || verify(&policy, &host("host", 22), certificate().into(), &Nobody));
    assert!(verified.unwrap().update_allowed);
    assert!(log.contains(&"No matching CA found. Retry with plain key".to_owned()));
    // Where plain keys are not permitted, that is no way out.
    policy.algorithms = vec!["ssh-ed25519-cert-v01@openssh.com".to_owned()];
    let (result, log) = said(Level::Error, || verify(&policy, &host("host", 22), certificate().into(), &Nobody));
    assert!(matches!(result, Err(HostKeyError::NotPermitted { .. })));
    assert_eq!(log, ["host key ssh-ed25519 not permitted by HostkeyAlgorithms"]);
    // A new host is asked about as a plain key, and written so.
    let mut policy = case.bench.policy("");
    policy.visual = true;
    let someone = Scripted::new(&["yes"]);
    verify(&policy, &host("host", 22), certificate().into(), &someone).unwrap();
    assert!(someone.questions()[0].contains("ED25519 key fingerprint is"));
    assert!(someone.questions()[0].contains("[ED25519 256]"));
    assert_eq!(case.bench.text("known_hosts"), line("host", &case.key));
}

#[test]
fn a_key_signed_by_itself_is_its_own_authority_and_nobody_elses() {
    let case = Case::new("ed25519", "ed25519");
    let certificate = case.bench.sign("k", "k", &["-h", "-n", "host"]);
    assert!(verify(&case.trusted(), &host("host", 22), certificate.into(), &Nobody).is_err());
}

#[test]
fn a_revoked_authority_or_key_spoils_the_certificate() {
    let case = Case::new("ed25519", "ed25519");
    for revoked in [&case.ca, &case.key] {
        let known = "@cert-authority ".to_owned() + &line("host", &case.ca) + "@revoked " + &line("*", revoked);
        let mut policy = case.bench.policy(known + &line("host", &case.key));
        policy.strict = StrictChecking::AcceptNew;
        let certificate = case.bench.sign("k", "ca", &["-h", "-n", "host"]);
        assert!(matches!(
            verify(&policy, &host("host", 22), certificate.into(), &Nobody),
            Err(HostKeyError::Revoked { .. })
        ));
    }
}

#[test]
fn an_authority_is_no_host_key() {
    let case = Case::new("ed25519", "ed25519");
    assert!(verify(&case.trusted(), &host("host", 22), case.ca.clone().into(), &Nobody).is_err());
}
