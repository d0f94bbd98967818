//! RevokedHostKeys: lists as text, and as ssh-keygen -k makes them.

use log::Level;
use russh::keys::{Certificate, PublicKey};

use super::{Bench, host, line, print, said, verify};
use crate::hostkey::policy::Policy;
use crate::hostkey::{HostKeyError, KrlDefect, RevocationDefect};
use crate::prompt::Nobody;
use crate::settings::StrictChecking;

/// A host whose key and certificate are both believed, were it not for a list.
struct Case {
    bench: Bench,
    key: PublicKey,
    certificate: Certificate,
    policy: Policy,
}

impl Case {
    fn new(kind: &str, serial: &str) -> Self {
        let bench = Bench::new();
        let (ca, key) = (bench.key("ca", "ed25519"), bench.key("k", kind));
        bench.key("other", "ed25519");
        let certificate = bench.sign("k", "ca", &["-h", "-n", "host", "-z", serial]);
        let policy = bench.policy(line("host", &key) + "@cert-authority " + &line("host", &ca));
        Self { bench, key, certificate, policy }
    }

    /// Whether the plain key, and whether the certificate, is believed with this list.
    fn believed(&self, list: &str) -> (bool, bool) {
        let policy = Policy { revoked: Some(self.bench.path(list)), strict: StrictChecking::No, ..self.policy.clone() };
        let key = verify(&policy, &host("host", 22), self.key.clone().into(), &Nobody);
        let certificate = verify(&policy, &host("host", 22), self.certificate.clone().into(), &Nobody);
        for refused in [&key, &certificate].into_iter().filter_map(|result| result.as_ref().err()) {
            assert!(matches!(refused, HostKeyError::Revoked { .. }), "{}", refused.reason());
        }
        (key.is_ok(), certificate.is_ok())
    }

    fn krl(&self, specification: &str) {
        self.bench.write("spec", specification);
        self.bench.keygen(&["-q", "-k", "-f", "krl", "-s", "ca.pub", "spec"]);
    }
}

#[test]
fn lists_as_text() {
    for kind in ["ed25519", "ecdsa", "rsa-2048"] {
        let case = Case::new(kind, "7");
        let text = |name: &str| case.bench.text(name);
        case.bench.write("list", "");
        assert_eq!(case.believed("list"), (true, true));
        case.bench.write("list", format!("# {}\n\n{}", text("k.pub"), text("other.pub")));
        assert_eq!(case.believed("list"), (true, true));
        case.bench.write("list", text("other.pub") + "\r\n  " + &text("k.pub"));
        assert_eq!(case.believed("list"), (false, false));
        case.bench.write("list", text("k-cert.pub"));
        assert_eq!(case.believed("list"), (false, false));
        case.bench.write("list", text("ca.pub"));
        assert_eq!(case.believed("list"), (true, false));
    }
}

#[test]
fn the_words_are_those_of_openssh() {
    let case = Case::new("ed25519", "7");
    let list = case.bench.path("k.pub");
    let mut policy = case.policy.clone();
    policy.revoked = Some(list.clone());
    let (_, log) = said(Level::Error, || verify(&policy, &host("host", 22), case.key.clone().into(), &Nobody));
    assert_eq!(log, [format!("Host key ED25519 {} revoked by file {}", print(&case.key), list.display())]);
}

#[test]
fn a_list_that_cannot_be_judged_lets_nobody_in() {
    let case = Case::new("ed25519", "7");
    let refuse = |list: &str| {
        let mut policy = case.policy.clone();
        policy.revoked = Some(case.bench.path(list));
        policy.strict = StrictChecking::No;
        let (result, log) = said(Level::Error, || verify(&policy, &host("host", 22), case.key.clone().into(), &Nobody));
        let Err(HostKeyError::RevocationList { defect, .. }) = result else { panic!("{list} is believed") };
        let (head, tail) = log[0].split_once(" in revoked keys file ").unwrap();
        assert_eq!(head, format!("Error checking host key ED25519 {}", print(&case.key)));
        (defect, tail.split_once(": ").unwrap().1.to_owned())
    };
    assert_eq!(refuse("not-there").1, "No such file or directory");
    assert!(matches!(refuse(".").0, RevocationDefect::Unreadable(_)));
    case.bench.write("list", case.bench.text("other.pub") + "what is this\n");
    assert!(matches!(refuse("list").0, RevocationDefect::Line { line: 2, .. }));
    // A private key is a likely mistake.
    assert!(matches!(refuse("k").0, RevocationDefect::Line { line: 1, .. }));
    case.krl("serial: 1");
    let good = std::fs::read(case.bench.path("krl")).unwrap();
    let refuse_bytes = |bytes: &[u8]| {
        case.bench.write("bad", bytes);
        match refuse("bad").0 {
            RevocationDefect::Krl(defect) => defect,
            other => panic!("{other}"),
        }
    };
    for length in 8..good.len() {
        // Between the head and the one section is the one place where it may end.
        if length != 44 + usize::from(good[43]) {
            assert_eq!(refuse_bytes(&good[..length]), KrlDefect::Malformed, "{length}");
        }
    }
    let with = |kind: u8, data: &[u8]| {
        let mut list = good.clone();
        list.push(kind);
        list.extend((data.len() as u32).to_be_bytes());
        list.extend(data);
        list
    };
    assert_eq!(refuse_bytes(&with(4, b"x")), KrlDefect::Signed);
    assert_eq!(refuse_bytes(&with(9, b"x")), KrlDefect::Section(9));
    assert_eq!(refuse_bytes(&with(2, b"x")), KrlDefect::Malformed);
    assert_eq!(refuse_bytes(&with(3, &[0, 0, 0, 1, 7])), KrlDefect::Malformed);
    assert_eq!(refuse_bytes(&with(255, &[0, 0, 0, 1, b'n', 1, 0, 0, 0, 0])), KrlDefect::Extension);
    assert_eq!(
        refuse_bytes(&with(1, &[0, 0, 0, 0, 0, 0, 0, 0, 0x66, 0, 0, 0, 0])),
        KrlDefect::CertificateSection(0x66)
    );
    let mut version = good.clone();
    version[11] = 2;
    assert_eq!(refuse_bytes(&version), KrlDefect::Version(2));
    // What need not be understood is passed over.
    case.bench.write("good", with(255, &[0, 0, 0, 1, b'n', 0, 0, 0, 0, 0]));
    assert_eq!(case.believed("good"), (true, true));
}

#[test]
fn binary_lists_of_keys() {
    for kind in ["ed25519", "ecdsa", "rsa-2048"] {
        let case = Case::new(kind, "7");
        case.bench.keygen(&["-q", "-k", "-f", "krl"]);
        assert_eq!(case.believed("krl"), (true, true));
        case.bench.keygen(&["-q", "-k", "-f", "krl", "other.pub"]);
        assert_eq!(case.believed("krl"), (true, true));
        case.bench.keygen(&["-q", "-k", "-u", "-f", "krl", "k.pub"]);
        assert_eq!(case.believed("krl"), (false, false));
        case.bench.keygen(&["-q", "-k", "-f", "krl", "ca.pub"]);
        assert_eq!(case.believed("krl"), (true, false));
        case.bench.keygen(&["-q", "-k", "-f", "krl", "k-cert.pub"]);
        assert_eq!(case.believed("krl"), (true, false));
        for hash in ["sha1", "sha256"] {
            case.krl(&format!("{hash}: {}", case.bench.text("k.pub")));
            assert_eq!(case.believed("krl"), (false, false), "{hash}");
            case.krl(&format!("{hash}: {}", case.bench.text("other.pub")));
            assert_eq!(case.believed("krl"), (true, true), "{hash}");
        }
    }
}

#[test]
fn binary_lists_of_certificates() {
    for (serial, revoked, spared) in [
        ("7", &["7", "1-9", "5\nserial: 6\nserial: 7\nserial: 9"][..], &["6", "8-99"][..]),
        // Far apart, so that they are lists; close by, so that they are bitmaps.
        ("70000", &["1\nserial: 70000\nserial: 9999999"][..], &["1\nserial: 9999999"][..]),
        (
            "1003",
            &["1001\nserial: 1003\nserial: 1005\nserial: 1007\nserial: 1010\nserial: 1013"][..],
            &["1001\nserial: 1004\nserial: 1005\nserial: 1007\nserial: 1010\nserial: 1013"][..],
        ),
        ("18446744073709551615", &["18446744073709551615"][..], &["18446744073709551614"][..]),
    ] {
        let case = Case::new("ed25519", serial);
        for (list, believed) in revoked.iter().map(|list| (list, false)).chain(spared.iter().map(|list| (list, true))) {
            case.krl(&format!("serial: {list}"));
            assert_eq!(case.believed("krl"), (true, believed), "{serial} in {list}");
        }
        case.krl("id: an id");
        assert_eq!(case.believed("krl"), (true, false));
        case.krl("id: another id");
        assert_eq!(case.believed("krl"), (true, true));
        // Another authority's numbers are no concern of this certificate.
        case.bench.write("spec", format!("serial: {serial}\nid: an id"));
        case.bench.keygen(&["-q", "-k", "-f", "krl", "-s", "other.pub", "spec"]);
        assert_eq!(case.believed("krl"), (true, true));
    }
}

#[test]
fn every_serial_number_is_judged_as_ssh_keygen_does() {
    let case = Case::new("ed25519", "7");
    case.krl(
        "serial: 3\nserial: 5\nserial: 6\nserial: 9\nserial: 12\nserial: 20-30\nserial: 64\nserial: 65\nserial: 67",
    );
    for serial in (1..70_u64).chain([1 << 40]) {
        let certificate = case.bench.sign("k", "ca", &["-h", "-n", "host", "-z", &serial.to_string()]);
        let revoked = !std::process::Command::new("ssh-keygen")
            .args(["-Q", "-f", "krl", "k-cert.pub"])
            .current_dir(case.bench.0.path())
            .output()
            .unwrap()
            .status
            .success();
        let mut policy = case.policy.clone();
        policy.revoked = Some(case.bench.path("krl"));
        let believed = verify(&policy, &host("host", 22), certificate.into(), &Nobody).is_ok();
        assert_eq!(believed, !revoked, "{serial}");
    }
}
