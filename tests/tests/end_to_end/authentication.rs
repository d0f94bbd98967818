//! Who we are: keys, agents, certificates, passwords.

use std::fs;

use xssh_tests::account;
use xssh_tests::agent::Agent;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::key::{Key, keygen};
use xssh_tests::over_both_routes;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::{HOST, World};

over_both_routes!(agent, encrypted_key);

/// Has questions answered by a program, which notes them in the file `asked`.
fn answering(home: &Home, call: Call, answer: &str) -> Call {
    let body = format!("echo \"$1\" >>'{}/asked'; echo '{answer}'", home.path().display());
    let call = call.env("SSH_ASKPASS", home.script("askpass", &body));
    call.env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0")
}

fn asked(home: &Home) -> String {
    fs::read_to_string(home.path().join("asked")).unwrap_or_default()
}

fn text(key: &Key) -> &str {
    key.path.to_str().expect("UTF-8")
}

#[track_caller]
fn assert_logged_in_with(key: &Key, outcome: Outcome, sshd: &Sshd) {
    assert_eq!(outcome.ok().text(), "in\n");
    sshd.await_log(&key.fingerprint());
    let accepted = sshd.log().lines().any(|line| line.contains("Accepted") && line.contains(&key.fingerprint()));
    assert!(accepted, "{} was not what let us in:\n{}", key.path.display(), sshd.log());
}

/// The host's key is in the agent alone; a bastion's is the file of the client.
fn agent(world: &World) {
    let key = Key::new(world.home.path().join("in-agent"), "ecdsa");
    world.target.authorize_only(&key.public());
    let agent = Agent::holding(&[&key]);
    let identity_agent = format!("IdentityAgent={}", agent.socket().display());
    let args = ["-o", "IdentitiesOnly=no", "-o", &identity_agent, HOST, "echo in"];
    assert_logged_in_with(&key, world.home.xssh(&args).run(), &world.target);
}

fn encrypted_key(world: &World) {
    let key = Key::encrypted(world.home.path().join("locked"), "ed25519", "open sesame");
    world.target.authorize_only(&key.public());
    let args = ["-o", "BatchMode=no", "-i", text(&key), HOST, "echo in"];
    let outcome = answering(&world.home, world.home.xssh(&args), "open sesame").run();
    assert_logged_in_with(&key, outcome, &world.target);
    assert!(asked(&world.home).contains(text(&key)), "{}", asked(&world.home));
}

#[test]
fn the_agents_of_environment_and_configuration() {
    let world = World::direct();
    let key = Key::new(world.home.path().join("in-agent"), "ed25519");
    world.target.authorize_only(&key.public());
    let agent = Agent::holding(&[&key]);
    let options = ["-o", "IdentitiesOnly=no", "-o"];
    for (identity_agent, variable) in [("SSH_AUTH_SOCK", "SSH_AUTH_SOCK"), ("$OTHER", "OTHER"), ("${OTHER}", "OTHER")] {
        let option = format!("IdentityAgent={identity_agent}");
        let call = world.home.xssh(&[&options[..], &[&option, HOST, "echo in"]].concat());
        assert_logged_in_with(&key, call.env(variable, agent.socket()).run(), &world.target);
    }
    let call = world.home.xssh(&[&options[..], &["IdentityAgent=none", HOST, "echo in"]].concat());
    let _ = call.env("SSH_AUTH_SOCK", agent.socket()).run().ends(255);
}

/// Servers hang up after six keys: the configured one must come before the agent's many.
#[test]
fn configured_keys_come_before_the_agents() {
    let world = World::direct();
    let many: Vec<_> = (0..8).map(|n| Key::new(world.home.path().join(format!("k{n}")), "ed25519")).collect();
    let agent = Agent::holding(&many.iter().collect::<Vec<_>>());
    let option = format!("IdentityAgent={}", agent.socket().display());
    let with = |options: &[&str]| {
        let outcome = world.home.xssh(&[&["-o", &option][..], options, &[HOST, "echo in"]].concat());
        outcome.run()
    };
    assert_logged_in_with(world.home.key(), with(&["-o", "IdentitiesOnly=yes"]), &world.target);
    if Subject::is_xssh_or_say("it puts key files that the agent lacks behind the agent's keys") {
        assert_logged_in_with(world.home.key(), with(&["-o", "IdentitiesOnly=no"]), &world.target);
    }
    world.target.authorize_only("");
    let outcome = with(&["-o", "IdentitiesOnly=no"]).ends(255);
    let _ = outcome.says("Too many authentication failures");
    // The public half in a file picks the private one of the agent.
    world.target.authorize_only(&many[7].public());
    let public = format!("{}.pub", text(&many[7]));
    fs::remove_file(&many[7].path).expect("a private key");
    assert_logged_in_with(&many[7], with(&["-i", &public]), &world.target);
}

#[test]
fn key_files_of_every_kind() {
    let world = World::direct();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        for format in ["RFC4716", "PKCS8", "PEM"] {
            let key = Key::new(world.home.path().join(format!("{kind}-{format}")), kind);
            world.target.authorize_only(&key.public());
            keygen(&["-q", "-p", "-N", "", "-m", format, "-f", text(&key)]);
            assert_logged_in_with(&key, world.home.xssh(&["-i", text(&key), HOST, "echo in"]).run(), &world.target);
        }
    }
}

#[test]
fn encrypted_keys_of_every_format() {
    let world = World::direct();
    for format in ["RFC4716", "PKCS8", "PEM"] {
        let key = Key::new(world.home.path().join(format), "rsa");
        world.target.authorize_only(&key.public());
        keygen(&["-q", "-p", "-N", "open sesame", "-m", format, "-f", text(&key)]);
        let args = ["-o", "BatchMode=no", "-i", text(&key), HOST, "echo in"];
        let outcome = answering(&world.home, world.home.xssh(&args), "open sesame").run();
        assert_logged_in_with(&key, outcome, &world.target);
        let outcome = answering(&world.home, world.home.xssh(&args), "wrong").run().ends(255);
        let _ = outcome.says("Permission denied (publickey)");
    }
}

#[test]
fn certificates() {
    let home = Home::new();
    let authority = Key::new(home.path().join("authority"), "ed25519");
    let trusted = format!("TrustedUserCAKeys {}/authority.pub", home.path().display());
    let sshd = Sshd::plan().with(&trusted).start();
    let mut home = home;
    home.meet(HOST, &sshd, "");
    sshd.authorize_only("");
    let user = account::own().name;
    let key = Key::new(home.path().join("certified"), "ed25519");
    let certificate = key.certify(&authority, &user, &[]);
    let run = |more: &[&str]| home.xssh(&[&["-i", text(&key)][..], more, &[HOST, "echo in"]].concat()).run();
    // Beside the key, and in a place of its own.
    assert_eq!(run(&[]).ok().text(), "in\n");
    let elsewhere = home.path().join("elsewhere.pub");
    fs::rename(certificate, &elsewhere).expect("a certificate to move");
    let _ = run(&[]).ends(255);
    let option = format!("CertificateFile={}", elsewhere.display());
    assert_eq!(run(&["-o", &option]).ok().text(), "in\n");
    key.certify(&authority, "somebody-else", &[]);
    let _ = run(&[]).ends(255).says("Permission denied (publickey)");
}

/// A refusal tells what was tried, what the server takes, and what to do.
#[test]
fn nothing_worked() {
    let sshd = Sshd::plan().with("PasswordAuthentication yes").start();
    let home = Home::facing(HOST, &sshd);
    sshd.authorize_only("");
    let wrong = Key::new(home.path().join("wrong"), "ed25519");
    let outcome = home.xssh(&["-i", text(&wrong), HOST, "true"]).run().ends(255);
    let outcome = outcome.says("Permission denied (publickey,password)");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    if Subject::is_xssh_or_say("it does not list what it tried") {
        let _ = outcome.says(text(&wrong));
    }
    let missing = home.path().join("missing");
    let outcome = home.xssh(&["-i", missing.to_str().expect("UTF-8"), HOST, "true"]).run();
    let _ = outcome.ends(255).says("missing");
}

/// Such signatures are made only where they were asked for.
#[test]
fn an_old_server_that_takes_sha1_only() {
    let lines = "PubkeyAcceptedAlgorithms ssh-rsa\nHostKeyAlgorithms ssh-rsa";
    let sshd = Sshd::plan().host_keys(&["rsa"]).with(lines).start();
    let home = Home::facing(HOST, &sshd);
    let key = Key::new(home.path().join("rsa"), "rsa");
    sshd.authorize_only(&key.public());
    let run = |options: &[&str]| home.xssh(&[options, &["-i", text(&key), HOST, "echo in"]].concat()).run();
    let outcome = run(&[]).ends(255).says("no matching host key type found. Their offer: ssh-rsa");
    let ours = Subject::is_xssh_or_say("it does not say what would help");
    assert!(!ours || outcome.errors().contains("+ssh-rsa"), "{outcome}");
    let host_key = ["-o", "HostKeyAlgorithms=+ssh-rsa"];
    let _ = run(&host_key).ends(255).says("Permission denied (publickey)");
    // This server claims to take SHA-2 too, so it must be left out of the list.
    let both = [&host_key[..], &["-o", "PubkeyAcceptedAlgorithms=ssh-rsa"]].concat();
    assert_logged_in_with(&key, run(&both), &sshd);
}

/// These need an account with a password.
mod as_root {
    use super::*;

    /// A host that takes the throw-away account's password in this way, and a client that calls it with that account.
    fn with_password(lines: &str) -> (Home, Sshd) {
        let user = account::throwaway().name;
        let sshd = Sshd::plan().with(lines).start();
        let mut home = Home::facing(HOST, &sshd);
        sshd.authorize_only("");
        home.configure(&format!("User {user}\nBatchMode no"));
        (home, sshd)
    }

    fn run(home: &Home, answer: &str) -> Outcome {
        answering(home, home.xssh(&[HOST, "echo in; id -un"]), answer).run()
    }

    #[test]
    fn password() {
        let (home, _sshd) = with_password("PasswordAuthentication yes");
        assert_eq!(run(&home, account::PASSWORD).ok().text(), format!("in\n{}\n", account::NAME));
        assert_eq!(asked(&home), format!("{}@127.0.0.1's password: \n", account::NAME));
        let _ = run(&home, "wrong").ends(255).says("Permission denied (publickey,password)");
        assert_eq!(asked(&home).lines().count(), 4, "three prompts were due: {}", asked(&home));
    }

    #[test]
    fn keyboard_interactive() {
        let (home, sshd) = with_password("UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no");
        assert_eq!(run(&home, account::PASSWORD).ok().text(), format!("in\n{}\n", account::NAME));
        sshd.await_log("Accepted keyboard-interactive/pam");
        let _ = run(&home, "wrong").ends(255).says("Permission denied (publickey,keyboard-interactive)");
    }

    /// The server wants a key and then a password.
    #[test]
    fn two_methods_one_after_the_other() {
        let (home, sshd) = with_password("PasswordAuthentication yes\nAuthenticationMethods publickey,password");
        sshd.authorize(&home.key().public());
        let _ = run(&home, account::PASSWORD).ok();
        sshd.await_log("Partial publickey");
        let _ = run(&home, "wrong").ends(255);
    }

    #[test]
    fn nobody_is_asked_in_batch_mode() {
        let (home, _sshd) = with_password("PasswordAuthentication yes");
        let call = home.xssh(&["-o", "BatchMode=yes", HOST, "true"]);
        let _ = answering(&home, call, account::PASSWORD).run().ends(255);
        assert_eq!(asked(&home), "");
    }

    #[test]
    fn preferred_methods() {
        let (home, sshd) = with_password("PasswordAuthentication yes");
        sshd.authorize(&home.key().public());
        let _ = run(&home, account::PASSWORD).ok();
        assert_eq!(asked(&home), "");
        let args = ["-o", "PreferredAuthentications=password,publickey", HOST, "true"];
        let _ = answering(&home, home.xssh(&args), account::PASSWORD).run().ok();
        sshd.await_log("Accepted password");
    }
}
