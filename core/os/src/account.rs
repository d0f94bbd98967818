//! The account that runs us, as the system's user database tells it.

use std::path::PathBuf;

use nix::libc;
use nix::unistd::{Gid, Group, Uid, User};

/// Who runs this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name; the uid in digits where nobody knows one.
    pub user: String,
    /// The real user id.
    pub uid: u32,
    /// The home directory, from the user database like ssh's, not from HOME.
    pub home: PathBuf,
    /// The login shell.
    pub shell: PathBuf,
}

impl Account {
    /// Looks up the real uid. Where it has no entry (a container's arbitrary uid), `home` and `user` stand in: the
    /// caller's HOME and USER. ssh gives up there.
    #[must_use]
    pub fn current(home: Option<PathBuf>, user: Option<String>) -> Self {
        let uid = Uid::current();
        match User::from_uid(uid) {
            Ok(Some(entry)) => Self { user: entry.name, uid: uid.as_raw(), home: entry.dir, shell: entry.shell },
            _ => Self::without_entry(uid.as_raw(), home, user),
        }
    }

    fn without_entry(uid: u32, home: Option<PathBuf>, user: Option<String>) -> Self {
        Self {
            user: user.filter(|name| !name.is_empty()).unwrap_or_else(|| uid.to_string()),
            uid,
            home: home.filter(|dir| dir.is_absolute()).unwrap_or_else(|| PathBuf::from("/")),
            shell: PathBuf::from("/bin/sh"),
        }
    }
}

/// The home directory of the user called `name`, for `~name`.
#[must_use]
pub fn home_of(name: &str) -> Option<PathBuf> {
    User::from_name(name).ok().flatten().map(|entry| entry.dir)
}

/// What the user database calls the user of this number.
#[must_use]
pub fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|entry| entry.name)
}

/// The number of the user of this name.
#[must_use]
pub fn user_id(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|entry| entry.uid.as_raw())
}

/// What the group database calls the group of this number.
#[must_use]
pub fn group_name(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|entry| entry.name)
}

/// The number of the group of this name.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|entry| entry.gid.as_raw())
}

/// The groups that this process is in.
#[must_use]
pub fn own_groups() -> Vec<u32> {
    let mut groups: Vec<u32> =
        rustix::process::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect();
    groups.push(Gid::effective().as_raw());
    groups
}

/// The user whom this process acts as.
#[must_use]
pub fn own_user() -> u32 {
    Uid::effective().as_raw()
}

/// The permissions that new files of this process do not get (umask(2)), without setting them for a moment. The usual ones where
/// /proc does not tell.
#[must_use]
pub fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o022)
}

/// Whether this process may give files to others.
#[must_use]
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Whether the user `uid` is the only one in the group `gid`, so that a file which the group may write is still only
/// theirs (Debian's user-private groups). False where it cannot be told.
#[must_use]
pub fn group_is_private(gid: u32, uid: u32) -> bool {
    let Ok(Some(group)) = Group::from_gid(Gid::from_raw(gid)) else {
        return false;
    };
    let Ok(Some(owner)) = User::from_uid(Uid::from_raw(uid)) else {
        return false;
    };
    group.mem.iter().all(|member| *member == owner.name) && only_primary_member(gid, uid)
}

/// Walks the user database for the users whose primary group this is.
fn only_primary_member(gid: u32, uid: u32) -> bool {
    let mut found = false;
    // SAFETY: getpwent hands out a pointer to static storage that stays valid until the next call of its family; it is
    // read before that, and two plain integers are all that is taken. The walk runs while configuration is read,
    // before there are other threads that could walk too.
    unsafe {
        libc::setpwent();
        loop {
            let entry = libc::getpwent();
            if entry.is_null() {
                break;
            }
            if (*entry).pw_gid == gid {
                found = (*entry).pw_uid == uid;
                if !found {
                    break;
                }
            }
        }
        libc::endpwent();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_account_is_the_one_of_the_uid() {
        let account = Account::current(None, None);
        assert_eq!(account.uid, Uid::current().as_raw());
        assert!(account.home.is_absolute());
    }

    #[test]
    fn a_uid_without_entry_falls_back_on_what_the_caller_knows() {
        let known = Account::without_entry(54321, Some("/work".into()), Some("ci".into()));
        assert_eq!((known.user.as_str(), known.home.to_str()), ("ci", Some("/work")));
        let unknown = Account::without_entry(54321, Some("relative".into()), Some(String::new()));
        assert_eq!((unknown.user.as_str(), unknown.home.to_str()), ("54321", Some("/")));
    }

    #[test]
    fn tilde_names_are_looked_up() {
        assert_eq!(home_of("root"), Some(PathBuf::from("/root")));
        assert_eq!(home_of("no such user"), None);
    }

    #[test]
    fn a_group_shared_by_several_is_not_private() {
        // Root's own group holds root alone; games, the group 60, is nobody's private group for root.
        assert!(group_is_private(0, 0));
        assert!(!group_is_private(60, 0));
    }
}
