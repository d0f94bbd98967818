//! How a key stands to what is written down (hostfile.c, check_hostkeys_by_key_or_type).

use super::key::Key;
use super::known_hosts::Record;
use super::line::Marker;
use super::presented::Vouched;
use super::{KnownHosts, certificate};

/// How a key stands to some records.
#[derive(Debug)]
pub(super) enum Standing<'a> {
    /// Nothing is known.
    New,
    /// The key is known.
    Same(&'a Record),
    /// Other keys are known.
    Changed,
    /// The key, or its authority, is marked as revoked.
    Revoked(&'a Record),
}

/// The keys that are the host's own.
pub(super) fn plain(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.marker == Marker::Plain)
}

fn revoked<'a>(records: &'a [Record], key: &Key) -> Option<&'a Record> {
    let mut revoked = records.iter().filter(|record| record.marker == Marker::Revoked);
    revoked.find(|record| record.key() == key)
}

/// How a key stands by itself.
pub(super) fn standing<'a>(records: &'a [Record], key: &Key) -> Standing<'a> {
    if let Some(record) = revoked(records, key) {
        return Standing::Revoked(record);
    }
    match same(records, key) {
        Some(record) => Standing::Same(record),
        None if plain(records).next().is_some() => Standing::Changed,
        None => Standing::New,
    }
}

/// How a key stands by the certificate that it came in.
pub(super) fn standing_of_certificate<'a>(records: &'a [Record], key: &Key, vouched: &Vouched) -> Standing<'a> {
    if let Some(record) = revoked(records, key).or_else(|| revoked(records, &vouched.authority)) {
        return Standing::Revoked(record);
    }
    certificate::authority(records, vouched).map_or(Standing::New, Standing::Same)
}

fn same<'a>(records: &'a [Record], key: &Key) -> Option<&'a Record> {
    plain(records).find(|record| record.key() == key && !record.written.certified)
}

/// The known key to look at first where none is the one shown: the last of its type, or the last.
pub(super) fn offending<'a>(records: &'a [Record], key: &Key) -> Option<&'a Record> {
    let of_type = plain(records).filter(|record| record.key().name() == key.name());
    of_type.last().or_else(|| plain(records).last())
}

impl KnownHosts {
    /// Whether the authority that signed the certificate is known for the host.
    pub(super) fn has_authority_of(&self, vouched: &Vouched) -> bool {
        certificate::authority(&self.by_name, vouched).is_some()
    }
}
