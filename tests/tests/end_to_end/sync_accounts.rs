//! `xssh sync` between accounts: what each may read and set, and that two runs agree on it.

mod as_root {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;
    use xssh_fs::{Attributes, Kind, RelPath, Root, Xattr};
    use xssh_tests::account;
    use xssh_tests::call::{Call, Outcome};
    use xssh_tests::peer;
    use xssh_tests::subject::Subject;
    use xssh_tests::world::World;

    use crate::sync::{assert_alike, on_host, sync_by, text};

    /// A group that the account on the host is in, beside its own.
    const TEAM: u32 = 54_322;
    /// One that it is not in.
    const OTHERS: u32 = 54_323;

    /// A host where the helper belongs to an account that may do nothing special.
    struct Ordinary {
        world: World,
        folder: TempDir,
    }

    impl Ordinary {
        fn new() -> Self {
            account::require_root();
            let folder = tempfile::tempdir().expect("a folder");
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
            fs::copy(&Subject::get().path, folder.path().join("xssh")).expect("a copy of the program");
            let made = Self { world: World::direct(), folder };
            fs::create_dir(made.here()).expect("a folder");
            fs::create_dir(made.there()).expect("a folder");
            chown(made.there(), Some(account::NOBODY), Some(account::NOBODY)).expect("an owner");
            made
        }

        fn here(&self) -> PathBuf {
            self.folder.path().join("here")
        }

        fn there(&self) -> PathBuf {
            self.folder.path().join("there")
        }

        fn push(&self, args: &[&str]) -> Outcome {
            let (here, there) = (self.here(), self.there());
            self.run(&[args, &[text(&here), &on_host(&there)]].concat())
        }

        /// What the client says goes into a file too.
        fn run(&self, args: &[&str]) -> Outcome {
            let (said, own) = (self.said(), self.folder.path().join("xssh"));
            let uid = account::NOBODY;
            let remote =
                format!("tee {} | setpriv --reuid {uid} --regid {uid} --groups {TEAM} -- {}", text(&said), text(&own));
            sync_by(&self.world, &remote, args).run().ok()
        }

        fn said(&self) -> PathBuf {
            self.folder.path().join("said")
        }
    }

    fn set(path: &Path, name: &str, value: &[u8]) {
        let root = Root::open(path.parent().expect("a folder")).expect("a folder");
        let own = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let xattrs = [Xattr { name: name.as_bytes().into(), value: value.into() }];
        let attributes = Attributes { xattrs: &xattrs, ..Attributes::default() };
        root.set(&RelPath::parse(own.as_bytes()).expect("a name"), &attributes).expect("an attribute");
    }

    /// What only root could set is not looked at, so that the second run has nothing to list.
    #[test]
    fn attributes_that_cannot_be_kept_are_not_compared() {
        let ordinary = Ordinary::new();
        for number in 0..1000 {
            let path = ordinary.here().join(format!("file{number}"));
            fs::write(&path, "x").expect("a file");
            set(&path, "user.kept", b"1");
            set(&path, "trusted.dropped", b"2");
        }
        let _ = ordinary.push(&["--xattrs", "--no-owner", "--no-group"]);
        let again = ordinary.push(&["--xattrs", "--no-owner", "--no-group", "--itemize"]);
        assert_eq!(again.text().lines().count(), 1, "{again}");
        let said = fs::metadata(ordinary.said()).expect("what was said").len();
        assert!(said < 2000, "{said} bytes for a tree that is the same");
    }

    /// Groups are kept where the account is in them, and owners are not; that is said once.
    #[test]
    fn groups_of_an_ordinary_account() {
        let ordinary = Ordinary::new();
        for (name, gid) in [("team", TEAM), ("others", OTHERS)] {
            let path = ordinary.here().join(name);
            fs::write(&path, name).expect("a file");
            chown(&path, Some(12_345), Some(gid)).expect("an owner");
        }
        let outcome = ordinary.push(&[]).says("the owner of 2 entries was not kept");
        assert_eq!(outcome.errors().matches("owner").count(), 1, "{outcome}");
        let of = |name: &str| {
            let stat = fs::metadata(ordinary.there().join(name)).expect("a file");
            (stat.uid(), stat.gid())
        };
        assert_eq!(of("team"), (account::NOBODY, TEAM));
        assert_eq!(of("others"), (account::NOBODY, account::NOBODY));
        let again = ordinary.push(&["--itemize"]);
        assert_eq!(again.text().lines().count(), 1, "{again}");
    }

    /// A group that the account may give is given later too, though others beside it may not be.
    #[test]
    fn a_group_that_is_changed_later() {
        let ordinary = Ordinary::new();
        for (name, group) in [("of-others", OTHERS), ("later", OTHERS), ("team", TEAM)] {
            let path = ordinary.here().join(name);
            fs::write(&path, name).expect("a file");
            chown(&path, Some(0), Some(group)).expect("a group");
        }
        let _ = ordinary.push(&[]);
        let group = |name| fs::metadata(ordinary.there().join(name)).expect("a file").gid();
        assert_eq!((group("team"), group("later")), (TEAM, account::NOBODY));
        chown(ordinary.here().join("later"), None, Some(TEAM)).expect("a group");
        let outcome = ordinary.push(&["--itemize"]);
        assert_eq!(outcome.text().lines().next(), Some("set        later"), "{outcome}");
        assert_eq!(group("later"), TEAM);
        let again = ordinary.push(&["--itemize"]);
        assert_eq!(again.text().lines().count(), 1, "{again}");
    }

    /// Directories that the account has closed to itself: a run gets into them, and leaves them as the source has them.
    #[test]
    fn directories_that_their_owner_has_closed() {
        let ordinary = Ordinary::new();
        for mode in [0o000, 0o100, 0o300, 0o400, 0o600, 0o755] {
            let [here, there] = [ordinary.here(), ordinary.there()].map(|tree| tree.join(format!("d{mode:o}")));
            for folder in [&here, &there] {
                fs::create_dir_all(folder.join("in")).expect("a folder");
                fs::write(folder.join("in/f"), text(folder)).expect("a file");
            }
            fs::write(there.join("gone"), "1").expect("a file");
            for path in [there.join("in/f"), there.join("gone"), there.join("in"), there.clone()] {
                chown(&path, Some(account::NOBODY), Some(account::NOBODY)).expect("an owner");
            }
            fs::set_permissions(&there, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        let modes = || -> Vec<u32> {
            let entries = fs::read_dir(ordinary.there()).expect("a folder");
            let modes = entries.map(|entry| entry.expect("an entry").metadata().expect("a mode").mode() & 0o777);
            let mut modes: Vec<u32> = modes.collect();
            modes.sort_unstable();
            modes
        };
        let args = ["--no-owner", "--no-group", "--delete", "--max-delete=99", "--itemize"];
        let _ = ordinary.push(&args);
        assert_eq!(modes(), [0o755; 6]);
        assert_eq!(ordinary.push(&args).text().lines().count(), 1);
        // The source closes them, and changes something in there.
        for entry in fs::read_dir(ordinary.here()).expect("a folder") {
            let folder = entry.expect("an entry").path();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o0)).expect("a mode");
        }
        let _ = ordinary.push(&args);
        assert_eq!(modes(), [0; 6]);
        assert_eq!(ordinary.push(&args).text().lines().count(), 1);
        fs::write(ordinary.here().join("d0/in/f"), "another").expect("a file");
        let outcome = ordinary.push(&args);
        assert_eq!(outcome.text().lines().next(), Some("changed    d0/in/f"), "{outcome}");
        assert_eq!(modes(), [0; 6]);
        assert_eq!(fs::read(ordinary.there().join("d0/in/f")).expect("the file"), b"another");
    }

    /// rsync whose other side belongs to the ordinary account, and keeps what only root could set beside the files.
    fn rsync(ordinary: &Ordinary, from: &str, to: &str) {
        let shell = ordinary.folder.path().join("shell");
        let uid = account::NOBODY;
        let script = format!("#!/bin/sh\nshift\nexec setpriv --reuid {uid} --regid {uid} --clear-groups -- \"$@\"\n");
        fs::write(&shell, script).expect("a script");
        fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).expect("a mode");
        let args = ["-aXA", "--numeric-ids", "-M--fake-super", "-e", text(&shell), from, to];
        let _ = Call::new(peer::require("rsync")).args(args).run().ok();
    }

    /// Everything that only root may make.
    fn special(here: &Path) {
        let made = |name: &str| here.join(name);
        for name in ["plain", "setuid", "others"] {
            fs::write(made(name), name).expect("a file");
        }
        fs::create_dir(made("d")).expect("a folder");
        fs::write(made("d/f"), "f").expect("a file");
        symlink("plain", made("link")).expect("a link");
        let root = Root::open(here).expect("the folder");
        for (name, kind) in [("null", Kind::CharDevice), ("disk", Kind::BlockDevice), ("fifo", Kind::Fifo)] {
            let path = RelPath::parse(name.as_bytes()).expect("a name");
            root.make_node(&path, kind, (7, 3), &Attributes::default(), false).expect("a node");
        }
        for (name, uid, gid) in [("setuid", 1234, 1235), ("d", 77, 78), ("null", 5, 6)] {
            chown(made(name), Some(uid), Some(gid)).expect("an owner");
        }
        lchown(made("link"), Some(9), Some(10)).expect("an owner");
        // One that the account could have made itself.
        chown(made("others"), Some(account::NOBODY), Some(account::NOBODY)).expect("an owner");
        for (name, mode) in [("setuid", 0o4755), ("d", 0o1500), ("plain", 0o440)] {
            fs::set_permissions(made(name), fs::Permissions::from_mode(mode)).expect("a mode");
        }
        set(&made("others"), "user.own", b"1");
        // rsync takes times within a second for the same.
        for name in ["null", "disk", "fifo", "d", ""] {
            let old = Attributes { mtime: Some((1 << 30, 0)), ..Attributes::default() };
            root.set(&RelPath::parse(name.as_bytes()).expect("a name"), &old).expect("a time");
        }
    }

    const ALL: [&str; 5] = ["--fake-super", "--devices", "--specials", "--xattrs", "--itemize"];

    #[test]
    fn what_only_root_could_set_is_kept_for_rsync_too() {
        let ordinary = Ordinary::new();
        special(&ordinary.here());
        let _ = ordinary.push(&ALL).does_not_say("not kept");
        let again = ordinary.push(&ALL);
        assert_eq!(again.text().lines().count(), 1, "{again}");
        let back = ordinary.folder.path().join("back");
        rsync(&ordinary, &format!("host:{}/", text(&ordinary.there())), text(&back));
        assert_alike(&ordinary.here(), &back);
        // Only the owner of a link and of a device changes.
        lchown(ordinary.here().join("link"), Some(account::NOBODY), Some(account::NOBODY)).expect("an owner");
        lchown(ordinary.here().join("disk"), Some(50), Some(51)).expect("an owner");
        let _ = ordinary.push(&ALL);
        let ours = ordinary.folder.path().join("ours");
        let _ = ordinary.run(&[&ALL[..], &[&on_host(&ordinary.there()), text(&ours)]].concat());
        assert_alike(&ordinary.here(), &ours);
    }

    #[test]
    fn what_rsync_has_kept_is_restored() {
        let ordinary = Ordinary::new();
        special(&ordinary.here());
        rsync(&ordinary, &format!("{}/", text(&ordinary.here())), &format!("host:{}/", text(&ordinary.there())));
        let back = ordinary.folder.path().join("back");
        let _ = ordinary.run(&[&ALL[..], &[&on_host(&ordinary.there()), text(&back)]].concat());
        assert_alike(&ordinary.here(), &back);
        // What rsync wrote is what xssh would have written.
        let again = ordinary.push(&ALL);
        assert_eq!(again.text().lines().count(), 1, "{again}");
    }

    /// What the system, and setfacl, make of an ACL.
    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |&(tag, may, id): &(u16, u16, u32)| {
            [tag.to_le_bytes(), may.to_le_bytes()].concat().into_iter().chain(id.to_le_bytes())
        };
        2_u32.to_le_bytes().into_iter().chain(entries.iter().flat_map(entry)).collect()
    }

    /// A file and a directory with what only root can set, and ACLs.
    fn attributed(here: &Path) {
        let [file, folder] = ["f", "d"].map(|name| here.join(name));
        fs::write(&file, "f").expect("a file");
        fs::create_dir(&folder).expect("a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1775)).expect("a mode");
        let none = u32::MAX;
        let access = acl(&[(1, 6, none), (2, 6, 1001), (4, 4, none), (8, 4, 50), (16, 6, none), (32, 4, none)]);
        set(&file, "system.posix_acl_access", &access);
        set(&file, "user.plain", b"1");
        set(&file, "trusted.of-root", b"2");
        let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        set(&file, "security.capability", &capability);
        let handed_down = acl(&[(1, 7, none), (2, 7, 1001), (4, 5, none), (16, 7, none), (32, 5, none)]);
        set(&folder, "system.posix_acl_default", &handed_down);
        set(
            &folder,
            "system.posix_acl_access",
            &acl(&[(1, 7, none), (4, 5, none), (8, 7, 7), (16, 7, none), (32, 5, none)]),
        );
        // rsync takes times within a second for the same.
        for path in [RelPath::parse(b"d").expect("a name"), RelPath::root()] {
            let old = Attributes { mtime: Some((1 << 30, 0)), ..Attributes::default() };
            Root::open(here).expect("the folder").set(&path, &old).expect("a time");
        }
    }

    fn attributes_in(folder: &Path) -> Vec<Vec<Xattr>> {
        let root = Root::open(folder).expect("the folder");
        let of = |name: &str| root.xattrs(&RelPath::parse(name.as_bytes()).expect("a name")).expect("attributes");
        vec![of("f"), of("d")]
    }

    #[test]
    fn attributes_and_acls_that_only_root_could_set() {
        let all = ["--fake-super", "--xattrs", "--acls", "--itemize"];
        for rsync_keeps in [false, true] {
            let ordinary = Ordinary::new();
            attributed(&ordinary.here());
            let before = attributes_in(&ordinary.here());
            assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
            let there = format!("host:{}/", text(&ordinary.there()));
            if rsync_keeps {
                rsync(&ordinary, &format!("{}/", text(&ordinary.here())), &there);
            } else {
                let _ = ordinary.push(&all);
            }
            let again = ordinary.push(&all);
            assert_eq!(again.text().lines().count(), 1, "{again}");
            let [ours, theirs] = ["ours", "theirs"].map(|name| ordinary.folder.path().join(name));
            let _ = ordinary.run(&[&all[..], &[&on_host(&ordinary.there()), text(&ours)]].concat());
            rsync(&ordinary, &there, text(&theirs));
            assert_eq!(attributes_in(&ours), before, "kept by rsync: {rsync_keeps}");
            assert_eq!(attributes_in(&theirs), before, "kept by rsync: {rsync_keeps}");
            // What the source has no more goes.
            for name in ["trusted.of-root", "security.capability", "system.posix_acl_access"] {
                rustix::fs::removexattr(ordinary.here().join("f"), name).expect("an attribute");
            }
            let _ = ordinary.push(&all);
            let _ = ordinary.run(&[&all[..], &[&on_host(&ordinary.there()), text(&ours)]].concat());
            assert_eq!(attributes_in(&ours), attributes_in(&ordinary.here()));
        }
    }

    /// A host where a user of the same name has another number.
    #[test]
    fn names_or_numbers() {
        let user = account::throwaway();
        let (world, own) = (World::direct(), Subject::get().path.display());
        let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
        fs::create_dir(&here).expect("a folder");
        fs::write(here.join("file"), "x").expect("a file");
        chown(here.join("file"), Some(user.uid.as_raw()), Some(0)).expect("an owner");
        let users = world.home.path().join("passwd");
        let known = fs::read_to_string("/etc/passwd").expect("the users");
        let others = known.lines().filter(|line| !line.starts_with(&format!("{}:", user.name)));
        let moved = format!("{}:x:40404:40404::/nonexistent:/bin/sh", user.name);
        fs::write(&users, others.chain([moved.as_str()]).collect::<Vec<_>>().join("\n") + "\n").expect("users");
        let unshare = peer::require("unshare");
        let script = format!("mount --bind {} /etc/passwd && exec {own} \"$0\" \"$@\"", text(&users));
        let remote = format!("{} -m -- sh -c '{script}'", unshare.display());
        let uid = || fs::metadata(there.join("file")).expect("a file").uid();
        for (options, expected) in
            [(&[][..], 40_404), (&["--numeric-ids"], user.uid.as_raw()), (&["--chown=:0"], 40_404)]
        {
            let target = on_host(&there);
            let args = [options, &["--itemize", text(&here), &target]].concat();
            let _ = sync_by(&world, &remote, &args).run().ok();
            assert_eq!(uid(), expected, "{options:?}");
            let again = sync_by(&world, &remote, &args).run().ok();
            assert_eq!(again.text().lines().count(), 1, "{again}");
        }
        // Everything to somebody else, by the name that counts there.
        let chown = format!("--chown={}:daemon", user.name);
        fs::write(here.join("more"), "y").expect("a file");
        let _ = sync_by(&world, &remote, &[&chown, text(&here), &on_host(&there)]).run().ok();
        let stat = fs::metadata(there.join("more")).expect("a file");
        assert_eq!((stat.uid(), stat.gid()), (40_404, xssh_os::account::group_id("daemon").expect("a group")));
        let _ =
            sync_by(&world, &remote, &["--chown=nobody-of-that-name", text(&here), &on_host(&there)]).run().ends(23);
        let _ = sync_by(&world, &remote, &["--chown=a:b:c", text(&here), &on_host(&there)]).run().ends(1);
    }
}
