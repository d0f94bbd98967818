//! What a person reads when a host is not what it was, in OpenSSH's words: people and scripts know them.

use log::error;

use super::known_hosts::{Keeper, Record};
use super::policy::Policy;
use super::subject::Subject;
use crate::settings::UpdateHostKeys;

fn framed(title: &str) {
    let line = "@".repeat(59);
    error!("{line}");
    error!("@    {title:<53}@");
    error!("{line}");
}

/// The key is marked as revoked.
pub(super) fn revoked(subject: &Subject<'_>) {
    framed("   WARNING: REVOKED HOST KEY DETECTED!");
    error!("The {} host key for {} is marked as revoked.", subject.word(), subject.name());
    error!("This could mean that a stolen key is being used to");
    error!("impersonate this host.");
}

/// The name and the address do not agree on what is known.
pub(super) fn spoofing(subject: &Subject<'_>, address: &str, what: &str, other: Option<&Record>) {
    framed("   WARNING: POSSIBLE DNS SPOOFING DETECTED!");
    error!("The {} host key for {} has changed,", subject.word(), subject.name());
    error!("and the key for the corresponding IP address {address}");
    error!("{what}. This could either mean that");
    error!("DNS SPOOFING is happening or the IP address for the host");
    error!("and its host key have changed at the same time.");
    if let Some(other) = other {
        error!("Offending key for IP in {}", other.place);
    }
}

/// The key is another than the known ones, of which `offending` is the one to look at first.
pub(super) fn changed(subject: &Subject<'_>, offending: &Record, known: &[&Record]) {
    let policy = subject.policy;
    framed("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!");
    error!("IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!");
    error!("Someone could be eavesdropping on you right now (man-in-the-middle attack)!");
    error!("It is also possible that a host key has just been changed.");
    error!("The fingerprint for the {} key sent by the remote host is\n{}.", subject.word(), subject.fingerprint());
    for record in known {
        error!(
            "The fingerprint for the {} key known from {} is\n{}.",
            record.key().word(),
            record.place,
            record.key().fingerprint(policy.fingerprint_hash)
        );
    }
    error!("Please contact your system administrator.");
    if let Some(file) = policy.user_files.first().or(policy.global_files.first()) {
        error!("Add correct host key in {} to get rid of this message.", file.display());
    }
    error!("Offending {} key in {}", offending.key().word(), offending.place);
    if offending.place.keeper != Keeper::Command {
        error!("  remove with:\n  ssh-keygen -f \"{}\" -R \"{}\"", offending.place.source.display(), subject.name());
    }
}

/// What a host that is let in by `StrictHostKeyChecking no` alone does not get. Returns whether that was anything.
pub(super) fn withheld(policy: &Policy) -> bool {
    let risk = policy.at_risk;
    let withheld = [
        (risk.password, "Password authentication"),
        (risk.keyboard_interactive, "Keyboard-interactive authentication"),
        (risk.agent, "Agent forwarding"),
        (risk.x11, "X11 forwarding"),
        (risk.ports, "Port forwarding"),
    ];
    let mut any = false;
    for (_, what) in withheld.into_iter().filter(|(wanted, _)| *wanted) {
        error!("{what} is disabled to avoid man-in-the-middle attacks.");
        any = true;
    }
    if policy.update != UpdateHostKeys::No {
        error!("UpdateHostkeys is disabled because the host key is not trusted.");
    }
    any
}
