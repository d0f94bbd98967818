use super::client::{Login, ed25519, keygen, public, run_in, text};
use super::person::Person;
use super::sshd::Sshd;
use crate::settings::AddKeys;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SECURITY_KEY: &str = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so";

/// A throw-away ssh-agent.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(sshd: &Sshd) -> Self {
        let socket = sshd.directory.path().join("agent");
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-P", SECURITY_KEY, "-a", text(&socket)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("ssh-agent is needed by this test: {error}"));
        // It tells its socket when that is there.
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, socket }
    }

    fn add(&self, key: &Path, arguments: &[&str]) {
        let environment = [("SSH_AUTH_SOCK", text(&self.socket)), ("SSH_SK_PROVIDER", SECURITY_KEY)];
        run_in("ssh-add", &[&["-q"], arguments, &[text(key)]].concat(), &environment);
    }

    fn list(&self) -> String {
        let output = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", &self.socket).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn login(&self, files: &[&Path]) -> Login {
        let mut login = Login::new(files);
        login.agent = Some(self.socket.clone());
        login
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn each_kind_of_key_is_signed_with_by_the_agent() {
    let sshd = Sshd::start("");
    let agent = Agent::start(&sshd);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = keygen(&sshd.directory, kind, &["-t", kind, "-N", ""]);
        agent.add(&key, &[]);
        std::fs::remove_file(&key).unwrap();
        sshd.authorize(&[&key]);
        let report = sshd.admit(&agent.login(&[])).await.unwrap();
        assert!(report.key.unwrap().contains("from agent ("), "{kind}");
        // Named by its public half alone (agent.sh).
        let mut login = agent.login(&[&public(&key)]);
        login.settings.identities_only = true;
        sshd.admit(&login).await.unwrap();
    }
}

#[tokio::test]
async fn security_keys_are_the_agents_business() {
    let sshd = Sshd::start("");
    let agent = Agent::start(&sshd);
    for kind in ["ed25519-sk", "ecdsa-sk"] {
        let key = keygen(&sshd.directory, kind, &["-t", kind, "-w", SECURITY_KEY, "-N", ""]);
        sshd.authorize(&[&key]);
        let text = sshd.admit(&agent.login(&[&key])).await.unwrap_err().to_string();
        assert!(text.contains("it needs a security key; add it to an agent with ssh-add"), "{text}");
        agent.add(&key, &[]);
        let report = sshd.admit(&agent.login(&[&key])).await.unwrap();
        assert!(report.key.unwrap().ends_with("(agent)"), "{kind}");
    }
}

#[tokio::test]
async fn configured_keys_come_before_the_agents_rest() {
    let sshd = Sshd::start("MaxAuthTries 2");
    let agent = Agent::start(&sshd);
    for name in ["a", "b", "c"] {
        agent.add(&ed25519(&sshd.directory, name), &[]);
    }
    let wanted = ed25519(&sshd.directory, "wanted");
    agent.add(&wanted, &[]);
    sshd.authorize(&[&wanted]);
    // As the last of the agent's keys it is too late.
    sshd.admit(&agent.login(&[])).await.unwrap_err();
    sshd.admit(&agent.login(&[&wanted])).await.unwrap();
    let file = ed25519(&sshd.directory, "file");
    sshd.authorize(&[&file]);
    sshd.admit(&agent.login(&[&file])).await.unwrap();
    // One that somebody would be asked about can wait.
    let locked = keygen(&sshd.directory, "locked", &["-t", "ed25519", "-N", "secret"]);
    sshd.authorize(&[&locked, &file]);
    sshd.admit(&agent.login(&[&locked])).await.unwrap_err();
    let mut login = agent.login(&[&file]);
    login.settings.identities_only = true;
    sshd.admit(&login).await.unwrap();
}

#[tokio::test]
async fn too_many_keys_of_the_agent_close_the_connection_with_advice() {
    let sshd = Sshd::start("MaxAuthTries 6");
    let agent = Agent::start(&sshd);
    for number in 0..7 {
        agent.add(&ed25519(&sshd.directory, &format!("key{number}")), &[]);
    }
    sshd.authorize_lines("");
    let text = sshd.admit(&agent.login(&[])).await.unwrap_err().to_string();
    assert!(text.starts_with("the server closed the connection during authentication\n"), "{text}");
    assert!(text.contains("IdentitiesOnly"), "{text}");
}

#[tokio::test]
async fn a_certificate_is_signed_for_by_the_agents_key() {
    let sshd = Sshd::start("");
    let agent = Agent::start(&sshd);
    let authority = ed25519(&sshd.directory, "authority");
    let line = std::fs::read_to_string(public(&authority)).unwrap();
    sshd.authorize_lines(&format!("cert-authority {line}"));
    for (kind, create) in [("ed25519", &[][..]), ("rsa", &[]), ("ed25519-sk", &["-w", SECURITY_KEY])] {
        let key = keygen(&sshd.directory, kind, &[&["-t", kind, "-N", ""], create].concat());
        let plain = public(&key);
        let how = ["-q", "-s", text(&authority), "-I", "test", "-n", &sshd.user, text(&plain)];
        run_in("ssh-keygen", &how, &[]);
        let beside = sshd.directory.path().join(format!("{kind}-cert.pub"));
        let certificate = sshd.directory.path().join(format!("{kind}.elsewhere"));
        std::fs::copy(&beside, &certificate).unwrap();
        // The agent has key and certificate.
        agent.add(&key, &[]);
        sshd.admit(&agent.login(&[])).await.unwrap();
        // The agent has the key alone.
        run_in("ssh-add", &["-q", "-D"], &[("SSH_AUTH_SOCK", text(&agent.socket))]);
        std::fs::remove_file(&beside).unwrap();
        agent.add(&key, &[]);
        std::fs::remove_file(&key).unwrap();
        let mut login = agent.login(&[&public(&key)]);
        sshd.admit(&login).await.unwrap_err();
        login.certificate_files = vec![certificate];
        login.settings.identities_only = true;
        sshd.admit(&login).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_is_bound_to_a_host_is_used_there_and_nowhere_else() {
    let sshd = Sshd::start("");
    let elsewhere = Sshd::start("");
    let agent = Agent::start(&sshd);
    let key = ed25519(&sshd.directory, "key");
    agent.add(&key, &["-H", text(&sshd.known_hosts()), "-h", "localhost"]);
    std::fs::remove_file(&key).unwrap();
    sshd.authorize(&[&key]);
    elsewhere.authorize(&[&key]);
    sshd.admit(&agent.login(&[])).await.unwrap();
    elsewhere.admit(&agent.login(&[])).await.unwrap_err();
}

#[tokio::test]
async fn a_used_key_is_added_to_the_agent_as_asked() {
    let sshd = Sshd::start("");
    let agent = Agent::start(&sshd);
    for (kind, how, answers, kept) in [
        ("ed25519", AddKeys { mode: 1, lifetime: 60 }, &["pass"][..], true),
        ("rsa", AddKeys { mode: 1, lifetime: 0 }, &["pass"], true),
        ("ecdsa", AddKeys { mode: 2, lifetime: 0 }, &["pass", "yes"], true),
        ("ecdsa", AddKeys { mode: 2, lifetime: 0 }, &["pass", "no"], false),
        ("ed25519", AddKeys { mode: 3, lifetime: 0 }, &["pass"], true),
        ("ed25519", AddKeys { mode: 0, lifetime: 0 }, &["pass"], false),
    ] {
        let name = format!("{kind}{}{}", how.mode, answers.len() + usize::from(kept));
        let key = keygen(&sshd.directory, &name, &["-t", kind, "-C", &name, "-N", "pass"]);
        sshd.authorize(&[&key]);
        let person = Person::with(answers);
        let mut login = agent.login(&[&key]);
        login.settings.add_keys = how;
        login.prompt = person.clone();
        sshd.admit(&login).await.unwrap();
        assert_eq!(agent.list().contains(&name), kept, "{name}");
        if answers.len() == 2 {
            let question = format!("confirm:Add key {} ({name}) to agent?", key.display());
            assert_eq!(person.heard()[1], question);
        }
    }
}
