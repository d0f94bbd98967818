//! Who is judged: a host under one of its names, with the key that it showed, by a policy.

use super::error::{KnownKey, Shown};
use super::known_hosts::Record;
use super::policy::{Host, Policy};
use super::presented::Presented;

/// A host under one of its names.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) policy: &'a Policy,
    pub(super) host: &'a Host,
    pub(super) presented: &'a Presented,
}

impl Subject<'_> {
    /// As known_hosts has it.
    pub(super) fn name(&self) -> String {
        self.host.known_as()
    }

    pub(super) fn word(&self) -> &'static str {
        self.presented.key.word()
    }

    pub(super) fn fingerprint(&self) -> String {
        self.presented.key.fingerprint(self.policy.fingerprint_hash)
    }

    pub(super) fn shown(&self) -> Shown {
        Shown { host: self.name(), key_type: self.word(), fingerprint: self.fingerprint() }
    }

    pub(super) fn known_key(&self, record: &Record) -> KnownKey {
        KnownKey {
            key_type: record.key().word(),
            fingerprint: record.key().fingerprint(self.policy.fingerprint_hash),
            place: record.place.to_string(),
        }
    }

    /// Whether the user's file may be written for this host.
    pub(super) fn can_record(&self) -> bool {
        !self.policy.user_files.is_empty() && self.host.can_be_written()
    }
}
