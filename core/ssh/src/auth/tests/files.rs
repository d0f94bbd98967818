use super::client::{Login, ed25519, first_line, keygen, public};
use super::person::Person;
use super::sshd::Sshd;
use crate::auth::AuthError;

#[tokio::test]
async fn each_kind_of_key_logs_in() {
    let sshd = Sshd::start("");
    for kind in [
        &["-t", "ed25519"][..],
        &["-t", "ecdsa"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa"],
    ] {
        for format in ["RFC4716", "PEM"] {
            let name = kind.concat() + format;
            let key = keygen(&sshd.directory, &name, &[kind, &["-m", format, "-N", ""]].concat());
            sshd.authorize(&[&key]);
            let report = sshd.admit(&Login::new(&[&key])).await.unwrap();
            assert_eq!(report.method, "publickey", "{name}");
            assert!(report.key.unwrap().contains(&name));
            // A PEM file tells its public key to nobody but its reader.
            std::fs::remove_file(public(&key)).unwrap();
            sshd.admit(&Login::new(&[&key])).await.unwrap();
        }
    }
}

#[tokio::test]
async fn keys_are_tried_in_order_until_one_fits() {
    let sshd = Sshd::start("");
    let (first, second, third) = (
        ed25519(&sshd.directory, "first"),
        keygen(&sshd.directory, "second", &["-t", "rsa", "-N", ""]),
        ed25519(&sshd.directory, "third"),
    );
    sshd.authorize(&[&second, &third]);
    let missing = sshd.directory.path().join("missing");
    let report = sshd.admit(&Login::new(&[&missing, &first, &second, &third])).await.unwrap();
    assert!(report.key.unwrap().starts_with("RSA SHA256:"));
}

#[tokio::test]
async fn a_passphrase_is_asked_only_for_a_key_that_the_server_takes() {
    let sshd = Sshd::start("");
    let refused = keygen(&sshd.directory, "refused", &["-t", "ed25519", "-N", "one"]);
    let taken = keygen(&sshd.directory, "taken", &["-t", "ecdsa", "-N", "two"]);
    sshd.authorize(&[&taken]);
    let person = Person::with(&["wrong", "two"]);
    let mut login = Login::new(&[&refused, &taken]);
    login.prompt = person.clone();
    sshd.admit(&login).await.unwrap();
    let question = format!("secret:Enter passphrase for key '{}': ", taken.display());
    assert_eq!(person.heard(), [question.clone(), question]);
}

#[tokio::test]
async fn a_key_of_which_nothing_is_known_is_unlocked_before_it_is_offered() {
    let sshd = Sshd::start("");
    let key = keygen(&sshd.directory, "key", &["-t", "rsa", "-m", "PEM", "-N", "passphrase"]);
    sshd.authorize(&[&key]);
    std::fs::remove_file(public(&key)).unwrap();
    let mut login = Login::new(&[&key]);
    login.prompt = Person::with(&["passphrase"]);
    sshd.admit(&login).await.unwrap();
}

#[tokio::test]
async fn batch_mode_asks_nothing_and_says_so() {
    let sshd = Sshd::start("");
    let key = keygen(&sshd.directory, "key", &["-t", "ed25519", "-N", "passphrase"]);
    sshd.authorize(&[&key]);
    let person = Person::with(&["passphrase"]);
    let mut login = Login::new(&[&key]);
    login.prompt = person.clone();
    login.settings.batch = true;
    let error = sshd.admit(&login).await.unwrap_err();
    assert_eq!(first_line(&error), format!("{}@host.example: Permission denied (publickey).", sshd.user));
    let text = error.to_string();
    assert!(text.contains("it has a passphrase, and nobody could be asked"), "{text}");
    assert!(text.contains("unlock the key first: ssh-add"), "{text}");
    assert!(person.heard().is_empty());
}

#[tokio::test]
async fn a_refusal_tells_what_was_tried_and_what_to_do() {
    let sshd = Sshd::start("");
    let key = ed25519(&sshd.directory, "key");
    let other = ed25519(&sshd.directory, "other");
    sshd.authorize(&[&other]);
    let missing = sshd.directory.path().join("missing");
    let error = sshd.admit(&Login::new(&[&key, &missing])).await.unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("{}@host.example: Permission denied (publickey).", sshd.user));
    assert!(lines[1].starts_with("  tried ED25519 SHA256:") && lines[1].ends_with("/key: refused"), "{text}");
    assert!(lines[2].ends_with("/missing: no such file"), "{text}");
    assert!(lines.last().unwrap().contains("authorized_keys"), "{text}");
    let AuthError::Denied(denied) = error else { panic!("{error}") };
    assert_eq!(denied.offered, ["publickey"]);
}

#[tokio::test]
async fn an_unprotected_key_and_a_stale_public_half_are_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let sshd = Sshd::start("");
    let open = ed25519(&sshd.directory, "open");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o640)).unwrap();
    let stale = ed25519(&sshd.directory, "stale");
    let good = ed25519(&sshd.directory, "good");
    sshd.authorize(&[&open, &good, &stale]);
    std::fs::copy(public(&open), public(&stale)).unwrap();
    let report = sshd.admit(&Login::new(&[&open, &stale, &good])).await.unwrap();
    assert!(report.key.unwrap().ends_with("/good"));
    let text = sshd.admit(&Login::new(&[&open, &stale])).await.unwrap_err().to_string();
    assert!(text.contains("open: bad permissions") && text.contains("stale: its contents do not match"), "{text}");
}

#[tokio::test]
async fn two_different_keys_where_the_server_wants_two() {
    let sshd = Sshd::start("AuthenticationMethods publickey,publickey");
    let first = ed25519(&sshd.directory, "first");
    let second = ed25519(&sshd.directory, "second");
    sshd.authorize(&[&first, &second]);
    let report = sshd.admit(&Login::new(&[&first, &second])).await.unwrap();
    assert_eq!((report.method, report.partial.as_slice()), ("publickey", &["publickey"][..]));
    sshd.authorize(&[&first]);
    let error = sshd.admit(&Login::new(&[&first, &first])).await.unwrap_err();
    assert!(first_line(&error).ends_with("Permission denied (publickey)."));
}

#[tokio::test]
async fn sha1_only_where_it_is_asked_for_and_the_message_names_it() {
    let sshd = Sshd::start("PubkeyAcceptedAlgorithms ssh-rsa");
    let key = keygen(&sshd.directory, "key", &["-t", "rsa", "-N", ""]);
    sshd.authorize(&[&key]);
    let mut login = Login::new(&[&key]);
    let text = sshd.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("Permission denied (publickey)."), "{text}");
    login.accepted = vec!["ssh-rsa".to_owned()];
    sshd.admit(&login).await.unwrap();
}

#[tokio::test]
async fn algorithms_that_are_not_accepted_are_not_offered() {
    let sshd = Sshd::start("");
    let rsa = keygen(&sshd.directory, "rsa", &["-t", "rsa", "-N", ""]);
    sshd.authorize(&[&rsa]);
    let mut login = Login::new(&[&rsa]);
    login.accepted = vec!["ssh-ed25519".to_owned()];
    let text = sshd.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("corresponding algo not in PubkeyAcceptedAlgorithms"), "{text}");
    login.accepted = vec!["rsa-sha2-256".to_owned()];
    sshd.admit(&login).await.unwrap();
}
