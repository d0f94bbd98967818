//! The judgement of a key that a host presents.

use std::sync::Arc;

use log::{debug, warn};
use russh::keys::{PublicKey, PublicKeyOrCertificate};

use super::fingerprint::rsa_bits;
use super::known_hosts::{Known, key_request};
use super::line::Marker;
use super::policy::{Host, Policy};
use super::{HostKeyError, HostVerified, KnownHosts, certificate, fingerprint, key_type, question, randomart, record};
use super::{line::Named, revoked};
use crate::prompt::Prompt;
use crate::settings::StrictChecking;

/// A host that proved itself.
#[derive(Debug)]
pub struct Verified {
    /// What authentication needs.
    pub proof: HostVerified,
    /// Whether a secret may be typed: not where the key contradicts what is known and the user said that he does not
    /// care.
    pub passwords_allowed: bool,
    /// Whether the host's other keys may be learned: only from a host whose key stands under its own name in the
    /// user's files.
    pub update_allowed: bool,
    /// How it is known: `known, FILE:LINE`, `new`, `certificate …`, `not checked`.
    pub how: String,
    /// The key's short type.
    pub key_type: &'static str,
    /// The key's fingerprint.
    pub fingerprint: String,
}

/// Judges the key that `host` presents, asking a person where the policy says so, and adding a new key to the user's
/// file.
///
/// # Errors
/// The host is not to be believed; the message says why, where it stands, and ends with OpenSSH's words.
pub async fn verify(
    policy: Policy,
    host: Host,
    known: Arc<KnownHosts>,
    presented: PublicKeyOrCertificate,
    prompt: Arc<dyn Prompt>,
) -> Result<Verified, HostKeyError> {
    let key = presented.public_key();
    debug!("Server host key: {} {}", key.algorithm(), fingerprint(&key, policy.fingerprint_hash));
    check_key(&policy, &key)?;
    let request = || key_request("HOSTNAME", &host.known_as(), &key, &policy);
    let known = known.with_command(&policy, request)?;
    let judge = Judge { policy: &policy, host: &host, known: known.as_ref(), key: &key };
    if let Some(verified) = judge.at_home() {
        return Ok(verified);
    }
    judge.refuse_revoked(presented.certificate())?;
    if let Some(certificate) = presented.certificate()
        && let Some(authority) = certificate::authority(&known, certificate)
    {
        certificate::check(&policy, &host, certificate)?;
        debug!("Host '{}' is known and matches the {}-CERT host certificate.", host.known_as(), key_type(&key));
        debug!("Found CA key in {}", authority.place);
        let how = format!("certificate \"{}\", authority {}", certificate.key_id(), authority.place);
        return Ok(judge.accept(how, true, false));
    }
    judge.plain(prompt).await
}

fn check_key(policy: &Policy, key: &PublicKey) -> Result<(), HostKeyError> {
    match rsa_bits(key) {
        Some(bits) if bits < policy.required_rsa_size => {
            Err(HostKeyError::Weak { bits, required: policy.required_rsa_size })
        }
        _ => Ok(()),
    }
}

struct Judge<'a> {
    policy: &'a Policy,
    host: &'a Host,
    known: &'a KnownHosts,
    key: &'a PublicKey,
}

impl Judge<'_> {
    fn accept(&self, how: String, passwords_allowed: bool, update_allowed: bool) -> Verified {
        if self.policy.visual {
            warn!("Host key fingerprint is {}\n{}", self.fingerprint(), randomart::draw(self.key).trim_end());
        }
        Verified {
            proof: HostVerified(()),
            passwords_allowed,
            update_allowed,
            how,
            key_type: key_type(self.key),
            fingerprint: self.fingerprint(),
        }
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.key, self.policy.fingerprint_hash)
    }

    /// NoHostAuthenticationForLocalhost.
    fn at_home(&self) -> Option<Verified> {
        let home = self.policy.no_auth_for_localhost
            && self.host.alias.is_none()
            && self.host.address.is_some_and(|address| address.is_loopback());
        home.then(|| {
            debug!("Forcing accepting of host key for loopback/localhost.");
            self.accept("not checked".to_owned(), true, false)
        })
    }

    fn refuse_revoked(&self, certificate: Option<&russh::keys::Certificate>) -> Result<(), HostKeyError> {
        let signer = certificate.map(certificate::signer);
        let mut keys = vec![self.key];
        keys.extend(signer.as_ref());
        let marked = self
            .known
            .with(Marker::Revoked)
            .find(|known| keys.iter().any(|key| key.key_data() == known.key.key_data()));
        let place = match (marked, &self.policy.revoked) {
            (Some(known), _) => known.place.to_string(),
            (None, Some(file)) if revoked::lists(file, self.key, certificate)? => file.display().to_string(),
            _ => return Ok(()),
        };
        let (short, name, print) = (key_type(self.key), self.host.known_as(), self.fingerprint());
        let warning = framed("WARNING: REVOKED HOST KEY DETECTED!");
        let warning = format!(
            "{warning}The {short} host key for {name} is marked as revoked.\n\
             This could mean that a stolen key is being used to impersonate this host.\n\
             The key is {print}; it is revoked in {place}.\n{short} host key for {name} was revoked and you have \
             requested strict checking.\n"
        );
        Err(HostKeyError::Revoked { warning })
    }

    async fn plain(&self, prompt: Arc<dyn Prompt>) -> Result<Verified, HostKeyError> {
        let candidates = || self.known.with(Marker::Plain);
        if let Some(same) = candidates().find(|known| known.key.key_data() == self.key.key_data()) {
            return Ok(self.known_key(same));
        }
        let same_type = candidates().find(|known| known.key.algorithm() == self.key.algorithm());
        match same_type {
            Some(other) => self.changed(other),
            None => self.unknown(candidates().next(), prompt).await,
        }
    }

    fn known_key(&self, same: &Known) -> Verified {
        let (name, short) = (self.host.known_as(), key_type(self.key));
        debug!("Host '{name}' is known and matches the {short} host key.");
        debug!("Found key in {}", same.place);
        self.check_address();
        let ours = same.place.user && same.named == Named::Exactly;
        self.accept(format!("known, {}", same.place), true, ours)
    }

    /// CheckHostIP: the address should have the same key; where it has none yet, it is added.
    fn check_address(&self) {
        if !self.policy.check_host_ip || self.host.address_known_as().is_none() {
            return;
        }
        let Some(address) = self.host.address else { return };
        let plain = || self.known.by_address.iter().filter(|known| known.marker == Marker::Plain);
        if plain().any(|known| known.key.key_data() == self.key.key_data()) {
            return;
        }
        let (name, short) = (self.host.known_as(), key_type(self.key));
        match plain().find(|known| known.key.algorithm() == self.key.algorithm()) {
            Some(other) => warn!(
                "Warning: the {short} host key for '{name}' differs from the key for the IP address '{address}'\n\
                 Offending key for IP in {}",
                other.place
            ),
            None => {
                let by_address = Host { name: address.to_string(), address: None, ..self.host.clone() };
                record::add(self.policy, &by_address, self.key);
            }
        }
    }

    fn changed(&self, other: &Known) -> Result<Verified, HostKeyError> {
        let (short, name) = (key_type(self.key), self.host.known_as());
        let known = fingerprint(&other.key, self.policy.fingerprint_hash);
        let warning = framed("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!");
        let warning = format!(
            "{warning}IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n\
             Someone could be eavesdropping on you right now (man-in-the-middle attack)!\n\
             It is also possible that a host key has just been changed.\n\
             The fingerprint for the {short} key sent by the remote host is\n{}.\n\
             The fingerprint of the key that is known is\n{known}.\n\
             Offending {short} key in {}\n\
             If the change is right, remove the old key with:\n  ssh-keygen -f \"{}\" -R \"{name}\"\n",
            self.fingerprint(),
            other.place,
            other.place.source.display(),
        );
        if self.policy.strict != StrictChecking::No {
            let warning = format!("{warning}Host key for {name} has changed and you have requested strict checking.\n");
            return Err(HostKeyError::Changed { warning });
        }
        warn!(
            "{warning}Password authentication is disabled to avoid man-in-the-middle attacks.\n\
             Keyboard-interactive authentication is disabled to avoid man-in-the-middle attacks."
        );
        Ok(self.accept("CHANGED, accepted by StrictHostKeyChecking no".to_owned(), false, false))
    }

    async fn unknown(&self, other_type: Option<&Known>, prompt: Arc<dyn Prompt>) -> Result<Verified, HostKeyError> {
        let context = other_type.map_or("", |_| ",\nbut keys of different type are already known for this host");
        let asked = self.policy.strict == StrictChecking::Ask;
        let believed = match self.policy.strict {
            StrictChecking::Yes => {
                return Err(HostKeyError::Unknown {
                    host: self.host.known_as(),
                    key_type: key_type(self.key).to_owned(),
                    fingerprint: self.fingerprint(),
                });
            }
            StrictChecking::Ask => question::ask(self.policy, self.host, self.key, context, prompt).await,
            StrictChecking::No | StrictChecking::AcceptNew => true,
        };
        if !believed {
            return Err(HostKeyError::Declined);
        }
        record::add(self.policy, self.host, self.key);
        // Only what a person has looked at may vouch for further keys (sshconnect.c, hostkey_trusted).
        Ok(self.accept("new".to_owned(), true, asked))
    }
}

fn framed(title: &str) -> String {
    let line = "@".repeat(59);
    format!("{line}\n@ {title:^55} @\n{line}\n")
}
