//! Host keys: who the host claims to be, and whether we believe it.

/// The proof that a host's key was checked against what is known of it. Only this room can make one, and
/// authentication takes one: there is no way around the check.
#[derive(Debug)]
pub struct HostVerified(());
