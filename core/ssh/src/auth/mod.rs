//! Authentication: who we are, proven to a host that has proven itself.
//!
//! One call, [`authenticate`], once, after the key exchange and the check of the host's key. It tries what the settings
//! allow in the order that they give: keys (certificates, the agent's, those in files), then what a person is asked. It
//! ends with an [`AuthReport`], or with an [`AuthError`] that tells what was tried, what the server offers and what to do.
//!
//! Nothing here may run before the host is verified: [`authenticate`] takes the proof, which only the check makes. A
//! private key's file is read only when the server wants that key. Secrets are never logged, and die with their use. No
//! bytes of a server, an agent or a file may panic, hang or take memory without bound.
//!
//! ```
//! use russh::client::{Handle, Handler};
//! use std::sync::Arc;
//! use xssh_ssh::auth::{AuthError, AuthReport, AuthRequest, authenticate};
//! use xssh_ssh::hostkey::HostVerified;
//! use xssh_ssh::prompt::Nobody;
//!
//! async fn log_in<H: Handler>(
//!     handle: &mut Handle<H>,
//!     proof: &HostVerified,
//!     request: &AuthRequest<'_>,
//! ) -> Result<AuthReport, AuthError> {
//!     authenticate(handle, proof, request, Arc::new(Nobody)).await
//! }
//! ```
//!
//! Without the proof the same does not compile, and nobody else can make one:
//!
//! ```compile_fail
//! use russh::client::{Handle, Handler};
//! use std::sync::Arc;
//! use xssh_ssh::auth::{AuthError, AuthReport, AuthRequest, authenticate};
//! use xssh_ssh::hostkey::HostVerified;
//! use xssh_ssh::prompt::Nobody;
//!
//! async fn log_in<H: Handler>(handle: &mut Handle<H>, request: &AuthRequest<'_>) -> Result<AuthReport, AuthError> {
//!     authenticate(handle, &HostVerified(()), request, Arc::new(Nobody)).await
//! }
//! ```

mod advice;
pub(crate) mod agent;
mod algorithm;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hostbound;
mod identity;
mod interactive;
mod key_file;
mod methods;
mod negotiation;
mod password;
mod pubkey;
mod public_key;
mod queue;
mod request;
mod signature;
mod signer;
#[cfg(test)]
mod tests;
mod tried;

pub use agent::AgentError;
pub use error::{AuthError, Denied};
pub use key_file::KeyFileError;
pub use request::AuthRequest;

use crate::hostkey::HostVerified;
use crate::prompt::Prompt;
use russh::client::{Handle, Handler};
use std::sync::Arc;

/// How we got in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthReport {
    /// The method that did it, by its name on the wire.
    pub method: &'static str,
    /// The key, where one was used: `ED25519 SHA256:… from PATH`.
    pub key: Option<String>,
    /// The methods that the server took before and that did not suffice, in order.
    pub partial: Vec<&'static str>,
}

/// Logs in.
///
/// # Errors
/// [`AuthError`]: refused, the connection was closed, or there was no answer.
pub async fn authenticate<H: Handler>(
    handle: &mut Handle<H>,
    _proof: &HostVerified,
    request: &AuthRequest<'_>,
    prompt: Arc<dyn Prompt>,
) -> Result<AuthReport, AuthError> {
    let negotiation = negotiation::Negotiation::new(handle, request, prompt).await?;
    negotiation.run().await
}
