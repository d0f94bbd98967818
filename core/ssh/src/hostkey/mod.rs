//! Host keys: who the host claims to be, and whether we believe it.
//!
//! Order of use: [`KnownHosts::load`] reads once what is known of a host; [`KnownHosts::order_algorithms`] puts the key
//! types already known first; [`verify`] judges the key that the host presents and mints the proof that authentication
//! needs; [`update`] learns the host's other keys afterwards.
//!
//! What this room must never do: mint a proof for a key that contradicts what is known (other than where the user said
//! `StrictHostKeyChecking no`, which then costs him passwords), prompt by itself, or lose a line of a file it rewrites.

mod certificate;
mod error;
mod fingerprint;
mod known_hosts;
mod krl;
mod line;
mod order;
mod policy;
mod question;
mod randomart;
mod record;
mod revoked;
mod update;
mod verify;

pub use error::HostKeyError;
pub use fingerprint::{fingerprint, key_type};
pub use known_hosts::KnownHosts;
pub use policy::{CommandRequest, Host, KnownHostsCommand, Policy};
pub use update::update;
pub use verify::{Verified, verify};

/// The proof that a host's key was checked against what is known of it. Only this room can make one, and
/// authentication takes one: there is no way around the check.
///
/// ```compile_fail
/// let proof = xssh_ssh::hostkey::HostVerified(());
/// ```
#[derive(Debug)]
pub struct HostVerified(());
