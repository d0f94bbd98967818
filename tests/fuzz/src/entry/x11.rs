//! What an X client on the host begins with, and the words of xauth.

use xssh_ssh::x11::fuzzing::{self, FAKE, REAL};

/// A set-up packet: whatever opens the display has shown the cookie, and is told on with the other one.
pub(super) fn setup(data: &[u8]) {
    let Some(packet) = fuzzing::setup(data) else { return };
    let at = data.windows(FAKE.len()).position(|window| window == FAKE).expect("the cookie that was told");
    assert_eq!(packet.windows(REAL.len()).filter(|window| window == REAL).count(), 1);
    assert_eq!((&packet[..at], &packet[at..at + REAL.len()]), (&data[..at], &REAL[..]));
    assert_eq!(packet[at + REAL.len()..], data[at + FAKE.len()..packet.len()]);
}

/// What xauth prints, and what DISPLAY says.
pub(super) fn words(data: &[u8]) {
    fuzzing::words(data);
}
