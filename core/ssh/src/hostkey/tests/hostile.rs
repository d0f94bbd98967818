//! Bytes that nobody meant: no parser panics, and what is no list of revoked keys is no list without them.

use std::path::Path;

use proptest::prelude::*;

use crate::hostkey::key::{Key, Written};
use crate::hostkey::known_hosts::{Keeper, collect};
use crate::hostkey::krl;
use crate::hostkey::line::{Line, Read, numbered};
use crate::hostkey::names::Names;
use crate::hostkey::presented::Presented;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAEXXQFcHPQTws8nWdVdrkX/MQczwrFH3l6QGrdpdI0";

fn presented() -> Presented {
    let key = russh::keys::PublicKey::from_openssh(KEY).unwrap();
    Presented { key: Key::new(key.key_data()).unwrap(), vouched: None }
}

/// Bytes with a bent for what the format is made of.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::sample::select(vec![
            "@cert-authority ",
            "@revoked ",
            "|1|",
            "|",
            "host",
            ",",
            "!",
            "*",
            "?",
            " ",
            "\t",
            "\r\n",
            "\n",
            "\0",
            "#",
            "ssh-rsa ",
            "ssh-ed25519 ",
            "ssh-ed25519-cert-v01@openssh.com ",
            "AAAAC3NzaC1lZDI1NTE5AAAAI",
            "AAAA",
            "==",
            KEY,
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_known_hosts_file_panics(text in bytes(), name in "\\PC{0,12}") {
        let mut found = Vec::new();
        collect(&text, Path::new("kh"), Keeper::User, &name, &mut found);
        for (_, bytes) in numbered(&text) {
            if let Read::Line(line) = Line::read(bytes) {
                let _ = (line.key(), line.names.is_complex());
            }
        }
        prop_assert_eq!(numbered(&text).map(|(_, line)| line.len()).sum::<usize>(), text.len());
    }

    #[test]
    fn no_names_panic(names in bytes(), name in "\\PC{0,12}") {
        let _ = Names(&names).stand_for(&name);
    }

    #[test]
    fn no_key_panics(name in "\\PC{0,40}", text in bytes()) {
        let _ = Written::parse(name.as_bytes(), &text);
        let _ = Key::from_blob(&text);
    }

    #[test]
    fn no_revocation_list_panics(rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut list = b"SSHKRL\n\0".to_vec();
        list.extend(&rest);
        let _ = krl::revokes(&list, &presented());
        // With a good head, so that the sections are reached.
        let mut list = b"SSHKRL\n\0\0\0\0\x01".to_vec();
        list.extend([0; 32]);
        list.extend(rest);
        let _ = krl::revokes(&list, &presented());
    }
}
