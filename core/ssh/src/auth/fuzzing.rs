//! For the fuzz targets alone (feature `fuzzing`): ways in to the parsers that are otherwise this room's own.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::agent::Agent;
use super::key_file::{private, public};
use crate::prompt::Prompt;

/// Asks the agent at this socket for its keys, and for a signature.
pub async fn agent(path: &Path) {
    let Ok(mut agent) = Agent::connect(path).await else {
        return;
    };
    let _ = agent.identities().await;
    let _ = agent.sign(b"key", b"data", 0, "ssh-ed25519").await;
}

/// Reads both halves of a key file, the private one with this passphrase where there is one.
pub async fn key_file(path: &Path, passphrase: Option<&'static str>) {
    let _ = public::load(path);
    let Ok(file) = private::open(path) else { return };
    let asking = passphrase.map(|passphrase| private::Asking { prompt: Arc::new(Knows(passphrase)), times: 1 });
    let _ = file.unlock(path, asking).await;
}

/// Has one answer.
struct Knows(&'static str);

impl Prompt for Knows {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(self.0.to_owned()))
    }

    fn line(&self, _: &str) -> Option<String> {
        None
    }

    fn show(&self, _: &str) {}
}
