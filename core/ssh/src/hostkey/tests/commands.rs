//! KnownHostsCommand.

use std::sync::{Arc, Mutex};

use log::Level;

use super::{Bench, host, line, plain, print, said, verify, words};
use crate::hostkey::policy::Policy;
use crate::hostkey::{CommandRequest, HostKeyError, KnownHosts};
use crate::prompt::Nobody;
use crate::settings::StrictChecking;

type Requests = Arc<Mutex<Vec<CommandRequest>>>;

/// A policy without files whose command is this one, and what it is asked.
fn policy(arguments: &[&str]) -> (Policy, Requests) {
    let (requests, arguments): (Requests, Vec<String>) =
        (Arc::default(), arguments.iter().map(|word| (*word).to_owned()).collect());
    let seen = requests.clone();
    let policy = Policy {
        command: Some(Arc::new(move |request: &CommandRequest| {
            seen.lock().unwrap().push(request.clone());
            Some(arguments.clone())
        })),
        strict: StrictChecking::Yes,
        ..Policy::default()
    };
    (policy, requests)
}

#[test]
fn what_it_prints_is_known() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let file = bench.write("kh", line("other", &key) + &line("[host]:2222", &key));
    let (policy, requests) = policy(&["/bin/cat", file.to_str().unwrap()]);
    let verified = verify(&policy, &host("host", 2222), plain(&key), &Nobody).unwrap();
    assert!(!verified.update_allowed);
    assert_eq!(verified.how, "known, KnownHostsCommand-HOSTNAME:2");
    let text = words(&key);
    let (kind, base64) = text.split_once(' ').unwrap();
    assert_eq!(
        *requests.lock().unwrap(),
        [CommandRequest {
            purpose: "HOSTNAME",
            name: "[host]:2222".to_owned(),
            key_type: kind.to_owned(),
            fingerprint: print(&key),
            key: base64.to_owned(),
        }]
    );
}

#[test]
fn a_certificate_is_asked_for_as_it_is_shown() {
    let bench = Bench::new();
    bench.key("ca", "ed25519");
    bench.key("k", "ed25519");
    let certificate = bench.sign("k", "ca", &["-h", "-n", "host"]);
    let text = "@cert-authority ".to_owned() + &line("host", &bench.public("ca"));
    let file = bench.write("kh", text);
    let (mut policy, requests) = policy(&["/bin/cat", file.to_str().unwrap()]);
    policy.ca_signature = vec!["ssh-ed25519".to_owned()];
    policy.check_host_ip = true;
    verify(&policy, &host("host", 22), certificate.into(), &Nobody).unwrap();
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "no address is asked for where there is a certificate");
    assert_eq!(requests[0].key_type, "ssh-ed25519-cert-v01@openssh.com");
    assert_eq!(requests[0].key, bench.text("k-cert.pub").split(' ').nth(1).unwrap());
}

#[test]
fn the_address_is_asked_for_too() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let file = bench.write("kh", line("host,192.0.2.7", &key));
    let (mut policy, requests) = policy(&["/bin/cat", file.to_str().unwrap()]);
    policy.check_host_ip = true;
    verify(&policy, &host("host", 22), plain(&key), &Nobody).unwrap();
    let asked: Vec<(&str, String)> =
        requests.lock().unwrap().iter().map(|request| (request.purpose, request.name.clone())).collect();
    assert_eq!(asked, [("HOSTNAME", "host".to_owned()), ("ADDRESS", "192.0.2.7".to_owned())]);
}

#[test]
fn one_that_fails_ends_the_connection() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let file = bench.write("kh", line("host", &key));
    let script = format!("cat {}; exit 3", file.display());
    let (policy1, _) = policy(&["/bin/sh", "-c", &script]);
    let (result, log) = said(Level::Warn, || verify(&policy1, &host("host", 22), plain(&key), &Nobody));
    assert_eq!(result.unwrap_err().to_string(), "KnownHostsCommand failed");
    assert_eq!(log, [format!("KnownHostsCommand-HOSTNAME /bin/sh -c \"{script}\" failed, status 3")]);
    let (policy2, _) = policy(&["/bin/sh", "-c", "kill -TERM $$"]);
    let (result, log) = said(Level::Warn, || verify(&policy2, &host("host", 22), plain(&key), &Nobody));
    assert!(matches!(result, Err(HostKeyError::Command)));
    assert_eq!(log, ["KnownHostsCommand-HOSTNAME /bin/sh -c \"kill -TERM $$\" exited on signal 15"]);
}

#[test]
fn one_that_cannot_be_started_knows_nothing() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    for (arguments, words) in [
        (&["cat"][..], "KnownHostsCommand-HOSTNAME path is not absolute"),
        (&[][..], "KnownHostsCommand-HOSTNAME yielded no arguments"),
        (&["/nonsuch"][..], "Could not stat KnownHostsCommand-HOSTNAME \"/nonsuch\": No such file or directory"),
    ] {
        let (policy, _) = policy(arguments);
        let (result, log) = said(Level::Error, || verify(&policy, &host("host", 22), plain(&key), &Nobody));
        assert!(matches!(result, Err(HostKeyError::Unknown { .. })));
        assert_eq!(log[0], words);
    }
}

#[test]
fn one_whose_tokens_are_wrong_ends_the_connection() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let mut policy = bench.policy(line("host", &key));
    policy.command = Some(Arc::new(|_: &CommandRequest| None));
    assert!(matches!(verify(&policy, &host("host", 22), plain(&key), &Nobody), Err(HostKeyError::Command)));
}

#[test]
fn one_that_never_stops_talking_is_stopped() {
    let bench = Bench::new();
    let key = bench.key("k", "ed25519");
    let (policy, _) = policy(&["/usr/bin/yes"]);
    assert!(matches!(verify(&policy, &host("host", 22), plain(&key), &Nobody), Err(HostKeyError::Command)));
}

#[test]
fn the_order_of_algorithms_asks_it_without_a_key() {
    let bench = Bench::new();
    let key = bench.key("k", "rsa-2048");
    let file = bench.write("kh", line("host", &key));
    let (policy, requests) = policy(&["/bin/cat", file.to_str().unwrap()]);
    let host = host("host", 22);
    let known = KnownHosts::load(&policy, &host).unwrap();
    assert!(requests.lock().unwrap().is_empty(), "loading alone asks nobody");
    let offered = ["ssh-ed25519", "rsa-sha2-512"].map(str::to_owned);
    let ordered = known.order_algorithms(&policy, &host, &offered).unwrap();
    assert_eq!(ordered, ["rsa-sha2-512", "ssh-ed25519"]);
    let none = || "NONE".to_owned();
    assert_eq!(
        *requests.lock().unwrap(),
        [CommandRequest {
            purpose: "ORDER",
            name: "host".to_owned(),
            key_type: none(),
            fingerprint: none(),
            key: none()
        }]
    );
}
