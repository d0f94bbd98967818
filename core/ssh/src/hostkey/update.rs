//! UpdateHostKeys: learning a known host's other keys, once it has proved that it holds them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use log::{debug, info};
use russh::keys::PublicKey;

use super::line::{Line, Marker, Named};
use super::policy::{Host, Policy};
use super::{KnownHosts, Verified, fingerprint, key_type, record};
use crate::prompt::Prompt;
use crate::settings::UpdateHostKeys;

/// Learns the keys that `announced` has and the user's file has not, and drops those that the host no longer has. The
/// host must prove each new key through `prove` (PROTOCOL, hostkeys-prove-00@openssh.com).
///
/// Nothing is changed where the host's key is not the user's own record of it (a pattern, an authority, a global file).
pub async fn update<P, F>(
    policy: &Policy,
    host: &Host,
    known: &KnownHosts,
    verified: &Verified,
    announced: Vec<PublicKey>,
    prompt: Arc<dyn Prompt>,
    prove: P,
) where
    P: FnOnce(Vec<PublicKey>) -> F,
    F: Future<Output = bool>,
{
    if policy.update == UpdateHostKeys::No || !verified.update_allowed || announced.is_empty() {
        return;
    }
    // What was new a moment ago stands in the file by now.
    let reread = if verified.how == "new" { KnownHosts::load(policy, host).ok() } else { None };
    let known = reread.as_ref().unwrap_or(known);
    let Some(plan) = Plan::new(policy, host, known, &announced) else { return };
    if !plan.learn.is_empty() && !prove(plan.learn.clone()).await {
        info!("Server failed to confirm ownership of its host keys; they are not learned");
        return;
    }
    if policy.update == UpdateHostKeys::Ask && !ask(policy, &plan, prompt).await {
        return;
    }
    if let Err(error) = plan.carry_out(policy, host) {
        log::error!("hostkeys: update of the known hosts failed: {error}");
    }
}

struct Plan {
    learn: Vec<PublicKey>,
    forget: Vec<PublicKey>,
}

impl Plan {
    /// `None` where there is nothing to do, or the user's records of this host are not simple enough to touch.
    fn new(policy: &Policy, host: &Host, known: &KnownHosts, announced: &[PublicKey]) -> Option<Self> {
        policy.user_files.first()?;
        if known.by_name.iter().any(|known| known.marker != Marker::Plain || known.named != Named::Exactly) {
            debug!("hostkeys: {} is known by a pattern, a list or an authority: not updated", host.known_as());
            return None;
        }
        let has = |key: &PublicKey| known.by_name.iter().any(|known| known.key.key_data() == key.key_data());
        let learn: Vec<_> = announced.iter().filter(|key| !has(key)).cloned().collect();
        let gone = |key: &PublicKey| !announced.iter().any(|still| still.key_data() == key.key_data());
        let ours = known.by_name.iter().filter(|known| known.place.user).map(|known| &known.key);
        let forget: Vec<_> = ours.filter(|key| gone(key)).cloned().collect();
        (!learn.is_empty() || !forget.is_empty()).then_some(Self { learn, forget })
    }

    fn carry_out(&self, policy: &Policy, host: &Host) -> io::Result<()> {
        let name = host.known_as();
        for key in &self.learn {
            info!("Learned new hostkey: {} {}", key_type(key), fingerprint(key, policy.fingerprint_hash));
        }
        for key in &self.forget {
            info!("Deprecating obsolete hostkey: {} {}", key_type(key), fingerprint(key, policy.fingerprint_hash));
        }
        for (index, file) in policy.user_files.iter().enumerate() {
            let learn = if index == 0 { self.learn.as_slice() } else { &[] };
            rewrite(file, &name, learn, &self.forget, policy.hash)?;
        }
        Ok(())
    }
}

async fn ask(policy: &Policy, plan: &Plan, prompt: Arc<dyn Prompt>) -> bool {
    let mut question = "The server has updated its host keys.\n".to_owned();
    for (keys, what) in [(&plan.learn, "Learned new"), (&plan.forget, "Deprecating obsolete")] {
        for key in keys {
            let print = fingerprint(key, policy.fingerprint_hash);
            question.push_str(&format!("{what} hostkey: {} {print}\n", key_type(key)));
        }
    }
    question.push_str("Accept updated hostkeys? (yes/no): ");
    let asking = tokio::task::spawn_blocking(move || prompt.line(&question));
    asking.await.ok().flatten().is_some_and(|answer| answer.trim() == "yes")
}

/// Writes the file anew beside the old one and renames it over: every other line stays byte for byte.
fn rewrite(file: &Path, name: &str, learn: &[PublicKey], forget: &[PublicKey], hash: bool) -> io::Result<()> {
    let old = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        old => old?,
    };
    let mut new = Vec::with_capacity(old.len());
    for line in old.split_inclusive(|&byte| byte == b'\n') {
        if !is_about(line, name, forget) {
            new.extend_from_slice(line);
        }
    }
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    for key in learn {
        let names = if hash { record::hashed(name) } else { Some(name.to_owned()) };
        if let Some(line) = names.and_then(|names| record::line(&names, key)) {
            new.extend_from_slice(line.as_bytes());
            new.push(b'\n');
        }
    }
    if new == old { Ok(()) } else { replace(file, &new) }
}

/// Whether a line holds one of `keys` for just this host.
fn is_about(line: &[u8], name: &str, keys: &[PublicKey]) -> bool {
    let parsed = std::str::from_utf8(line).ok().and_then(|text| Line::parse(text.trim_end()));
    let Some(line) = parsed.filter(|line| line.marker == Marker::Plain && line.names(name) == Named::Exactly) else {
        return false;
    };
    let key = PublicKey::from_openssh(&format!("{} {}", line.key_type, line.key));
    key.is_ok_and(|key| keys.iter().any(|gone| gone.key_data() == key.key_data()))
}

fn replace(file: &Path, text: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(file)?;
    let mode = fs::metadata(&target)?.permissions().mode() & 0o777;
    let mut beside = target.clone().into_os_string();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(beside)
        .and_then(|mut open| open.write_all(text).and_then(|()| open.sync_all()))
        .and_then(|()| fs::rename(beside, &target));
    if written.is_err() {
        let _ = fs::remove_file(beside);
    }
    written
}
