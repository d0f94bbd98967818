//! `-A` and ForwardAgent: the agent here for programs on the host, bound to the way that it is reached by.

use std::path::{Path, PathBuf};

use xssh_tests::agent::Agent;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::{peer, world::HOST};

/// A client, a host, and an agent with a key that no file has.
struct Scene {
    home: Home,
    host: Sshd,
    agent: Agent,
    key: Key,
}

impl Scene {
    fn new() -> Self {
        let host = Sshd::plan().start();
        let home = Home::facing(HOST, &host);
        let key = Key::new(home.path().join("agents_key"), "ed25519");
        let agent = Agent::holding(&[&key]);
        std::fs::remove_file(&key.path).unwrap();
        Self { home, host, agent, key }
    }

    /// xssh where SSH_AUTH_SOCK names the agent. It is only forwarded: the login is by the client's own key.
    fn xssh(&self, args: &[&str]) -> Call {
        let environment = ["-o", "IdentityAgent=SSH_AUTH_SOCK"];
        self.home.xssh(&[&environment, args].concat()).env("SSH_AUTH_SOCK", self.agent.socket())
    }

    fn lists_the_key(&self, outcome: &Outcome) -> bool {
        let blob = self.key.public();
        outcome.text().contains(blob.split(' ').nth(1).unwrap())
    }
}

#[test]
fn the_hosts_programs_see_the_agent_where_that_is_asked_for_and_nowhere_else() {
    let scene = Scene::new();
    assert!(scene.lists_the_key(&scene.xssh(&["-A", HOST, "ssh-add -L"]).run().ok()));
    assert!(scene.lists_the_key(&scene.xssh(&["-oForwardAgent=yes", HOST, "ssh-add -L"]).run().ok()));
    for without in [&["-a", "-oForwardAgent=yes"][..], &[], &["-A", "-a"], &["-oForwardAgent=no", "-A", "-a"]] {
        let outcome = scene.xssh(&[without, &[HOST, "echo \"<$SSH_AUTH_SOCK>\""]].concat()).run().ok();
        assert_eq!(outcome.text(), "<>\n", "{without:?}");
    }
}

#[test]
fn another_agent_is_named_by_its_path_or_a_variable() {
    let scene = Scene::new();
    let (socket, empty) = (scene.agent.socket().to_str().unwrap(), Agent::holding(&[]));
    for value in [socket, "$OTHER_AGENT", "${OTHER_AGENT}"] {
        let setting = format!("-oForwardAgent={value}");
        // OpenSSH forwards no other agent where there is none of one's own.
        let call = scene.xssh(&[&setting, HOST, "ssh-add -L"]).env("SSH_AUTH_SOCK", empty.socket());
        assert!(scene.lists_the_key(&call.env("OTHER_AGENT", socket).run().ok()), "{value}");
        if Subject::is_xssh_or_say("as said") {
            let call = scene.home.xssh(&[&setting, HOST, "ssh-add -L"]).env("OTHER_AGENT", socket);
            assert!(scene.lists_the_key(&call.run().ok()), "{value}");
        }
    }
    for nowhere in ["/no/such/agent", "$NO_SUCH_AGENT"] {
        let setting = format!("-oForwardAgent={nowhere}");
        let complaint = format!("Cannot forward agent socket path \"{nowhere}\"");
        let _ = scene.home.xssh(&[&setting, HOST, "true"]).run().ok().says(&complaint);
        let strict = [setting.as_str(), "-oExitOnForwardFailure=yes", HOST, "true"];
        let _ = scene.home.xssh(&strict).run().ends(255).says(&complaint);
    }
}

#[test]
fn without_an_agent_nothing_is_forwarded_and_nothing_said() {
    let scene = Scene::new();
    let gone = scene.home.path().join("gone");
    let outcome = scene.xssh(&["-A", HOST, "echo \"<$SSH_AUTH_SOCK>\""]).env("SSH_AUTH_SOCK", gone).run().ok();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("<>\n", ""));
}

#[test]
fn a_host_that_forbids_it_is_no_reason_to_fail() {
    let host = Sshd::plan().with("AllowAgentForwarding no").start();
    let home = Home::facing(HOST, &host);
    let agent = Agent::holding(&[home.key()]);
    let setting = format!("-oForwardAgent={}", agent.socket().display());
    let outcome = home.xssh(&["-v", &setting, HOST, "echo \"<$SSH_AUTH_SOCK>\""]).run().ok();
    assert_eq!(outcome.text(), "<>\n");
    if Subject::is_xssh_or_say("it asks for no answer") {
        let _ = outcome.says("agent forwarding request failed");
    }
}

#[test]
fn many_programs_ask_at_once() {
    let scene = Scene::new();
    let ask = "for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4; do ssh-add -L || echo failed; done & done; wait";
    let outcome = scene.xssh(&["-A", HOST, ask]).run().ok();
    let lines = outcome.text();
    assert_eq!(lines.lines().count(), 32, "{outcome}");
    assert!(lines.lines().all(|line| line.starts_with("ssh-ed25519 ")), "{outcome}");
}

/// A chain of hosts, each of which the one before reaches by the agent alone.
struct Chain {
    home: Home,
    hosts: Vec<Sshd>,
    agent: Agent,
    key: Key,
}

const NAMES: [&str; 3] = ["first", "second", "third"];

impl Chain {
    fn new() -> Self {
        let hosts: Vec<_> = NAMES.iter().map(|_| Sshd::plan().start()).collect();
        let mut home = Home::new();
        let key = Key::new(home.path().join("agents_key"), "ed25519");
        let agent = Agent::holding(&[]);
        for (name, host) in NAMES.iter().zip(&hosts) {
            host.authorize(&key.public());
            home.know(&host.known_as(name));
            home.host(name, &format!("HostName 127.0.0.1\nPort {}\nHostKeyAlias {name}", host.port()));
        }
        home.configure("IdentityAgent SSH_AUTH_SOCK\nIdentitiesOnly no\nForwardAgent yes");
        Self { home, hosts, agent, key }
    }

    /// Gives the agent the key for these ways: `first`, `first>second`.
    fn allow(&self, ways: &[&str]) {
        let known = self.home.known_hosts();
        let mut add = Call::new(peer::require("ssh-add")).env("SSH_AUTH_SOCK", self.agent.socket());
        add = add.arg("-q").arg("-H").arg(&known);
        for way in ways {
            add = add.arg("-h").arg(way);
        }
        let _ = add.arg(&self.key.path).run().ok();
        std::fs::remove_file(&self.key.path).unwrap();
        // What stands for the key in the configuration is the agent's.
        std::fs::copy(format!("{}.pub", self.key.path.display()), self.home.path().join("id_ed25519.pub")).unwrap();
        std::fs::remove_file(self.home.path().join("id_ed25519")).unwrap();
    }

    fn xssh(&self, args: &[&str]) -> Call {
        self.home.xssh(args).env("SSH_AUTH_SOCK", self.agent.socket())
    }

    /// What is run on a host to reach the next: the configuration is the same everywhere.
    fn further(&self, shell: &Path, host: &str, command: &str) -> String {
        format!("'{}' -F '{}' {host} {command}", shell.display(), self.home.config().display())
    }

    fn has_accepted(&self, host: usize) -> usize {
        self.hosts[host].log().matches("Accepted publickey").count()
    }
}

fn shells() -> [PathBuf; 2] {
    [Subject::get().path.clone(), peer::require("ssh")]
}

#[test]
fn a_key_that_is_bound_to_a_way_opens_it_and_no_other() {
    let chain = Chain::new();
    chain.allow(&["first", "first>second"]);
    for shell in shells() {
        let second = chain.further(&shell, "second", "echo there");
        assert_eq!(chain.xssh(&["first", &second]).run().ok().text(), "there\n", "{}", shell.display());
        let third = chain.further(&shell, "third", "echo there");
        assert_eq!(chain.xssh(&["first", &third]).run().text(), "", "{}", shell.display());
    }
    assert_eq!((chain.has_accepted(0), chain.has_accepted(1), chain.has_accepted(2)), (4, 2, 0));
    // Straight from here there is no way to the second.
    let _ = chain.xssh(&["second", "true"]).run().ends(255);
}

#[test]
fn a_key_that_is_bound_to_one_host_is_not_shown_there() {
    let chain = Chain::new();
    chain.allow(&["first"]);
    // The agent lists what may be used from where the question comes.
    let _ = chain.xssh(&["first", "ssh-add -L"]).run().ends(1);
    let onward = chain.further(&Subject::get().path, "second", "true");
    let _ = chain.xssh(&["first", &onward]).run().ends(255);
    assert_eq!(chain.has_accepted(1), 0);
}

#[test]
fn a_way_of_three_hosts_is_gone_to_its_end() {
    let chain = Chain::new();
    chain.allow(&["first", "first>second", "second>third"]);
    let shell = Subject::get().path.clone();
    let third = chain.further(&shell, "third", "'echo \"<there>\"'");
    let second = chain.further(&shell, "second", &format!("\"{}\"", third.replace('"', "\\\"")));
    assert_eq!(chain.xssh(&["first", &second]).run().ok().text(), "<there>\n");
    // Nor does the key skip one.
    let skipping = chain.further(&shell, "third", "true");
    let _ = chain.xssh(&["first", &skipping]).run().ends(255);
}

#[test]
fn each_host_of_a_jump_is_its_own_destination() {
    let chain = Chain::new();
    chain.allow(&["first", "second"]);
    // A jump host is reached from here, and so is what lies behind it: the agent is not forwarded to it.
    assert_eq!(chain.xssh(&["-J", "first", "second", "echo there"]).run().ok().text(), "there\n");
    let _ = chain.xssh(&["-J", "first", "third", "true"]).run().ends(255);
    assert_eq!((chain.has_accepted(0), chain.has_accepted(1), chain.has_accepted(2)), (2, 1, 0));
}

#[test]
fn behind_a_jump_the_agent_is_lent_to_the_last_host_alone() {
    let chain = Chain::new();
    chain.allow(&["first", "second", "second>third"]);
    let third = chain.further(&Subject::get().path, "third", "echo there");
    assert_eq!(chain.xssh(&["-J", "first", "second", &third]).run().ok().text(), "there\n");
    // From the first there is no way to the third, and the agent was not there to be asked for one.
    let _ = chain.xssh(&["first", &third]).run().ends(255);
    assert_eq!((chain.has_accepted(0), chain.has_accepted(1), chain.has_accepted(2)), (2, 1, 1));
}

#[test]
fn a_sync_lends_nothing() {
    if !Subject::is_xssh_or_say("it has no sync") {
        return;
    }
    let scene = Scene::new();
    let (config, own) = (scene.home.config(), &Subject::get().path);
    let told = scene.home.path().join("told");
    let helper = scene.home.script(
        "helper",
        &format!("echo \"<$SSH_AUTH_SOCK>\" >> '{}'\nexec '{}' \"$@\"", told.display(), own.display()),
    );
    std::fs::create_dir(scene.home.path().join("tree")).unwrap();
    let call = scene.home.call(own).arg("sync").arg("-F").arg(&config).arg("--remote-xssh").arg(&helper);
    let shell = ["-o", "IdentityAgent=SSH_AUTH_SOCK", "-o", "ForwardAgent=yes"];
    let call = call.args(shell).args(["tree/", &format!("{HOST}:{}/copy", scene.home.path().display())]);
    let _ = call.env("SSH_AUTH_SOCK", scene.agent.socket()).run().ok();
    let said = std::fs::read_to_string(&told).unwrap();
    assert!(!said.is_empty() && said.lines().all(|line| line == "<>"), "{said}");
}

#[test]
fn a_host_that_is_let_in_unknown_gets_no_agent() {
    let scene = Scene::new();
    let other = Key::new(scene.home.path().join("other"), "ed25519");
    let line = format!("[127.0.0.1]:{} {}\n", scene.host.port(), other.public());
    std::fs::write(scene.home.known_hosts(), line).unwrap();
    let outcome = scene.xssh(&["-A", "-oStrictHostKeyChecking=no", HOST, "echo \"<$SSH_AUTH_SOCK>\""]).run().ok();
    assert_eq!(outcome.text(), "<>\n");
    let _ = outcome.says("Agent forwarding is disabled to avoid man-in-the-middle attacks.");
}
