use super::client::{Login, ed25519, keygen, public, run, text};
use super::sshd::Sshd;
use std::path::{Path, PathBuf};

/// A server that trusts a certificate authority, and the authority's key.
fn trusting_sshd() -> (Sshd, PathBuf) {
    let sshd = Sshd::start("");
    let authority = ed25519(&sshd.directory, "authority");
    let line = std::fs::read_to_string(public(&authority)).unwrap();
    sshd.authorize_lines(&format!("cert-authority {line}"));
    (sshd, authority)
}

/// Certifies a key; the certificate stands beside it.
fn certify(authority: &Path, key: &Path, sshd: &Sshd, arguments: &[&str]) -> PathBuf {
    let how = ["-q", "-s", text(authority), "-I", "test", "-n", &sshd.user];
    run("ssh-keygen", &[&how[..], arguments, &[text(&public(key))]].concat());
    PathBuf::from(format!("{}-cert.pub", text(key)))
}

#[tokio::test]
async fn a_certificate_beside_its_key_is_found() {
    let (sshd, authority) = trusting_sshd();
    for (name, kind) in [("a", "ed25519"), ("b", "rsa"), ("c", "ecdsa")] {
        let key = keygen(&sshd.directory, name, &["-t", kind, "-N", ""]);
        sshd.admit(&Login::new(&[&key])).await.unwrap_err();
        certify(&authority, &key, &sshd, &[]);
        let report = sshd.admit(&Login::new(&[&key])).await.unwrap();
        assert!(report.key.unwrap().contains("-CERT SHA256:"), "{kind}");
        // Without the public file as well (cert-file.sh).
        std::fs::remove_file(public(&key)).unwrap();
        sshd.admit(&Login::new(&[&key])).await.unwrap();
    }
}

#[tokio::test]
async fn a_named_certificate_is_signed_for_by_its_key() {
    let (sshd, authority) = trusting_sshd();
    let key = ed25519(&sshd.directory, "key");
    let other = ed25519(&sshd.directory, "other");
    let certificate = sshd.directory.path().join("elsewhere.pub");
    std::fs::rename(certify(&authority, &key, &sshd, &[]), &certificate).unwrap();
    let mut login = Login::new(&[&other, &key]);
    login.certificate_files = vec![certificate.clone()];
    sshd.admit(&login).await.unwrap();
    login.identity_files = vec![other];
    let text = sshd.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("elsewhere.pub: there is no private key for it"), "{text}");
}

#[tokio::test]
async fn a_good_certificate_after_a_bad_one() {
    let (sshd, authority) = trusting_sshd();
    let stranger = ed25519(&sshd.directory, "stranger");
    let key = ed25519(&sshd.directory, "key");
    let (bad, good) = (sshd.directory.path().join("bad.pub"), sshd.directory.path().join("good.pub"));
    std::fs::rename(certify(&stranger, &key, &sshd, &[]), &bad).unwrap();
    std::fs::rename(certify(&authority, &key, &sshd, &[]), &good).unwrap();
    let mut login = Login::new(&[&key]);
    login.certificate_files = vec![bad.clone()];
    sshd.admit(&login).await.unwrap_err();
    login.certificate_files = vec![bad, good];
    sshd.admit(&login).await.unwrap();
}

#[tokio::test]
async fn a_host_certificate_and_one_that_has_expired_do_not_log_in() {
    let (sshd, authority) = trusting_sshd();
    for arguments in [&["-h"][..], &["-V", "19800101:19900101"]] {
        let key = ed25519(&sshd.directory, arguments[0]);
        certify(&authority, &key, &sshd, arguments);
        sshd.admit(&Login::new(&[&key])).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_key_and_a_certificate_of_another_key_count_as_two() {
    // multipubkey.sh: the same key as itself and certified counts once.
    let sshd = Sshd::start("AuthenticationMethods publickey,publickey");
    let authority = ed25519(&sshd.directory, "authority");
    let (certified, plain) = (ed25519(&sshd.directory, "certified"), ed25519(&sshd.directory, "plain"));
    certify(&authority, &certified, &sshd, &[]);
    let read = |key: &Path| std::fs::read_to_string(public(key)).unwrap();
    let login = Login::new(&[&certified, &plain]);
    sshd.authorize_lines(&format!("cert-authority {}{}", read(&authority), read(&certified)));
    sshd.admit(&login).await.unwrap_err();
    sshd.authorize_lines(&format!("cert-authority {}{}", read(&authority), read(&plain)));
    sshd.admit(&login).await.unwrap();
}
