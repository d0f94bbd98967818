use super::agent::{self, Agent, AgentError};
use super::algorithm::{self, Hash};
use super::error::SignError;
use super::identity::SignWith;
use super::key_file::{KeyFileError, private};
use super::public_key::PublicHalf;
use super::signature::sign;
use crate::settings::AddKeys;
use crate::terminal::visible::visible;
use log::{debug, trace};
use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What every signature of a login needs.
pub(super) struct Means<'a> {
    pub(super) agent: Option<&'a mut Agent>,
    /// Who is asked for a passphrase; `None` for nobody (BatchMode).
    pub(super) asking: Option<private::Asking>,
    pub(super) add_keys: AddKeys,
    pub(super) required_rsa_size: u32,
}

/// Whether it is us who take the time: someone may be typing a passphrase.
#[derive(Debug, Default)]
pub(super) struct Busy {
    signing: AtomicBool,
    signed: AtomicBool,
}

impl Busy {
    /// Whether the time since the last call was, or may have been, ours.
    pub(super) fn excuses(&self) -> bool {
        self.signing.load(Ordering::Relaxed) || self.signed.swap(false, Ordering::Relaxed)
    }
}

/// Signs for one identity, once the server has accepted its public key. Only then a private key's file is touched.
pub(super) struct IdentitySigner<'a> {
    pub(super) means: Means<'a>,
    pub(super) with: Option<SignWith>,
    /// A private key that had to be read to know its public half.
    pub(super) loaded: Option<&'a PrivateKey>,
    /// What was offered.
    pub(super) public: &'a PublicHalf,
    pub(super) hash: Hash,
    /// The identity, as the log has it.
    pub(super) description: &'a str,
    /// The server has accepted the public key.
    pub(super) accepted: bool,
    pub(super) busy: &'a Busy,
}

impl russh::Signer for IdentitySigner<'_> {
    type Error = SignError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        debug!("Server accepts key: {}", self.description);
        self.accepted = true;
        self.busy.signing.store(true, Ordering::Relaxed);
        let signature = self.sign(&mut data).await;
        self.busy.signing.store(false, Ordering::Relaxed);
        self.busy.signed.store(true, Ordering::Relaxed);
        let signature = signature?;
        let length = u32::try_from(signature.len()).unwrap_or(u32::MAX);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&signature);
        Ok(data)
    }
}

impl IdentitySigner<'_> {
    /// The signature of `data`, which may become another form of the same request.
    async fn sign(&mut self, data: &mut Vec<u8>) -> Result<Vec<u8>, SignError> {
        if let Some(key) = self.loaded {
            return Ok(sign(key, self.hash, data)?);
        }
        match (&self.with, &mut self.means.agent) {
            (Some(SignWith::Agent(blob)), Some(agent)) => {
                let flags = match self.hash {
                    Some(HashAlg::Sha512) => agent::RSA_SHA2_512,
                    Some(HashAlg::Sha256) => agent::RSA_SHA2_256,
                    _ => 0,
                };
                let expected = algorithm::signature_name(self.public, self.hash);
                match agent.sign(blob, data, flags, &expected).await {
                    Err(AgentError::Refused { .. }) if let Some(named) = agent.names_host(data) => {
                        debug!("the agent refused; once more with the host's key in the request");
                        *data = named;
                        Ok(agent.sign(blob, data, flags, &expected).await?)
                    }
                    signed => Ok(signed?),
                }
            }
            (Some(SignWith::File(path)), _) => {
                let path = path.clone();
                let key = self.means.load(&path, Some(self.public)).await?;
                Ok(sign(&key, self.hash, data)?)
            }
            _ => Err(SignError::NoPrivateKey),
        }
    }
}

impl Means<'_> {
    /// The private key in a file, which must be that of `expected`.
    pub(super) async fn load(
        &mut self,
        path: &Path,
        expected: Option<&PublicHalf>,
    ) -> Result<PrivateKey, KeyFileError> {
        let key = private::open(path)?.unlock(path, self.asking.clone()).await?;
        if expected.is_some_and(|expected| expected.plain() != key.public_key().key_data()) {
            return Err(KeyFileError::Mismatch);
        }
        if let Some(rsa) = key.public_key().key_data().rsa()
            && rsa.key_size() < self.required_rsa_size
        {
            return Err(KeyFileError::TooShort { bits: rsa.key_size(), required: self.required_rsa_size });
        }
        self.add_to_agent(&key, path).await;
        Ok(key)
    }

    /// `AddKeysToAgent`. That it cannot be done is no reason not to log in.
    async fn add_to_agent(&mut self, key: &PrivateKey, path: &Path) {
        if self.add_keys.mode == AddKeys::NO {
            return;
        }
        let Some(agent) = &mut self.agent else {
            trace!("no authentication agent, not adding key");
            return;
        };
        let comment = match key.comment().as_str_lossy() {
            "" => path.display().to_string(),
            comment => comment.to_owned(),
        };
        if self.add_keys.mode == AddKeys::ASK {
            let question = format!("Add key {} ({}) to agent?", path.display(), visible(comment.as_bytes()));
            let asking = self.asking.clone();
            let asked =
                tokio::task::spawn_blocking(move || asking.is_some_and(|asking| asking.prompt.confirm(&question)));
            if !asked.await.unwrap_or(false) {
                trace!("user denied adding this key");
                return;
            }
        }
        match agent.add(key, &comment, self.add_keys).await {
            Ok(()) => debug!("identity added to agent: {}", path.display()),
            Err(error) => debug!("could not add identity to agent: {} ({error})", path.display()),
        }
    }
}
