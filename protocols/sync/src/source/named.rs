//! What the source's machine calls the owners and groups that it lists.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::Shared;
use crate::limits::NAMES;
use crate::line::Gone;
use crate::owners;
use crate::tree::Item;
use crate::wire::message::FromSource;

/// The owners and groups whose names the target knows.
#[derive(Debug, Default)]
pub(super) struct Named(Mutex<HashSet<(bool, u32)>>);

impl Named {
    /// Tells the names that an entry needs. 0 is the same everywhere.
    pub(super) fn tell(&self, shared: &Shared<'_>, item: &Item) -> Result<(), Gone> {
        let options = shared.options;
        let mapping = options.mapping.as_ref();
        if options.numeric_ids && mapping.is_none() {
            return Ok(());
        }
        let wanted = [(false, item.meta.uid, options.owners), (true, item.meta.gid, options.groups)];
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (group, id, _) in wanted.into_iter().filter(|(_, id, wanted)| *wanted && (*id != 0 || mapping.is_some())) {
            if told.len() >= NAMES || !told.insert((group, id)) {
                continue;
            }
            let name = if options.numeric_ids { None } else { owners::name(group, id) };
            let other = mapping.and_then(|mapping| mapping.label(group, id, name.as_deref())).map(str::to_owned);
            if let Some(name) = other.or(name) {
                shared.line.send(&FromSource::Name { group, id, name })?;
            }
        }
        Ok(())
    }
}
