//! CheckHostIP: what is known of the host's address beside what is known of its name.

use log::{error, warn};

use super::known_hosts::{Keeper, Record};
use super::standing::{Standing, offending, standing};
use super::subject::Subject;
use super::{HostKeyError, KnownHosts, ask, warning};
use crate::prompt::Prompt;
use crate::settings::StrictChecking;

impl Subject<'_> {
    /// The address to look up, where CheckHostIP wants that.
    pub(super) fn address_to_check(&self) -> Option<String> {
        self.host.address_to_check().filter(|_| self.policy.check_host_ip)
    }
}

/// What is known of the address of a host whose name has the key that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// CheckHostIP does not ask.
    Unasked,
    /// Nothing.
    Unknown,
    /// The key.
    Same(Keeper),
    /// Another key.
    Other,
}

/// What is known of the address.
pub(super) fn address(subject: &Subject<'_>, known: &KnownHosts) -> Address {
    if subject.address_to_check().is_none() {
        return Address::Unasked;
    }
    match standing(&known.by_address, &subject.presented.key) {
        Standing::New => Address::Unknown,
        Standing::Same(record) => Address::Same(record.place.keeper),
        Standing::Changed | Standing::Revoked(_) => Address::Other,
    }
}

/// Refuses a key, believed for the host's name, where the address has another; asks where the policy says so.
pub(super) fn agree(
    subject: &Subject<'_>,
    known: &KnownHosts,
    matching: Option<&Record>,
    prompt: &dyn Prompt,
) -> Result<(), HostKeyError> {
    let Some(address) = subject.address_to_check() else {
        return Ok(());
    };
    let key = &subject.presented.key;
    let other = match standing(&known.by_address, key) {
        Standing::New | Standing::Same(_) => return Ok(()),
        Standing::Revoked(record) => record,
        Standing::Changed => match offending(&known.by_address, key) {
            Some(record) => record,
            None => return Ok(()),
        },
    };
    let mut text = format!(
        "Warning: the {} host key for '{}' differs from the key for the IP address '{address}'\n\
         Offending key for IP in {}",
        subject.word(),
        subject.name(),
        other.place
    );
    if let Some(matching) = matching {
        text.push_str(&format!("\nMatching host key in {}", matching.place));
    }
    let go_on = match subject.policy.strict {
        StrictChecking::No => {
            warn!("{text}");
            true
        }
        StrictChecking::Ask => {
            text.push_str("\nAre you sure you want to continue connecting (yes/no)? ");
            ask::yes_or_no(prompt, &text, None).unwrap_or(false)
        }
        StrictChecking::AcceptNew | StrictChecking::Yes => {
            warn!("{text}");
            error!("Exiting, you have requested strict checking.");
            false
        }
    };
    if go_on {
        return Ok(());
    }
    Err(HostKeyError::AddressConflict { shown: subject.shown(), place: other.place.to_string() })
}

/// Says, where the name's key has changed, that the address's has not changed alike.
pub(super) fn warn_of_spoofing(subject: &Subject<'_>, known: &KnownHosts, by_name: &Record) {
    let Some(address) = subject.address_to_check() else {
        return;
    };
    let key = &subject.presented.key;
    match standing(&known.by_address, key) {
        Standing::New => warning::spoofing(subject, &address, "is unknown", None),
        Standing::Same(record) => warning::spoofing(subject, &address, "is unchanged", Some(record)),
        Standing::Revoked(record) => warning::spoofing(subject, &address, "has a different value", Some(record)),
        Standing::Changed => {
            let other = offending(&known.by_address, key).filter(|record| record.key() != by_name.key());
            if other.is_some() {
                warning::spoofing(subject, &address, "has a different value", other);
            }
        }
    }
}
