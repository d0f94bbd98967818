//! What a client has sent on one channel and the host has not taken yet: a window's worth at most.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::limits::{PROXY_SERVED_WINDOW, SOCKET_READ};

/// Bytes in, pieces out. However small the client's packets are, no more is held than was granted.
pub(super) struct Inbox {
    state: Mutex<State>,
    filled: Notify,
}

struct State {
    bytes: BytesMut,
    /// What the client may still send.
    granted: u32,
    /// What the host has taken since the client was granted more.
    taken: u32,
    ended: bool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        let state = State { bytes: BytesMut::new(), granted: PROXY_SERVED_WINDOW, taken: 0, ended: false };
        Self { state: Mutex::new(state), filled: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the client sends; false where it was granted less, or has said that it sends no more.
    pub(super) fn push(&self, data: &[u8]) -> bool {
        let mut state = self.state();
        let left = u32::try_from(data.len()).ok().and_then(|size| state.granted.checked_sub(size));
        let Some(left) = left.filter(|_| !state.ended) else { return false };
        state.granted = left;
        state.bytes.extend_from_slice(data);
        self.filled.notify_one();
        true
    }

    /// The client sends no more.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.filled.notify_one();
    }

    /// The next piece for the host; `None` at the end. For one who waits.
    pub(super) async fn next(&self) -> Option<Bytes> {
        loop {
            {
                let mut state = self.state();
                let size = state.bytes.len().min(SOCKET_READ);
                if size > 0 {
                    return Some(state.bytes.split_to(size).freeze());
                }
                // Nothing is kept for a channel on which nothing is sent.
                state.bytes = BytesMut::new();
                if state.ended {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }

    /// The host has taken so much. Says what a client that may send more is to be granted anew, once that is worth a packet.
    pub(super) fn took(&self, size: usize) -> Option<u32> {
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.taken = state.taken.saturating_add(u32::try_from(size).unwrap_or(u32::MAX));
        let more = Some(state.taken).filter(|taken| *taken >= PROXY_SERVED_WINDOW / 2)?;
        (state.taken, state.granted) = (0, state.granted.saturating_add(more));
        Some(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_sent_comes_out_whole_and_no_more_is_held_than_granted(sizes in prop::collection::vec(0..200_000_usize, 1..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let inbox = Inbox::new();
                let (mut room, mut sent, mut got) = (PROXY_SERVED_WINDOW as usize, Vec::new(), Vec::new());
                for (number, size) in sizes.into_iter().enumerate() {
                    let data = vec![number as u8; size];
                    while size > room {
                        let piece = inbox.next().await.unwrap();
                        room += inbox.took(piece.len()).unwrap_or(0) as usize;
                        got.extend_from_slice(&piece);
                    }
                    assert!(inbox.push(&data));
                    room -= size;
                    sent.extend(data);
                    assert!(inbox.state().bytes.len() <= PROXY_SERVED_WINDOW as usize);
                }
                inbox.end();
                while let Some(piece) = inbox.next().await {
                    got.extend_from_slice(&piece);
                }
                assert!(sent == got);
            });
        }
    }

    #[test]
    fn nothing_comes_beyond_the_window_or_behind_the_end() {
        let inbox = Inbox::new();
        assert!(inbox.push(&vec![0; PROXY_SERVED_WINDOW as usize]));
        assert!(inbox.push(b"") && !inbox.push(b"x"));
        let inbox = Inbox::new();
        inbox.end();
        assert!(!inbox.push(b""));
    }
}
