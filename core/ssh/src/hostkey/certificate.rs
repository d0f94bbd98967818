//! A host's certificate (PROTOCOL.certkeys): who signed it, for whom, and until when.

use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Certificate, PublicKey};

use super::known_hosts::Known;
use super::line::Marker;
use super::policy::{Host, Policy};
use super::{HostKeyError, KnownHosts};
use crate::terminal::visible::visible;

/// The `@cert-authority` line that vouches for this certificate's signer; `None` where there is none, and the key inside
/// has to be known by itself.
pub(super) fn authority<'a>(known: &'a KnownHosts, certificate: &Certificate) -> Option<&'a Known> {
    known.with(Marker::Authority).find(|known| known.key.key_data() == certificate.signature_key())
}

/// Checks a certificate whose signer is trusted for this host.
pub(super) fn check(policy: &Policy, host: &Host, certificate: &Certificate) -> Result<(), HostKeyError> {
    let refuse = |reason: String| Err(HostKeyError::Certificate { host: host.known_as(), reason });
    if certificate.cert_type() != CertType::Host {
        return refuse("Certificate invalid: not a host certificate".to_owned());
    }
    if let Some(name) = certificate.critical_options().keys().next() {
        return refuse(format!("Certificate has the unknown critical option {}", visible(name.as_bytes())));
    }
    let algorithm = certificate.signature().algorithm().to_string();
    if !policy.ca_signature.contains(&algorithm) {
        return refuse(format!("Certificate signed with disallowed algorithm {algorithm}"));
    }
    if certificate.verify_signature().is_err() {
        return refuse("its signature is wrong".to_owned());
    }
    match validity(certificate, now()) {
        Some(reason) => return refuse(reason.to_owned()),
        None if !names_host(certificate, host) => {}
        None => return Ok(()),
    }
    let listed: Vec<String> = certificate.valid_principals().iter().map(|name| visible(name.as_bytes())).collect();
    refuse(format!("Certificate invalid: name is not a listed principal (it is for {})", listed.join(", ")))
}

fn validity(certificate: &Certificate, now: u64) -> Option<&'static str> {
    if now < certificate.valid_after() {
        Some("Certificate invalid: not yet valid")
    } else if now >= certificate.valid_before() {
        Some("Certificate invalid: expired")
    } else {
        None
    }
}

/// Principals are patterns here, as in OpenSSH's sshkey_cert_check_host; a certificate that names none is for all.
fn names_host(certificate: &Certificate, host: &Host) -> bool {
    let name = host.alias.as_ref().unwrap_or(&host.name).to_lowercase();
    let principals = certificate.valid_principals();
    principals.is_empty()
        || principals.iter().any(|principal| super::line::matches(principal.as_bytes(), name.as_bytes()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The signer as a key.
pub(super) fn signer(certificate: &Certificate) -> PublicKey {
    PublicKey::new(certificate.signature_key().clone(), "")
}
