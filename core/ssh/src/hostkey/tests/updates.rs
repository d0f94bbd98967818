//! UpdateHostKeys.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::{Arc, Mutex};

use russh::keys::PublicKey;

use super::{Bench, Scripted, host, line, mode, plain, verify};
use crate::hostkey::policy::{Host, Policy};
use crate::hostkey::{HostKeyError, Update, Verified, update};
use crate::settings::{StrictChecking, UpdateHostKeys};

struct Case {
    bench: Bench,
    policy: Policy,
    host: Host,
    verified: Verified,
}

impl Case {
    /// A host that is known by `key` in this file.
    fn new(bench: Bench, known: impl AsRef<[u8]>, key: &PublicKey) -> Self {
        let policy = Policy { update: UpdateHostKeys::Yes, strict: StrictChecking::Yes, ..bench.policy(known) };
        let host = host("host", 22);
        let verified = verify(&policy, &host, plain(key), &crate::prompt::Nobody).unwrap();
        Self { bench, policy, host, verified }
    }

    /// The outcome, and the keys that had to be proven.
    fn announce(&self, keys: &[&PublicKey], honest: bool) -> (Result<Update, HostKeyError>, Vec<PublicKey>) {
        self.announce_to(keys, honest, Arc::new(crate::prompt::Nobody))
    }

    fn announce_to(
        &self,
        keys: &[&PublicKey],
        honest: bool,
        prompt: Arc<dyn crate::prompt::Prompt>,
    ) -> (Result<Update, HostKeyError>, Vec<PublicKey>) {
        let asked = Mutex::new(Vec::new());
        let prove = |keys: Vec<PublicKey>| {
            asked.lock().unwrap().extend(keys);
            async move { honest }
        };
        let keys = keys.iter().map(|key| (*key).clone()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(update(&self.policy, &self.host, &self.verified, keys, prompt, prove));
        let asked = asked.into_inner().unwrap();
        (outcome, asked)
    }

    fn text(&self) -> String {
        self.bench.text("known_hosts")
    }
}

fn changed(learned: usize, forgotten: usize) -> Update {
    Update::Changed { learned, forgotten }
}

#[test]
fn new_keys_are_learned_and_old_ones_forgotten() {
    let bench = Bench::new();
    let (key, old, new) = (bench.key("k", "ed25519"), bench.key("old", "rsa-2048"), bench.key("new", "ecdsa"));
    let rest = format!("# a comment\r\n\n  odd   \tline\n@revoked * {} \u{e9}\n", line("", &old).trim());
    let known = rest.clone() + &line("host", &key) + &line("#other", &new) + &line("host", &old) + "last";
    let case = Case::new(bench, &known, &key);
    // Where the old key is revoked for all, the host is not simple.
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    let known = known.replace("@revoked *", "@revoked x");
    let case = Case::new(case.bench, &known, &key);
    let other_name = case.announce(&[&key, &new], true).0.unwrap();
    assert_eq!(other_name, Update::Unchanged, "the old key stands under another name, if as revoked");
    let known = known.replace("@revoked x", "#@revoked x");
    let case = Case::new(case.bench, &known, &key);
    let (outcome, asked) = case.announce(&[&key, &new], true);
    assert_eq!(outcome.unwrap(), changed(1, 1));
    assert_eq!(asked.iter().map(PublicKey::key_data).collect::<Vec<_>>(), [new.key_data()]);
    let expected = known.replace(&line("host", &old), "") + "\n" + &line("host", &new);
    assert_eq!(case.text(), expected, "every other line is as it was");
    assert_eq!(case.bench.text("known_hosts.old"), known);
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
}

#[test]
fn what_is_not_proven_is_not_learned() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let case = Case::new(bench, line("host", &key), &key);
    let refused = case.announce(&[&key, &new], false).0.unwrap_err();
    assert_eq!(refused.to_string(), "Server failed to confirm ownership of private host keys");
    assert_eq!(case.text(), line("host", &key));
}

#[test]
fn forgetting_needs_no_proof() {
    let bench = Bench::new();
    let (key, old) = (bench.key("k", "ed25519"), bench.key("old", "ecdsa"));
    let case = Case::new(bench, line("host", &key) + &line("host", &old), &key);
    let (outcome, asked) = case.announce(&[&key], false);
    assert_eq!(outcome.unwrap(), changed(0, 1));
    assert!(asked.is_empty());
    assert_eq!(case.text(), line("host", &key));
}

#[test]
fn some_records_are_not_ours_to_change() {
    let bench = Bench::new();
    let (key, new, old) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"), bench.key("old", "rsa-2048"));
    let mut bench = Some(bench);
    for (known, why) in [
        (line("ho*", &key), "a pattern"),
        (line("host,a,b", &key), "a list"),
        (line("host", &key) + "@cert-authority " + &line("host", &old), "an authority"),
        (line("host", &key) + "@revoked " + &line("host", &old), "a revocation"),
        (line("host", &key) + &line("elsewhere", &key), "a key that another name has too"),
        (line("host", &key) + &line("elsewhere", &new), "a new key that another name has"),
        (line("host", &key) + &line("host", &old) + &line("elsewhere", &old), "an old key that another name has"),
    ] {
        let case = Case::new(bench.take().unwrap(), &known, &key);
        let (outcome, asked) = case.announce(&[&key, &new], true);
        assert_eq!((outcome.unwrap(), asked.len()), (Update::Unchanged, 0), "{why}");
        assert_eq!(case.text(), known, "{why}");
        bench = Some(case.bench);
    }
}

#[test]
fn only_a_host_that_the_user_knows_teaches() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let known = line("host", &key);
    let mut case = Case::new(bench, &known, &key);
    case.verified.update_allowed = false;
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    case.verified.update_allowed = true;
    case.policy.update = UpdateHostKeys::No;
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    assert_eq!(case.text(), known);
}

#[test]
fn a_person_may_be_asked() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let known = line("host", &key);
    let mut case = Case::new(bench, &known, &key);
    case.policy.update = UpdateHostKeys::Ask;
    for (answers, questions) in [(&["no"][..], 1), (&[][..], 1), (&["what", "x", "y", "yes"][..], 3)] {
        let someone = Arc::new(Scripted::new(answers));
        let outcome = case.announce_to(&[&key, &new], true, someone.clone()).0.unwrap();
        assert_eq!((outcome, someone.questions().len()), (Update::Declined, questions));
        assert_eq!(case.text(), known);
    }
    let someone = Arc::new(Scripted::new(&["YES"]));
    assert_eq!(case.announce_to(&[&key, &new], true, someone.clone()).0.unwrap(), changed(1, 0));
    assert_eq!(someone.questions(), ["Accept updated hostkeys? (yes/no): "]);
    assert_eq!(case.text(), known + &line("host", &new));
}

#[test]
fn an_announcement_must_be_sane() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "rsa-1024"));
    let known = line("host", &key);
    let mut case = Case::new(bench, &known, &key);
    let refused = case.announce(&[&key, &key], true).0.unwrap_err();
    assert!(matches!(refused, HostKeyError::Announcement(_)));
    let many = vec![&key; crate::limits::ANNOUNCED_KEYS + 1];
    assert!(case.announce(&many, true).0.is_err());
    assert_eq!(case.announce(&[], true).0.unwrap(), Update::Unchanged);
    // A key that may not be used is not learned.
    case.policy.required_rsa_size = 2048;
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    case.policy.required_rsa_size = 1024;
    case.policy.algorithms = vec!["ssh-ed25519".to_owned()];
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    case.policy.algorithms = vec!["ssh-ed25519".to_owned(), "rsa-sha2-256".to_owned()];
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 0));
}

#[test]
fn mode_owner_and_link_stay() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let mut case = Case::new(bench, line("host", &key), &key);
    let file = case.bench.path("known_hosts");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&file, Some(4711), Some(4712)).unwrap();
    }
    let before = std::fs::metadata(&file).unwrap();
    symlink(&file, case.bench.path("link")).unwrap();
    case.policy.user_files = vec![case.bench.path("link")];
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 0));
    let after = std::fs::metadata(&file).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_eq!(mode(&file), 0o644);
    assert_ne!(after.ino(), before.ino());
    assert!(std::fs::symlink_metadata(case.bench.path("link")).unwrap().is_symlink());
    assert_eq!(case.text(), line("host", &key) + &line("host", &new));
    let names: Vec<_> =
        std::fs::read_dir(case.bench.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let ours = names.iter().filter(|name| name.to_string_lossy().starts_with("known_hosts"));
    assert_eq!(ours.count(), 2, "nothing is left lying about: {names:?}");
}

#[test]
fn hashed_names_are_updated_too() {
    let bench = Bench::new();
    let (key, old, new) = (bench.key("k", "ed25519"), bench.key("old", "rsa-2048"), bench.key("new", "ecdsa"));
    bench.write(
        "known_hosts",
        line("host", &key) + &line("host", &old) + &line("elsewhere", &bench.key("e", "ed25519")),
    );
    bench.keygen(&["-q", "-H", "-f", "known_hosts"]);
    let hashed = bench.text("known_hosts");
    let mut case = Case::new(bench, hashed, &key);
    case.policy.hash = true;
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 1));
    let text = case.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("|1|")).count(), 3);
    let found = case.bench.keygen(&["-F", "host", "-f", "known_hosts"]);
    assert_eq!(found.matches("found: line").count(), 2, "{found}");
}

#[test]
fn other_user_files_lose_the_hosts_keys_to_the_first() {
    let bench = Bench::new();
    let (key, new, else_) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"), bench.key("e", "ed25519"));
    let mut case = Case::new(bench, line("host", &key), &key);
    let second = case.bench.write("second", line("host", &key) + &line("elsewhere", &else_));
    // The first file is not there yet: it is made, and nothing is lost.
    case.policy.user_files = vec![case.bench.path("first"), second];
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 0));
    assert_eq!(case.bench.text("first"), line("host", &key) + &line("host", &new));
    assert_eq!(mode(&case.bench.path("first")), 0o600);
    assert_eq!(case.bench.text("second"), line("elsewhere", &else_));
}

#[test]
fn dev_null_is_never_replaced() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let mut case = Case::new(bench, line("host", &key), &key);
    case.policy.user_files = vec!["/dev/null".into()];
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn addresses_are_kept_in_step() {
    let bench = Bench::new();
    let (key, new, old) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"), bench.key("old", "rsa-2048"));
    let known = line("host,192.0.2.7", &key) + &line("host,192.0.2.7", &old);
    let mut case = Case::new(bench, &known, &key);
    case.policy.check_host_ip = true;
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 1));
    assert_eq!(case.text(), line("host,192.0.2.7", &key) + &line("host,192.0.2.7", &new));
    // The name stands beside another address, or the address beside another name.
    for known in [line("host,192.0.2.9", &key), line("host,192.0.2.7", &key) + &line("elsewhere,192.0.2.7", &old)] {
        case.bench.write("known_hosts", &known);
        assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), Update::Unchanged, "{known}");
        assert_eq!(case.text(), known);
    }
    // The name alone: its address is added while we are at it.
    case.bench.write("known_hosts", line("host", &key));
    assert_eq!(case.announce(&[&key, &new], true).0.unwrap(), changed(1, 0));
    assert_eq!(case.text(), line("host", &key) + &line("192.0.2.7", &key) + &line("host,192.0.2.7", &new));
}

#[test]
fn a_rewrite_that_fails_leaves_the_file_alone() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("new", "ecdsa"));
    let known = line("host", &key);
    let case = Case::new(bench, &known, &key);
    // A name so long that none can be made beside it.
    let long = case.bench.path(&"k".repeat(250));
    std::fs::write(&long, &known).unwrap();
    let mut case = case;
    case.policy.user_files = vec![long.clone()];
    let refused = case.announce(&[&key, &new], true).0.unwrap_err();
    assert!(matches!(refused, HostKeyError::Rewrite { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(long).unwrap(), known);
}
