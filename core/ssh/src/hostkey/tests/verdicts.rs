//! What becomes of a key that is known, new, changed or revoked, under each StrictHostKeyChecking.

use log::Level;

use super::{Bench, Scripted, host, line, plain, print, said, verify};
use crate::hostkey::{AtRisk, HostKeyError};
use crate::prompt::Nobody;
use crate::settings::{FingerprintHash, StrictChecking, UpdateHostKeys};

const ALL: [StrictChecking; 4] =
    [StrictChecking::No, StrictChecking::AcceptNew, StrictChecking::Ask, StrictChecking::Yes];

#[test]
fn a_known_key_is_believed_without_a_word() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    for strict in ALL {
        let mut policy = bench.policy(line("other", &key) + &line("host", &key));
        policy.strict = strict;
        let (verified, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
        let verified = verified.unwrap();
        assert!(verified.passwords_allowed && verified.update_allowed);
        assert_eq!(verified.how, format!("known, {}:2", policy.user_files[0].display()));
        assert_eq!((verified.key_type, verified.fingerprint), ("ED25519", print(&key)));
        assert!(log.is_empty(), "{log:?}");
    }
}

#[test]
fn the_debug_log_has_the_words_of_openssh() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let policy = bench.policy(line("host", &key));
    let (_, log) = said(Level::Debug, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
    let file = policy.user_files[0].display();
    for words in [
        format!("Server host key: ssh-ed25519 {}", print(&key)),
        "Host 'host' is known and matches the ED25519 host key.".to_owned(),
        format!("Found key in {file}:1"),
    ] {
        assert!(log.contains(&words), "{words} not in {log:?}");
    }
}

#[test]
fn a_new_key_by_policy() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    for strict in [StrictChecking::No, StrictChecking::AcceptNew] {
        let mut policy = bench.policy("");
        policy.strict = strict;
        let (verified, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
        let verified = verified.unwrap();
        assert!(verified.passwords_allowed);
        assert!(!verified.update_allowed, "nobody vouched for the key");
        assert_eq!(log, ["Warning: Permanently added 'host' (ED25519) to the list of known hosts."]);
        assert_eq!(bench.text("known_hosts"), line("host", &key));
    }
    let mut policy = bench.policy("");
    policy.strict = StrictChecking::Yes;
    let (refused, log) = said(Level::Warn, || verify(&policy, &host("host", 2222), plain(&key), &Nobody));
    let refused = refused.unwrap_err();
    assert!(matches!(refused, HostKeyError::Unknown { .. }));
    assert_eq!(refused.to_string(), "Host key verification failed.");
    assert_eq!(log, ["No ED25519 host key is known for [host]:2222 and you have requested strict checking."]);
    assert!(bench.text("known_hosts").is_empty());
}

#[test]
fn the_question_is_the_one_of_openssh() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    bench.write("known_hosts", line("hname", &key));
    bench.keygen(&["-q", "-H", "-f", "known_hosts"]);
    let hashed = bench.text("known_hosts");
    let mut policy = bench.policy(line("other,*.foo", &key) + &hashed);
    policy.home = Some(bench.0.path().to_owned());
    let someone = Scripted::new(&["maybe", "  YES of course"]);
    let (verified, log) = said(Level::Warn, || verify(&policy, &host("host", 2222), plain(&key), &someone));
    assert!(verified.unwrap().update_allowed, "a person vouched for the key");
    let asked = format!(
        "The authenticity of host '[host]:2222 ([192.0.2.7]:2222)' can't be established.\n\
         ED25519 key fingerprint is {}.\n\
         This host key is known by the following other names/addresses:\n    \
         ~/known_hosts:1: other,*.foo\n    ~/known_hosts:2: [hashed name]\n\
         Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
        print(&key)
    );
    assert_eq!(someone.questions(), [asked, "Please type 'yes', 'no' or the fingerprint: ".to_owned()]);
    assert_eq!(log, ["Warning: Permanently added '[host]:2222' (ED25519) to the list of known hosts."]);
    assert!(bench.text("known_hosts").ends_with(&line("[host]:2222", &key)));
}

#[test]
fn many_other_names_are_cut() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let known: String = (0..11).map(|n| line(&format!("h{n}"), &key)).collect();
    let someone = Scripted::new(&["no"]);
    let policy = bench.policy(known);
    verify(&policy, &host("host", 22), plain(&key), &someone).unwrap_err();
    let question = &someone.questions()[0];
    assert!(question.contains(":8: h7\n    (3 additional names omitted)\nAre you"), "{question}");
}

#[test]
fn the_fingerprint_is_a_yes_and_another_is_not() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    for hash in [FingerprintHash::Sha256, FingerprintHash::Md5] {
        let mut policy = bench.policy("");
        policy.fingerprint_hash = hash;
        let print = crate::hostkey::fingerprint(&key, hash);
        let other = print.replace(|c: char| c.is_ascii_digit(), "0") + "x";
        let someone = Scripted::new(&[&other, &print]);
        assert!(verify(&policy, &host("host", 22), plain(&key), &someone).is_ok());
        assert_eq!(someone.questions().len(), 2);
        assert!(someone.questions()[0].contains("This key is not known by any other names.\n"));
    }
}

#[test]
fn no_and_silence_are_no() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    for answers in [&["no"][..], &["No"], &[""], &["  "], &[]] {
        let policy = bench.policy("");
        let someone = Scripted::new(answers);
        let refused = verify(&policy, &host("host", 22), plain(&key), &someone).unwrap_err();
        assert!(matches!(refused, HostKeyError::Declined { .. }), "{answers:?}");
        assert_eq!(refused.to_string(), "Host key verification failed.");
        assert!(bench.text("known_hosts").is_empty());
    }
}

#[test]
fn someone_who_never_answers_yes_or_no_is_given_up() {
    struct Parrot;
    impl crate::prompt::Prompt for Parrot {
        fn secret(&self, _: &str) -> Option<zeroize::Zeroizing<String>> {
            None
        }
        fn line(&self, _: &str) -> Option<String> {
            Some("polly".to_owned())
        }
        fn show(&self, _: &str) {}
    }
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let policy = bench.policy("");
    assert!(verify(&policy, &host("host", 22), plain(&key), &Parrot).is_err());
}

#[test]
fn the_picture_goes_with_the_question_and_then_with_the_known_key() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.visual = true;
    let someone = Scripted::new(&["yes"]);
    let (_, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &someone));
    assert!(someone.questions()[0].contains("\n+--[ED25519 256]--+\n"));
    assert_eq!(log.len(), 1, "{log:?}");
    let (_, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
    assert!(log[0].starts_with(&format!("Host key fingerprint is {}\n+--[ED25519 256]--+\n", print(&key))), "{log:?}");
    assert!(log[0].ends_with("+----[SHA256]-----+"));
}

#[test]
fn a_changed_key_stops_everything() {
    let bench = Bench::new();
    let (new, old) = (bench.key("new", "ed25519"), bench.key("old", "ecdsa"));
    for strict in [StrictChecking::Yes, StrictChecking::Ask, StrictChecking::AcceptNew] {
        let mut policy = bench.policy(line("host", &old));
        policy.strict = strict;
        let someone = Scripted::new(&["yes", "yes"]);
        let (refused, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&new), &someone));
        let refused = refused.unwrap_err();
        assert_eq!(refused.to_string(), "Host key verification failed.");
        assert!(someone.questions().is_empty());
        let file = policy.user_files[0].display().to_string();
        let frame = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
        assert_eq!(
            log,
            [
                frame,
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
                frame,
                "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!",
                "Someone could be eavesdropping on you right now (man-in-the-middle attack)!",
                "It is also possible that a host key has just been changed.",
                &format!("The fingerprint for the ED25519 key sent by the remote host is\n{}.", print(&new)),
                &format!("The fingerprint for the ECDSA key known from {file}:1 is\n{}.", print(&old)),
                "Please contact your system administrator.",
                &format!("Add correct host key in {file} to get rid of this message."),
                &format!("Offending ECDSA key in {file}:1"),
                &format!("  remove with:\n  ssh-keygen -f \"{file}\" -R \"host\""),
                "Host key for host has changed and you have requested strict checking.",
            ]
        );
        let reason = refused.reason();
        for part in [print(&new), print(&old), format!("{file}:1")] {
            assert!(reason.contains(&part), "{reason}");
        }
        assert_eq!(bench.text("known_hosts"), line("host", &old));
    }
}

#[test]
fn of_several_known_keys_the_one_of_the_type_offends() {
    let bench = Bench::new();
    let (new, old, rsa) = (bench.key("new", "ed25519"), bench.key("old", "ed25519"), bench.key("rsa", "rsa-2048"));
    let policy = bench.policy(line("host", &old) + &line("host", &rsa));
    let (_, log) = said(Level::Error, || verify(&policy, &host("host", 22), plain(&new), &Nobody));
    let log = log.join("\n");
    assert!(
        log.contains("Offending ED25519 key in") && log.contains(&print(&old)) && log.contains(&print(&rsa)),
        "{log}"
    );
}

#[test]
fn no_lets_a_changed_host_in_without_what_could_be_stolen() {
    let bench = Bench::new();
    let (new, old) = (bench.key("new", "ed25519"), bench.key("old", "ecdsa"));
    let mut policy = bench.policy(line("host", &old));
    policy.strict = StrictChecking::No;
    policy.update = UpdateHostKeys::Yes;
    policy.at_risk = AtRisk {
        password: true,
        keyboard_interactive: true,
        agent: true,
        x11: true,
        ports: true,
        exit_on_failure: false,
    };
    let (verified, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&new), &Nobody));
    let verified = verified.unwrap();
    assert!(!verified.passwords_allowed && !verified.update_allowed);
    assert!(verified.how.starts_with("CHANGED"));
    assert_eq!(
        log[log.len() - 6..],
        [
            "Password authentication is disabled to avoid man-in-the-middle attacks.",
            "Keyboard-interactive authentication is disabled to avoid man-in-the-middle attacks.",
            "Agent forwarding is disabled to avoid man-in-the-middle attacks.",
            "X11 forwarding is disabled to avoid man-in-the-middle attacks.",
            "Port forwarding is disabled to avoid man-in-the-middle attacks.",
            "UpdateHostkeys is disabled because the host key is not trusted.",
        ]
    );
    assert_eq!(bench.text("known_hosts"), line("host", &old), "nothing is written");
    policy.at_risk.exit_on_failure = true;
    let refused = verify(&policy, &host("host", 22), plain(&new), &Nobody).unwrap_err();
    assert_eq!(refused.to_string(), "Error: forwarding disabled due to host key check failure");
}

#[test]
fn a_revoked_key_is_nobodys() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let known = line("host", &key) + "@revoked * " + line("", &key).trim_start();
    for strict in ALL {
        let mut policy = bench.policy(&known);
        policy.strict = strict;
        let (checked, log) = said(Level::Warn, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
        assert_eq!(
            log[1..6],
            [
                "@       WARNING: REVOKED HOST KEY DETECTED!               @",
                "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
                "The ED25519 host key for host is marked as revoked.",
                "This could mean that a stolen key is being used to",
                "impersonate this host.",
            ]
        );
        if strict == StrictChecking::No {
            let verified = checked.unwrap();
            assert!(!verified.passwords_allowed && verified.how.starts_with("REVOKED"));
        } else {
            assert!(matches!(checked, Err(HostKeyError::Revoked { .. })));
            assert_eq!(log[6], "ED25519 host key for host was revoked and you have requested strict checking.");
        }
    }
}

#[test]
fn a_key_may_be_known_without_the_port() {
    let bench = Bench::new();
    let (key, other) = (bench.key("k", "ed25519"), bench.key("o", "ed25519"));
    let mut policy = bench.policy(line("host", &key));
    policy.strict = StrictChecking::Yes;
    let verified = verify(&policy, &host("host", 2222), plain(&key), &Nobody).unwrap();
    assert!(!verified.update_allowed && verified.passwords_allowed);
    assert!(verified.how.starts_with("known without the port"));
    // Another key there says nothing about this port.
    let (refused, log) = said(Level::Error, || verify(&policy, &host("host", 2222), plain(&other), &Nobody));
    assert!(matches!(refused, Err(HostKeyError::Unknown { .. })));
    assert_eq!(log.len(), 1);
    // Nor the other way round.
    policy = bench.policy(line("[host]:2222", &key));
    policy.strict = StrictChecking::Yes;
    assert!(matches!(verify(&policy, &host("host", 22), plain(&key), &Nobody), Err(HostKeyError::Unknown { .. })));
    // But a revocation there counts here.
    policy = bench.policy("@revoked ".to_owned() + &line("host", &key));
    policy.strict = StrictChecking::AcceptNew;
    assert!(matches!(verify(&policy, &host("host", 2222), plain(&key), &Nobody), Err(HostKeyError::Revoked { .. })));
}

#[test]
fn an_alias_stands_for_the_host_and_its_port() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy(line("theAlias", &key));
    policy.strict = StrictChecking::Yes;
    let mut aliased = host("host", 2222);
    aliased.alias = Some("TheAlias".to_owned());
    assert!(verify(&policy, &aliased, plain(&key), &Nobody).is_ok());
    assert!(verify(&policy, &host("host", 2222), plain(&key), &Nobody).is_err());
}

#[test]
fn this_machine_may_go_unchecked() {
    let bench = Bench::new();
    let (key, old) = (bench.key("k", "ed25519"), bench.key("old", "ed25519"));
    let mut policy = bench.policy(line("localhost", &old));
    policy.no_auth_for_localhost = true;
    let mut local = host("localhost", 22);
    local.address = Some([127, 0, 0, 5].into());
    let verified = verify(&policy, &local, plain(&key), &Nobody).unwrap();
    assert!(verified.passwords_allowed && !verified.update_allowed);
    let mut aliased = local.clone();
    aliased.alias = Some("localhost".to_owned());
    assert!(verify(&policy, &aliased, plain(&key), &Nobody).is_err());
    assert!(verify(&policy, &host("localhost", 22), plain(&key), &Nobody).is_err());
}

#[test]
fn where_nothing_can_be_written_nobody_new_is_believed() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy("");
    policy.user_files.clear();
    policy.strict = StrictChecking::No;
    assert!(matches!(verify(&policy, &host("host", 22), plain(&key), &Nobody), Err(HostKeyError::Unknown { .. })));
    let policy = bench.policy("");
    for name in ["a,b", "a*", "a b", "[a]", "a#b", "a\nb"] {
        let mut policy = policy.clone();
        policy.strict = StrictChecking::No;
        assert!(verify(&policy, &host(name, 22), plain(&key), &Nobody).is_err(), "{name}");
    }
    assert!(bench.text("known_hosts").is_empty());
}

#[test]
fn a_short_rsa_key_is_refused() {
    let bench = Bench::new();
    let key = bench.key("k", "rsa-1024");
    let mut policy = bench.policy(line("host", &key));
    assert!(verify(&policy, &host("host", 22), plain(&key), &Nobody).is_ok());
    policy.required_rsa_size = 2048;
    let refused = verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap_err();
    assert_eq!(refused.to_string(), "Bad server host key: Invalid key length");
}

#[test]
fn a_compressed_point_is_no_key() {
    use russh::keys::ssh_key::public::{EcdsaPublicKey, KeyData};
    let bench = Bench::new();
    let key = bench.key("k", "ecdsa");
    let point = key.key_data().ecdsa().unwrap().as_sec1_bytes().to_vec();
    let mut compressed = vec![2 + (point[64] & 1)];
    compressed.extend(&point[1..33]);
    let same = KeyData::Ecdsa(EcdsaPublicKey::from_sec1_bytes(&compressed).unwrap());
    let mut policy = bench.policy("@revoked ".to_owned() + &line("*", &key));
    policy.strict = StrictChecking::AcceptNew;
    let shown = russh::keys::PublicKey::from(same).into();
    assert!(matches!(verify(&policy, &host("host", 22), shown, &Nobody), Err(HostKeyError::BadKey(_))));
}
