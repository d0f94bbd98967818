//! What no tree may hold: files that say what keys may do, and secrets. Whoever may write there could give himself more than his key
//! has, or a shell; whoever may read there could be the server to others.
//!
//! Not the file alone counts but each name that leads to it: a link in the tree could be made to lead elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use xssh_gate::Grant;

use crate::args::serve::{Log, Serve};
use crate::environment;

/// Links that are followed on the way to a file, as the kernel has it (path_resolution(7)).
const LINKS: usize = 40;
/// What in `~/.ssh` says what sshd, and a relay's remote shell, do.
const OF_SSH: [&str; 5] = ["authorized_keys", "authorized_keys2", "rc", "environment", "config"];
/// What a shell reads before a forced command, in the home directory.
const OF_SHELLS: [&str; 4] = [".bashrc", ".zshenv", ".cshrc", ".tcshrc"];

/// What of the account's own a tree holds. Of several the first is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Own {
    /// The home directory, and so keys and start-up files.
    Home,
    /// The account's `.ssh`, or what it leads to.
    Ssh,
    /// A file that a shell reads first.
    Startup,
    /// A file that says what keys may do, or where a relay leads.
    Grants,
    /// The log of sessions.
    Log,
    /// This program.
    Program,
    /// The key of a server of ours.
    HostKey,
    /// Our secrets and records.
    State,
}

impl Own {
    /// Why that is not served.
    fn words(self) -> &'static str {
        match self {
            Self::Home => {
                "the tree holds the account's own home directory, and so its authorized_keys and its shell's start-up files: \
                 name a directory in it"
            }
            Self::Ssh => "the tree is in the account's own .ssh, or holds it",
            Self::Startup => "the tree holds a start-up file of the account's shell",
            Self::Grants => "the tree holds a file that says what keys may do",
            Self::Log => "the tree holds the log of sessions",
            Self::Program => "the tree holds the program that serves it",
            Self::HostKey => "the tree holds the server's host key",
            Self::State => "the tree is in the directory of xssh's own secrets, or holds it",
        }
    }

    /// What is in it is of the same kind.
    fn is_directory(self) -> bool {
        matches!(self, Self::Ssh | Self::State)
    }
}

/// Something that a tree holds and must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    own: Own,
    place: PathBuf,
}

impl Held {
    /// For the client: paths of the host are none of its business.
    pub(crate) fn words(&self) -> &'static str {
        self.own.words()
    }

    /// For whoever administers the host.
    pub(crate) fn details(&self, root: &Path) -> String {
        match self.own {
            Own::Home => self.words().to_owned(),
            _ => format!("{} ({}; the tree is {})", self.words(), self.place.display(), root.display()),
        }
    }
}

/// Of each kind the first file, as it was named.
type Firsts = BTreeMap<Own, Arc<Path>>;

/// Files of the account's own, as far as they are known. A check of many lines asks for each line's tree what it holds of all that
/// the others name, so that is looked up and not searched for.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    home: Vec<PathBuf>,
    /// By each name on the way to one of them, without links in what leads there, and by each directory above such a name. Where a
    /// kind stands, it stands for all directories above, too.
    below: HashMap<PathBuf, Firsts>,
    /// Directories of which all that is in them counts.
    within: HashMap<PathBuf, Firsts>,
}

impl Files {
    fn of_home(home: &Path) -> Self {
        Self { home: way(home).0, below: HashMap::new(), within: HashMap::new() }
    }

    /// Those that every session of this account has.
    pub(crate) fn of_account() -> Self {
        let home = environment::home();
        let mut files = Self::of_home(&home);
        files.add(Own::Ssh, &home.join(".ssh"));
        OF_SSH.iter().for_each(|name| files.add(Own::Ssh, &home.join(".ssh").join(name)));
        OF_SHELLS.iter().for_each(|name| files.add(Own::Startup, &home.join(name)));
        for state in [environment::state(), environment::chosen_state()] {
            files.add(Own::State, &state.join("xssh"));
        }
        if let Ok(program) = environment::own_program() {
            files.add(Own::Program, &program);
        }
        if let Some([keys, host_key]) = environment::server_files() {
            files.add(Own::Grants, &keys);
            files.add(Own::HostKey, &host_key);
        }
        files
    }

    /// Those that a line names, too.
    pub(crate) fn with(mut self, line: &Serve) -> Self {
        if let Some(config) = &line.config {
            self.add(Own::Grants, config);
        }
        if let Some(Log::File(log)) = &line.log {
            self.add(Own::Log, log);
        }
        if let Some(config) = line.grant.relay.as_ref().and_then(|relay| relay.config.as_ref()) {
            self.add(Own::Grants, config);
        }
        self
    }

    /// One more.
    pub(crate) fn add(&mut self, own: Own, place: &Path) {
        // Whoever runs us may name a file from where he is.
        let place = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
        let (names, end) = way(&place);
        let place: Arc<Path> = place.into();
        for name in &names {
            for above in name.ancestors() {
                let firsts = self.below.entry(above.to_owned()).or_default();
                if firsts.contains_key(&own) {
                    break;
                }
                firsts.insert(own, place.clone());
            }
        }
        if own.is_directory() {
            self.within.entry(end).or_default().entry(own).or_insert(place);
        }
    }

    /// What of them a tree holds for which it is not served. Where nothing may be written there, only secrets count; and a whole
    /// home directory may be served so, as for a backup of all that an account or a host has.
    pub(crate) fn held_by(&self, root: &Path, may_write: bool) -> Option<Held> {
        let holds_home = self.holds_home(root);
        if holds_home && may_write {
            return Some(Held { own: Own::Home, place: root.to_owned() });
        }
        let root = way(root).1;
        let counts = |own: Own| match own {
            Own::HostKey => true,
            Own::Ssh | Own::State => may_write || !holds_home,
            _ => may_write,
        };
        let around = root.ancestors().filter_map(|above| self.within.get(above));
        let held = self.below.get(&root).into_iter().chain(around).flatten().filter(|(own, _)| counts(**own));
        held.min_by_key(|(own, _)| **own).map(|(own, place)| Held { own: *own, place: place.to_path_buf() })
    }

    /// Whether a tree holds all that the account has.
    pub(crate) fn holds_home(&self, root: &Path) -> bool {
        let root = way(root).1;
        self.home.iter().any(|name| name.starts_with(&root))
    }

    /// The first tree or repository of a grant that holds any of them, and what.
    pub(crate) fn held_by_any(&self, grant: &Grant) -> Option<(PathBuf, Held)> {
        let trees = grant.tree.iter().map(|tree| (&tree.root, tree.access.writes()));
        let repositories =
            grant.repositories.iter().flat_map(|all| all.roots.iter().map(|root| (root, !all.is_read_only)));
        trees.chain(repositories).find_map(|(root, may_write)| Some((root.clone(), self.held_by(root, may_write)?)))
    }
}

/// Each name on the way to a path, with no link in what leads to it, and where the way ends. What is not there yet counts as it is
/// written.
fn way(path: &Path) -> (Vec<PathBuf>, PathBuf) {
    let parts =
        |path: &Path| -> Vec<OsString> { path.components().rev().map(|part| part.as_os_str().to_owned()).collect() };
    let (mut names, mut links, mut here) = (Vec::new(), 0, PathBuf::from("/"));
    let mut left = parts(path);
    while let Some(part) = left.pop() {
        match Path::new(&part).components().next() {
            Some(Component::RootDir) => here = PathBuf::from("/"),
            Some(Component::ParentDir) => drop(here.pop()),
            Some(Component::Normal(name)) => {
                let there = here.join(name);
                names.push(there.clone());
                match fs::read_link(&there) {
                    Ok(target) if links < LINKS => {
                        links += 1;
                        left.extend(parts(&target));
                    }
                    _ => here = there,
                }
            }
            _ => {}
        }
    }
    (names, here)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    fn files(all: &[(Own, PathBuf)]) -> Files {
        let mut files = Files::of_home(Path::new("/home/nobody/at/all"));
        all.iter().for_each(|(own, place)| files.add(*own, place));
        files
    }

    #[test]
    fn a_file_is_held_where_any_name_that_leads_to_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["tree/sub", "etc", "beside"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("etc/grants"), "").unwrap();
        symlink(at("etc"), at("tree/sub/etc")).unwrap();
        symlink("../tree/sub/etc", at("beside/etc")).unwrap();
        symlink("loop", at("beside/loop")).unwrap();
        symlink(at("tree"), at("also")).unwrap();
        let held = |place: &str, root: &str| files(&[(Own::Grants, at(place))]).held_by(&at(root), true).is_some();
        for (place, root, expected) in [
            ("etc/grants", "tree", false),
            ("etc/grants", "etc", true),
            ("etc/grants", "et", false),
            ("tree/sub/../../etc/grants", "tree/sub", true),
            ("tree/sub/etc/grants", "tree", true),
            ("tree/sub/etc/grants", "etc", true),
            ("tree/sub/etc/grants", "beside", false),
            // By a link outside that leads through one inside.
            ("beside/etc/grants", "tree", true),
            ("beside/etc/grants", "also", true),
            ("also/missing/yet", "tree/missing", true),
            ("also/missing/yet", "tree/other", false),
            ("beside/loop/x", "tree", false),
        ] {
            assert_eq!(held(place, root), expected, "{place} {root}");
        }
    }

    /// Of a file of many lines each has a tree of its own and files of its own. Only what this thread computes is counted, and ten
    /// times as many lines may take forty times as long: where each looks through what all others name, it is a hundred.
    #[test]
    fn what_many_lines_name_is_looked_up_and_not_searched_for() {
        let took = |lines: usize| {
            let begun = clock_gettime(ClockId::ThreadCPUTime);
            let place = |number: usize, name: &str| PathBuf::from(format!("/nowhere/{number}/{name}"));
            let all: Vec<_> = (0..lines).map(|number| (Own::Log, place(number, "logs/log"))).collect();
            let files = files(&all);
            assert!((0..lines).all(|number| files.held_by(&place(number, "tree"), true).is_none()));
            assert!(files.held_by(&place(lines - 1, "logs"), true).is_some());
            let ended = clock_gettime(ClockId::ThreadCPUTime);
            (ended.tv_sec - begun.tv_sec) * 1_000_000_000 + ended.tv_nsec - begun.tv_nsec
        };
        let least = |lines: usize| (0..3).map(|_| took(lines)).min();
        let (few, many) = (least(1_000).unwrap(), least(10_000).unwrap());
        assert!(many < 40 * few, "{few} ns and {many} ns");
    }

    #[test]
    fn for_whoever_only_reads_secrets_count() {
        let at = |own, place: &str| (own, PathBuf::from(place));
        let all = [
            at(Own::Grants, "/t/grants"),
            at(Own::Log, "/t/log"),
            at(Own::Program, "/t/xssh"),
            at(Own::Startup, "/t/.bashrc"),
        ];
        assert!(all.iter().all(|one| files(std::slice::from_ref(one)).held_by(Path::new("/t"), true).is_some()));
        assert_eq!(files(&all).held_by(Path::new("/t"), false), None);
        for own in [Own::HostKey, Own::State, Own::Ssh] {
            assert!(files(&[at(own, "/t/x")]).held_by(Path::new("/t"), false).is_some(), "{own:?}");
        }
        // Where the whole home directory may be read, that is meant; a server's key is not the account's to give.
        assert_eq!(files(&[at(Own::State, "/x")]).held_by(Path::new("/"), false), None);
        assert!(files(&[at(Own::HostKey, "/x")]).held_by(Path::new("/"), false).is_some());
        assert_eq!(files(&[]).held_by(Path::new("/home"), true).map(|held| held.own), Some(Own::Home));
    }
}
