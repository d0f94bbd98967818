//! How much the other side takes on one channel (RFC 4254, section 5.2).

use tokio::sync::watch;

/// What is left of the window, for all who send on the channel.
pub(crate) struct Window(watch::Sender<u32>);

impl Window {
    pub(crate) fn new(left: u32) -> Self {
        Self(watch::Sender::new(left))
    }

    /// The other side takes more. It may not grant more than four bytes can say; what is beyond has no effect.
    pub(crate) fn grow(&self, more: u32) {
        self.0.send_modify(|left| *left = left.saturating_add(more));
    }

    /// Waits for room and takes some of it: `most` at most, and one at least.
    pub(crate) async fn reserve(&self, most: usize) -> usize {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        let mut changes = self.0.subscribe();
        loop {
            let mut taken = 0;
            self.0.send_if_modified(|left| {
                taken = most.min(*left);
                *left -= taken;
                false
            });
            if taken > 0 {
                return taken as usize;
            }
            // The sender is ours: it is there as long as we are.
            let _ = changes.wait_for(|left| *left > 0).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use futures::FutureExt as _;

    #[test]
    fn nobody_sends_more_than_is_left() {
        let window = Window::new(5);
        assert_eq!(window.reserve(3).now_or_never(), Some(3));
        assert_eq!(window.reserve(9).now_or_never(), Some(2));
        assert_eq!(window.reserve(1).now_or_never(), None);
        window.grow(u32::MAX);
        window.grow(u32::MAX);
        assert_eq!(window.reserve(usize::MAX).now_or_never(), Some(u32::MAX as usize));
        assert_eq!(window.reserve(1).now_or_never(), None);
    }
}
