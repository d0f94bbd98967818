//! Whether it is really the host: known, unknown, changed, revoked, certified.

use std::fs;

use xssh_tests::call::Outcome;
use xssh_tests::home::Home;
use xssh_tests::key::{Key, keygen};
use xssh_tests::over_both_routes;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::{HOST, World};

over_both_routes!(a_changed_key_stops_everything);

/// A host and a client that has never met it, but may log in.
fn strangers(lines: &str) -> (Home, Sshd) {
    let sshd = Sshd::plan().with(lines).start();
    let home = Home::facing(HOST, &sshd);
    fs::write(home.known_hosts(), "").expect("known_hosts");
    (home, sshd)
}

fn known(home: &Home) -> String {
    fs::read_to_string(home.known_hosts()).expect("known_hosts")
}

/// How known_hosts calls it.
fn name(sshd: &Sshd) -> String {
    format!("[127.0.0.1]:{}", sshd.port())
}

fn run(home: &Home, options: &[&str]) -> Outcome {
    let options = options.iter().flat_map(|option| ["-o", option]);
    let args: Vec<_> = options.chain([HOST, "echo ran"]).collect();
    home.xssh(&args).run()
}

/// Refused, and nothing was sent: the server saw no attempt to log in.
#[track_caller]
fn assert_refused(outcome: Outcome, sshd: &Sshd) -> Outcome {
    let outcome = outcome.ends(255).says("Host key verification failed.");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    assert!(!sshd.log().contains("Accepted"), "{}", sshd.log());
    outcome
}

fn a_changed_key_stops_everything(world: &World) {
    let other = Key::new(world.home.path().join("other"), "ed25519");
    let line = format!("{} {}\n", name(&world.target), other.public());
    let known = fs::read_to_string(world.home.known_hosts()).expect("known_hosts");
    let own = world.target.known_as(&name(&world.target));
    fs::write(world.home.known_hosts(), format!("# a comment\n{}", known.replace(&own, &line))).expect("known_hosts");
    let at = fs::read_to_string(world.home.known_hosts()).expect("known_hosts");
    let at = at.lines().position(|known| known == line.trim_end()).expect("the line") + 1;
    for strict in ["yes", "accept-new", "ask"] {
        let outcome = run(&world.home, &[&format!("StrictHostKeyChecking={strict}")]);
        let outcome = assert_refused(outcome, &world.target);
        let outcome = outcome.says("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!");
        let outcome = outcome.says(&world.target.host_keys()[0].fingerprint());
        let outcome = outcome.says(&format!("{}:{at}", world.home.known_hosts().display()));
        if Subject::is_xssh_or_say("it shows only the new fingerprint") {
            let _ = outcome.says(&other.fingerprint());
        }
    }
}

#[test]
fn an_unknown_key_is_refused_or_accepted() {
    let (home, sshd) = strangers("");
    let _ = assert_refused(run(&home, &["StrictHostKeyChecking=yes"]), &sshd);
    let _ = assert_refused(run(&home, &["StrictHostKeyChecking=ask"]), &sshd);
    assert_eq!(known(&home), "");
    let outcome = run(&home, &["StrictHostKeyChecking=accept-new"]).ok();
    let _ = outcome.says("Warning: Permanently added");
    assert_eq!(known(&home), sshd.known_as(&name(&sshd)).replace(" test\n", "\n"));
    let _ = run(&home, &["StrictHostKeyChecking=yes"]).ok().does_not_say("Warning");
}

#[test]
fn checking_can_be_turned_off() {
    let (home, _sshd) = strangers("");
    let _ = run(&home, &["StrictHostKeyChecking=no"]).ok().says("Warning: Permanently added");
    let _ = run(&home, &["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]).ok();
}

#[test]
fn hashed_names() {
    let (home, sshd) = strangers("");
    let _ = run(&home, &["StrictHostKeyChecking=accept-new", "HashKnownHosts=yes"]).ok();
    let line = known(&home);
    assert!(line.starts_with("|1|") && line.lines().count() == 1 && !line.contains("127.0.0.1"), "{line}");
    let path = home.known_hosts();
    let found = keygen(&["-F", &name(&sshd), "-f", path.to_str().expect("UTF-8")]);
    assert!(found.contains("found: line 1"), "{found}");
    let _ = run(&home, &[]).ok();
    home.know(&sshd.known_as("elsewhere"));
    keygen(&["-q", "-H", "-f", path.to_str().expect("UTF-8")]);
    let _ = run(&home, &[]).ok();
    let _ = run(&home, &["HostKeyAlias=elsewhere"]).ok();
}

#[test]
fn patterns_aliases_and_several_files() {
    let (home, sshd) = strangers("");
    fs::write(home.known_hosts(), sshd.known_as("[127.0.*]:*")).expect("known_hosts");
    let _ = run(&home, &[]).ok();
    fs::write(home.known_hosts(), sshd.known_as("[127.0.*]:*,![127.0.0.1]:*")).expect("known_hosts");
    let _ = run(&home, &[]).ends(255);
    fs::write(home.known_hosts(), sshd.known_as("alias")).expect("known_hosts");
    let _ = run(&home, &["HostKeyAlias=alias"]).ok();
    let second = home.path().join("second");
    fs::rename(home.known_hosts(), &second).expect("a file to move");
    let files = format!("UserKnownHostsFile={} {}", home.known_hosts().display(), second.display());
    let _ = run(&home, &["HostKeyAlias=alias", &files]).ok();
    let global = format!("GlobalKnownHostsFile={}", second.display());
    let _ = run(&home, &["HostKeyAlias=alias", &global]).ok();
}

#[test]
fn a_revoked_key_is_refused() {
    let (home, sshd) = strangers("");
    let line = sshd.known_as(&name(&sshd));
    home.know(&format!("{line}@revoked * {}\n", sshd.host_keys()[0].public()));
    for strict in ["yes", "accept-new", "ask"] {
        let outcome = run(&home, &[&format!("StrictHostKeyChecking={strict}")]);
        let _ = assert_refused(outcome, &sshd).says("REVOKED");
    }
    fs::write(home.known_hosts(), line).expect("known_hosts");
    let revoked = format!("RevokedHostKeys={}.pub", sshd.host_keys()[0].path.display());
    let _ = run(&home, &[&revoked]).ends(255).says("revoked");
}

#[test]
fn certified_host_keys() {
    let authority_home = Home::new();
    let authority = authority_home.key();
    let certify = |principals: &str, options: &[&str]| {
        let keys = tempfile::tempdir().expect("a folder");
        let key = Key::new(keys.path().join("host"), "ed25519");
        let certificate = key.certify(authority, principals, &[&["-h"], options].concat());
        let lines = format!("HostKey {}\nHostCertificate {}", key.path.display(), certificate.display());
        let sshd = Sshd::plan().host_keys(&[]).with(&lines).start();
        let home = Home::facing(HOST, &sshd);
        fs::write(home.known_hosts(), format!("@cert-authority [127.0.0.1]:* {}\n", authority.public()))
            .expect("a line");
        (run(&home, &[]), home, keys)
    };
    let _ = certify("127.0.0.1", &[]).0.ok();
    let _ = certify("elsewhere", &[]).0.ends(255).says("Host key verification failed.");
    let _ = certify("127.0.0.1", &["-V", "20200101:20200102"]).0.ends(255).says("Host key verification failed.");
}

/// The server has a key that we know and one that would be liked better: the known one must be asked for.
#[test]
fn known_types_are_asked_for_first() {
    for known in 0..3 {
        let sshd = Sshd::plan().host_keys(&["ed25519", "ecdsa", "rsa"]).start();
        let home = Home::facing(HOST, &sshd);
        let lines = sshd.known_as(&name(&sshd));
        fs::write(home.known_hosts(), lines.lines().nth(known).expect("a line")).expect("known_hosts");
        let _ = run(&home, &[]).ok();
    }
}

#[test]
fn other_keys_of_a_known_host_are_learned() {
    let sshd = Sshd::plan().host_keys(&["ed25519", "ecdsa"]).start();
    let home = Home::facing(HOST, &sshd);
    let lines = sshd.known_as(&name(&sshd));
    let (first, second) = lines.split_once('\n').expect("two lines");
    fs::write(home.known_hosts(), format!("{first}\n")).expect("known_hosts");
    let _ = run(&home, &["UpdateHostKeys=no"]).ok();
    assert_eq!(known(&home).lines().count(), 1);
    let _ = run(&home, &["UpdateHostKeys=yes"]).ok();
    let learned = known(&home);
    let key = second.split(' ').nth(2).expect("a key");
    assert!(learned.contains(key) && learned.lines().count() == 2, "{learned}");
}

#[test]
fn a_command_that_knows_hosts() {
    let (home, sshd) = strangers("");
    let line = sshd.known_as(&name(&sshd));
    let script = home.script("known", &format!("case $1 in *127.0.0.1*) echo '{line}';; esac"));
    let option = format!("KnownHostsCommand={} %H", script.display());
    let _ = run(&home, &[&option]).ok();
    let _ = run(&home, &["KnownHostsCommand=/bin/true"]).ends(255);
}
