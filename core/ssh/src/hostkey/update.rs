//! UpdateHostKeys: learning a known host's other keys, once it has proved that it holds them, and forgetting those that
//! it no longer has (OpenSSH, PROTOCOL, section 2.5).

use std::sync::Arc;

use log::{debug, info, trace, warn};
use russh::keys::PublicKey;

use super::key::{Key, RSA_MINIMUM, is_permitted};
use super::policy::{Host, Policy};
use super::survey::{Identity, Survey};
use super::{HostKeyError, Verified, append, rewrite};
use crate::limits;
use crate::prompt::Prompt;
use crate::settings::UpdateHostKeys;

/// What became of an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Nothing was to be done, or nothing may be done; the log says which.
    Unchanged,
    /// The person did not want it.
    Declined,
    /// The user's files were rewritten.
    Changed {
        /// Keys that are known now.
        learned: usize,
        /// Keys that are forgotten.
        forgotten: usize,
    },
}

/// Makes the keys that the host announced the keys that the user's files have of it. The host must prove each new one
/// through `prove`: a future that is true if it did (`hostkeys-prove-00@openssh.com`).
///
/// Nothing is changed where the host's key is not the user's own record of it (a pattern, an authority, a global file,
/// a command), and where a name or address would lose or gain a key that it shares with another.
///
/// # Errors
/// The announcement or the proof is not honest, or a file cannot be rewritten: it is as it was then. The session can go
/// on.
pub async fn update<P, F>(
    policy: &Policy,
    host: &Host,
    verified: &Verified,
    announced: Vec<PublicKey>,
    prompt: Arc<dyn Prompt>,
    prove: P,
) -> Result<Update, HostKeyError>
where
    P: FnOnce(Vec<PublicKey>) -> F,
    F: Future<Output = bool>,
{
    if policy.update == UpdateHostKeys::No || !verified.update_allowed || policy.user_files.is_empty() {
        return Ok(Update::Unchanged);
    }
    let announced = acceptable(policy, &announced)?;
    if announced.is_empty() {
        debug!("server sent no hostkeys");
        return Ok(Update::Unchanged);
    }
    let identity =
        Identity { name: host.known_as(), address: host.address_to_check().filter(|_| policy.check_host_ip) };
    let (surveyed, for_whom, keys) = (policy.clone(), identity.clone(), announced.clone());
    let surveying = move || Survey::new(&surveyed, &for_whom, &keys);
    let survey = tokio::task::spawn_blocking(surveying).await??;
    if !survey.is_to_be_done() {
        return Ok(Update::Unchanged);
    }
    let new: Vec<Key> =
        announced.iter().zip(survey.is_new()).filter(|(_, new)| *new).map(|(key, _)| key.clone()).collect();
    if !new.is_empty() {
        trace!("asking server to prove ownership for {} keys", new.len());
        if !prove(new.iter().map(Key::to_public).collect()).await {
            return Err(HostKeyError::NotProven);
        }
    }
    let change = Change { policy: policy.clone(), identity, announced, new, deprecated: survey.deprecated };
    tokio::task::spawn_blocking(move || change.carry_out(&*prompt)).await?
}

/// The announced keys that may be learned: plain, permitted, of sufficient size, none twice.
fn acceptable(policy: &Policy, announced: &[PublicKey]) -> Result<Vec<Key>, HostKeyError> {
    if announced.len() > limits::ANNOUNCED_KEYS {
        return Err(HostKeyError::Announcement("there are too many"));
    }
    let mut keys: Vec<Key> = Vec::with_capacity(announced.len());
    for public in announced {
        let key = match Key::new(public.key_data()) {
            Ok(key) => key,
            Err(defect) => {
                trace!("announced {} key is skipped: {defect}", public.algorithm());
                continue;
            }
        };
        if !is_permitted(&key, &policy.algorithms) {
            trace!("{} key not permitted by HostkeyAlgorithms", key.name());
            continue;
        }
        if key.is_rsa() && key.bits() < policy.required_rsa_size.max(RSA_MINIMUM) {
            trace!("announced RSA key of {} bits is skipped", key.bits());
            continue;
        }
        if keys.contains(&key) {
            return Err(HostKeyError::Announcement("one of them is there twice"));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// A change whose new keys are proven.
struct Change {
    policy: Policy,
    identity: Identity,
    announced: Vec<Key>,
    new: Vec<Key>,
    deprecated: Vec<Key>,
}

impl Change {
    fn carry_out(self, prompt: &dyn Prompt) -> Result<Update, HostKeyError> {
        let asking = self.policy.update == UpdateHostKeys::Ask;
        let mut story = self.story();
        if asking {
            story.insert(0, "The server has updated its host keys.".to_owned());
            story.insert(1, "These changes were verified by the server's existing trusted key.".to_owned());
        }
        for line in story {
            if asking {
                warn!("{line}");
            } else {
                info!("{line}");
            }
        }
        if asking && !is_wanted(prompt) {
            return Ok(Update::Declined);
        }
        // Keys are written to the first file alone; from the others the host's keys go.
        let mut files = self.policy.user_files.iter();
        if let Some(first) = files.next() {
            append::make_sure_of(&self.policy, first)?;
            rewrite::replace(&self.policy, first, &self.identity, &self.announced)?;
        }
        for file in files {
            rewrite::replace(&self.policy, file, &self.identity, &[])?;
        }
        Ok(Update::Changed { learned: self.new.len(), forgotten: self.deprecated.len() })
    }

    fn story(&self) -> Vec<String> {
        let tell = |what: &str, key: &Key| {
            let fingerprint = key.fingerprint(self.policy.fingerprint_hash);
            format!("{what} hostkey: {} {fingerprint}", key.word())
        };
        let learned = self.new.iter().map(|key| tell("Learned new", key));
        let forgotten = self.deprecated.iter().map(|key| tell("Deprecating obsolete", key));
        learned.chain(forgotten).collect()
    }
}

fn is_wanted(prompt: &dyn Prompt) -> bool {
    // Three times, as OpenSSH asks.
    for _ in 0..3 {
        match prompt.line("Accept updated hostkeys? (yes/no): ") {
            Some(answer) if answer.trim().eq_ignore_ascii_case("yes") => return true,
            Some(answer) if !answer.trim().eq_ignore_ascii_case("no") => warn!("Please enter \"yes\" or \"no\""),
            _ => return false,
        }
    }
    false
}
