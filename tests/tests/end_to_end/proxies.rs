//! HTTP and SOCKS proxies among the hops, which OpenSSH does not have; and `xssh route`, which shows the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use xssh_tests::call::{Call, Outcome};
use xssh_tests::home::Home;
use xssh_tests::http_proxy::HttpProxy;
use xssh_tests::port::Port;
use xssh_tests::socks_proxy::{SOURCE, SocksProxy};
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::tls_front::TlsFront;
use xssh_tests::world::{HOST, World};

/// A client and a host, if there are proxies to be tested.
fn world() -> Option<World> {
    Subject::is_xssh_or_say("it has no proxies among its hops").then(World::direct)
}

fn through(world: &World, jump: &str) -> Outcome {
    world.home.xssh(&["-J", jump, HOST, "echo through"]).run()
}

#[track_caller]
fn assert_through(outcome: Outcome) {
    assert_eq!(outcome.ok().text(), "through\n");
}

/// Logged by the host before the client learns that it is let in.
fn logins_through_socks(world: &World) -> usize {
    let log = world.target.log();
    let lines = log.lines().filter(|line| line.starts_with("Accepted publickey") && line.contains(SOURCE));
    lines.count()
}

/// Names a file with a proxy's password; only its owner may read it.
fn credentials(world: &World, lines: &str) -> String {
    let path = world.home.path().join("credentials");
    fs::write(&path, lines).expect("credentials");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("credentials");
    format!("XsshProxyCredentials={}", path.display())
}

#[test]
fn every_kind() {
    let Some(world) = world() else { return };
    let (http, socks) = (HttpProxy::start(), SocksProxy::start());
    assert_through(through(&world, &format!("http://127.0.0.1:{}", http.port())));
    assert!(http.log().contains(&format!("CONNECT 127.0.0.1:{}", world.target.port())), "{}", http.log());
    for scheme in ["socks5", "socks5h"] {
        let before = logins_through_socks(&world);
        assert_through(through(&world, &format!("{scheme}://127.0.0.1:{}", socks.port())));
        assert_eq!(logins_through_socks(&world), before + 1, "{}", world.target.log());
    }
}

#[test]
fn mixed_with_ssh_hosts_in_any_order() {
    let Some(mut world) = world() else { return };
    let (http, socks, bastion) = (HttpProxy::start(), SocksProxy::start(), Sshd::plan().start());
    world.home.meet("bastion", &bastion, "");
    let (http, socks) = (format!("http://127.0.0.1:{}", http.port()), format!("socks5h://127.0.0.1:{}", socks.port()));
    for jump in [
        format!("{http},bastion"),
        format!("{socks},bastion,{http}"),
        format!("{http},{socks},{http},{socks}"),
        format!("bastion,{socks},bastion,{http}"),
    ] {
        assert_through(through(&world, &jump));
    }
}

#[test]
fn passwords_of_proxies() {
    let Some(world) = world() else { return };
    let (http, socks) = (HttpProxy::with("BasicAuth ann open-sesame"), SocksProxy::asking("ann", "open-sesame"));
    for jump in [format!("http://ann@127.0.0.1:{}", http.port()), format!("socks5://ann@127.0.0.1:{}", socks.port())] {
        let with = |password: &str| {
            let option = credentials(&world, &format!("machine 127.0.0.1 login ann password {password}\n"));
            world.home.xssh(&["-v", "-o", &option, "-J", &jump, HOST, "echo through"]).run()
        };
        assert_through(with("open-sesame").does_not_say("open-sesame"));
        let outcome = with("wrong-sesame").ends(255).does_not_say("wrong-sesame").says("127.0.0.1");
        assert!(outcome.errors().contains("password") || outcome.errors().contains("407"), "{outcome}");
        let askpass = world.home.script("askpass", "echo open-sesame");
        let call = world.home.xssh(&["-o", "BatchMode=no", "-J", &jump, HOST, "echo through"]);
        let call = call.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force");
        assert_through(call.run());
        let _ = through(&world, &jump).ends(255).says("password");
    }
}

#[test]
fn a_password_on_the_command_line_is_refused() {
    let Some(world) = world() else { return };
    let outcome = through(&world, "http://ann:open-sesame@127.0.0.1:1").ends(255);
    assert!(!outcome.errors().contains("open-sesame"), "{outcome}");
}

#[test]
fn a_refused_connection_says_what_may_help() {
    let Some(world) = world() else { return };
    let http = HttpProxy::with("ConnectPort 443");
    let outcome = through(&world, &format!("http://127.0.0.1:{}", http.port())).ends(255);
    let _ = outcome.says("403").says("443").says(&http.port().to_string());
    let nobody = Port::lease();
    for scheme in ["http", "socks5"] {
        let outcome = through(&world, &format!("{scheme}://127.0.0.1:{}", nobody.number())).ends(255);
        let _ = outcome.says("Connection refused").says(&nobody.number().to_string());
    }
    let http = HttpProxy::start();
    let jump = format!("http://127.0.0.1:{}", http.port());
    let unreachable = nobody.number().to_string();
    let outcome = world.home.xssh(&["-J", &jump, "-p", &unreachable, "127.0.0.1", "true"]).run().ends(255);
    let _ = outcome.says(&http.port().to_string());
}

#[test]
fn a_proxy_behind_tls() {
    let Some(world) = world() else { return };
    let http = HttpProxy::start();
    let front = TlsFront::before(http.port());
    let jump = format!("https://localhost:{}", front.port());
    let call = || world.home.xssh(&["-J", &jump, HOST, "echo through"]);
    assert_through(call().env("SSL_CERT_FILE", front.authority()).run());
    let outcome = call().run().ends(255);
    assert!(outcome.errors().contains("certificate"), "{outcome}");
    // The certificate is for localhost and nobody else.
    let by_address = format!("https://127.0.0.1:{}", front.port());
    let call = world.home.xssh(&["-J", &by_address, HOST, "echo through"]);
    let outcome = call.env("SSL_CERT_FILE", front.authority()).run().ends(255);
    assert!(outcome.errors().contains("certificate"), "{outcome}");
}

#[test]
fn the_environments_proxy_if_asked_for() {
    let Some(world) = world() else { return };
    let socks = SocksProxy::start();
    let proxy = format!("socks5h://127.0.0.1:{}", socks.port());
    let came_through = |call: Call| {
        let before = logins_through_socks(&world);
        let _ = call.run().ok();
        logins_through_socks(&world) > before
    };
    let asked = || world.home.xssh(&["-o", "XsshProxyFromEnvironment=yes", HOST, "true"]);
    assert!(came_through(asked().env("ALL_PROXY", &proxy)));
    assert!(came_through(asked().env("https_proxy", &proxy)));
    assert!(!came_through(asked().env("ALL_PROXY", &proxy).env("NO_PROXY", "example.org,127.0.0.1")));
    assert!(!came_through(asked().env("ALL_PROXY", &proxy).env("NO_PROXY", "*")));
    assert!(!came_through(world.home.xssh(&[HOST, "true"]).env("ALL_PROXY", &proxy)));
}

/// Every hop with its address, key, method, algorithms and time.
#[test]
fn the_way_is_shown() {
    if !Subject::is_xssh_or_say("it has no `route`") {
        return;
    }
    let world = World::through_hops();
    let route = |more: &[&str]| {
        let call = world.home.call(&Subject::get().path).arg("route").args(more);
        call.arg("-F").arg(world.home.config()).arg(HOST).run().ok()
    };
    let json: serde_json::Value = serde_json::from_slice(&route(&["--json"]).stdout).expect("JSON");
    let hops = json["hops"].as_array().expect("hops");
    let kinds: Vec<_> = hops.iter().map(|hop| hop["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["ssh", "http", "socks5", "ssh"], "{json:#}");
    let last = &hops[3];
    let key = world.target.host_keys()[0].fingerprint();
    assert!(last["host_key"].as_str().is_some_and(|shown| shown.contains(&key)), "{last:#}");
    assert_eq!(last["authentication"]["method"], "publickey");
    assert!(last["algorithms"]["cipher"].is_string() && last["milliseconds"]["authentication"].is_number(), "{last:#}");
    let table = route(&[]).text();
    let port = world.target.port().to_string();
    for words in ["ssh", "http", "socks5", &port, &key, "publickey"] {
        assert!(table.contains(words), "no {words} in\n{table}");
    }
}

#[test]
fn home_without_hosts_knows_no_way() {
    if Subject::is_xssh_or_say("it has no `route`") {
        let home = Home::new();
        let call = home.call(&Subject::get().path).args(["route", "no-such-host.invalid"]);
        let _ = call.run().ends(255).says("no-such-host.invalid");
    }
}
