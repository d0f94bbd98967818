//! Which lines are about a host: the format's corners, and a comparison with `ssh-keygen -F`.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::{Bench, line, words};
use crate::hostkey::known_hosts::{Keeper, Record, collect};
use crate::hostkey::line::{Line, Marker, Read};
use crate::hostkey::names::{Names, hashed};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAEXXQFcHPQTws8nWdVdrkX/MQczwrFH3l6QGrdpdI0";

fn stand_for(names: &str, host: &str) -> bool {
    Names(names.as_bytes()).stand_for(host).unwrap()
}

fn records(text: &[u8], name: &str) -> Vec<Record> {
    let mut found = Vec::new();
    collect(text, Path::new("kh"), Keeper::User, name, &mut found);
    found
}

fn places(text: &[u8], name: &str) -> Vec<usize> {
    records(text, name).iter().map(|record| record.place.line).collect()
}

#[test]
fn lists_patterns_ports_and_hashes() {
    assert!(stand_for("host", "host"));
    assert!(stand_for("HOST", "host"));
    assert!(stand_for("a,host,10.0.0.1", "10.0.0.1"));
    assert!(stand_for("*.example.org", "a.example.org"));
    assert!(!stand_for("*.example.org,!b.*", "b.example.org"));
    assert!(!stand_for("!b.*,*.example.org", "b.example.org"));
    assert!(!stand_for("!b", "c"));
    assert!(stand_for("[host]:2222", "[host]:2222"));
    assert!(!stand_for("[host]:2222", "host"));
    assert!(stand_for("[h?st]:*", "[host]:99"));
    assert!(stand_for(&hashed("host").unwrap(), "host"));
    assert!(!stand_for(&hashed("host").unwrap(), "other"));
    let long = "x".repeat(1023);
    assert!(!stand_for(&format!("host,{long}"), "host"), "an element too long spoils the list");
    // A name that is not UTF-8 does not spoil the rest of its list.
    assert!(Names(b"\xff\xfe,host").stand_for("host").unwrap());
    for bad in ["|1|bad", "|1||", "|1|AAAA|AAAA", "|2|x|y", "|"] {
        assert!(Names(bad.as_bytes()).stand_for("host").is_err(), "{bad}");
    }
}

#[test]
fn a_hash_is_the_one_of_ssh_keygen() {
    let bench = Bench::new();
    bench.write("kh", format!("host {KEY}\n[other]:2222 {KEY}\nmixed,10.0.0.1 {KEY}\n"));
    bench.keygen(&["-q", "-H", "-f", "kh"]);
    let text = bench.text("kh");
    assert!(!text.contains("host"));
    assert_eq!(places(text.as_bytes(), "host"), [1]);
    assert_eq!(places(text.as_bytes(), "[other]:2222"), [2]);
    assert_eq!(places(text.as_bytes(), "10.0.0.1").len(), 1);
    assert!(places(text.as_bytes(), "other").is_empty());
    // And ssh-keygen finds ours.
    bench.write("ours", format!("{} {KEY}\n", hashed("[h]:22022").unwrap()));
    assert!(bench.keygen(&["-F", "[h]:22022", "-f", "ours"]).contains("found: line 1"));
}

#[test]
fn markers_blanks_line_ends_and_comments() {
    let text = format!(
        "# host {KEY}\n\n   \t# x\nhost {KEY} a comment\r\n\thost\t\t{}\t# comment\r\n@cert-authority *.x,host {KEY}\n\
         @revoked\thost {KEY}\r\n@new host {KEY}\n@revoked @revoked host {KEY}\nhost {KEY}",
        KEY.replace(' ', "\t")
    );
    let found = records(text.as_bytes(), "host");
    let markers: Vec<(usize, Marker)> = found.iter().map(|record| (record.place.line, record.marker)).collect();
    assert_eq!(
        markers,
        [(4, Marker::Plain), (5, Marker::Plain), (6, Marker::Authority), (7, Marker::Revoked), (10, Marker::Plain)]
    );
    assert_eq!(found[0].place.to_string(), "kh:4");
}

#[test]
fn bad_lines_are_skipped_and_named_in_the_log() {
    let bench = Bench::new();
    let rsa = words(&bench.key("rsa", "rsa-1024"));
    let wrong_type = KEY.replace("ssh-ed25519 ", "ssh-rsa ");
    let truncated = &KEY[..KEY.len() - 8];
    let bad = [
        "host".to_owned(),
        "host ssh-ed25519".to_owned(),
        "host ssh-ed25519 # no key".to_owned(),
        "host # no type".to_owned(),
        "host 1024 35 1234567890".to_owned(),
        "host ssh-new AAAAB3Nz".to_owned(),
        "host ssh-ed25519 not*base64".to_owned(),
        format!("host {truncated}"),
        format!("host {wrong_type}"),
        format!("|1|short|hash {KEY}"),
        // An RSA key whose modulus is 512 bits long.
        "host ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC5FYxjrGTNyhUdgxI9X5f8Hv2GzqcQz8Yh2e7WUn2ZPJ1RZ7aXb1rD5m4o5b3v0vV2y4\
         0Z9h1j6p0z8Q=="
            .to_owned(),
    ];
    for text in bad {
        let file = format!("{text}\nhost {rsa}\n");
        let (found, log) = super::said(log::Level::Debug, || places(file.as_bytes(), "host"));
        assert_eq!(found, [2], "{text}");
        assert!(log.iter().any(|message| message.starts_with("kh:1: ")), "{text}: {log:?}");
    }
}

#[test]
fn a_line_ends_at_a_nul_as_in_openssh() {
    let Read::Line(read) = Line::read(b"host ssh-ed25519 AAAA\0junk\n") else { panic!() };
    assert_eq!(read.key_text, b"AAAA");
    assert_eq!(Line::read(b"host\0 ssh-ed25519 AAAA"), Read::Bad("truncated before key type"));
}

#[test]
fn a_certificate_in_a_line_is_no_plain_key() {
    let bench = Bench::new();
    bench.key("ca", "ed25519");
    let key = bench.key("k", "ed25519");
    let certificate = bench.sign("k", "ca", &["-h", "-n", "host"]).to_openssh().unwrap();
    let found = records(format!("host {certificate}\n{}", line("host", &key)).as_bytes(), "host");
    assert_eq!(found.len(), 2);
    assert!(found[0].written.certified && !found[1].written.certified);
    assert_eq!(found[0].key(), found[1].key());
}

/// The lines that `ssh-keygen -F` finds.
fn oracle(file: &Path, host: &str) -> Vec<usize> {
    let output = Command::new("ssh-keygen").arg("-F").arg(host).arg("-f").arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let heads = text.lines().filter_map(|line| line.split_once(" found: line "));
    heads.map(|(_, rest)| rest.split(' ').next().unwrap().parse().unwrap()).collect()
}

const HOSTS: [&str; 8] = ["a", "b.a", "ab", "[a]:2222", "[b.a]:22022", "10.0.0.1", "::1", "[fe80::1]:2222"];

fn element() -> impl Strategy<Value = String> {
    let pattern = "[!]?[ab.*?]{1,5}";
    let port = "[!]?\\[[ab*?]{1,3}\\]:(2222|22\\*|\\*)";
    let literal = prop::sample::select(HOSTS.to_vec()).prop_map(str::to_owned);
    prop_oneof![literal, pattern, port, Just("10.0.0.*".to_owned()), Just("FE80::1".to_owned())]
}

fn names() -> impl Strategy<Value = String> {
    let hash = prop::sample::select(HOSTS.to_vec()).prop_map(|host| hashed(host).unwrap());
    let list = prop::collection::vec(element(), 1..4).prop_map(|elements| elements.join(","));
    prop_oneof![1 => hash, 3 => list, 1 => Just("|1|broken|x".to_owned()), 1 => Just(",a".to_owned())]
}

fn file() -> impl Strategy<Value = String> {
    let marker = prop::sample::select(vec!["", "", "", "@cert-authority ", "@revoked ", "@other ", "# "]);
    let end = prop::sample::select(vec!["\n", "\r\n", " comment\n", "\n\n"]);
    let blank = prop::sample::select(vec![" ", "\t", "  \t"]);
    let line = (marker, names(), blank, end)
        .prop_map(|(marker, names, blank, end)| format!("{marker}{names}{blank}{KEY}{end}"));
    prop::collection::vec(line, 1..24).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_lines_found_are_those_that_ssh_keygen_finds(text in file()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kh");
        std::fs::write(&path, &text).unwrap();
        for host in HOSTS {
            prop_assert_eq!(places(text.as_bytes(), host), oracle(&path, host), "{} in\n{}", host, text);
        }
    }
}

#[test]
fn ten_thousand_hashed_lines_take_no_time() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..10_000 {
        let _ = writeln!(text, "{} {KEY}", hashed(&format!("host{number}.example.org")).unwrap());
    }
    let bench = Bench::new();
    let policy = bench.policy(&text);
    let started = std::time::Instant::now();
    let known = crate::hostkey::KnownHosts::load(&policy, &super::host("host9999.example.org", 22)).unwrap();
    let took = started.elapsed();
    println!("10,000 hashed lines: {took:?}");
    assert_eq!(known.by_name.len(), 1);
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
