//! Asking first for the key types that are already known, so that a host with several keys shows the right one.

use std::borrow::Cow;

use log::trace;

use super::command::{self, ORDER};
use super::key::{is_certificate, plain_name};
use super::known_hosts::Record;
use super::line::Marker;
use super::policy::{Host, Policy};
use super::{HostKeyError, KnownHosts};

impl KnownHosts {
    /// `offered` with those names in front that can be checked with what is known: certificates where an authority is
    /// known for the host, and the types of known keys. Nothing is added or lost, and where a key of the first type is
    /// known, nothing is moved (sshconnect2.c, order_hostkeyalgs). Do not call it where the user chose the order.
    ///
    /// It blocks while KnownHostsCommand, where there is one, is asked for the purpose `ORDER`.
    ///
    /// # Errors
    /// KnownHostsCommand failed.
    pub fn order_algorithms(
        &self,
        policy: &Policy,
        host: &Host,
        offered: &[String],
    ) -> Result<Vec<String>, HostKeyError> {
        let mut records = Cow::Borrowed(&self.by_name);
        if policy.command.is_some() {
            command::ask(policy, ORDER, &host.known_as(), None, records.to_mut())?;
        }
        Ok(order(&records, offered))
    }
}

fn order(records: &[Record], offered: &[String]) -> Vec<String> {
    let has_authority = records.iter().any(|record| record.marker == Marker::Authority);
    let is_known = |name: &String| plain_name(name).is_some_and(|kind| has_kind(records, kind));
    if offered.first().is_some_and(is_known) {
        trace!("have matching best-preference key type, using HostkeyAlgorithms verbatim");
        return offered.to_vec();
    }
    let is_preferred = |name: &String| (is_certificate(name) && has_authority) || is_known(name);
    let (mut first, rest): (Vec<String>, Vec<String>) = offered.iter().cloned().partition(is_preferred);
    if first.is_empty() {
        trace!("no algorithms matched; accept original");
    } else {
        trace!("prefer hostkeyalgs: {}", first.join(","));
    }
    first.extend(rest);
    first
}

/// Whether the host has a key of this type; the first of the type counts, and not if it is revoked.
fn has_kind(records: &[Record], kind: &str) -> bool {
    let mut plain = records.iter().filter(|record| record.marker == Marker::Plain);
    let found = plain.find(|record| record.key().name() == kind && !record.written.certified);
    let revoked = |key| {
        let mut revoked = records.iter().filter(|record| record.marker == Marker::Revoked);
        revoked.any(|record| record.key() == key)
    };
    found.is_some_and(|record| !revoked(record.key()))
}

/// An ordered list for a key exchange that has to name all certificates before all plain keys, as russh's: those that
/// stand before the first plain key, and the plain keys.
///
/// A certificate that stands behind a plain key cannot be asked for then: asked for first, it could make the host show
/// a key of another type than the one that is known.
#[must_use]
pub fn split_certificates(ordered: &[String]) -> (Vec<String>, Vec<String>) {
    let leading = ordered.iter().take_while(|name| is_certificate(name)).count();
    let (certificates, rest) = ordered.split_at(leading);
    let keys: Vec<String> = rest.iter().filter(|name| !is_certificate(name)).cloned().collect();
    (certificates.to_vec(), keys)
}
