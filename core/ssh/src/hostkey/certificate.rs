//! A host's certificate (OpenSSH, PROTOCOL.certkeys): who signed it, for whom, and until when.

use std::time::{SystemTime, UNIX_EPOCH};

use log::{debug, trace};
use russh::keys::ssh_key::HashAlg;
use russh::keys::ssh_key::certificate::CertType;

use super::known_hosts::Record;
use super::line::Marker;
use super::policy::{Host, Policy};
use super::presented::{Presented, Vouched};
use crate::terminal::visible::visible;

/// The `@cert-authority` line for the key that signed the certificate. Without one the key inside has to be known by
/// itself.
pub(super) fn authority<'a>(records: &'a [Record], vouched: &Vouched) -> Option<&'a Record> {
    let mut authorities = records.iter().filter(|record| record.marker == Marker::Authority);
    authorities.find(|record| *record.key() == vouched.authority)
}

/// Whether a certificate whose signer is trusted for this host holds; if not, why (sshkey.c, sshkey_cert_check_host).
pub(super) fn check(policy: &Policy, host: &Host, vouched: &Vouched) -> Result<(), &'static str> {
    check_at(now(), policy, host, vouched)
}

fn check_at(now: u64, policy: &Policy, host: &Host, vouched: &Vouched) -> Result<(), &'static str> {
    let certificate = &vouched.certificate;
    if certificate.cert_type() != CertType::Host {
        return Err("Certificate invalid: not a host certificate");
    }
    if now < certificate.valid_after() {
        return Err("Certificate invalid: not yet valid");
    }
    if now >= certificate.valid_before() {
        return Err("Certificate invalid: expired");
    }
    let (names, wanted) = (certificate.valid_principals(), host.principal());
    if !names.is_empty() && !names.contains(&wanted) {
        return Err("Certificate invalid: name is not a listed principal");
    }
    if !certificate.critical_options().is_empty() {
        return Err("Certificate contains unsupported critical options");
    }
    let algorithm = certificate.signature().algorithm();
    if !policy.ca_signature.iter().any(|allowed| allowed == algorithm.as_str()) {
        return Err("Certificate signed with disallowed algorithm");
    }
    let signer = certificate.signature_key().fingerprint(HashAlg::Sha256);
    certificate.validate_at(now, [&signer]).map_err(|_| "Certificate invalid: wrong signature")
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Tells of the certificate in the log.
pub(super) fn describe(policy: &Policy, presented: &Presented, vouched: &Vouched) {
    let certificate = &vouched.certificate;
    debug!(
        "Server host certificate: {} {}, serial {} ID \"{}\" CA {} {}",
        certificate.algorithm().to_certificate_type(),
        presented.key.fingerprint(policy.fingerprint_hash),
        certificate.serial(),
        visible(certificate.key_id().as_bytes()),
        vouched.authority.name(),
        vouched.authority.fingerprint(policy.fingerprint_hash),
    );
    for name in certificate.valid_principals() {
        trace!("Server host certificate hostname: {}", visible(name.as_bytes()));
    }
}
