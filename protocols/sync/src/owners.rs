//! Owners and groups: what a target may set, and names in place of numbers.
//!
//! Both sides compare names, because the same person may have another number on another machine; a number without a name
//! stands for itself. The source tells the name of a number before it first lists it; the target translates.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xssh_os::account;

use crate::mapping::Mapping;
use crate::options::Options;
use crate::tree::Meta;
use crate::wire::message::PageDigest;

/// What a side may read and set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rights {
    /// Owners, any group, and extended attributes of all kinds.
    pub(crate) root: bool,
    /// Owners and any group, of a target: as root, or beside the files.
    pub(crate) owners: bool,
    /// The groups that a target may give, as labels.
    pub(crate) groups: Vec<Vec<u8>>,
}

impl Rights {
    /// Those of this process, which is a source.
    pub(crate) fn of_source() -> Self {
        Self { root: account::is_root(), ..Self::default() }
    }

    /// Those of this process, which is a target.
    pub(crate) fn of_target(options: &Options) -> Self {
        let root = account::is_root();
        let mut labels = Labels::new(options, None);
        let owners = root || options.fake_super;
        let own = if owners { Vec::new() } else { account::own_groups() };
        Self { root, owners, groups: own.into_iter().map(|gid| labels.of(true, gid).to_vec()).collect() }
    }
}

/// What this machine calls a group, or a user.
pub(crate) fn name(group: bool, id: u32) -> Option<String> {
    if group { account::group_name(id) } else { account::user_name(id) }
}

/// Names of numbers, looked up once; a number without a name has a sign before it that no name has.
#[derive(Debug)]
struct Labels {
    numeric: bool,
    /// Who is called otherwise.
    mapping: Option<Mapping>,
    known: HashMap<(bool, u32), Box<[u8]>>,
}

impl Labels {
    fn new(options: &Options, mapping: Option<Mapping>) -> Self {
        Self { numeric: options.numeric_ids, mapping, known: HashMap::new() }
    }

    fn of(&mut self, group: bool, id: u32) -> &[u8] {
        let (numeric, mapping) = (self.numeric, self.mapping.as_ref());
        self.known.entry((group, id)).or_insert_with(|| {
            let name = if numeric { None } else { name(group, id) };
            let other = mapping.and_then(|mapping| mapping.label(group, id, name.as_deref())).map(str::to_owned);
            other.or(name).unwrap_or_else(|| format!("+{id}")).into_bytes().into()
        })
    }
}

/// The digest of a page in which the target may set no group: it is compared with none.
pub(crate) const NOT_COMPARED: PageDigest = [0; 16];

/// The owners and groups of entries as they are compared: by name, as far as the target may set them.
#[derive(Debug)]
pub(crate) struct Owners {
    labels: Labels,
    users: bool,
    groups: bool,
    rights: Rights,
    /// The one before: most have the owner of their neighbour.
    latest: Option<(u32, u32)>,
    compared: Vec<u8>,
    settable: bool,
}

impl Owners {
    /// `rights` are the target's; `mapping` says what a source calls otherwise.
    pub(crate) fn new(options: &Options, rights: Rights, mapping: Option<Mapping>) -> Self {
        Self {
            labels: Labels::new(options, mapping),
            users: options.owners && rights.owners,
            groups: options.groups,
            rights,
            latest: None,
            compared: Vec::new(),
            settable: true,
        }
    }

    /// What is compared of an entry's owner and group, and whether the target may give it that group.
    pub(crate) fn of(&mut self, meta: &Meta) -> (&[u8], bool) {
        if self.latest != Some((meta.uid, meta.gid)) {
            self.latest = Some((meta.uid, meta.gid));
            self.compared.clear();
            self.settable = true;
            for (group, id) in [(false, meta.uid), (true, meta.gid)] {
                if !(if group { self.groups } else { self.users }) {
                    continue;
                }
                let label = self.labels.of(group, id);
                self.settable &= !group || self.rights.owners || self.rights.groups.iter().any(|own| own == label);
                self.compared.extend_from_slice(&(label.len() as u32).to_le_bytes());
                self.compared.extend_from_slice(label);
            }
        }
        (&self.compared, self.settable)
    }
}

/// The digest of owners and groups of a page.
#[derive(Debug)]
pub(crate) struct OwnerDigest {
    hasher: blake3::Hasher,
    /// What was not hashed yet.
    latest: Vec<u8>,
    owners: Owners,
    /// Some entry has a group that the target may give, and some that it may not. Where it may give none of them, the page is not
    /// to be compared.
    settable: bool,
    unsettable: bool,
}

/// Stands for the owner and group of an entry that has a group which the target may not give: no name is as long.
const UNSETTABLE: [u8; 4] = [0xff; 4];

impl OwnerDigest {
    /// `mapping`: what a source calls otherwise.
    pub(crate) fn new(key: &[u8; 32], options: &Options, rights: Rights, mapping: Option<Mapping>) -> Self {
        let hasher = blake3::Hasher::new_keyed(key);
        let owners = Owners::new(options, rights, mapping);
        Self { hasher, latest: Vec::new(), owners, settable: false, unsettable: false }
    }

    pub(crate) fn push(&mut self, meta: &Meta) {
        let (compared, settable) = self.owners.of(meta);
        self.settable |= settable;
        self.unsettable |= !settable;
        self.latest.extend_from_slice(if settable { compared } else { &UNSETTABLE });
    }

    /// The digest of what was pushed since the last.
    pub(crate) fn take(&mut self) -> PageDigest {
        let mut digest = NOT_COMPARED;
        let (settable, unsettable) = (std::mem::take(&mut self.settable), std::mem::take(&mut self.unsettable));
        if settable || !unsettable {
            self.hasher.update(&self.latest);
            self.hasher.finalize_xof().fill(&mut digest);
            self.hasher.reset();
        }
        self.latest.clear();
        digest
    }
}

/// On the target: whose numbers the source's are here, and which of them are set.
#[derive(Debug)]
pub(crate) struct Translation {
    numbers: Mutex<HashMap<(bool, u32), u32>>,
    root: bool,
    /// What only root could set is kept beside the files.
    pub(crate) fakes: bool,
    pub(crate) own_groups: Vec<u32>,
    pub(crate) own_user: u32,
}

impl Translation {
    pub(crate) fn new(options: &Options) -> Self {
        let root = account::is_root();
        Self {
            numbers: Mutex::default(),
            root,
            fakes: options.fake_super && !root,
            own_groups: account::own_groups(),
            own_user: account::own_user(),
        }
    }

    /// Takes the name that a number has at the source. Says whether somebody is called so here.
    pub(crate) fn learn(&self, group: bool, id: u32, name: &str) -> bool {
        let here = match name.strip_prefix('+') {
            Some(number) => number.parse().ok(),
            None if group => account::group_id(name),
            None => account::user_id(name),
        };
        if let Some(here) = here {
            self.numbers.lock().unwrap_or_else(PoisonError::into_inner).insert((group, id), here);
        }
        here.is_some()
    }

    /// How many names are known.
    pub(crate) fn len(&self) -> usize {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The same properties with the numbers that count here.
    pub(crate) fn here(&self, meta: &Meta) -> Meta {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |group, id| numbers.get(&(group, id)).copied().unwrap_or(id);
        Meta { uid: of(false, meta.uid), gid: of(true, meta.gid), ..*meta }
    }

    /// The owner that is to be set, or kept beside the file.
    pub(crate) fn user(&self, options: &Options, meta: &Meta) -> Option<u32> {
        (options.owners && (self.root || self.fakes)).then_some(meta.uid)
    }

    /// The group that is to be set, or kept beside the file.
    pub(crate) fn group(&self, options: &Options, meta: &Meta) -> Option<u32> {
        (options.groups && (self.root || self.fakes || self.own_groups.contains(&meta.gid))).then_some(meta.gid)
    }

    /// Whether an owner is wanted that cannot be set.
    pub(crate) fn drops_owner(&self, options: &Options, meta: &Meta) -> bool {
        options.owners && !self.root && !self.fakes && meta.uid != self.own_user
    }
}
