//! UpdateHostKeys, beside whatever the session does.

use std::sync::Arc;

use log::{debug, error};
use tokio::time::timeout;

use super::Session;
use super::carrier::Carrier;
use crate::hostkey::{self, Host, Policy, Verified};
use crate::limits::KEY_PROOF;
use crate::prompt::Prompt;

/// What learning a host's other keys needs.
pub(super) struct Learning {
    pub(super) policy: Policy,
    pub(super) host: Host,
    pub(super) verified: Verified,
    pub(super) prompt: Arc<dyn Prompt>,
}

impl Session {
    /// Whether anything may be forwarded: not where the host was let in although it is not the one known. What a master passes on is
    /// the master's to refuse.
    pub fn may_forward(&self) -> bool {
        self.is_passed_on() || self.learning.as_ref().is_some_and(|learning| learning.verified.passwords_allowed)
    }

    /// Learns the keys that the host announced, if the settings want that and the host proves them within
    /// [`KEY_PROOF`]. Call it once the session's work is done: the announcement has come by then, and where there is
    /// nothing new to learn it costs no time.
    pub async fn learn_host_keys(&self) {
        let (Some(learning), Carrier::Own(handle)) = (&self.learning, &self.carrier) else { return };
        let announced = self.board.announced();
        let prove = |keys| async {
            match timeout(KEY_PROOF, handle.hostkeys_prove(keys)).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    debug!("the host proves its other keys not: {error}");
                    false
                }
                Err(_) => false,
            }
        };
        let Learning { policy, host, verified, prompt } = learning;
        if let Err(reason) = hostkey::update(policy, host, verified, announced, prompt.clone(), prove).await {
            error!("{reason}");
        }
    }
}
