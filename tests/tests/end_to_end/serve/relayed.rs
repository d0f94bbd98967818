//! A key that reaches one inner host, and nothing else.

use std::fs;

use xssh_tests::own_server::OwnServer;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::HOST;

use crate::over_both_servers;
use crate::served::{Front, Served};
use crate::sync::text;

over_both_servers!(
    a_command_is_passed_on_and_its_status_comes_back,
    words_of_the_client_are_never_options,
    a_fixed_command_runs_whatever_the_client_says,
    a_client_speaks_with_the_inner_host_itself,
);

/// An outer host whose account can log in to an inner one with a key of its own.
struct Relayed<F> {
    served: Served<F>,
    inner: Sshd,
}

impl<F: Front> Relayed<F> {
    fn new() -> Self {
        let (served, inner) = (Served::with(""), Sshd::plan().start());
        let own = xssh_tests::key::Key::new(served.folder().join("relay_key"), "ed25519");
        inner.authorize(&own.public());
        inner.authorize(&served.home.key().public());
        let known = served.folder().join("relay_known");
        fs::write(&known, inner.known_as(&format!("[127.0.0.1]:{}", inner.port()))).expect("known hosts");
        Self { served, inner }
    }

    /// The account's own configuration is in its home, which a test leaves alone: its words stand in the environment of xssh
    /// instead, as an administrator would put them into ~/.ssh/config.
    fn grant(&self, options: &str) {
        let folder = text(self.served.folder());
        let config = format!(
            "Host *\nIdentityFile {folder}/relay_key\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {folder}/relay_known\n"
        );
        fs::write(format!("{folder}/relay_config"), config).expect("a configuration");
        let (program, port) = (text(&Subject::get().path), self.inner.port());
        self.served.force(&format!(
            "{program} serve --relay root@127.0.0.1:{port} --relay-config {folder}/relay_config --log {folder}/journal {options}"
        ));
    }
}

impl<F: Front> Relayed<F> {
    /// A command that the inner host is asked for without us.
    fn direct(&self, command: &str) -> xssh_tests::call::Call {
        let folder = self.served.folder();
        let ssh = self.served.home.call(peer::require("ssh")).arg("-F").arg(folder.join("relay_config"));
        ssh.args(["-T", "-p", &self.inner.port().to_string(), "--", "root@127.0.0.1", command])
    }
}

fn a_command_is_passed_on_and_its_status_comes_back<F: Front>() {
    let relayed = Relayed::<F>::new();
    relayed.grant("");
    let told = relayed.served.ask("echo 'to the' inner; cat; exit 7").input("bytes").run().ends(7);
    assert_eq!(told.text(), "to the inner\nbytes");
    let last = relayed.served.journal().pop().expect("a line");
    assert_eq!((&last["verdict"], &last["code"]), (&"served".into(), &7.into()), "{last}");
}

fn words_of_the_client_are_never_options<F: Front>() {
    let relayed = Relayed::<F>::new();
    relayed.grant("");
    let made = relayed.served.folder().join("made");
    for command in [
        format!("-oProxyCommand=touch {0}", text(&made)),
        format!("-o ProxyCommand='touch {0}' x", text(&made)),
        format!("-E {0}", text(&made)),
        format!("-F {0}", text(&made)),
        format!("--explain x -E{0}", text(&made)),
        "-V".to_owned(),
        "-G".to_owned(),
    ] {
        let outcome = relayed.served.ask(&command).run();
        // It is the inner host's shell that makes something of it, as if the client had asked that host itself.
        let direct = relayed.direct(&command).run();
        assert_eq!((outcome.code(), outcome.text()), (direct.code(), direct.text()), "{command}: {outcome}");
        assert!(!made.exists(), "{command}");
    }
    relayed.served.assert_unharmed();
}

fn a_fixed_command_runs_whatever_the_client_says<F: Front>() {
    let relayed = Relayed::<F>::new();
    relayed.grant("--relay-command 'echo fixed'");
    for command in ["id", "rm -rf /", "$(reboot)", " "] {
        assert_eq!(relayed.served.ask(command).run().ok().text(), "fixed\n", "{command}");
    }
}

fn a_client_speaks_with_the_inner_host_itself<F: Front>() {
    let relayed = Relayed::<F>::new();
    relayed.grant("--relay-through");
    let (home, inner) = (&relayed.served.home, &relayed.inner);
    home.know(&inner.known_as("inner"));
    let proxy = format!("ProxyCommand={} -F {} target", text(&peer::require("ssh")), text(&home.config()));
    let ssh = home.call(peer::require("ssh")).arg("-F").arg(home.config());
    let told =
        ssh.args(["-o", &proxy, "-o", "HostKeyAlias=inner", "-o", "User=root", "inner", "echo end to end"]).run().ok();
    assert_eq!(told.text(), "end to end\n");
    // The client is gone before its session is.
    crate::sync::wait_until(|| !relayed.served.journal().is_empty());
    let last = relayed.served.journal().pop().expect("a line");
    assert!(last["bytes"].as_u64().is_some_and(|bytes| bytes > 1000), "{last}");
    // And with nobody else.
    relayed.served.grant("");
    let _ = relayed.served.ask("x").run().ends(1);
}

impl<F: Front> Relayed<F> {
    /// The inner host by its own name, which the outer one does not resolve for anybody.
    fn name_the_inner(&mut self) {
        self.served.home.know(&self.inner.known_as("inner"));
        let port = self.inner.port();
        self.served.home.host("inner", &format!("HostName 127.0.0.1\nPort {port}\nHostKeyAlias inner\nUser root"));
    }

    /// OpenSSH and xssh with these words.
    fn clients(&self, args: &[&str]) -> [xssh_tests::call::Call; 2] {
        let home = &self.served.home;
        [home.call(peer::require("ssh")).arg("-F").arg(home.config()).args(args), home.xssh(args)]
    }

    /// The one way is open, and no other.
    fn only_the_inner_host_is_reached(&self, refusal: &str) {
        // A jump names its host once more, for which OpenSSH takes no -F.
        let config = self.served.home.config();
        let config = text(&config);
        for through in [
            format!("ssh -F {config} -W [%h]:%p {HOST}"),
            format!("{} -F {config} -W [%h]:%p {HOST}", text(&Subject::get().path)),
        ] {
            for call in self.clients(&["-o", &format!("ProxyCommand={through}"), "inner", "echo by -W; cat"]) {
                assert_eq!(call.input("and back").run().ok().text(), "by -W\nand back");
            }
        }
        for call in self.clients(&["-J", HOST, "inner", "echo by -J"]) {
            assert_eq!(call.run().ok().text(), "by -J\n");
        }
        let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = elsewhere.local_addr().expect("its address").port();
        for to in [format!("127.0.0.1:{port}"), format!("localhost:{}", self.inner.port()), "127.0.0.1:1".to_owned()] {
            for call in self.clients(&["-W", &to, HOST]) {
                let _ = call.run().ends(255).says(refusal);
            }
        }
    }
}

/// A jump through our own server: the channel goes to the granted host alone.
#[test]
fn a_jump_reaches_the_granted_host_and_no_other() {
    let mut relayed = Relayed::<OwnServer>::new();
    relayed.name_the_inner();
    relayed.grant("--relay-through");
    relayed.only_the_inner_host_is_reached("and nothing else");
    // A client hears of a refusal before its line is there.
    let refused = || -> Vec<serde_json::Value> {
        relayed.served.journal().into_iter().filter(|line| line["verdict"] == "refused").collect()
    };
    crate::sync::wait_until(|| refused().len() >= 6);
    let refused = refused();
    assert_eq!(refused.len(), 6, "{refused:?}");
    assert!(refused.iter().all(|line| line["kind"] == "tunnel" && line["address"] == "127.0.0.1"), "{refused:?}");
    let passed = |line: &&serde_json::Value| line["bytes"].as_u64().is_some_and(|bytes| bytes > 1000);
    crate::sync::wait_until(|| relayed.served.journal().iter().filter(passed).count() == 6);
    // Without it there is no such way.
    for options in ["", "--relay-command true"] {
        relayed.grant(options);
        for call in relayed.clients(&["-J", HOST, "inner", "true"]) {
            let _ = call.run().ends(255).says("this key reaches no host by -W; it serves one other host");
        }
    }
    relayed.served.grant("");
    for call in relayed.clients(&["-J", HOST, "inner", "true"]) {
        let _ = call.run().ends(255).says("this key reaches no host by -W; it serves sync and rsync");
    }
}

/// What is no command is not run as one on the inner host, and the log does not say that it was served.
#[test]
fn no_channel_and_no_subsystem_is_a_command_for_the_inner_host() {
    let relayed = Relayed::<OwnServer>::new();
    let made = relayed.served.folder().join("made");
    let inner = format!("127.0.0.1:{}", relayed.inner.port());
    for options in [format!("--relay-command 'touch {}'", text(&made)), String::new()] {
        relayed.grant(&options);
        for to in [inner.as_str(), "127.0.0.1:1"] {
            for call in relayed.clients(&["-W", to, HOST]) {
                let before = relayed.served.journal().len();
                let _ = call.run().ends(255).says("this key reaches no host by -W");
                crate::sync::wait_until(|| relayed.served.journal().len() > before);
                let last = relayed.served.journal().pop().expect("a line");
                assert_eq!((&last["kind"], &last["verdict"]), (&"tunnel".into(), &"refused".into()), "{last}");
            }
        }
        for call in relayed.clients(&["-s", HOST, "sftp"]) {
            let _ = call.run().ends(1).says("refused: there is no subsystem 'sftp' for this key");
            let last = relayed.served.journal().pop().expect("a line");
            assert_eq!((&last["kind"], &last["verdict"]), (&"subsystem".into(), &"refused".into()), "{last}");
        }
        assert!(!made.exists());
    }
}

/// The same behind sshd, by options of its own.
#[test]
fn sshd_gives_the_same_way_by_options_of_its_own() {
    let mut relayed = Relayed::<Sshd>::new();
    relayed.name_the_inner();
    let key = relayed.served.home.key().public();
    let options = format!(
        "restrict,port-forwarding,permitopen=\"127.0.0.1:{}\",permitlisten=\"localhost:1\",command=\"/bin/false\"",
        relayed.inner.port()
    );
    relayed.served.server.authorize_only(&format!("{options} {key}"));
    relayed.only_the_inner_host_is_reached("administratively prohibited");
    let ssh = relayed.served.home.call(peer::require("ssh")).arg("-F").arg(relayed.served.home.config());
    let _ = ssh.args(["-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:0:127.0.0.1:9", HOST, "true"]).run().ends(255);
}

/// That there was no way is no session that was served, and the reason is for the administrator.
#[test]
fn a_host_that_is_not_reached_or_not_known_is_a_failure_in_the_log() {
    let relayed = Relayed::<Sshd>::new();
    let folder = text(relayed.served.folder());
    let failed = |why: &str| {
        let _ = relayed.served.ask("id").run().ends(255).says(why);
        let last = relayed.served.journal().pop().expect("a line");
        assert_eq!((&last["verdict"], &last["code"]), (&"failed".into(), &255.into()), "{last}");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.contains(why)), "{last}");
    };
    relayed.grant("");
    fs::write(format!("{folder}/relay_known"), "").expect("a file");
    failed("Host key verification failed");
    let program = text(&Subject::get().path);
    let nobody =
        format!("{program} serve --relay 127.0.0.1:1 --relay-config {folder}/relay_config --log {folder}/journal");
    relayed.served.force(&nobody);
    failed("Connection refused");
    // A command that ends with the same code was there.
    fs::write(
        format!("{folder}/relay_known"),
        relayed.inner.known_as(&format!("[127.0.0.1]:{}", relayed.inner.port())),
    )
    .expect("a file");
    relayed.grant("");
    let _ = relayed.served.ask("exit 255").run().ends(255);
    let last = relayed.served.journal().pop().expect("a line");
    assert_eq!((&last["verdict"], &last["reason"]), (&"served".into(), &serde_json::Value::Null), "{last}");
}
