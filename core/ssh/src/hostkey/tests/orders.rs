//! Which algorithms are asked for first.

use super::{Bench, host, line};
use crate::hostkey::{KnownHosts, split_certificates};

const OFFERED: [&str; 8] = [
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

fn ordered(bench: &Bench, known: String, offered: &[&str]) -> Vec<String> {
    let (policy, host) = (bench.policy(known), host("host", 22));
    let known = KnownHosts::load(&policy, &host).unwrap();
    let offered: Vec<String> = offered.iter().map(|name| (*name).to_owned()).collect();
    let ordered = known.order_algorithms(&policy, &host, &offered).unwrap();
    let (mut a, mut b) = (ordered.clone(), offered);
    a.sort();
    b.sort();
    assert_eq!(a, b, "nothing is added or lost");
    ordered
}

#[test]
fn known_types_come_first() {
    let bench = Bench::new();
    let (ed, ec, rsa) = (bench.key("ed", "ed25519"), bench.key("ec", "ecdsa-256"), bench.key("rsa", "rsa-2048"));
    let ca = |names: &str| "@cert-authority ".to_owned() + &line(names, &ed);
    assert_eq!(ordered(&bench, String::new(), &OFFERED), OFFERED);
    assert_eq!(ordered(&bench, line("other", &rsa), &OFFERED), OFFERED);
    // A key of the best type is known: nothing moves.
    assert_eq!(ordered(&bench, line("host", &ed) + &line("host", &rsa), &OFFERED), OFFERED);
    assert_eq!(
        ordered(&bench, line("host", &rsa), &OFFERED)[..3],
        ["rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-512", "rsa-sha2-256"]
    );
    assert_eq!(
        ordered(&bench, line("host", &ec), &OFFERED)[..3],
        ["ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com"]
    );
    // With an authority, all certificates come first; its own type is nobody's.
    assert_eq!(ordered(&bench, ca("host"), &OFFERED), OFFERED);
    assert_eq!(
        ordered(&bench, ca("*") + &line("host", &rsa), &OFFERED)[..5],
        [OFFERED[0], OFFERED[1], OFFERED[2], "rsa-sha2-512", "rsa-sha2-256"]
    );
    // A revoked key is not asked for.
    let revoked = line("host", &rsa) + "@revoked " + &line("*", &rsa);
    assert_eq!(ordered(&bench, revoked, &OFFERED), OFFERED);
}

#[test]
fn certificates_behind_plain_keys_are_not_asked_for() {
    let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let bench = Bench::new();
    let rsa = bench.key("rsa", "rsa-2048");
    let (certificates, keys) = split_certificates(&ordered(&bench, line("host", &rsa), &OFFERED));
    assert_eq!(certificates, ["rsa-sha2-512-cert-v01@openssh.com"]);
    assert_eq!(keys, ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"]);
    let (certificates, keys) = split_certificates(&list(&OFFERED));
    assert_eq!((certificates.len(), keys.len()), (3, 5));
    let (certificates, keys) = split_certificates(&list(&["ssh-ed25519-cert-v01@openssh.com"]));
    assert_eq!((certificates.len(), keys.len()), (1, 0));
}
