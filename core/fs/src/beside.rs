//! Extended attributes and ACLs that only root could set, kept by an account that is not root's under names of its own, in rsync's
//! form (rsync(1), `--fake-super`; the form is what rsync 3.5 writes): an attribute's name with `user.rsync.` before it, and ACLs as
//! `%aacl` and `%dacl` behind that.
//!
//! Such an ACL is numbers of 32 bits, little endian: what the owner, the group, the mask and others may do, 0x80 for what is not
//! said, because the permissions say it; then the number of each user and group that is named, and what it may do, with the highest
//! bit set for a user. As the system has it an ACL is what `linux/posix_acl_xattr.h` says.

use std::borrow::Cow;

use crate::Xattr;

/// How the names begin.
const PREFIX: &[u8] = b"user.rsync.";
/// The names of ACLs in either form.
const ACLS: [(&[u8], &[u8]); 2] =
    [(b"system.posix_acl_access", b"user.rsync.%aacl"), (b"system.posix_acl_default", b"user.rsync.%dacl")];
/// Namespaces of which an account that is not root's keeps attributes beside.
const KEPT: [&[u8]; 2] = [b"security.", b"trusted."];

/// The version of the system's form.
const VERSION: u32 = 2;
/// Whose entry it is, in the system's form.
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const OWN_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;
/// An entry of the system's that names nobody.
const NOBODY: u32 = u32::MAX;
/// What is not said, in rsync's form.
const UNSAID: u32 = 0x80;
/// A named user, in rsync's form.
const NAMED_USER: u32 = 1 << 31;

/// The name under which an attribute is kept.
pub fn name_beside(name: &[u8]) -> Cow<'_, [u8]> {
    match ACLS.iter().find(|(system, _)| *system == name) {
        Some((_, kept)) => Cow::Borrowed(kept),
        None if KEPT.iter().any(|namespace| name.starts_with(namespace)) => Cow::Owned([PREFIX, name].concat()),
        None => Cow::Borrowed(name),
    }
}

/// Whether a name is one under which something is kept.
pub fn is_beside(name: &[u8]) -> bool {
    name.starts_with(PREFIX)
}

/// Attributes as they are kept beside an entry of these permissions. An ACL that cannot be understood is not kept.
pub(crate) fn keep(xattrs: &[Xattr], mode: u32) -> Vec<Xattr> {
    let kept = xattrs.iter().filter_map(|Xattr { name, value }| {
        let access = **name == *ACLS[0].0;
        let is_acl = ACLS.iter().any(|(system, _)| **name == **system);
        let value = if is_acl { pack(value, access.then_some(mode))?.into() } else { value.clone() };
        Some(Xattr { name: name_beside(name).into(), value })
    });
    kept.collect()
}

/// What attributes of an entry of these permissions stand for. `own`: those of other namespaces that it has itself count, where
/// nothing is kept beside it.
pub fn unkept(xattrs: Vec<Xattr>, mode: u32, own: bool) -> Vec<Xattr> {
    let (kept, others): (Vec<Xattr>, Vec<Xattr>) = xattrs.into_iter().partition(|xattr| is_beside(&xattr.name));
    let mut all: Vec<Xattr> = kept.iter().filter_map(|xattr| stands_for(xattr, mode)).collect();
    for xattr in others {
        if xattr.name.starts_with(b"user.") || (own && all.iter().all(|known| known.name != xattr.name)) {
            all.push(xattr);
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn stands_for(Xattr { name, value }: &Xattr, mode: u32) -> Option<Xattr> {
    if let Some((system, _)) = ACLS.iter().find(|(_, kept)| *kept == &**name) {
        let access = *system == ACLS[0].0;
        return Some(Xattr { name: (*system).into(), value: unpack(value, access.then_some(mode))?.into() });
    }
    let name = name.strip_prefix(PREFIX)?;
    KEPT.iter().any(|namespace| name.starts_with(namespace)).then(|| Xattr { name: name.into(), value: value.clone() })
}

/// An ACL of the system's in rsync's form. `mode`: permissions that say a part of it already.
fn pack(system: &[u8], mode: Option<u32>) -> Option<Vec<u8>> {
    let (version, entries) = system.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != VERSION || entries.len() % 8 != 0 {
        return None;
    }
    let [mut owner, mut group, mut mask, mut others] = [UNSAID; 4];
    let mut named = Vec::new();
    for [t, a, p, b, id @ ..] in entries.as_chunks::<8>().0 {
        let (tag, may) = (u16::from_le_bytes([*t, *a]), u32::from(u16::from_le_bytes([*p, *b])) & 7);
        match tag {
            OWNER => owner = may,
            OWN_GROUP => group = may,
            MASK => mask = may,
            OTHERS => others = may,
            USER => named.push((u32::from_le_bytes(*id), may | NAMED_USER)),
            GROUP => named.push((u32::from_le_bytes(*id), may)),
            _ => return None,
        }
    }
    if let Some(mode) = mode {
        (owner, others) = (UNSAID, UNSAID);
        if mask == UNSAID || group == mode >> 3 & 7 {
            group = UNSAID;
        }
    }
    let numbers = [owner, group, mask, others].into_iter().chain(named.into_iter().flat_map(|(id, may)| [id, may]));
    Some(numbers.flat_map(u32::to_le_bytes).collect())
}

/// The other way round; none where it says nothing beyond the permissions, or is not of the form.
fn unpack(kept: &[u8], mode: Option<u32>) -> Option<Vec<u8>> {
    let (numbers, rest) = kept.as_chunks::<4>();
    let numbers: Vec<u32> = numbers.iter().map(|number| u32::from_le_bytes(*number)).collect();
    let [owner, group, mask, others, named @ ..] = numbers.as_slice() else { return None };
    let (named, odd) = named.as_chunks::<2>();
    if !rest.is_empty() || !odd.is_empty() {
        return None;
    }
    let said = |may: u32, shift: u32| match may {
        UNSAID => mode.map(|mode| mode >> shift & 7),
        0..=7 => Some(may),
        _ => None,
    };
    let mask = if *mask == UNSAID && named.is_empty() { None } else { Some(said(*mask, 3)?) };
    if mode.is_some() && mask.is_none() {
        return None;
    }
    let may_be = |may: u32| (may & !NAMED_USER <= 7).then_some(may & 7);
    let of = |tag: u16, is_user: bool| {
        let mut of: Vec<(u32, u32)> = named
            .iter()
            .filter(|[_, may]| (may & NAMED_USER != 0) == is_user)
            .map(|[id, may]| Some((*id, may_be(*may)?)))
            .collect::<Option<_>>()?;
        of.sort_unstable();
        Some(of.into_iter().map(move |(id, may)| (tag, may, id)))
    };
    // The system takes them in this order alone.
    let mut entries = vec![(OWNER, said(*owner, 6)?, NOBODY)];
    entries.extend(of(USER, true)?);
    entries.push((OWN_GROUP, said(*group, 3)?, NOBODY));
    entries.extend(of(GROUP, false)?);
    entries.extend(mask.map(|mask| (MASK, mask, NOBODY)));
    entries.push((OTHERS, said(*others, 0)?, NOBODY));
    let mut system = VERSION.to_le_bytes().to_vec();
    for (tag, may, id) in entries {
        system.extend_from_slice(&tag.to_le_bytes());
        system.extend_from_slice(&(may as u16).to_le_bytes());
        system.extend_from_slice(&id.to_le_bytes());
    }
    Some(system)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// What rsync 3.5.0 has made of ACLs that setfacl had made, and of permissions.
    #[test]
    fn rsync_s_form_is_read_and_written() {
        for (mode, system, kept) in [
            (
                Some(0o664),
                "0200000001000600ffffffff02000600e903000004000400ffffffff080004003200000010000600ffffffff20000400ffffffff",
                "80000000040000000600000080000000e9030000060000803200000004000000",
            ),
            (
                Some(0o644),
                "0200000001000600ffffffff0200070000000000020000007011010004000400ffffffff080006000900000010000400ffffffff\
                 20000400ffffffff",
                "80000000800000000400000080000000000000000700008070110100000000800900000006000000",
            ),
            (
                None,
                "0200000001000700ffffffff02000700e903000004000500ffffffff10000700ffffffff20000500ffffffff",
                "07000000050000000700000005000000e903000007000080",
            ),
        ] {
            assert_eq!(pack(&bytes(system), mode), Some(bytes(kept)));
            assert_eq!(unpack(&bytes(kept), mode), Some(bytes(system)));
        }
    }

    proptest! {
        #[test]
        fn anything_may_come(bytes: Vec<u8>, mode in prop::option::of(0..0o10000_u32)) {
            let _ = pack(&bytes, mode);
            if let Some(system) = unpack(&bytes, mode) {
                let kept = pack(&system, mode).unwrap();
                prop_assert_eq!(unpack(&kept, mode), Some(system));
            }
        }

        #[test]
        fn what_is_kept_stands_for_what_it_was(names in prop::collection::btree_set("(user|trusted|security)\\.[a-c]{1,3}", 0..5)) {
            let value = |name: &String| Xattr { name: name.as_bytes().into(), value: name.as_bytes().into() };
            let xattrs: Vec<Xattr> = names.iter().map(value).collect();
            let kept = keep(&xattrs, 0o644);
            prop_assert!(kept.iter().all(|xattr| xattr.name.starts_with(b"user.")));
            prop_assert_eq!(unkept(kept, 0o644, false), xattrs);
        }
    }
}
