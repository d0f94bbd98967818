//! What `-G` prints.

use super::context::LocalContext;
use super::tokens::{Scope, TokenError, Tokens};
use crate::settings::{CarriedLine, Settings, Template};

/// The configuration as `ssh -G` prints it: one keyword a line, and those values expanded that ssh has expanded by
/// then.
///
/// # Errors
/// Where such a value holds a token that its keyword has not, or a variable that is not set.
pub fn dump(settings: &Settings, context: &LocalContext) -> Result<String, TokenError> {
    let tokens = Tokens::new(settings, context);
    let mut text = String::with_capacity(8 << 10);
    for line in &settings.carried {
        text.push_str(line.keyword);
        for value in &line.values {
            text.push(' ');
            match scope(line, value) {
                Some(scope) => text.push_str(&tokens.expand(&Template(value.clone()), scope)?),
                None => text.push_str(value),
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn scope(line: &CarriedLine, value: &str) -> Option<Scope> {
    match line.keyword {
        "controlpath" => Some(Scope::CONTROL_PATH),
        "forwardagent" if !matches!(value, "yes" | "no") => Some(Scope::FORWARD_AGENT),
        "identityagent" => Some(Scope::IDENTITY_AGENT),
        "remotecommand" => Some(Scope::REMOTE_COMMAND),
        "userknownhostsfile" => Some(Scope::USER_KNOWN_HOSTS),
        // Only a socket's path holds a slash; a host never does.
        "localforward" | "remoteforward" | "dynamicforward" if value.contains('/') => Some(Scope::FORWARD_PATH),
        _ => None,
    }
}
