//! The forwarded connections that are open, for a person who asks with `~#`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// All of them.
#[derive(Default)]
pub(super) struct Open {
    book: Mutex<Book>,
    closed: Notify,
}

#[derive(Default)]
struct Book {
    /// What each is, by a number that grows.
    entries: BTreeMap<u64, String>,
    last: u64,
}

/// One of them, for as long as this lives.
pub(super) struct Entry {
    open: Arc<Open>,
    /// Its number, from 1 on.
    pub(super) number: u64,
}

impl Open {
    fn with<T>(&self, f: impl FnOnce(&mut Book) -> T) -> T {
        f(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Enters one.
    pub(super) fn enter(self: &Arc<Self>, what: String) -> Entry {
        let number = self.with(|book| {
            book.last += 1;
            book.entries.insert(book.last, what);
            book.last
        });
        Entry { open: self.clone(), number }
    }

    /// Waits until there are none.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            if self.with(|book| book.entries.is_empty()) {
                return;
            }
            closed.await;
        }
    }

    /// A line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        self.with(|book| book.entries.iter().map(|(number, what)| format!("#{number} {what}")).collect())
    }
}

impl Entry {
    /// What it is.
    pub(super) fn what(&self) -> String {
        self.open.with(|book| book.entries.get(&self.number).cloned()).unwrap_or_default()
    }

    /// Says what it has turned out to be.
    pub(super) fn is(&self, what: String) {
        self.open.with(|book| book.entries.insert(self.number, what));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.open.with(|book| book.entries.remove(&self.number));
        self.open.closed.notify_waiters();
    }
}
