use super::client::{Login, ed25519, first_line, keygen};
use super::person::Person;
use super::scripted::Script;
use crate::auth::AuthError;
use crate::settings::Method;
use russh::MethodKind::{KeyboardInteractive, Password, PublicKey};
use std::time::Duration;

fn asked_by(person: &std::sync::Arc<Person>) -> Login {
    let mut login = Login::new(&[]);
    login.prompt = person.clone();
    login
}

#[tokio::test]
async fn a_key_costs_one_offer_and_one_signature() {
    let directory = tempfile::tempdir().unwrap();
    let key = ed25519(&directory, "key");
    let script = Script { steps: vec![vec![PublicKey, Password]], any_key: true, ..Script::default() };
    script.admit(&Login::new(&[&key])).await.unwrap();
    assert_eq!(script.heard(), ["offer ssh-ed25519", "signature ssh-ed25519"]);
}

#[tokio::test(start_paused = true)]
async fn rsa_waits_for_no_list_that_does_not_come() {
    let directory = tempfile::tempdir().unwrap();
    let key = keygen(&directory, "key", &["-t", "rsa", "-N", ""]);
    let script = Script { steps: vec![vec![PublicKey]], any_key: true, ..Script::default() };
    let mut login = Login::new(&[&key]);
    script.admit(&login).await.unwrap();
    assert_eq!(script.heard(), ["offer rsa-sha2-512", "signature rsa-sha2-512"]);
    // Without a list one answer of the server shows that none comes; SHA-2 is tried all the same.
    login.extensions = false;
    script.heard.lock().unwrap().clear();
    // The clock stands still but for what is waited for.
    let started = tokio::time::Instant::now();
    script.admit(&login).await.unwrap();
    assert_eq!(script.heard(), ["none", "offer rsa-sha2-512", "signature rsa-sha2-512"]);
    assert!(started.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn an_old_server_is_met_with_sha1_where_that_is_allowed_and_with_advice_else() {
    let directory = tempfile::tempdir().unwrap();
    let key = keygen(&directory, "key", &["-t", "rsa", "-N", ""]);
    let mut script = Script { steps: vec![vec![PublicKey]], ..Script::default() };
    let mut login = Login::new(&[&key]);
    login.extensions = false;
    let text = script.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("-o PubkeyAcceptedAlgorithms=+ssh-rsa"), "{text}");
    script.any_key = true;
    script.heard.lock().unwrap().clear();
    login.accepted.push("ssh-rsa".to_owned());
    script.admit(&login).await.unwrap();
    assert_eq!(script.heard(), ["none", "offer ssh-rsa", "signature ssh-rsa"]);
}

#[tokio::test]
async fn a_password_is_asked_as_often_as_allowed() {
    let person = Person::with(&["a", "b", "right"]);
    let script = Script { steps: vec![vec![Password]], password: "right", ..Script::default() };
    let report = script.admit(&asked_by(&person)).await.unwrap();
    assert_eq!((report.method, report.key), ("password", None));
    assert_eq!(person.heard(), ["secret:me@host.example's password: "; 3]);
    let person = Person::with(&["a", "b", "c", "right"]);
    let error = script.admit(&asked_by(&person)).await.unwrap_err();
    assert_eq!(first_line(&error), "me@host.example: Permission denied (password).");
    assert_eq!(person.heard().len(), 3);
}

#[tokio::test]
async fn nobody_is_asked_where_nobody_answers() {
    let person = Person::with(&[]);
    let script = Script {
        steps: vec![vec![Password, KeyboardInteractive]],
        rounds: vec![vec![("Password: ", false)]],
        answers: vec!["x"],
        ..Script::default()
    };
    let text = script.admit(&asked_by(&person)).await.unwrap_err().to_string();
    assert!(text.contains("password: nobody could be asked for it"), "{text}");
    assert!(text.contains("keyboard-interactive: nobody could be asked"), "{text}");
    assert_eq!(person.heard().len(), 2);
}

#[tokio::test]
async fn nothing_is_asked_over_a_host_that_is_not_verified() {
    let person = Person::with(&["right"]);
    let script = Script { steps: vec![vec![Password, KeyboardInteractive]], password: "right", ..Script::default() };
    let mut login = asked_by(&person);
    login.passwords_allowed = false;
    let text = script.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("password: not tried, because the host's key is not verified"), "{text}");
    assert!(person.heard().is_empty());
}

#[tokio::test]
async fn a_dialogue_of_several_rounds() {
    let person = Person::with(&["secret", "visible", "654321"]);
    let script = Script {
        steps: vec![vec![KeyboardInteractive]],
        rounds: vec![vec![("Password:", false), ("Name\x1b[2J: ", true)], vec![], vec![("Code: ", false)]],
        answers: vec!["secret", "visible", "654321"],
        instructions: "Be\x07 careful\n",
        ..Script::default()
    };
    let mut login = asked_by(&person);
    login.settings.kbd_interactive_devices = Some("pam,otp".to_owned());
    let report = script.admit(&login).await.unwrap();
    assert_eq!(report.method, "keyboard-interactive");
    let shown = "show:Be\\007 careful\n";
    assert_eq!(
        person.heard(),
        [
            shown,
            "secret:(me@host.example) Password:",
            "line:(me@host.example) Name\\033[2J: ",
            shown,
            shown,
            "secret:(me@host.example) Code: ",
        ]
    );
    assert!(script.heard().contains(&"dialogue pam,otp".to_owned()));
}

#[tokio::test]
async fn a_dialogue_is_begun_as_often_as_allowed() {
    let person = Person::with(&["a", "b", "c", "d"]);
    let script = Script {
        steps: vec![vec![KeyboardInteractive]],
        rounds: vec![vec![("Password:", false)]],
        answers: vec!["x"],
        ..Script::default()
    };
    let error = script.admit(&asked_by(&person)).await.unwrap_err();
    assert_eq!(first_line(&error), "me@host.example: Permission denied (keyboard-interactive).");
    assert_eq!(person.heard().len(), 3);
}

#[tokio::test]
async fn a_server_that_offers_a_dialogue_and_asks_nothing_is_not_asked_again() {
    let script = Script { steps: vec![vec![KeyboardInteractive]], answers: vec!["x"], ..Script::default() };
    script.admit(&asked_by(&Person::with(&[]))).await.unwrap_err();
    let dialogues = script.heard().iter().filter(|what| what.starts_with("dialogue")).count();
    assert_eq!(dialogues, 1);
}

#[tokio::test]
async fn key_then_password_then_dialogue() {
    let directory = tempfile::tempdir().unwrap();
    let key = ed25519(&directory, "key");
    let person = Person::with(&["right", "yes"]);
    let script = Script {
        steps: vec![vec![PublicKey], vec![Password], vec![KeyboardInteractive]],
        any_key: true,
        password: "right",
        rounds: vec![vec![("Sure? ", true)]],
        answers: vec!["yes"],
        ..Script::default()
    };
    let mut login = Login::new(&[&key]);
    login.prompt = person;
    let report = script.admit(&login).await.unwrap();
    assert_eq!(report.method, "keyboard-interactive");
    assert_eq!(report.partial, ["publickey", "password"]);
    assert!(report.key.unwrap().starts_with("ED25519 "));
}

#[tokio::test]
async fn an_account_that_wants_nothing_gets_nothing() {
    let script = Script { steps: vec![vec![PublicKey, Password]], none: true, ..Script::default() };
    let person = Person::with(&[]);
    assert_eq!(script.admit(&asked_by(&person)).await.unwrap().method, "none");
    assert!(person.heard().is_empty());
    // Also where a key was offered first, and nobody may be asked.
    let directory = tempfile::tempdir().unwrap();
    let mut login = Login::new(&[&ed25519(&directory, "key")]);
    login.settings.batch = true;
    assert_eq!(script.admit(&login).await.unwrap().method, "none");
}

#[tokio::test]
async fn the_order_of_methods_is_ours() {
    let directory = tempfile::tempdir().unwrap();
    let key = ed25519(&directory, "key");
    let person = Person::with(&["right"]);
    let script =
        Script { steps: vec![vec![PublicKey, Password]], any_key: true, password: "right", ..Script::default() };
    let mut login = Login::new(&[&key]);
    login.prompt = person;
    login.settings.methods = vec![Method::Password, Method::PublicKey];
    assert_eq!(script.admit(&login).await.unwrap().method, "password");
    assert_eq!(script.heard(), ["none", "password right"]);
}

#[tokio::test]
async fn a_server_with_nothing_that_we_do_is_told_apart() {
    let script = Script { steps: vec![vec![russh::MethodKind::HostBased]], ..Script::default() };
    let error = script.admit(&Login::new(&[])).await.unwrap_err();
    assert_eq!(first_line(&error), "me@host.example: Permission denied (hostbased).");
    assert!(error.to_string().contains("offers nothing that xssh does"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_never_answered_ends_with_a_hint() {
    let script = Script { steps: vec![vec![Password]], hangs: true, ..Script::default() };
    let error = script.admit(&asked_by(&Person::with(&["x"]))).await.unwrap_err();
    assert!(matches!(error, AuthError::NoAnswer { method: "password", .. }), "{error}");
    assert!(error.to_string().contains("new password"), "{error}");
}
