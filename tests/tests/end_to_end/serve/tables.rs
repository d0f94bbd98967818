//! What a key has stands in a table of a file (`--config`): as obeyed as a line's own options, explained and judged like them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use xssh_tests::account;
use xssh_tests::call::Call;
use xssh_tests::own_server::OwnServer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;

use crate::over_both_servers;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text};

over_both_servers!(a_line_that_says_more_than_its_table_serves_nothing, a_command_in_double_quotes_is_served_and_found,);

impl<F: Front> Served<F> {
    /// Writes the file of grants, which whoever serves may read.
    fn tables(&self, toml: &str) -> PathBuf {
        let path = self.folder().join("grants.toml");
        fs::write(&path, toml.replace("ROOT", text(&self.root()))).expect("grants");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        path
    }

    /// Gives the key the table of alice, and these options of its line.
    fn look_up(&self, options: &str) {
        let (program, folder) = (self.server.program(), text(self.folder()).to_owned());
        let command = format!(
            "{} serve --config {folder}/grants.toml --name alice --log {folder}/journal {options}",
            text(&program)
        );
        self.force(command.trim_end());
    }
}

/// As somebody writes it for the shell that sshd has between.
fn a_command_in_double_quotes_is_served_and_found<F: Front>() {
    let served = Served::<F>::with("");
    let root = served.root().join("my $backup");
    fs::create_dir(&root).expect("a folder");
    let here = served.here("here");
    plant(&here);
    let (program, log) = (served.server.program(), served.folder().join("journal"));
    let written = text(&root).replace('$', "\\$");
    served.force(&format!("\"{}\" serve --root \"{written}\" --log \"{}\" --name alice", text(&program), text(&log)));
    let _ = served.rsync(&["-a", &format!("{}/", text(&here)), "target:1"]).run().ok();
    assert_alike(&here, &root.join("1"));
    assert_eq!(served.journal().pop().expect("a line")["name"], "alice");
    let file = served.here("keys");
    let line = fs::read_to_string(served.folder().join("authorized_keys")).expect("the keys");
    fs::write(&file, line).expect("keys");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    let authorize = |args: &[&str]| Call::new(&Subject::get().path).arg("authorize").args(args).run();
    let listed = authorize(&["--list", "--file", text(&file)]).ok();
    assert!(listed.text().starts_with(&format!("alice: serves {} by ", text(&root))), "{listed}");
    let checked = authorize(&["--check", text(&file)]);
    assert!(checked.text().contains("alice: serves ") && !checked.text().contains("WRONG"), "{checked}");
    let _ = authorize(&["--remove", "alice", "--file", text(&file)]).ok().says("1 removed");
}

/// What looks as if it narrowed the key is not left out in silence, by whichever program the line is read.
fn a_line_that_says_more_than_its_table_serves_nothing<F: Front>() {
    let served = Served::<F>::with("");
    let file = served.tables("[alice]\nroot = 'ROOT'\n");
    let here = served.here("here");
    plant(&here);
    let push = || served.rsync(&["-a", &format!("{}/", text(&here)), "target:1"]).run();
    for option in ["--read-only", "--allow sync", "--quota 5", "--cvs-read-only", "--relay-through", "--max-sessions 1"]
    {
        served.look_up(option);
        let outcome = push();
        assert!(outcome.code() != Some(0) && !served.root().join("1").exists(), "{option}: {outcome}");
        let words: Vec<&str> = option.split(' ').collect();
        let line = ["--config", text(&file), "--name", "alice"];
        let call = || Call::new(&Subject::get().path);
        let explained = call().arg("serve").args(line).args(&words).args(["--explain", "rsync --server . x"]).run();
        let _ = explained.ends(255).says("cannot be used with").says(words[0]);
        let made = call().arg("authorize").args(line).args(&words).arg(served.here("key.pub")).run();
        assert_eq!(made.text(), "", "{made}");
        let _ = made.ends(255).says("cannot be used with").says(words[0]);
    }
    served.look_up("--require-landlock");
    let _ = push().ok();
}

/// The server's own options are read in the same way.
#[test]
fn a_server_of_our_own_takes_a_table_and_nothing_beside_it() {
    let served = Served::<OwnServer>::with("");
    let file = served.tables("[alice]\nroot = 'ROOT'\nread-only = true\n");
    let keys = served.folder().join("authorized_keys");
    let listen = ["serve", "--listen", "127.0.0.1:0", "--authorized-keys", text(&keys), "--config", text(&file)];
    let call = |more: &[&str]| Call::new(&Subject::get().path).args(listen).args(["--name", "alice"]).args(more).run();
    let _ = call(&["--read-only"]).ends(255).says("'--config <FILE>' cannot be used with '--read-only'");
    let _ = call(&["--root", "/srv"]).ends(255).says("'--config <FILE>' cannot be used with");
    let told = call(&["--log", "log"]).ends(255).says("--log is to begin with /");
    assert_eq!(told.errors().matches("xssh help serve").count(), 1, "{told}");
}

/// It looks as if it held for every key: by whichever program the file is read, none is served, and it is named.
#[test]
fn what_stands_outside_of_all_tables_is_refused_by_name() {
    let served = Served::<OwnServer>::with("");
    let file = served.tables("read-only = true\nbogus = 7\n[alice]\nroot = 'ROOT'\n");
    let of = ["--config", text(&file), "--name", "alice"];
    let call = |words: &[&str]| Call::new(&Subject::get().path).args(words).args(of);
    let why = "bogus, read-only are no tables: options count in the table of a name alone";
    let _ = call(&["serve"]).args(["--explain", "rsync --server . x"]).run().ends(1).says("refused: ").says(why);
    let _ = call(&["authorize"])
        .arg(format!("{}.pub", text(&served.home.key().path)))
        .run()
        .ok()
        .says("it serves nothing yet: ")
        .says(why);
    let keys = served.folder().join("authorized_keys");
    let _ = call(&["serve", "--listen", "127.0.0.1:0", "--authorized-keys", text(&keys)]).run().ends(1).says(why);
    served.look_up("");
    let told = Call::new(&Subject::get().path).args(["authorize", "--check", text(&keys)]).run().ends(1);
    assert!(told.text().contains(&format!("WRONG: {}: {why}", text(&file))), "{told}");
    plant(&served.here("here"));
    let outcome = served.rsync(&["-a", &format!("{}/", text(&served.here("here"))), "target:1"]).run();
    let _ = outcome.says("refused: nothing is granted to this key, or its grant cannot be read");
    assert!(!served.root().join("1").exists());
}

/// What is to be said of a line with these options.
fn check(served: &Served<Sshd>, options: &str) -> Call {
    let (program, keys) = (text(&Subject::get().path), served.here("keys"));
    let line = format!("restrict,command=\"{program} serve {options}\" {}\n", served.home.key().public());
    fs::write(&keys, line).expect("keys");
    Call::new(program).args(["authorize", "--check", text(&keys)])
}

#[test]
fn a_check_says_what_a_table_grants_and_what_is_wrong_with_it() {
    let served = Served::<Sshd>::with("");
    let home = account::own().dir.display().to_string();
    let file = served.tables(&format!(
        "[alice]\nroot = 'ROOT'\nread-only = true\n[lost]\nroot = '/nowhere/x'\n[odd]\nroot = 'ROOT'\nreadonly = true\n\
         [own]\nroot = '{home}'\n[log]\nroot = 'ROOT'\nlog = '/nowhere/log'\n"
    ));
    let file = text(&file);
    let of = |name: &str| format!("--config {file} --name {name}");
    let told = check(&served, &of("alice")).run().ok().text();
    assert!(told.contains(&format!(": alice: by {file}, serves {}", text(&served.root()))), "{told}");
    assert!(told.ends_with(": it may read\n"), "{told}");
    let cases = [
        (of("lost"), "WRONG: /nowhere/x is not there"),
        (of("odd"), "odd.readonly: there is no such option"),
        (of("own"), "WRONG: the tree holds the account's own home directory"),
        (of("nobody"), "nothing is granted to nobody"),
        (of("log"), "cannot make the log /nowhere/log"),
        (format!("{} --log /nowhere/log", of("alice")), "cannot make the log /nowhere/log"),
        ("--config /nowhere/g.toml --name alice".to_owned(), "WRONG: /nowhere/g.toml: No such file"),
    ];
    for (options, words) in &cases {
        let told = check(&served, options).run().ends(1);
        assert!(told.text().contains(words), "{words:?} was due in {told}");
    }
    // The line is made all the same, for the table may come later; but not for a way to a shell.
    let key = format!("{}.pub", text(&served.home.key().path));
    let make = |name: &str| Call::new(&Subject::get().path).args(["authorize", "--config", file, "--name", name, &key]);
    let _ = make("nobody").run().ok().says("it serves nothing yet");
    let _ = make("own").run().ends(1).says("own home directory");
    let _ = make("alice").run().ok().does_not_say("xssh: ");
}

mod as_root {
    use xssh_tests::peer;

    use super::*;
    use crate::served::Ordinary;

    /// A log where root alone may make one: each session would be refused, and a check says so, and how to make it.
    #[test]
    fn a_check_says_that_an_ordinary_account_cannot_write_the_log_and_how_it_can() {
        let served = Served::<Ordinary>::with("");
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        let log = folder.path().join("backup.json");
        let (program, uid) = (served.server.program(), account::throwaway().uid.to_string());
        let serve = format!("{} serve --root {} --log {}", text(&program), text(&served.root()), text(&log));
        served.force(&serve);
        let keys = served.here("keys");
        let key = served.home.key().public();
        fs::write(&keys, format!("restrict,command=\"{serve}\" {key}\n")).expect("keys");
        account::give(served.home.path(), account::throwaway().uid.as_raw());
        let check = || {
            let call = Call::new(peer::require("setpriv")).args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
            call.arg("--").arg(&program).args(["authorize", "--check", text(&keys)]).run()
        };
        let outcome = check().ends(1);
        let told = outcome.text();
        let cure = told.split_once("as root: ").expect("a cure").1.trim_end().to_owned();
        assert!(told.contains("WRONG: no session is served: "), "{told}");
        assert!(!log.exists());
        let _ = served.ask("true").run().ends(1).says("refused: the log cannot be written");
        let _ = Call::new("/bin/sh").args(["-c", &cure]).run().ok();
        let _ = check().ok();
        let _ = served.ask("true").run().ok();
        assert!(fs::read_to_string(&log).expect("the log").contains("\"verdict\":\"served\""));
        // One that somebody else has made is named too.
        fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).expect("a mode");
        std::os::unix::fs::chown(&log, Some(0), None).expect("an owner");
        let told = check().ends(1);
        assert!(told.text().contains("cannot write to the log"), "{told}");
    }
}
