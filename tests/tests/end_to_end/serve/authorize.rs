//! `xssh authorize`: the lines that make a key a served one.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use xssh_tests::call::Call;
use xssh_tests::key::Key;
use xssh_tests::subject::Subject;

use super::Served;
use crate::served::plant;
use crate::sync::{assert_alike, text};

fn authorize(served: &Served, args: &[&str]) -> Call {
    served.home.call(&Subject::get().path).arg("authorize").args(args)
}

fn public(key: &Key) -> String {
    format!("{}.pub", text(&key.path))
}

/// The server's authorized_keys.
fn keys(served: &Served) -> PathBuf {
    served.folder().join("authorized_keys")
}

#[test]
fn a_line_that_is_installed_serves_its_key() {
    let served = Served::with("");
    fs::write(keys(&served), "# first\n").expect("authorized_keys");
    let root = served.folder().join("with blanks, and 'quotes'");
    fs::create_dir(&root).expect("a folder");
    let file = keys(&served);
    let key = public(served.home.key());
    let args = ["--root", text(&root), "--append-only", "--name", "alice", "--file", text(&file), "--install", &key];
    let _ = authorize(&served, &args).run().ok().says("the key was added");
    let lines = fs::read_to_string(&file).expect("authorized_keys");
    let program = text(&Subject::get().path);
    assert!(lines.starts_with(&format!("# first\nrestrict,command=\"{program} serve --root '")), "{lines}");
    assert_eq!(fs::metadata(&file).expect("authorized_keys").mode() & 0o777, 0o644);
    let here = served.here("here");
    plant(&here);
    let _ = served.rsync(&["-a", &format!("{}/", text(&here)), "target:1"]).run().ok();
    assert_alike(&here, &root.join("1"));
    let _ = served.sync(&[text(&here), "target:2"]).run().ok();
    let _ = served.rsync(&["-a", "--delete", &format!("{}/", text(&here)), "target:1"]).run().says("may not delete");
    // Never twice.
    let _ = authorize(&served, &args).run().ok().says("is there already");
    let other = [&args[..2], &["--read-only", "--file", text(&file), "--install", &key]].concat();
    let _ = authorize(&served, &other).run().ends(1).says("stands there already, in line 2");
    assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), lines);
    // The list says what it is, and it goes by its name.
    let listed = authorize(&served, &["--list", "--file", text(&file)]).run().ok();
    assert!(listed.text().starts_with("alice: serves ") && listed.text().ends_with("it may read, add\n"), "{listed}");
    let _ = authorize(&served, &["--remove", "bob", "--file", text(&file)]).run().ends(1).says("no key is called bob");
    let _ = authorize(&served, &["--remove", "alice", "--file", text(&file)]).run().ok().says("1 removed");
    assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), "# first\n");
}

#[test]
fn a_missing_file_is_made_for_its_owner_alone() {
    let served = Served::with("");
    let file = served.here("new/authorized_keys");
    let key = public(served.home.key());
    let args = ["--root", text(&served.root()), "--file", text(&file), "--install", &key].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let _ = authorize(&served, &args).run().ok();
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    let left = fs::read_dir(file.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(left, 1);
    let _ = authorize(&served, &["--remove", &key, "--file", text(&file)]).run().ok();
    assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), "");
}

#[test]
fn a_key_goes_by_its_fingerprint_and_all_its_lines_with_it() {
    let served = Served::with("");
    let (file, another) = (served.here("authorized_keys"), Key::new(served.here("another"), "ecdsa"));
    let (key, other) = (served.home.key(), another.public());
    let lines = format!("{}\n# remark\n{other}\nrestrict,command=\"x\" {}\n", key.public(), key.public());
    fs::write(&file, &lines).expect("authorized_keys");
    let remove = |which: &str| authorize(&served, &["--remove", which, "--file", text(&file)]).run();
    let whole = key.fingerprint();
    for (which, words) in [
        ("SHA256:", "no key has the fingerprint SHA256:"),
        (&whole[..20], "no key has the fingerprint"),
        (&whole["SHA256:".len()..], "no key is called"),
    ] {
        let _ = remove(which).ends(1).says(words);
        assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), lines);
    }
    let _ = remove(&whole).ok().says("2 removed");
    assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), format!("# remark\n{other}\n"));
    let _ = remove(&another.fingerprint()).ok().says("1 removed");
    assert_eq!(fs::read_to_string(&file).expect("authorized_keys"), "# remark\n");
}

#[test]
fn nothing_is_made_where_something_is_to_go() {
    let served = Served::with("");
    for file in ["none/authorized_keys", "none"] {
        let file = served.here(file);
        let told = authorize(&served, &["--remove", "alice", "--file", text(&file)]).run().ends(1);
        let _ = told.says(&format!("{}: No such file or directory", text(&file)));
    }
    assert!(!served.here("none").exists());
}

#[test]
fn keys_come_from_files_and_from_standard_input_and_private_ones_are_refused() {
    let served = Served::with("");
    let root = text(&served.root()).to_owned();
    let line = authorize(&served, &["--root", &root, "-"]).input(served.home.key().public()).run().ok();
    assert!(line.text().ends_with(&format!("\" {}\n", served.home.key().public())), "{line}");
    let _ = authorize(&served, &["--root", &root, text(&served.home.key().path)]).run().ends(1).says("private key");
    let _ = authorize(&served, &["--root", &root, "-"]).run().ends(1).says("there is no key in it");
    let _ = authorize(&served, &["--root", &root, "-"]).input("ssh-rsa x").run().ends(1).says("no key of that kind");
    // A secret in the place of a key is not repeated.
    let secret = "AGE-SECRET-KEY-1QQQQ";
    let told =
        authorize(&served, &["--root", &root, "-"]).input(secret).run().ends(1).says("line 1: what stands there");
    assert!(!told.errors().contains("QQQQ") && !told.text().contains("QQQQ"), "{told}");
    let _ = authorize(&served, &["--root", "relative", "-"]).run().says("--root is to begin with /");
    // What a terminal would act on is not printed.
    let key = served.home.key().public();
    let told = authorize(&served, &["--root", &root, "-"]).input(format!("{key}\x1b]0;x\x07")).run().ends(1);
    let told = told.says("the key's comment has control characters in it");
    assert_eq!(told.text(), "", "{told}");
    let certificate = Key::new(served.here("another"), "ed25519").certify(served.home.key(), "alice", &[]);
    let told = authorize(&served, &["--root", &root, text(&certificate)]).run().ends(1);
    let _ = told.says("this is a certificate, which has no line of its own").says("cert-authority");
}

/// Another path than the one that was named is worse than none.
#[test]
fn a_path_that_is_no_text_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let served = Served::with("");
    let root = served.root().join(OsStr::from_bytes(b"x\xff"));
    fs::create_dir(&root).expect("a folder");
    let key = public(served.home.key());
    let outcome = authorize(&served, &[]).arg("--root").arg(&root).arg(&key).run().ends(1);
    assert_eq!(outcome.text(), "", "{outcome}");
    let _ = outcome.says("a path that is not UTF-8 cannot stand in authorized_keys");
    let link = served.here("link");
    std::os::unix::fs::symlink(&root, &link).expect("a link");
    let _ = authorize(&served, &["--root", text(&link), &key]).run().ok();
}

/// By OpenSSH since 7.0; a key that is there can still be taken away. Not every ssh-keygen makes such a key.
#[test]
fn a_key_by_which_nobody_comes_in_is_refused_and_named() {
    let served = Served::with("");
    let (file, key) = (served.here("authorized_keys"), served.here("dsa.pub"));
    // The kind (RFC 4253, section 6.6), and some bytes.
    let line = "ssh-dss AAAAB3NzaC1kc3MAAAABAQ== old";
    fs::write(&key, format!("{line}\n")).expect("a key");
    let to = ["--file", text(&file)];
    for install in [&["--install"][..], &[]] {
        let call = authorize(&served, &["--root", text(&served.root()), text(&key)]).args(to).args(install);
        let outcome = call.run().ends(1).says("this is a DSA key (ssh-dss)");
        assert!(!file.exists() && outcome.text().is_empty(), "{outcome}");
    }
    fs::write(&file, format!("restrict,command=\"x\" {line}\n")).expect("authorized_keys");
    let told = authorize(&served, &["--check", text(&file)]).run().ends(1);
    assert!(told.text().contains(":1:   WRONG: this is a DSA key"), "{told}");
    let _ = authorize(&served, &["--remove", text(&key)]).args(to).run().ok().says("1 removed");
}

#[test]
fn a_tree_that_holds_the_accounts_own_home_is_refused() {
    let served = Served::with("");
    let home = Call::new("/bin/sh").args(["-c", "getent passwd \"$(id -u)\" | cut -d: -f6"]).run().ok().text();
    let home = home.trim_end();
    let key = public(served.home.key());
    for root in [home, "/"] {
        let _ = authorize(&served, &["--root", root, &key]).run().ends(1).says("own home directory");
    }
    let _ = authorize(&served, &["--root", home, "--read-only", &key]).run().ok();
    // A line that somebody has written by hand is not served either.
    served.force(&format!("{} serve --root {home}", text(&Subject::get().path)));
    let outcome = served.rsync(&["-a", &key, "target:.ssh/authorized_keys"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    let _ = outcome.says("refused: the tree holds the account's own home directory");
}

#[test]
fn every_line_of_a_file_is_explained_with_what_is_wrong_with_it() {
    let served = Served::with("");
    let (root, key) = (text(&served.root()).to_owned(), served.home.key().public());
    let another = |name: &str| Key::new(served.here(name), "ed25519").public();
    let (program, file) = (text(&Subject::get().path), served.here("authorized_keys"));
    let lines = [
        format!("restrict,command=\"{program} serve --root {root} --read-only --name alice\" {key}"),
        format!("command=\"{program} serve --root {root}\" {}", another("a")),
        format!("restrict,command=\"x\",command=\"y\" {}", another("b")),
        format!("restrict,nonsense {}", another("c")),
        format!("restrict,command=\"{program} serve --root /\" {}", another("d")),
        format!("restrict,command=\"ssh inner\",port-forwarding,permitopen=\"inner:22\" {}", another("e")),
        format!("restrict,command=\"{program} serve --root /nowhere/x\" {}", another("f")),
        format!("restrict,command=\"/no/xssh serve --root {root} --unknown\" {}", another("g")),
        another("h"),
        format!("restrict,command=\"{program} serve --root {root}\" {key}"),
        format!("restrict,expiry-time=\"20200101Z\",command=\"{program} serve --root {root}\" {}", another("i")),
        format!("cert-authority,principals=\"x,y\",from=\"10.0.0.0/8\" {}", another("j")),
        format!("restrict,from=\"10.0.0.1/8\",expiry-time=\"soon\",command=\"x\" {}", another("k")),
    ];
    fs::write(&file, lines.join("\n")).expect("authorized_keys");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("a mode");
    let told = authorize(&served, &["--check", text(&file)]).run().ends(1);
    for (line, words) in [
        (1, "alice: serves "),
        (1, "it may read\n"),
        (2, "loose: restrict is missing"),
        (3, "WRONG: it lets nobody in: 'command' stands there twice"),
        (4, "WRONG: it lets nobody in: there is no option 'nonsense'"),
        (5, "WRONG: the tree holds the account's own home directory"),
        (6, "loose: permitopen without permitlisten"),
        (7, "WRONG: /nowhere/x is not there"),
        (8, "WRONG: there is no /no/xssh"),
        (8, "--unknown"),
        (9, "loose: it has no command: the key may run anything"),
        (10, "WRONG: the same key stands in line 1, which counts instead"),
        (11, "change what is there, delete; until 2020-01-01 00:00:00 UTC"),
        (11, "WRONG: it has expired"),
        (12, "; for who has a certificate that it has signed for x or y; from 10.0.0.0/8 only"),
        (13, "WRONG: from: '10.0.0.1/8' is no network"),
    ] {
        let found = told
            .text()
            .split_inclusive('\n')
            .any(|told| told.starts_with(&format!("{}:{line}: ", text(&file))) && told.contains(words));
        assert!(found, "{line}: {words:?} was due in {told}");
    }
    assert!(told.text().contains("sshd may pass it over (StrictModes): others may write to"), "{told}");
    fs::write(&file, format!("{}\n", lines[0])).expect("authorized_keys");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    let _ = authorize(&served, &["--check", text(&file)]).run().ok();
}

#[test]
fn other_lines_stay_byte_for_byte() {
    let served = Served::with("");
    let (file, key) = (served.here("keys"), served.home.key().public());
    fs::write(&file, format!("# first\r\nrestrict {key}\r\n\r\n# last")).expect("keys");
    let _ = authorize(&served, &["--remove", &public(served.home.key()), "--file", text(&file)]).run().ok();
    assert_eq!(fs::read_to_string(&file).expect("keys"), "# first\r\n\r\n# last");
}

/// What a link to nothing is meant for is not known.
#[test]
fn a_link_to_nothing_stays_as_it_is() {
    let served = Served::with("");
    let (file, key) = (served.here("linked"), public(served.home.key()));
    std::os::unix::fs::symlink("missing", &file).expect("a link");
    let args = ["--root", text(&served.root()), "--file", text(&file), "--install", &key].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let _ = authorize(&served, &args).run().ends(1).says("it is a symbolic link to missing, which is not to be had");
    assert!(file.is_symlink() && !served.here("missing").exists());
    fs::write(served.here("missing"), "# here\n").expect("a file");
    let _ = authorize(&served, &args).run().ok();
    let lines = fs::read_to_string(served.here("missing")).expect("what it leads to");
    assert!(file.is_symlink() && lines.starts_with("# here\nrestrict,"), "{lines}");
}

mod as_root {
    use std::os::unix::fs::chown;

    use xssh_tests::account::{self, NOBODY};
    use xssh_tests::peer;

    use super::*;

    /// A home of another account's, whose keys root changes.
    fn home_of_another(served: &Served) -> PathBuf {
        account::require_root();
        let home = served.here("home-of-another");
        fs::create_dir(&home).expect("a home");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).expect("a mode");
        chown(&home, Some(NOBODY), Some(NOBODY)).expect("an owner");
        home
    }

    #[test]
    fn the_keys_of_another_account_stay_its_own() {
        let served = Served::with("");
        let folder = home_of_another(&served).join(".ssh");
        let file = folder.join("authorized_keys");
        let owner = |path: &std::path::Path| {
            let stat = fs::metadata(path).expect("a file");
            (stat.uid(), stat.gid(), stat.mode() & 0o777)
        };
        let (root, key) = (text(&served.root()).to_owned(), public(served.home.key()));
        let install = ["--root", &root, "--name", "alice", "--file", text(&file), "--install", &key];
        let _ = authorize(&served, &install).run().ok();
        assert_eq!((owner(&folder), owner(&file)), ((NOBODY, NOBODY, 0o700), (NOBODY, NOBODY, 0o600)));
        let check = || authorize(&served, &["--check", "--file", text(&file)]).run();
        let _ = check().ok();
        // What is there keeps its group too.
        chown(&file, Some(NOBODY), Some(12_345)).expect("a group");
        let _ = authorize(&served, &["--remove", "alice", "--file", text(&file)]).run().ok().says("1 removed");
        assert_eq!(owner(&file), (NOBODY, 12_345, 0o600));
        let _ = authorize(&served, &install).run().ok();
        assert_eq!(owner(&file), (NOBODY, 12_345, 0o600));
        // It is read as the account, and the file itself is to blame.
        chown(&file, Some(0), Some(0)).expect("an owner");
        let told = check().ends(1);
        assert!(told.text().contains(&format!("{} belongs to root (mode 600)", text(&file))), "{told}");
        chown(&file, Some(NOBODY + 1), None).expect("an owner");
        let told = check().ends(1);
        assert!(told.text().contains(&format!("{} belongs to another account", text(&file))), "{told}");
    }

    #[test]
    fn who_cannot_keep_the_owner_changes_nothing() {
        let served = Served::with("");
        let folder = home_of_another(&served);
        let file = folder.join("keys");
        let line = format!("restrict {} x\n", served.home.key().public());
        fs::write(&file, &line).expect("keys of root's");
        fs::set_permissions(served.home.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        let program = folder.join("xssh");
        fs::copy(&Subject::get().path, &program).expect("a copy of the program");
        let uid = NOBODY.to_string();
        let call = Call::new(peer::require("setpriv")).args(["--reuid", &uid, "--regid", &uid, "--clear-groups", "--"]);
        let call = call.arg(&program).args(["authorize", "--remove", &public(served.home.key()), "--file"]);
        let public = served.home.key().path.with_extension("pub");
        fs::set_permissions(&public, fs::Permissions::from_mode(0o644)).expect("a mode");
        let _ = call.arg(&file).run().ends(1).says("nothing was changed: it belongs to uid 0");
        assert_eq!(fs::read_to_string(&file).expect("keys"), line);
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 2);
    }
}
