//! Device nodes: those that a client sends, and those that stand in the tree.

mod as_root {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    use std::path::Path;
    use std::time::Duration;

    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    use xssh_tests::account;
    use xssh_tests::sshd::Sshd;

    use crate::served::{Front as _, Ordinary};
    use crate::sync::text;

    type Served = crate::served::Served<Sshd>;

    /// /dev/zero, a disk, a FIFO and a socket by other names.
    fn nodes(folder: &Path) {
        account::require_root();
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("file"), "1").expect("a file");
        for (name, kind, number) in [
            ("zero", FileType::CharacterDevice, makedev(1, 5)),
            ("disk", FileType::BlockDevice, makedev(7, 99)),
            ("fifo", FileType::Fifo, 0),
            ("socket", FileType::Socket, 0),
        ] {
            mknodat(CWD, folder.join(name), kind, Mode::from_raw_mode(0o666), number).expect("a node");
        }
    }

    fn kinds(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry"));
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    const ALL: [&str; 5] = ["disk", "fifo", "file", "socket", "zero"];

    #[test]
    fn nodes_are_left_out_unless_they_are_granted() {
        let served = Served::with("");
        let here = served.here("here");
        nodes(&here);
        let source = format!("{}/", text(&here));
        for (number, options) in
            [&["-a"][..], &["-rD"], &["-r", "--devices"], &["-r", "--specials"]].into_iter().enumerate()
        {
            let target = format!("target:{number}");
            let _ = served.rsync(&[options, &[&source, &target]].concat()).run();
            assert_eq!(kinds(&served.root().join(number.to_string())), ["file"], "{options:?}");
        }
        for option in ["--devices", "--specials"] {
            let outcome = served.sync(&[option, text(&here), "target:sync"]).run().ends(3);
            assert!(outcome.errors().contains("may not make devices"), "{outcome}");
        }
        assert!(!served.root().join("sync").exists());
    }

    #[test]
    fn nodes_arrive_as_they_are_where_they_are_granted() {
        let served = Served::with("--allow-devices");
        let here = served.here("here");
        nodes(&here);
        let _ = served.rsync(&["-a", &format!("{}/", text(&here)), "target:rsync"]).run().ok();
        let _ = served.sync(&["--devices", "--specials", text(&here), "target:sync"]).run().ok();
        for target in ["rsync", "sync"] {
            let target = served.root().join(target);
            assert_eq!(kinds(&target), ALL);
            let of = |folder: &Path, name: &str| {
                let stat = fs::symlink_metadata(folder.join(name)).expect("a node");
                (stat.mode(), stat.rdev())
            };
            for name in ALL {
                assert_eq!(of(&target, name), of(&here, name), "{name}");
            }
        }
        // What is granted is to make them, and not to use them.
        let outcome = served.rsync(&["-a", "--write-devices", text(&here.join("file")), "target:rsync/zero"]).run();
        served.assert_refused(&outcome, "write-devices");
        let outcome = served.rsync(&["-a", "--copy-devices", "target:rsync/zero", text(&served.here("back"))]).run();
        served.assert_refused(&outcome, "copy-devices");
    }

    /// A node that an administrator has put into the tree is neither read nor written.
    #[test]
    fn nodes_of_the_tree_are_not_opened() {
        let served = Served::with("--allow-devices");
        nodes(&served.root().join("there"));
        let back = text(&served.here("back")).to_owned();
        let limit = Duration::from_secs(60);
        for args in [
            &["-r", "target:there/", &back][..],
            &["-r", "target:there/zero", &back],
            &["-r", "--inplace", "target:there/fifo", &back],
        ] {
            let _ = served.rsync(args).limit(limit).run();
        }
        let _ = served.sync(&["--contents", "target:there", &back]).limit(limit).run();
        assert_eq!(kinds(Path::new(&back)), ["file"]);
        let file = served.here("zero");
        fs::write(&file, "overwritten").expect("a file");
        for args in
            [&["-I", "--inplace", text(&file), "target:there/"][..], &["--append", text(&file), "target:there/"]]
        {
            let _ = served.rsync(args).limit(limit).run();
            let _ = served.sync(&["--inplace", text(&file), "target:there/"]).limit(limit).run();
            let zero = served.root().join("there/zero");
            // In its place may be a file; it itself was not written to.
            let stat = fs::symlink_metadata(&zero).expect("something");
            assert!(stat.file_type().is_char_device() || stat.len() == 11, "{stat:?}");
        }
        served.assert_unharmed();
    }

    /// Not even with the grant can an account make what the kernel would not let it make.
    #[test]
    fn an_ordinary_account_makes_none() {
        let served = crate::served::Served::<Ordinary>::with("--allow-devices");
        let here = served.here("here");
        nodes(&here);
        let _ = served.rsync(&["-rD", &format!("{}/", text(&here)), "target:there"]).run();
        assert_eq!(kinds(&served.root().join("there")), ["fifo", "file", "socket"]);
        assert!(!served.server.user().is_empty());
    }
}
