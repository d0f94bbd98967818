//! Reading several files, and writing new lines.

use std::thread;

use log::Level;

use super::{Bench, host, line, mode, plain, said, verify};
use crate::hostkey::HostKeyError;
use crate::prompt::Nobody;
use crate::settings::StrictChecking;

#[test]
fn all_files_count_and_the_first_is_written() {
    let bench = Bench::new();
    let (key, new) = (bench.key("k", "ed25519"), bench.key("n", "ed25519"));
    let mut policy = bench.policy("");
    let second = bench.write("second", line("two", &key));
    policy.user_files.push(second);
    policy.user_files.push(bench.path("not-there"));
    policy.global_files = vec![bench.path("nor-there"), bench.write("global", line("three", &key))];
    policy.strict = StrictChecking::AcceptNew;
    let two = verify(&policy, &host("two", 22), plain(&key), &Nobody).unwrap();
    assert!(two.update_allowed && two.how.ends_with("/second:1"));
    let three = verify(&policy, &host("three", 22), plain(&key), &Nobody).unwrap();
    assert!(!three.update_allowed, "a global file is not the user's to change");
    assert!(three.how.ends_with("/global:1"));
    assert!(verify(&policy, &host("three", 22), plain(&new), &Nobody).is_err());
    verify(&policy, &host("four", 22), plain(&new), &Nobody).unwrap();
    assert_eq!(bench.text("known_hosts"), line("four", &new));
}

#[test]
fn a_missing_newline_is_repaired() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy(line("one", &key).trim_end());
    policy.strict = StrictChecking::AcceptNew;
    verify(&policy, &host("Two", 22), plain(&key), &Nobody).unwrap();
    assert_eq!(bench.text("known_hosts"), line("one", &key) + &line("two", &key));
}

#[test]
fn names_are_hashed_where_that_is_wanted() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.strict = StrictChecking::AcceptNew;
    policy.hash = true;
    let (_, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap());
    assert_eq!(log, ["Warning: Permanently added 'host' (ED25519) to the list of known hosts."]);
    let text = bench.text("known_hosts");
    assert!(text.starts_with("|1|") && !text.contains("host"));
    assert!(bench.keygen(&["-F", "host", "-f", "known_hosts"]).contains("found: line 1"));
    assert!(verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap().how.starts_with("known"));
}

#[test]
fn the_users_folder_is_made_for_him_alone() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.strict = StrictChecking::AcceptNew;
    policy.home = Some(bench.0.path().to_owned());
    policy.user_files = vec![bench.path(".ssh/known_hosts")];
    verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap();
    assert_eq!(mode(&bench.path(".ssh")), 0o700);
    assert_eq!(mode(&policy.user_files[0]), 0o600);
    // No other folder is made, and that is no reason not to connect.
    policy.user_files = vec![bench.path("elsewhere/known_hosts")];
    let (result, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
    result.unwrap();
    assert!(!bench.path("elsewhere").exists());
    assert!(log[0].starts_with("Failed to add the host to the list of known hosts ("), "{log:?}");
}

#[test]
fn dev_null_swallows_new_hosts() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.strict = StrictChecking::No;
    policy.user_files = vec!["/dev/null".into()];
    let (result, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
    result.unwrap();
    assert_eq!(log, ["Warning: Permanently added 'host' (ED25519) to the list of known hosts."]);
}

#[test]
fn many_who_write_at_once_lose_nothing() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.strict = StrictChecking::AcceptNew;
    thread::scope(|scope| {
        for number in 0..16 {
            let (policy, key) = (&policy, &key);
            scope.spawn(move || verify(policy, &host(&format!("h{number}"), 22), plain(key), &Nobody).unwrap());
        }
    });
    let text = bench.text("known_hosts");
    assert_eq!(text.lines().count(), 16);
    for number in 0..16 {
        assert!(text.contains(&line(&format!("h{number}"), &key)));
    }
}

#[test]
fn a_file_that_is_far_too_large_is_not_passed_over() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let policy = bench.policy("");
    let file = std::fs::File::create(bench.path("known_hosts")).unwrap();
    file.set_len(crate::limits::FILE + 1).unwrap();
    assert!(matches!(verify(&policy, &host("host", 22), plain(&key), &Nobody), Err(HostKeyError::TooLarge(_))));
}

#[test]
fn a_folder_in_the_place_of_a_file_knows_nothing() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy(line("host", &key));
    policy.user_files.insert(0, bench.0.path().to_owned());
    policy.strict = StrictChecking::Yes;
    assert!(verify(&policy, &host("host", 22), plain(&key), &Nobody).is_ok());
}
