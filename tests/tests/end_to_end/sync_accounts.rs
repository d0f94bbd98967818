//! `xssh sync` between accounts: what each may read and set, and that two runs agree on it.

mod as_root {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;
    use xssh_fs::{Attributes, RelPath, Root, Xattr};
    use xssh_tests::account;
    use xssh_tests::call::Outcome;
    use xssh_tests::subject::Subject;
    use xssh_tests::world::World;

    use crate::sync::{on_host, sync_by, text};

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
}
