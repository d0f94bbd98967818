//! Host keys: who the host claims to be, and whether we believe it.
//!
//! Order of use: [`KnownHosts::load`] reads once what is known of a host; [`KnownHosts::order_algorithms`] puts the key
//! types already known first; [`verify`] judges the key that the host shows and mints the proof that authentication
//! needs; [`update`] learns the host's other keys afterwards.
//!
//! What this room must never do: mint a proof for a key that contradicts what is known (other than where the user said
//! `StrictHostKeyChecking no`, which then costs them passwords and forwarding), believe a host while a list of revoked
//! keys cannot be read, prompt by itself, or lose a line of a file that it rewrites.
//!
//! The files are read as OpenSSH reads them, and its words are kept where people and scripts know them. What a person
//! has to know is in the log, as it is found; the error is the last line.

mod address;
mod append;
mod ask;
mod certificate;
mod command;
mod error;
mod fingerprint;
mod judge;
mod key;
mod known_hosts;
mod krl;
mod line;
mod names;
mod order;
mod policy;
mod presented;
mod randomart;
mod revoked;
mod rewrite;
mod standing;
mod subject;
mod survey;
#[cfg(test)]
mod tests;
mod update;
mod verify;
mod warning;

pub use error::{HostKeyError, KnownKey, Shown};
pub use fingerprint::{fingerprint, fingerprint_of, key_type};
pub use key::KeyDefect;
pub use known_hosts::KnownHosts;
pub use krl::KrlDefect;
pub use order::split_certificates;
pub use policy::{AtRisk, CommandRequest, Host, KnownHostsCommand, Policy};
pub use revoked::RevocationDefect;
pub use update::{Update, update};
pub use verify::{Verified, verify};

/// The proof that a host's key was checked against what is known of it. Only this room can make one, and
/// authentication takes one: there is no way around the check.
///
/// ```compile_fail,E0423
/// let proof = xssh_ssh::hostkey::HostVerified(());
/// ```
///
/// Nor can one be taken out of nothing, or used twice as a copy:
///
/// ```compile_fail,E0277
/// fn needs_default<T: Default>() {}
/// needs_default::<xssh_ssh::hostkey::HostVerified>();
/// ```
///
/// ```compile_fail,E0277
/// fn needs_clone<T: Clone>() {}
/// needs_clone::<xssh_ssh::hostkey::HostVerified>();
/// ```
#[derive(Debug)]
pub struct HostVerified(());
