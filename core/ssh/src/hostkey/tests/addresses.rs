//! CheckHostIP.

use log::Level;

use super::{Bench, Scripted, host, line, plain, said, verify};
use crate::hostkey::policy::Policy;
use crate::hostkey::{HostKeyError, Verified};
use crate::prompt::Nobody;
use crate::settings::StrictChecking;

fn policy(bench: &Bench, known: String, strict: StrictChecking) -> Policy {
    Policy { check_host_ip: true, strict, ..bench.policy(known) }
}

#[test]
fn an_unknown_address_is_added_to_a_known_name() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let policy = policy(&bench, line("host", &key), StrictChecking::Yes);
    let (_, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap());
    assert_eq!(
        log,
        ["Warning: Permanently added the ED25519 host key for IP address '192.0.2.7' to the list of known hosts."]
    );
    assert_eq!(bench.text("known_hosts"), line("host", &key) + &line("192.0.2.7", &key));
    let (_, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap());
    assert!(log.is_empty());
}

#[test]
fn a_new_host_is_written_with_its_address() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = policy(&bench, String::new(), StrictChecking::AcceptNew);
    verify(&policy, &host("host", 2222), plain(&key), &Nobody).unwrap();
    assert_eq!(bench.text("known_hosts"), line("[host]:2222,[192.0.2.7]:2222", &key));
    policy.hash = true;
    bench.write("known_hosts", "");
    verify(&policy, &host("host", 2222), plain(&key), &Nobody).unwrap();
    assert_eq!(bench.text("known_hosts").lines().count(), 2);
    for name in ["[host]:2222", "[192.0.2.7]:2222"] {
        assert!(bench.keygen(&["-F", name, "-f", "known_hosts"]).contains("found"));
    }
}

#[test]
fn an_address_with_another_key_by_policy() {
    let bench = Bench::new();
    let (key, other) = (bench.key("k", "ed25519"), bench.key("o", "ed25519"));
    let known = line("host", &key) + &line("192.0.2.7", &other);
    let judge = |strict, answers: &[&str]| -> (Result<Verified, HostKeyError>, Vec<String>, Vec<String>) {
        let policy = policy(&bench, known.clone(), strict);
        let someone = Scripted::new(answers);
        let (result, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &someone));
        (result, log, someone.questions())
    };
    let file = bench.path("known_hosts").display().to_string();
    let words = format!(
        "Warning: the ED25519 host key for 'host' differs from the key for the IP address '192.0.2.7'\n\
         Offending key for IP in {file}:2\nMatching host key in {file}:1"
    );
    let (result, log, _) = judge(StrictChecking::No, &[]);
    assert!(result.is_ok());
    assert_eq!(log, std::slice::from_ref(&words));
    let (result, log, _) = judge(StrictChecking::Yes, &[]);
    assert!(matches!(result, Err(HostKeyError::AddressConflict { .. })));
    assert_eq!(log, [words.clone(), "Exiting, you have requested strict checking.".to_owned()]);
    let question = format!("{words}\nAre you sure you want to continue connecting (yes/no)? ");
    let (result, _, questions) = judge(StrictChecking::Ask, &["what", "yes"]);
    assert!(result.is_ok());
    assert_eq!(questions, [question, "Please type 'yes' or 'no': ".to_owned()]);
    assert!(judge(StrictChecking::Ask, &["no"]).0.is_err());
    assert!(judge(StrictChecking::Ask, &[]).0.is_err());
}

#[test]
fn a_changed_name_over_an_unchanged_address_is_told() {
    let bench = Bench::new();
    let (key, old) = (bench.key("k", "ed25519"), bench.key("o", "ed25519"));
    let shown = |known: String| {
        let policy = policy(&bench, known, StrictChecking::Yes);
        let (result, log) = said(Level::Error, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
        assert!(matches!(result, Err(HostKeyError::Changed { .. })));
        log.join("\n")
    };
    let spoof = "@       WARNING: POSSIBLE DNS SPOOFING DETECTED!          @";
    let log = shown(line("host", &old));
    assert!(log.contains(spoof) && log.contains("\nis unknown. This could either mean that\n"), "{log}");
    let log = shown(line("host", &old) + &line("192.0.2.7", &key));
    assert!(log.contains(spoof) && log.contains("\nis unchanged. This"), "{log}");
    // Both have changed alike: nobody has tampered with names.
    let log = shown(line("host,192.0.2.7", &old));
    assert!(!log.contains(spoof), "{log}");
}

#[test]
fn it_asks_nothing_of_this_machine_or_of_a_bare_address() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let policy = policy(&bench, String::new(), StrictChecking::AcceptNew);
    let mut local = host("localhost", 22);
    local.address = Some([127, 0, 0, 1].into());
    verify(&policy, &local, plain(&key), &Nobody).unwrap();
    verify(&policy, &host("192.0.2.7", 22), plain(&key), &Nobody).unwrap();
    let mut hidden = host("behind", 22);
    hidden.address = None;
    verify(&policy, &hidden, plain(&key), &Nobody).unwrap();
    assert_eq!(bench.text("known_hosts"), line("localhost", &key) + &line("192.0.2.7", &key) + &line("behind", &key));
}
