//! What lines of authorized_keys ask beside a key. sshd is asked the same: it lets in whom our own server lets in.

use std::fs;

use xssh_tests::key::{Key, keygen};
use xssh_tests::own_server::OwnServer;
use xssh_tests::subject::Subject;

use crate::over_both_servers;
use crate::served::{Front, Served};
use crate::sync::text;

over_both_servers!(
    a_key_comes_from_where_its_line_says_and_until_then,
    a_certificate_counts_where_its_authority_its_names_and_its_options_say,
);

impl<F: Front> Served<F> {
    /// The forced command of a grant.
    fn command(&self, options: &str) -> String {
        let (program, root) = (text(&Subject::get().path), text(&self.root()).to_owned());
        format!("{program} serve --root {root} --log {} {options}", text(&self.folder().join("journal")))
    }

    /// Whether anybody comes in.
    #[track_caller]
    fn assert_comes_in(&self, expected: bool, why: &str) {
        for call in [self.ask("id"), self.home.xssh(&[xssh_tests::world::HOST, "id"])] {
            let outcome = call.run();
            let came_in = outcome.errors().contains("xssh: refused: ");
            assert_eq!(came_in, expected, "{why}: {outcome}");
            assert!(came_in || outcome.errors().contains("Permission denied"), "{why}: {outcome}");
        }
    }
}

fn a_key_comes_from_where_its_line_says_and_until_then<F: Front>() {
    let served = Served::<F>::with("");
    let (command, key) = (served.command("--read-only"), served.home.key().public());
    for (options, expected) in [
        ("from=\"127.0.0.0/8\"", true),
        ("from=\"10.0.0.0/8\"", false),
        ("from=\"10.0.0.0/8,127.0.0.*\"", true),
        ("from=\"!127.0.0.1,*\"", false),
        ("from=\"*,!127.0.0.1\"", false),
        ("from=\"!10.0.0.1,*\"", true),
        ("from=\"!10.0.0.1\"", false),
        ("from=\"127.0.0.1/8\"", false),
        ("expiry-time=\"20200101\"", false),
        ("expiry-time=\"20200101Z\"", false),
        ("expiry-time=\"20990101\"", true),
        ("expiry-time=\"209901011200Z\"", true),
        ("expiry-time=\"20990101120000Z\",from=\"127.0.0.1\"", true),
        ("expiry-time=\"20991301\"", false),
        ("expiry-time=\"soon\"", false),
        ("cert-authority", false),
    ] {
        served.server.authorize_only(&format!("restrict,{options},command=\"{command}\" {key}"));
        served.assert_comes_in(expected, options);
    }
    // A line that lets nobody in does not hide another of the same key.
    let line = |options: &str| format!("restrict,{options},command=\"{command}\" {key}");
    served.server.authorize_only(&[line("from=\"10.0.0.0/8\""), line("from=\"127.0.0.1\"")].join("\n"));
    served.assert_comes_in(true, "the second line");
}

fn a_certificate_counts_where_its_authority_its_names_and_its_options_say<F: Front>() {
    let served = Served::<F>::with("");
    let [authority, other] = ["authority", "other"].map(|name| Key::new(served.here(name), "rsa"));
    let command = served.command("--read-only");
    let line = |options: &str, key: &Key| {
        served.server.authorize_only(&format!("restrict,{options},command=\"{command}\" {}", key.public()));
    };
    line("cert-authority,principals=\"alice,carol\"", &authority);
    served.assert_comes_in(false, "the key alone");
    for (by, principals, options, expected) in [
        (&authority, "alice", &[][..], true),
        (&authority, "bob,carol", &[], true),
        (&authority, "bob", &[], false),
        (&authority, "alic*", &[], false),
        (&other, "alice", &[], false),
        (&authority, "alice", &["-h"], false),
        (&authority, "alice", &["-V", "20200101:20200102"], false),
        (&authority, "alice", &["-V", "20980101:20990101"], false),
        (&authority, "alice", &["-V", "20200101:20990101"], true),
        (&authority, "alice", &["-O", "source-address=127.0.0.0/8"], true),
        (&authority, "alice", &["-O", "source-address=10.0.0.0/8"], false),
        (&authority, "alice", &["-O", "critical:unheard-of=x"], false),
        (&authority, "alice", &["-O", "force-command=another"], false),
        (&authority, "alice", &["-O", &format!("force-command={command}")], true),
    ] {
        let _ = served.home.key().certify(by, principals, options);
        served.assert_comes_in(expected, &format!("{principals} {options:?}"));
    }
    let _ = served.home.key().certify(&authority, "alice", &[]);
    line("cert-authority,principals=\"alice\",from=\"10.0.0.0/8\"", &authority);
    served.assert_comes_in(false, "from elsewhere");
    line("cert-authority,principals=\"alice\",expiry-time=\"20200101\"", &authority);
    served.assert_comes_in(false, "too late");
    // Without names it is the account's that counts.
    line("cert-authority", &authority);
    served.assert_comes_in(false, "of another account");
    let _ = served.home.key().certify(&authority, "alice,root", &[]);
    served.assert_comes_in(true, "of this account");
    line("restrict", &authority);
    served.assert_comes_in(false, "no authority");
}

/// The name of a session is what its certificate is called, and its command counts where the line has none.
#[test]
fn a_certificate_has_its_own_name_and_command() {
    let served = Served::<OwnServer>::with("");
    let authority = Key::new(served.here("authority"), "ecdsa");
    served.server.authorize_only(&format!("cert-authority,principals=\"alice\" {}", authority.public()));
    let forced = format!("force-command={}", served.command("--read-only"));
    let _ = served.home.key().certify(&authority, "alice", &["-O", &forced]);
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    let _ = served.sync(&[text(&here), &format!("{}:there", xssh_tests::world::HOST)]).run().says("it is read-only");
    let last = served.journal().pop().expect("a line");
    assert_eq!((&last["name"], &last["verdict"]), (&"test".into(), &"refused".into()), "{last}");
    // One that is nobody's in particular is nobody's.
    let public = format!("{}.pub", text(&served.home.key().path));
    let _ = keygen(&["-q", "-s", text(&authority.path), "-I", "test", "-O", &forced, &public]);
    let _ = served.ask("id").run().ends(255).says("Permission denied");
}
