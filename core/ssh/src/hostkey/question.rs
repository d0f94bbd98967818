//! The question about a host that is not known yet.

use std::sync::Arc;

use russh::keys::PublicKey;

use super::known_hosts::other_names;
use super::policy::{Host, Policy};
use super::{fingerprint, key_type, randomart};
use crate::prompt::Prompt;
use crate::settings::FingerprintHash;

/// How many names the question lists.
const NAMES_SHOWN: usize = 8;

/// Asks whether to go on with an unknown key. `false` where the person says no, or nobody can be asked.
pub(super) async fn ask(policy: &Policy, host: &Host, key: &PublicKey, context: &str, prompt: Arc<dyn Prompt>) -> bool {
    let text = text(policy, host, key, context);
    let expected = fingerprint(key, FingerprintHash::Sha256);
    let asking = tokio::task::spawn_blocking(move || converse(&*prompt, &text, &expected));
    asking.await.unwrap_or(false)
}

fn converse(prompt: &dyn Prompt, text: &str, expected: &str) -> bool {
    let mut question = format!("{text}Are you sure you want to continue connecting (yes/no/[fingerprint])? ");
    while let Some(answer) = prompt.line(&question) {
        match answer.trim() {
            "yes" => return true,
            "" | "no" => return false,
            other if other.strip_prefix("SHA256:").or(Some(other)) == expected.strip_prefix("SHA256:") => return true,
            other if other.eq_ignore_ascii_case("yes") => return true,
            _ => "Please type 'yes', 'no' or the fingerprint: ".clone_into(&mut question),
        }
    }
    false
}

fn text(policy: &Policy, host: &Host, key: &PublicKey, context: &str) -> String {
    let mut text = format!("The authenticity of host '{}' can't be established{context}.\n", shown(host));
    let short = key_type(key);
    text.push_str(&format!("{short} key fingerprint is {}.\n", fingerprint(key, policy.fingerprint_hash)));
    if policy.visual {
        text.push_str(&randomart::draw(key));
    }
    let names = other_names(policy, key.key_data());
    if names.is_empty() {
        text.push_str("This key is not known by any other names.\n");
        return text;
    }
    text.push_str("This host key is known by the following other names/addresses:\n");
    for name in names.iter().take(NAMES_SHOWN) {
        text.push_str(&format!("    {name}\n"));
    }
    if names.len() > NAMES_SHOWN {
        text.push_str(&format!("    ({} additional names omitted)\n", names.len() - NAMES_SHOWN));
    }
    text
}

/// The host as the question names it: with its address, where that is not the name.
fn shown(host: &Host) -> String {
    let name = host.known_as();
    match host.address.filter(|_| host.alias.is_none()) {
        Some(address) => format!("{name} ({address})"),
        None => name,
    }
}
