//! The check of a key that a host shows: from the key exchange to the proof.

use std::sync::Arc;

use log::{debug, error};
use russh::keys::PublicKeyOrCertificate;

use super::judge::Judge;
use super::policy::{Host, Policy};
use super::presented::Presented;
use super::subject::Subject;
use super::{HostKeyError, HostVerified, KnownHosts, certificate, revoked};
use crate::prompt::Prompt;

/// A host that proved itself.
#[derive(Debug)]
pub struct Verified {
    /// What authentication needs.
    pub proof: HostVerified,
    /// Whether a secret may be typed, and anything be forwarded: not where the key contradicts what is known and only
    /// `StrictHostKeyChecking no` let the host in.
    pub passwords_allowed: bool,
    /// Whether the host's other keys may be learned: only from a host whose key stands under its own name in the
    /// user's files, or was accepted by the user.
    pub update_allowed: bool,
    /// How it is known: `known, FILE:LINE`, `new, …`, `certificate …`, `not checked …`, `CHANGED, …`, `REVOKED, …`.
    pub how: String,
    /// The key's type in short: `ED25519`.
    pub key_type: &'static str,
    /// The key's fingerprint.
    pub fingerprint: String,
}

/// How far a host is trusted whose key was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Its key is the user's own record.
    Fully,
    /// Its key is known, but is not the user's to change.
    Known,
    /// It is let in against what is known.
    Not,
}

/// Checks the key that `host` shows, asks a person where the policy says so, and adds a new key to the user's file.
///
/// # Errors
/// The host is not to be believed. The log says why, and where what stands; the error is the last line.
pub async fn verify(
    policy: Policy,
    host: Host,
    known: Arc<KnownHosts>,
    presented: PublicKeyOrCertificate,
    prompt: Arc<dyn Prompt>,
) -> Result<Verified, HostKeyError> {
    // Files, commands and people block.
    let checking = move || check(&policy, &host, &known, presented, &*prompt);
    tokio::task::spawn_blocking(checking).await?
}

/// [`verify`], on this thread.
pub(super) fn check(
    policy: &Policy,
    host: &Host,
    known: &KnownHosts,
    shown: PublicKeyOrCertificate,
    prompt: &dyn Prompt,
) -> Result<Verified, HostKeyError> {
    let presented = Presented::new(shown, policy)?;
    let subject = Subject { policy, host, presented: &presented };
    match &presented.vouched {
        Some(vouched) => certificate::describe(policy, &presented, vouched),
        None => debug!("Server host key: {} {}", presented.name(), subject.fingerprint()),
    }
    refuse_revoked(&subject)?;
    let local = host.address.is_some_and(|address| address.is_loopback());
    if policy.no_auth_for_localhost && local && host.alias.is_none() {
        debug!("Forcing accepting of host key for loopback/localhost.");
        return Ok(accept(&subject, Trust::Known, "not checked: this machine itself".to_owned()));
    }
    Judge { subject, prompt }.judge(known)
}

/// RevokedHostKeys counts for every host, before anything that is known of this one.
fn refuse_revoked(subject: &Subject<'_>) -> Result<(), HostKeyError> {
    let Some(file) = &subject.policy.revoked else {
        return Ok(());
    };
    let (word, fingerprint) = (subject.word(), subject.fingerprint());
    match revoked::revokes(file, subject.presented) {
        Ok(false) => Ok(()),
        Ok(true) => {
            error!("Host key {word} {fingerprint} revoked by file {}", file.display());
            Err(HostKeyError::Revoked { shown: subject.shown(), by: file.display().to_string() })
        }
        Err(defect) => {
            let file = file.clone();
            error!("Error checking host key {word} {fingerprint} in revoked keys file {}: {defect}", file.display());
            Err(HostKeyError::RevocationList { file, defect })
        }
    }
}

/// Mints the proof.
pub(super) fn accept(subject: &Subject<'_>, trust: Trust, how: String) -> Verified {
    Verified {
        proof: HostVerified(()),
        passwords_allowed: trust != Trust::Not,
        update_allowed: trust == Trust::Fully,
        how,
        key_type: subject.word(),
        fingerprint: subject.fingerprint(),
    }
}
