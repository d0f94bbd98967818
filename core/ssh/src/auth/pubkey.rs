//! The `publickey` method (RFC 4252, section 7).

use super::AuthError;
use super::agent::AgentError;
use super::algorithm::{self, Hash, ServerRsa};
use super::error::SignError;
use super::identity::Identity;
use super::methods::name;
use super::negotiation::{Answer, Negotiation, patient};
use super::public_key::PublicHalf;
use super::signer::{Busy, IdentitySigner};
use crate::settings::Method;
use log::{debug, error, warn};
use russh::client::{AuthResult, Handler};
use russh::keys::PrivateKey;

impl<H: Handler> Negotiation<'_, H> {
    /// Offers keys until the server has answered to one.
    pub(super) async fn public_key(&mut self) -> Result<Answer, AuthError> {
        while let Some(mut identity) = self.queue.next(&mut self.tried) {
            let mut loaded = None;
            if identity.public.is_some() {
                debug!("Offering public key: {}", identity.describe(self.request.fingerprint_hash));
            } else {
                debug!("Trying private key: {}", identity.name);
                match self.load(&identity).await {
                    Some((key, public)) => {
                        loaded = Some(key);
                        identity.public = Some(public);
                    }
                    None => continue,
                }
            }
            let answer = self.offer(&identity, loaded.as_ref()).await?;
            if !matches!(answer, Answer::Nothing) {
                return Ok(answer);
            }
        }
        Ok(Answer::Nothing)
    }

    /// Reads a private key whose public half nothing else tells.
    async fn load(&mut self, identity: &Identity) -> Option<(PrivateKey, PublicHalf)> {
        let path = identity.file.clone()?;
        let mut means = Negotiation::<H>::means(self.agent.as_mut(), self.request, &self.prompt);
        match means.load(&path, None).await {
            Ok(key) => {
                let public = PublicHalf::from_data(key.public_key().key_data().clone())?;
                Some((key, public))
            }
            Err(error) => {
                self.tried.unusable(identity, self.request.fingerprint_hash, &error);
                None
            }
        }
    }

    async fn offer(&mut self, identity: &Identity, loaded: Option<&PrivateKey>) -> Result<Answer, AuthError> {
        let hash = self.request.fingerprint_hash;
        let Some(public) = &identity.public else {
            return Ok(Answer::Nothing);
        };
        let server = if public.is_rsa() { self.server_rsa().await } else { ServerRsa::Unknown };
        let Some(algorithm) = algorithm::choose(public, self.request.pubkey_accepted, server) else {
            debug!("no mutual signature algorithm");
            self.tried.unused(identity, hash, "PubkeyAcceptedAlgorithms has no algorithm for it");
            return Ok(Answer::Nothing);
        };
        let sha1 = algorithm::allows_sha1(public, self.request.pubkey_accepted);
        let (result, accepted) = self.ask(identity, public, loaded, algorithm).await?;
        let result = match result {
            // An old agent that only knows SHA-1.
            Err(SignError::Agent(error @ AgentError::SignatureType { .. })) if sha1 && algorithm.is_some() => {
                warn!("{error}");
                self.ask(identity, public, loaded, None).await?.0
            }
            other => other,
        };
        match result {
            Ok(AuthResult::Success) => Ok(Answer::Success),
            Ok(failure) => {
                let partial = matches!(failure, AuthResult::Failure { partial_success: true, .. });
                let answer = self.answer(failure)?;
                if !partial {
                    let how = if accepted { "its signature was refused" } else { "refused" };
                    self.tried.refused(identity, hash, how);
                    let old = !matches!(server, ServerRsa::Sha2(_)) && public.is_rsa();
                    self.tried.needs_sha1 |= old && !sha1 && !accepted;
                }
                Ok(answer)
            }
            Err(SignError::Gone(_)) => Err(self.closed()),
            Err(error) => {
                self.cannot_sign(identity, error);
                Ok(Answer::Nothing)
            }
        }
    }

    /// Offers the key and, where the server takes it, signs. Also says whether the server took it.
    async fn ask(
        &mut self,
        identity: &Identity,
        public: &PublicHalf,
        loaded: Option<&PrivateKey>,
        hash: Hash,
    ) -> Result<(Result<AuthResult, SignError>, bool), AuthError> {
        let busy = Busy::default();
        self.key = Some(identity.summary(self.request.fingerprint_hash));
        let with = self.queue.signer_of(identity, &mut self.tried);
        let mut signer = IdentitySigner {
            means: Negotiation::<H>::means(self.agent.as_mut(), self.request, &self.prompt),
            with,
            loaded,
            public,
            hash,
            description: &identity.describe(self.request.fingerprint_hash),
            accepted: false,
            busy: &busy,
        };
        let user = self.request.user;
        let method = name(Method::PublicKey);
        let result = match public.certificate() {
            Some(certificate) => {
                let request = self.handle.authenticate_certificate_with(user, certificate.clone(), hash, &mut signer);
                patient(request, method, self.request.patience, Some(&busy)).await?
            }
            None => {
                let request = self.handle.authenticate_publickey_with(user, public.to_public_key(), hash, &mut signer);
                patient(request, method, self.request.patience, Some(&busy)).await?
            }
        };
        Ok((result, signer.accepted))
    }

    fn cannot_sign(&mut self, identity: &Identity, error: SignError) {
        let hash = self.request.fingerprint_hash;
        match &error {
            SignError::File(error) => self.tried.unusable(identity, hash, error),
            _ => {
                let kind = identity.public.as_ref().map_or(String::new(), PublicHalf::label);
                let agent = if identity.in_agent { " from agent" } else { "" };
                error!("signing failed for {kind} \"{}\"{agent}: {error}", identity.name);
                self.tried.unused(identity, hash, &error.to_string());
            }
        }
    }
}
