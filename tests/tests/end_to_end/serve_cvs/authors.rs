//! Who is the author of a change: the key's owner, who needs no account.

use std::fs;

use xssh_tests::sshd::Sshd;

use super::Gated;

/// A change of one line, committed.
fn change(gated: &Gated, key: &xssh_tests::key::Key, copy: &str, file: &str) {
    let path = gated.here(copy).join(file);
    let lines = fs::read_to_string(&path).expect("a file");
    fs::write(&path, format!("{lines}of {copy}\n")).expect("a file");
    let _ = gated.cvs_with(key, copy, &["-Q", "commit", "-m", copy, file]).run().ok();
}

fn log(gated: &Gated, file: &str) -> String {
    gated.locally("repository", &["-q", "rlog", &format!("project/{file}")]).text()
}

/// As root, cvs believes LOGNAME.
#[test]
fn a_keys_name_is_its_author() {
    let gated = Gated::<Sshd>::with_nothing();
    for name in ["alice", "bob.b+c"] {
        let key = gated.key(name);
        gated.grant(&key, &format!("--name {name}"));
        let _ = gated.cvs_with(&key, ".", &["-Q", "checkout", "-d", name, "project"]).run().ok();
        let _ = gated.cvs_with(&key, name, &["-Q", "update"]).run().ok();
        change(&gated, &key, name, "README");
    }
    let log = log(&gated, "README");
    assert!(log.contains("author: alice;") && log.contains("author: bob.b+c;"), "{log}");
    let history = gated.locally("repository", &["history", "-a", "-x", "M"]).text();
    assert!(history.contains("alice"), "{history}");
}

/// An author with an `@` would leave a file of the repository that nobody can read.
#[test]
fn a_name_that_no_author_has() {
    let gated = Gated::<Sshd>::with("--name alice@home");
    let before = gated.snapshot();
    let outcome = gated.cvs(".", &["checkout", "project"]).run();
    gated.assert_refused(&outcome, "cannot be an author");
    assert_eq!(gated.snapshot(), before);
}

/// Working copies remember the user of somebody's who made them. It is no business of the server's.
#[test]
fn names_in_old_working_copies_do_not_matter() {
    let gated = Gated::<Sshd>::with("--name alice");
    gated.check_out();
    for folder in ["copy", "copy/src"] {
        let root = format!(":ext:veteran@{}:{}\n", super::HOST, gated.repository().display());
        fs::write(gated.here(folder).join("CVS/Root"), root).expect("CVS/Root");
    }
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    // The account of the new host stands in a script, as docs/serve.md has it.
    let key = gated.home.key();
    let body = format!("shift 2\nexec {} -l {} \"$@\"", gated.shell(key).display(), gated.user);
    let shell = gated.home.script("without-user", &body);
    let call = gated.home.call(xssh_tests::peer::require("cvs")).dir(gated.here("copy")).env("CVS_RSH", shell);
    let _ = call.env("LOGNAME", "client").args(["-Q", "commit", "-m", "x"]).run().ok();
    assert!(log(&gated, "README").contains("author: alice;"));
}

mod as_root {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::thread;

    use xssh_tests::account;
    use xssh_tests::key::Key;
    use xssh_tests::subject::Subject;

    use super::*;

    /// A repository of a service account's that is not root, and the program where it may run it.
    fn service() -> Gated {
        let user = account::throwaway();
        let mut gated = Gated::on(Sshd::plan().start());
        for folder in ["repository", "other", "home"] {
            account::give(&gated.server.folder().join(folder), user.uid.as_raw());
        }
        let copy = gated.server.folder().join("xssh");
        fs::copy(&Subject::get().path, &copy).expect("a copy of the program");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("a program");
        gated.user = user.name;
        // Its log is its own.
        let log = gated.server.folder().join("journal");
        fs::write(&log, "").expect("a log");
        std::os::unix::fs::chown(&log, Some(user.uid.as_raw()), None).expect("a log");
        gated
    }

    fn grant(gated: &Gated, key: &Key, options: &str) {
        let program = gated.server.folder().join("xssh");
        gated.force(key, &format!("{} serve --cvs-root {} {options}", program.display(), gated.repository().display()));
    }

    fn passwd(gated: &Gated) -> String {
        fs::read_to_string(gated.repository().join("CVSROOT/passwd")).unwrap_or_default()
    }

    #[test]
    fn keys_without_an_account_commit_under_their_names() {
        let gated = service();
        let names = ["alice", "bob"];
        let keys = names.map(|name| {
            let key = gated.key(name);
            grant(&gated, &key, &format!("--name {name}"));
            let _ = gated.cvs_with(&key, ".", &["-Q", "checkout", "-d", name, "project"]).run().ok();
            key
        });
        // Both at once, several times.
        thread::scope(|scope| {
            for ((name, key), file) in names.iter().zip(&keys).zip(["README", "src/main.c"]) {
                let gated = &gated;
                scope.spawn(move || (0..5).for_each(|_| change(gated, key, name, file)));
            }
        });
        for (name, file) in names.iter().zip(["README", "src/main.c"]) {
            let log = log(&gated, file);
            assert_eq!(log.matches(&format!("author: {name};")).count(), 5, "{log}");
        }
        assert_eq!(passwd(&gated).lines().count(), 2, "{}", passwd(&gated));
        let secret = gated.server.home().join(".local/state/xssh/cvs-secret");
        let secret = fs::metadata(secret).expect("the secret");
        assert_eq!((secret.mode() & 0o777, secret.uid()), (0o600, account::throwaway().uid.as_raw()));
        // What is read needs no line.
        let guest = gated.key("guest");
        grant(&gated, &guest, "--name guest --cvs-read-only");
        let _ = gated.cvs_with(&guest, ".", &["-Q", "checkout", "-d", "guest", "project"]).run().ok();
        assert_eq!(passwd(&gated).lines().count(), 2);
    }

    #[test]
    fn the_first_sessions_of_many_keys_at_once() {
        let gated = service();
        let names: Vec<String> = (0..6).map(|number| format!("user{number}")).collect();
        let keys: Vec<Key> = names.iter().map(|name| gated.key(name)).collect();
        names.iter().zip(&keys).for_each(|(name, key)| grant(&gated, key, &format!("--name {name}")));
        thread::scope(|scope| {
            for (name, key) in names.iter().zip(&keys) {
                let gated = &gated;
                scope.spawn(move || {
                    let _ = gated.cvs_with(key, ".", &["-Q", "checkout", "-d", name, "project"]).run().ok();
                });
            }
        });
        let lines = passwd(&gated);
        assert_eq!(lines.lines().count(), 6, "{lines}");
        assert!(names.iter().all(|name| lines.contains(&format!("{name}:$5$"))), "{lines}");
    }

    #[test]
    fn lines_of_others_in_passwd_stay() {
        let gated = service();
        let before = "bob:aaQSqAReePlq6:nobody\nanonymous:\n";
        let path = gated.repository().join("CVSROOT/passwd");
        fs::write(&path, before).expect("passwd");
        account::give(&gated.repository(), account::throwaway().uid.as_raw());
        let (alice, bob) = (gated.key("alice"), gated.key("bob"));
        grant(&gated, &alice, "--name alice");
        grant(&gated, &bob, "--name bob");
        let _ = gated.cvs_with(&alice, ".", &["-Q", "checkout", "-d", "alice", "project"]).run().ok();
        change(&gated, &alice, "alice", "README");
        let outcome = gated.cvs_with(&bob, ".", &["-Q", "checkout", "-d", "bob", "project"]).run();
        gated.assert_refused(&outcome, "CVSROOT/passwd has another line for bob");
        assert!(passwd(&gated).starts_with(before) && passwd(&gated).lines().count() == 3, "{}", passwd(&gated));
        // What the repository itself says of its writers counts too.
        fs::write(gated.repository().join("CVSROOT/readers"), "alice\n").expect("readers");
        fs::write(gated.here("alice/README"), "changed\n").expect("a file");
        let outcome = gated.cvs_with(&alice, "alice", &["-Q", "commit", "-m", "x"]).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
    }

    #[test]
    fn programs_of_the_repository_know_the_author() {
        let gated = service();
        let check = gated.repository().join("CVSROOT/check");
        fs::write(&check, "#!/bin/sh\necho \"by $CVS_USER\" >&2\n").expect("a script");
        fs::set_permissions(&check, fs::Permissions::from_mode(0o755)).expect("a script");
        gated.administer("commitinfo", &format!("ALL {}\n", check.display()));
        account::give(&gated.repository(), account::throwaway().uid.as_raw());
        let key = gated.key("alice");
        grant(&gated, &key, "--name alice");
        let _ = gated.cvs_with(&key, ".", &["-Q", "checkout", "-d", "alice", "project"]).run().ok();
        fs::write(gated.here("alice/README"), "changed\n").expect("a file");
        let outcome = gated.cvs_with(&key, "alice", &["-Q", "commit", "-m", "x"]).run().ok();
        let _ = outcome.says("by alice\n");
    }

    #[test]
    fn a_key_of_the_accounts_own_name_needs_no_line() {
        let gated = service();
        let key = gated.key("own");
        grant(&gated, &key, &format!("--name {}", gated.user));
        let _ = gated.cvs_with(&key, ".", &["-Q", "checkout", "-d", "own", "project"]).run().ok();
        change(&gated, &key, "own", "README");
        assert!(log(&gated, "README").contains(&format!("author: {};", gated.user)));
        assert!(!gated.repository().join("CVSROOT/passwd").exists());
    }

    #[test]
    fn raw_requests_behind_a_login() {
        let gated = service();
        grant(&gated, gated.home.key(), "--name alice");
        let outcome = gated.say("valid-requests\nArgument project\nco\n").ok();
        assert!(outcome.text().starts_with("Valid-requests ") && !outcome.text().contains("I LOVE YOU"), "{outcome}");
        for request in ["init /x", "BEGIN AUTH REQUEST", "Gzip-stream 3"] {
            let outcome = gated.say(&format!("{request}\n"));
            gated.assert_refused(&outcome, "is not passed on");
        }
        let outcome = gated.say("Directory .\nCVSROOT\nArgument -m\nArgument x\nci\n");
        gated.assert_refused(&outcome, "this key may not change CVSROOT");
    }
}
