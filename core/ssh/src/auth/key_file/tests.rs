use super::private::{Asking, open};
use super::{KeyFileError, decode, pem, public};
use crate::auth::public_key::PublicHalf;
use crate::auth::signature::sign;
use crate::prompt::Prompt;
use proptest::prelude::*;
use russh::keys::signature::Verifier;
use russh::keys::ssh_encoding::Decode;
use russh::keys::ssh_key::Signature;
use russh::keys::{HashAlg, PrivateKey};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use zeroize::Zeroizing;

const PASSPHRASE: &str = "Größe 42";

/// Answers each question with the next of its passphrases.
struct Answers(Vec<&'static str>, AtomicUsize);

impl Answers {
    fn new(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self(answers.to_vec(), AtomicUsize::new(0)))
    }
    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Prompt for Answers {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        assert!(question.starts_with("Enter passphrase for key '/") && question.ends_with("': "));
        let at = self.1.fetch_add(1, Ordering::SeqCst);
        self.0.get(at).map(|answer| Zeroizing::new((*answer).to_owned()))
    }
    fn line(&self, _: &str) -> Option<String> {
        None
    }
    fn show(&self, _: &str) {}
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// A fresh key, with `.pub` beside it.
fn keygen(directory: &TempDir, name: &str, arguments: &[&str]) -> PathBuf {
    let path = directory.path().join(name);
    let file = path.to_str().unwrap();
    run("ssh-keygen", &[&["-q", "-f", file], arguments].concat());
    path
}

fn unlock(path: &Path, answers: &Arc<Answers>) -> Result<PrivateKey, KeyFileError> {
    let asking = Asking { prompt: answers.clone(), times: 3 };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { open(path)?.unlock(path, Some(asking)).await })
}

/// The key is that of its `.pub`, and signs.
fn assert_works(key: &PrivateKey, path: &Path) {
    let public = public::load(path).unwrap();
    assert_eq!(key.public_key().key_data(), public.plain(), "{}", path.display());
    let hash = public.is_rsa().then_some(HashAlg::Sha256);
    let signature = sign(key, hash, b"data").unwrap();
    let signature = Signature::decode(&mut signature.as_slice()).unwrap();
    key.public_key().key_data().verify(b"data", &signature).unwrap();
}

const KINDS: [&[&str]; 5] = [
    &["-t", "ed25519"],
    &["-t", "ecdsa", "-b", "256"],
    &["-t", "ecdsa", "-b", "384"],
    &["-t", "ecdsa", "-b", "521"],
    &["-t", "rsa", "-b", "2048"],
];

#[test]
fn every_format_of_ssh_keygen_is_read() {
    let directory = tempfile::tempdir().unwrap();
    for (kind, arguments) in KINDS.iter().enumerate() {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            for passphrase in ["", PASSPHRASE] {
                let name = format!("{kind}-{format}-{}", passphrase.len());
                let how = ["-m", format, "-N", passphrase];
                let path = keygen(&directory, &name, &[*arguments, &how].concat());
                let answers = Answers::new(&[PASSPHRASE]);
                let key = unlock(&path, &answers).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_works(&key, &path);
                assert_eq!(answers.asked(), usize::from(!passphrase.is_empty()), "{name}");
            }
        }
    }
}

#[test]
fn what_openssl_writes_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let rsa = keygen(&directory, "rsa", &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", ""]);
    let ec = keygen(&directory, "ec", &["-t", "ecdsa", "-m", "PKCS8", "-N", ""]);
    let pass = format!("pass:{PASSPHRASE}");
    for (number, (from, arguments)) in [
        (&rsa, &["rsa", "-traditional", "-aes256"][..]),
        (&rsa, &["rsa", "-traditional", "-des3"]),
        (&ec, &["ec", "-aes192"]),
        (&rsa, &["pkcs8", "-topk8", "-scrypt"]),
        (&rsa, &["pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"]),
        (&ec, &["pkcs8", "-topk8", "-v2", "des3"]),
        (&rsa, &["pkcs8", "-topk8", "-v2", "aes256", "-iter", "100000"]),
    ]
    .into_iter()
    .enumerate()
    {
        let to = directory.path().join(format!("openssl-{number}"));
        let files = ["-in", from.to_str().unwrap(), "-out", to.to_str().unwrap()];
        run("openssl", &[arguments, &files, &["-passout", &pass]].concat());
        std::fs::copy(public::suffixed(from, ".pub"), public::suffixed(&to, ".pub")).unwrap();
        let answers = Answers::new(&["wrong", PASSPHRASE]);
        let key = unlock(&to, &answers).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        assert_works(&key, &to);
        assert_eq!(answers.asked(), 2);
    }
}

#[test]
fn an_ed25519_key_of_openssl_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", path.to_str().unwrap()]);
    let key = unlock(&path, &Answers::new(&[])).unwrap();
    assert!(key.algorithm().is_ed25519());
}

#[test]
fn a_passphrase_is_asked_as_often_as_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let path = keygen(&directory, "key", &["-t", "ed25519", "-N", PASSPHRASE]);
    let answers = Answers::new(&["a", "b", "c", PASSPHRASE]);
    assert!(matches!(unlock(&path, &answers), Err(KeyFileError::Passphrase)));
    assert_eq!(answers.asked(), 3);
    let answers = Answers::new(&["a", "", PASSPHRASE]);
    assert!(matches!(unlock(&path, &answers), Err(KeyFileError::Passphrase)));
    assert_eq!(answers.asked(), 2);
    let nobody = Answers::new(&[]);
    assert!(matches!(unlock(&path, &nobody), Err(KeyFileError::NobodyToAsk)));
}

#[test]
fn an_encrypted_openssh_key_tells_its_public_half() {
    let directory = tempfile::tempdir().unwrap();
    let path = keygen(&directory, "key", &["-t", "ecdsa", "-N", PASSPHRASE]);
    let beside = public::load(&path).unwrap();
    std::fs::remove_file(public::suffixed(&path, ".pub")).unwrap();
    assert_eq!(public::load(&path).unwrap(), beside);
}

#[test]
fn a_private_pem_alone_tells_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = keygen(&directory, "key", &["-t", "ecdsa", "-m", "PEM", "-N", ""]);
    std::fs::remove_file(public::suffixed(&path, ".pub")).unwrap();
    assert_eq!(public::load(&path), None);
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = keygen(&directory, "key", &["-t", "ed25519", "-N", ""]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(open(&path), Err(KeyFileError::Permissions)));
    // A public key may be read by all; it only is no private one.
    assert!(matches!(open(&public::suffixed(&path, ".pub")), Err(KeyFileError::NoKey)));
}

#[test]
fn what_is_no_key_is_told_apart() {
    use std::os::unix::fs::OpenOptionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let read = |text: &str| {
        let mut options = std::fs::File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600);
        std::io::Write::write_all(&mut file.open(&path).unwrap(), text.as_bytes()).unwrap();
        unlock(&path, &Answers::new(&["x"])).unwrap_err().to_string()
    };
    let dsa = "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n";
    assert!(read(dsa).starts_with("DSA is not supported"));
    assert!(read("PuTTY-User-Key-File-3: ssh-ed25519\n").starts_with("PuTTY's format is not supported"));
    assert!(read("").contains("not a private key"));
    let cut = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n";
    assert!(read(cut).contains("cut short"));
    assert!(matches!(open(&directory.path().join("none")), Err(KeyFileError::Missing)));
    let old = "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: RC2-40-CBC,0011223344556677\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert!(read(old).starts_with("the cipher RC2-40-CBC is not supported"));
}

/// Files of each format, for the properties below.
fn samples() -> &'static Vec<Vec<u8>> {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut samples = Vec::new();
        for (kind, arguments) in KINDS.iter().enumerate() {
            for format in ["RFC4716", "PEM", "PKCS8"] {
                let name = format!("{kind}{format}");
                let path = keygen(&directory, &name, &[*arguments, &["-m", format, "-N", ""]].concat());
                samples.push(std::fs::read(path).unwrap());
            }
        }
        samples
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<Vec<u8>>(), label in "[A-Z ]*PRIVATE KEY", body in any::<Vec<u8>>()) {
        let _ = pem::parse(&text);
        let armor = pem::Armor { label, cipher: None, body: Zeroizing::new(body) };
        let _ = decode::decode(&armor, None);
        let _ = decode::decode(&armor, Some("x"));
    }

    #[test]
    fn no_change_of_a_key_panics(sample in 0usize..15, at: prop::sample::Index, byte: u8, cut: bool) {
        let mut armor = pem::parse(&samples()[sample]).unwrap();
        let at = at.index(armor.body.len());
        armor.body[at] = byte;
        if cut {
            armor.body.truncate(at);
        }
        if let Ok(Some(key)) = decode::decode(&armor, None) {
            let hash = PublicHalf::from_data(key.public_key().key_data().clone())
                .is_some_and(|public| public.is_rsa())
                .then_some(HashAlg::Sha512);
            let _ = sign(&key, hash, b"data");
        }
    }
}

#[test]
fn a_key_derivation_that_costs_too_much_is_not_done() {
    let directory = tempfile::tempdir().unwrap();
    let key = keygen(&directory, "key", &["-t", "ecdsa", "-m", "PKCS8", "-N", ""]);
    let to = directory.path().join("scrypt");
    let files = ["-in", key.to_str().unwrap(), "-out", to.to_str().unwrap()];
    let how = ["pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16384", "-passout", "pass:x"];
    run("openssl", &[&how[..], &files].concat());
    let mut armor = pem::parse(&std::fs::read(to).unwrap()).unwrap();
    // INTEGER N, INTEGER r: 16384 and 8.
    let integers = [2, 2, 0x40, 0, 2, 1, 8];
    let at = armor.body.windows(7).position(|bytes| bytes == integers).unwrap();
    (armor.body[at + 2], armor.body[at + 6]) = (0x60, 0x7f);
    let error = decode::decode(&armor, Some("x")).unwrap_err().to_string();
    assert!(error.contains("scrypt with 381 MiB"), "{error}");

    let key = keygen(&directory, "bcrypt", &["-t", "ed25519", "-N", "x", "-a", "1"]);
    let mut armor = pem::parse(&std::fs::read(key).unwrap()).unwrap();
    // The salt's length, the salt, the rounds.
    let at = armor.body.windows(4).position(|bytes| bytes == [0, 0, 0, 16]).unwrap();
    armor.body[at + 20] = 0x7f;
    let error = decode::decode(&armor, Some("x")).unwrap_err().to_string();
    assert!(error.contains("2130706433 rounds of bcrypt"), "{error}");
}
