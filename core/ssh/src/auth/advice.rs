//! What to do about a login that failed.

use super::methods::Offered;
use super::request::AuthRequest;
use super::tried::Tried;
use crate::settings::Method;

/// The server's default for MaxAuthTries.
pub(super) const MAX_AUTH_TRIES: usize = 6;

/// After a refusal, a line each.
pub(super) fn of_denied(tried: &Tried, offered: &Offered, request: &AuthRequest<'_>) -> Vec<String> {
    let mut advice = Vec::new();
    let mut say = |words: &str| advice.push(words.to_owned());
    let user = request.user;
    let wants_key = offered.has(Method::PublicKey);
    let wants_person = offered.has(Method::Password) || offered.has(Method::KeyboardInteractive);
    if tried.needs_sha1 {
        say("the server may only know RSA with SHA-1: if so, -o PubkeyAcceptedAlgorithms=+ssh-rsa allows it");
    }
    if wants_key && !request.settings.methods.contains(&Method::PublicKey) {
        say("allow keys: PubkeyAuthentication, PreferredAuthentications");
    } else if wants_key && tried.needs_passphrase {
        say("unlock the key first: ssh-add");
    } else if wants_key && tried.keys_refused == 0 {
        say("have a key: name one with -i, add one to an agent with ssh-add, or make one with ssh-keygen");
    } else if wants_key {
        say(&format!("add the public key to ~/.ssh/authorized_keys of {user} on the host, or name another with -i"));
    }
    if wants_person && request.settings.batch {
        say("the server would ask a person: -o BatchMode=no allows that");
    }
    if !wants_key && !wants_person {
        say("the server offers nothing that xssh does (publickey, keyboard-interactive, password)");
    }
    advice
}

/// After a connection that was closed.
pub(super) fn of_closed(tried: &mut Tried, request: &AuthRequest<'_>) {
    if tried.keys_refused + 1 >= MAX_AUTH_TRIES && tried.agent_keys_refused > 0 && !request.settings.identities_only {
        tried.note(
            "the agent has more keys than the server has patience: name one with -i, and set IdentitiesOnly".into(),
        );
    }
}
