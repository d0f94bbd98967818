//! Whether a line of authorized_keys still counts.

use std::time::{SystemTime, UNIX_EPOCH};

use xssh_gate::line::Terms;
use xssh_os::clock::local_seconds;

/// Whether its time is over. A time that the system's zone does not have is.
pub(crate) fn expired(terms: &Terms) -> bool {
    let Some(expiry) = terms.expiry else { return false };
    let last = expiry
        .seconds(|civil| local_seconds([civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second]));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    last.is_none_or(|last| last < now.cast_signed())
}
