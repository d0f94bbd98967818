//! Fingerprints and pictures, held against ssh-keygen's.

use super::Bench;
use crate::hostkey::key::Key;
use crate::hostkey::{fingerprint, key_type, randomart};
use crate::settings::FingerprintHash;

#[test]
fn they_are_those_of_ssh_keygen() {
    let bench = Bench::new();
    for kind in ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-1024", "rsa-2048", "dsa"] {
        let public = bench.key(kind, kind);
        let key = Key::new(public.key_data()).unwrap();
        for (hash, name) in [(FingerprintHash::Sha256, "sha256"), (FingerprintHash::Md5, "md5")] {
            let shown = bench.keygen(&["-lv", "-E", name, "-f", &format!("{kind}.pub")]);
            let (first, picture) = shown.split_once('\n').unwrap();
            let words: Vec<&str> = first.split(' ').collect();
            assert_eq!(key.bits().to_string(), words[0]);
            assert_eq!(fingerprint(&public, hash), words[1]);
            assert_eq!(format!("({})", key_type(&public)), *words.last().unwrap());
            assert_eq!(randomart::draw(&key, false, hash), picture.trim_end());
        }
    }
}

#[test]
fn a_long_title_goes_without_the_size() {
    let bench = Bench::new();
    bench.key("ca", "ed25519");
    let key = Key::new(bench.key("k", "ed25519").key_data()).unwrap();
    bench.sign("k", "ca", &["-h", "-n", "host"]);
    let shown = bench.keygen(&["-lv", "-f", "k-cert.pub"]);
    let picture = shown.split_once('\n').unwrap().1.trim_end();
    assert!(picture.contains("[ED25519-CERT]"), "{picture}");
    assert_eq!(randomart::draw(&key, true, FingerprintHash::Sha256), picture);
}
