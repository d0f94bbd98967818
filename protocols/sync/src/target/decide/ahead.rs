//! What is still to come, as far as it is known: for the display of the user's side.

use super::Decider;
use crate::watch::Outlook;

/// What has not been told yet.
#[derive(Default)]
pub(super) struct Ahead {
    outlook: Outlook,
    all_compared: bool,
}

impl Ahead {
    /// A file is wanted.
    pub(super) fn want(&mut self, size: u64) {
        self.outlook.files += 1;
        self.outlook.bytes += size;
    }

    /// A file need not travel.
    pub(super) fn save(&mut self, size: u64) {
        self.outlook.saved += size;
    }
}

impl Decider<'_> {
    /// Tells what there is to tell, where somebody wants to know.
    pub(super) fn look_ahead(&mut self) {
        if !self.ahead.all_compared && self.is_compared() {
            (self.ahead.all_compared, self.ahead.outlook.complete) = (true, true);
        }
        let outlook = std::mem::take(&mut self.ahead.outlook);
        if self.shared.options.progress && outlook != Outlook::default() {
            self.shared.outlook(outlook);
        }
    }
}
