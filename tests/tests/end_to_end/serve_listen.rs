//! `xssh serve --listen`: the small server with real keys, trees and clients.

mod crowd;
mod descriptors;
mod hostile_clients;
mod terms;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::noise::Noise;
use xssh_tests::own_server::OwnServer;
use xssh_tests::peer;
use xssh_tests::subject::Subject;

use crate::sync::{assert_alike, text, wait_until};

const HOST: &str = "small";

/// A server whose keys have this tree, and a client with such a key.
struct Small {
    server: OwnServer,
    home: Home,
}

impl Small {
    fn with(options: &[&str]) -> Self {
        Self::facing(OwnServer::start(options))
    }

    fn facing(server: OwnServer) -> Self {
        let mut home = Home::new();
        server.meet(&mut home, HOST);
        server.authorize_only(&home.key().public());
        Self { server, home }
    }

    fn sync(&self, args: &[&str]) -> Call {
        self.home.call(&Subject::get().path).arg("sync").arg("-F").arg(self.home.config()).args(args)
    }

    fn rsync(&self, args: &[&str]) -> Call {
        let shell = format!("{} -F {}", text(&peer::require("ssh")), text(&self.home.config()));
        self.home.call(peer::require("rsync")).args(["-e", &shell]).args(args)
    }
}

fn plant(folder: &Path) {
    fs::create_dir_all(folder.join("sub")).expect("a folder");
    for number in 0..40_usize {
        fs::write(folder.join(format!("sub/{number}")), vec![b'x'; number * 100]).expect("a file");
    }
    fs::write(folder.join("large"), Noise { seed: 5, length: 3_000_000 }.bytes()).expect("a file");
}

#[test]
fn a_tree_is_synced_there_changed_and_synced_again() {
    let small = Small::with(&[]);
    let here = small.home.path().join("here");
    plant(&here);
    let _ = small.sync(&[text(&here), "small:there"]).run().ok();
    assert_alike(&here, &small.server.root().join("there"));
    fs::write(here.join("sub/7"), "changed").expect("a file");
    fs::remove_file(here.join("sub/8")).expect("a file");
    let outcome = small.sync(&["--delete", text(&here), "small:there"]).run().ok();
    assert!(outcome.text().contains("41 files") || !outcome.text().is_empty(), "{outcome}");
    assert_alike(&here, &small.server.root().join("there"));
    let back = small.home.path().join("back");
    let _ = small.sync(&["small:there", text(&back)]).run().ok();
    assert_alike(&here, &back);
}

#[test]
fn stock_rsync_pushes_and_pulls() {
    let small = Small::with(&[]);
    let [here, back] = ["here", "back"].map(|name| small.home.path().join(name));
    plant(&here);
    let _ = small.rsync(&["-a", &format!("{}/", text(&here)), "small:there/"]).run().ok();
    assert_alike(&here, &small.server.root().join("there"));
    let _ = small.rsync(&["-az", "small:there/", text(&back)]).run().ok();
    assert_alike(&here, &back);
}

#[test]
fn what_the_grant_does_not_give_is_refused_in_a_line() {
    let small = Small::with(&["--read-only"]);
    let here = small.home.path().join("here");
    plant(&here);
    let _ = small.sync(&[text(&here), "small:there"]).run().ends(3).says("this key may not write: it is read-only");
    let _ = small.rsync(&["-a", text(&here), "small:there"]).run().says("refused: ");
    for args in [&["small", "id"][..], &["small"], &["-s", "small", "sftp"]] {
        let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
        let outcome = ssh.args(args).run().ends(1).says("xssh: refused: ");
        assert_eq!(outcome.text(), "", "{outcome}");
    }
    assert_eq!(fs::read_dir(small.server.root()).expect("the tree").count(), 0);
}

/// Keys come and go while it runs; a line's own command is what counts for its key.
#[test]
fn the_keys_are_read_again_when_it_is_told() {
    let small = Small::with(&[]);
    let mut other = Home::new();
    small.server.meet(&mut other, HOST);
    let ask = |home: &Home| home.call(peer::require("ssh")).arg("-F").arg(home.config()).args(["small", "id"]).run();
    let _ = ask(&other).ends(255).says("Permission denied");
    let root = text(&small.server.root()).to_owned();
    let command = format!("xssh serve --root {root} --read-only --allow sync");
    small.server.authorize_only(&format!("restrict,command=\"{command}\" {}", other.key().public()));
    let _ = ask(&other).ends(1).says("it serves sync");
    let _ = ask(&small.home).ends(255).says("Permission denied");
    // Lines that would let in more than they say let in nobody.
    for options in
        ["from=\"10.0.0.1/8\" ", "command=\"/bin/sh\" ", "expiry-time=\"soon\" ", "command=\"xssh serve --sync\" "]
    {
        small.server.authorize_only(&format!("{options}{}", other.key().public()));
        let _ = ask(&other).ends(255).says("Permission denied");
        small.server.await_log("line 1: nobody comes in by it: ");
    }
}

#[test]
fn it_ends_when_what_is_at_work_is_done() {
    let mut small = Small::with(&[]);
    let here = small.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("large"), Noise { seed: 6, length: 8_000_000 }.bytes()).expect("a file");
    let running = small.sync(&["--bwlimit", "4m", text(&here), "small:there"]).start();
    let there = small.server.root().join("there");
    wait_until(|| there.exists());
    small.server.signal(Signal::TERM);
    small.server.await_log("ending when what is at work");
    let _ = running.finish().ok();
    assert_alike(&here, &there);
    assert_eq!(small.server.wait(), Some(0));
}

/// OpenSSH fails where a connection's goodbye comes before it has taken leave of the channel.
#[test]
fn others_hear_how_their_work_ended_when_it_ends() {
    for round in 0..4 {
        let mut small = Small::with(&[]);
        let here = small.home.path().join("here");
        fs::write(&here, Noise { seed: round, length: 6_000_000 }.bytes()).expect("a file");
        let ssh = format!("{} -F {}", peer::require("ssh").display(), text(&small.home.config()));
        let rsync = small.home.call(peer::require("rsync")).args(["-a", "--bwlimit=8m", "-e", &ssh]);
        let running = rsync.args([text(&here), "small:there"]).start();
        wait_until(|| fs::read_dir(small.server.root()).expect("the tree").count() > 0);
        small.server.signal(Signal::TERM);
        let _ = running.finish().ok();
        assert_eq!(fs::read(small.server.root().join("there")).expect("a file"), fs::read(&here).expect("a file"));
        assert_eq!(small.server.wait(), Some(0));
    }
}

#[test]
fn a_host_key_is_made_once() {
    let small = Small::with(&[]);
    let first = small.server.log();
    let key = |log: &str| log.lines().find(|line| line.contains("the host key is")).expect("a line")[..70].to_owned();
    let keys = small.server.folder().join("authorized_keys");
    let call = small.home.call(&Subject::get().path).args(["serve", "--listen", "127.0.0.1:0", "--authorized-keys"]);
    let log = small.home.path().join("second");
    let call = call.arg(keys).arg("--host-key").arg(small.server.folder().join("host_key")).args(["--root", "/srv"]);
    let running = call.stderr(fs::File::create(&log).expect("a log")).start();
    wait_until(|| fs::read_to_string(&log).expect("its log").contains("listening on"));
    running.signal(Signal::INT);
    let _ = running.wait().ok();
    assert_eq!(key(&fs::read_to_string(&log).expect("its log")), key(&first));
}

#[test]
fn command_lines_that_are_none() {
    let home = Home::new();
    let keys = home.path().join("keys");
    fs::File::create(&keys).expect("a file").write_all(b"# nobody\n").expect("a file");
    let serve = |args: &[&str]| home.call(&Subject::get().path).arg("serve").args(args).run();
    let _ = serve(&["--listen", "127.0.0.1:0"]).ends(255).says("--authorized-keys");
    let _ = serve(&["--listen", "nowhere", "--authorized-keys", text(&keys)]).ends(255).says("nowhere");
    let _ = serve(&["--authorized-keys", text(&keys)]).ends(255).says("--listen");
    let missing = home.path().join("missing");
    let _ = serve(&["--listen", "127.0.0.1:0", "--authorized-keys", text(&missing)]).ends(1).says("missing");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let _ = serve(&["--listen", &taken, "--authorized-keys", text(&keys)]).ends(1).says("cannot listen on");
}

#[test]
fn what_can_never_be_served_is_told_at_the_start() {
    let small = Small::with(&[]);
    let (folder, root) = (small.server.folder(), text(&small.server.root()).to_owned());
    let (file, missing, program) = (folder.join("log"), folder.join("missing"), text(&Subject::get().path));
    let listen = |options: &[&str]| {
        let call = small.home.call(&Subject::get().path).args(["serve", "--listen", "127.0.0.1:0"]);
        let call = call.arg("--authorized-keys").arg(folder.join("authorized_keys"));
        call.arg("--host-key").arg(folder.join("host_key")).args(options).run().ends(1)
    };
    for place in [&file, &missing] {
        let _ = listen(&["--root", text(place)]).says(&format!("{} is not there, or no directory", text(place)));
    }
    let log = format!("{}/log", text(&missing));
    let _ = listen(&["--root", &root, "--log", &log]).says(&format!("cannot make the log {log}"));
    // A line's own is that line's alone.
    let key = xssh_tests::key::Key::new(small.home.path().join("other"), "ed25519").public();
    let line = format!("restrict,command=\"{program} serve --root {}\" {key}", text(&missing));
    small.server.authorize_only(&format!("{line}\n{}", small.home.key().public()));
    let told = format!("authorized_keys, line 1: {} is not there, or no directory", text(&missing));
    assert_eq!(small.server.log().matches(&told).count(), 1, "{}", small.server.log());
    let _ = small.rsync(&["-a", "small:/", text(&small.home.path().join("back"))]).run().ok();
}

/// Nobody waits for whoever may never write to it.
#[test]
fn a_fifo_in_the_place_of_the_keys_changes_nothing() {
    let mut small = Small::with(&[]);
    let keys = small.server.folder().join("authorized_keys");
    fs::remove_file(&keys).expect("the keys");
    nix::unistd::mkfifo(&keys, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a FIFO");
    small.server.signal(Signal::HUP);
    small.server.await_log("the keys stay as they were: ");
    assert!(small.server.log().contains("authorized_keys: it is no ordinary file"), "{}", small.server.log());
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let _ = ssh.args(["small", "true"]).run().ok();
    small.server.signal(Signal::TERM);
    assert_eq!(small.server.wait(), Some(0));
}

/// Whoever may change them says who comes in: so nobody but root and the server's account may.
#[test]
fn keys_that_others_may_change_do_not_count() {
    let small = Small::with(&[]);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    let (folder, keys) = (small.server.folder().to_owned(), small.server.folder().join("authorized_keys"));
    let ask = || small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config()).args(["small", "true"]).run();
    let listen = |host_key: &Path| {
        let call = small.home.call(&Subject::get().path).args(["serve", "--listen", "127.0.0.1:0", "--root", "/srv"]);
        call.arg("--authorized-keys").arg(&keys).arg("--host-key").arg(host_key).run().ends(1)
    };
    let own = small.home.path().join("key");
    for (place, bits, safe) in [(&keys, 0o666, 0o644), (&keys, 0o664, 0o644), (&folder, 0o777, 0o755)] {
        mode(place, bits);
        let _ = listen(&own).says(&format!("others may write to {}", text(place)));
        // Whoever may come in already may still.
        let refused = small.server.log().matches("the keys stay as they were").count();
        small.server.signal(Signal::HUP);
        wait_until(|| small.server.log().matches("the keys stay as they were").count() == refused + 1);
        let _ = ask().ok();
        mode(place, safe);
    }
    small.server.authorize_only("# nobody");
    let _ = ask().ends(255);
    // The server's own key too.
    let open = small.home.path().join("open");
    fs::create_dir(&open).expect("a folder");
    mode(&open, 0o777);
    let _ = listen(&open.join("host_key"))
        .says(&format!("the host key does not count: others may write to {}", text(&open)));
    // A file of grants is one of those.
    let grants = small.home.path().join("open/grants.toml");
    fs::write(&grants, "[alice]\nroot = '/srv'\n").expect("grants");
    let explain = || {
        let call = small.home.call(&Subject::get().path).args(["serve", "--config", text(&grants), "--name", "alice"]);
        call.args(["--explain", "true"]).run()
    };
    let _ = explain().ends(1).says("others may write to");
    mode(&open, 0o755);
    let _ = explain().ok();
}
