//! Nobody sits there: nothing is asked, and only what is worth another try gets one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, WRONG_PORT};

use super::{Noise, Subject, World, assert_alike, on_host, some_tree, staged, sync, sync_by, text, wait_until};

#[test]
fn a_refused_login_and_the_like_are_not_tried_again() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let tried = |target: &str| sync(&world, &["--retry", "3", "-o", "ConnectTimeout=5", text(&here), target]).run();
    let _ = tried("no-such-host.invalid:x").ends(255).says("resolve").does_not_say("beginning again");
    world.target.authorize_only("");
    let _ = tried(&format!("{HOST}:x")).ends(255).says("Permission denied").does_not_say("beginning again");
    fs::write(world.home.known_hosts(), "").expect("known_hosts");
    let _ = tried(&format!("{HOST}:x")).ends(255).says("Host key verification failed").does_not_say("beginning again");
}

#[test]
fn a_host_that_does_not_answer_is_tried_again() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let target = format!("{WRONG_PORT}:x");
    let outcome = sync(&world, &["--retry", "1", text(&here), &target]).run().ends(255);
    let _ = outcome.says("Connection refused").says("beginning again in 1 s, 0 more tries after that");
}

/// What is not there on the host will not be there in a second.
#[test]
fn a_host_without_xssh_is_not_tried_again() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    for (remote, code) in [("/not/there/xssh", 127), ("exit 3; :", 12)] {
        let args = ["--retry", "3", "--remote-xssh", remote, text(&here), &format!("{HOST}:x")].map(str::to_owned);
        let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
        let _ = call.args(args).run().ends(code).does_not_say("beginning again");
    }
}

/// The connection itself is cut in the middle; without --retry that is told, with it the run is gone on with.
#[test]
fn a_cut_connection_is_gone_on_with() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 8, length: 40_000_000 }.bytes()).expect("a file");
    for (retry, code) in [("0", 12), ("2", 0)] {
        let args = ["--retry", retry, "--bwlimit", "20m", "--stats", text(&here), &on_host(&there)];
        let running = sync(&world, &args).limit(Duration::from_secs(120)).start();
        let grown = || staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 6_000_000));
        wait_until(grown);
        let first = world.target.serving()[0];
        kill_process(Pid::from_raw(first.cast_signed()).expect("a process"), Signal::KILL).expect("a process to cut");
        let outcome = running.finish().ends(code);
        if code == 0 {
            let _ = outcome.says("beginning again in 1 s, 1 more try after that");
            assert_alike(&here, &there);
        } else {
            // What came is used by the next run; here it is to begin from nothing, and alone.
            wait_until(|| Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run().code() == Some(0));
            staged(&there).map(fs::remove_file).transpose().expect("the staged file");
        }
    }
}

/// A file that takes a while, what the host is to run, and where that leaves the number of each process.
fn slow(world: &World) -> ([PathBuf; 2], String, PathBuf) {
    let [here, there, mark] = ["here", "there", "mark"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 8, length: 20_000_000 }.bytes()).expect("a file");
    let remote = format!("echo $$ >> {}; exec {}", text(&mark), text(&Subject::get().path));
    ([here, there], remote, mark)
}

/// The processes that the host has begun.
fn begun(mark: &Path) -> Vec<Pid> {
    let numbers = fs::read_to_string(mark).unwrap_or_default();
    numbers.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect()
}

/// No shell tells of it, and no remote shell does: a signal that ends the far side is no word of theirs.
#[test]
fn a_far_side_that_is_killed_is_told_of() {
    let world = World::direct();
    let ([here, there], remote, mark) = slow(&world);
    for (more, signal) in [(&[][..], Signal::KILL), (&["--json"], Signal::TERM), (&["-q"], Signal::KILL)] {
        let args = ["--connections", "1", "--bwlimit", "4m", text(&here), &on_host(&there)];
        let running = sync_by(&world, &remote, more).args(args).start();
        wait_until(|| staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 1_000_000)));
        kill_process(begun(&mark)[0], signal).expect("a process to kill");
        let outcome = running.finish().ends(12).says("the other side ended before it was done");
        if more == ["--json"] {
            assert!(outcome.text().contains("the other side ended before it was done"));
        }
        fs::remove_file(&mark).expect("the mark");
        staged(&there).map(fs::remove_file).transpose().expect("the staged file");
    }
}

/// A process that is stopped for as long as this is kept, and then killed.
struct Stopped(Pid);

impl Stopped {
    fn now(pid: Pid) -> Self {
        kill_process(pid, Signal::STOP).expect("a process to stop");
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

/// Where the connection was lost, what holds the target may be what it has left there, which has not heard of it yet.
#[test]
fn a_lost_run_waits_for_what_it_has_left() {
    let world = World::direct();
    let ([here, there], remote, mark) = slow(&world);
    let args = ["--retry", "9", "--connections", "1", "--bwlimit", "8m", text(&here), &on_host(&there)];
    let running = sync_by(&world, &remote, &args).limit(Duration::from_secs(120)).start();
    wait_until(|| staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 1_000_000)));
    let orphan = Stopped::now(begun(&mark)[0]);
    let first = world.target.serving()[0];
    kill_process(Pid::from_raw(first.cast_signed()).expect("a process"), Signal::KILL).expect("a process to cut");
    // The second was refused when there is a third.
    wait_until(|| begun(&mark).len() > 2);
    drop(orphan);
    let _ = running.finish().ends(0).says("another run is changing it");
    assert_alike(&here, &there);
}

/// A client that does not know its host, and a program that answers what is asked.
fn stranger(sshd: &Sshd) -> (Home, PathBuf) {
    let mut home = Home::new();
    home.configure("BatchMode no\nStrictHostKeyChecking ask");
    home.meet(HOST, sshd, "");
    fs::write(home.known_hosts(), "").expect("known_hosts");
    let marker = home.path().join("asked");
    let askpass = home.script("askpass", &format!("touch '{}'; echo no", marker.display()));
    assert!(askpass.exists());
    (home, marker)
}

#[test]
fn nothing_is_asked_where_nobody_sits() {
    let sshd = Sshd::plan().start();
    let (home, marker) = stranger(&sshd);
    let here = home.path().join("here");
    some_tree(&here);
    let call = |more: &[&str], words: &str| {
        let call = home.call(&Subject::get().path).env("SSH_ASKPASS_REQUIRE", "force");
        let call = call.env("SSH_ASKPASS", home.path().join("askpass")).arg("sync").arg("-F").arg(home.config());
        let _ = call.args(more).args([text(&here), "target:x"]).run().ends(255).says(words);
    };
    let refused = "Host key verification failed";
    let quiet = "there is no connection; without -q the remote shell says why";
    for (more, words) in [(&[][..], refused), (&["-q"], quiet), (&["--json"], refused), (&["--retry", "1"], refused)] {
        call(more, words);
        assert!(!marker.exists(), "{more:?}");
    }
    // Who says otherwise is asked.
    call(&["-o", "BatchMode=no"], refused);
    assert!(marker.exists());
}

#[test]
fn somebody_at_a_terminal_is_asked() {
    let sshd = Sshd::plan().start();
    let (home, _) = stranger(&sshd);
    let here = home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let mut terminal = Terminal::new();
    let [setsid, ctty, end] = Terminal::owner();
    let call = home.call(setsid).arg(ctty).arg(end).arg(&Subject::get().path).arg("sync").arg("-F").arg(home.config());
    let running = terminal.start(call.args([text(&here), "target:x"]).env("TERM", "xterm"));
    terminal.wait_for("(yes/no/[fingerprint])?");
    terminal.type_in("no\r");
    let _ = running.wait().ends(255);
}

/// The same before it has said a word: the remote shell names the host and the signal, and another try is worth it.
#[test]
fn a_far_side_that_is_killed_at_once_is_told_of() {
    let world = World::direct();
    let [here, mark] = ["here", "mark"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    let there = world.home.path().join("there");
    let killed = "was ended there by SIGKILL";
    let before = "the other side was killed before it began";
    for [from, to] in [[text(&here).to_owned(), on_host(&there)], [on_host(&here), text(&there).to_owned()]] {
        let _ = sync_by(&world, "kill -9 $$; :", &[&from, &to]).run().ends(12).says(killed).says(before);
        let _ = sync_by(&world, "kill -9 $$; :", &["-q", &from, &to]).run().ends(12).says(before);
        let told = sync_by(&world, "kill -9 $$; :", &["--json", &from, &to]).run().ends(12);
        assert!(told.text().contains(before), "{told}");
        let once = format!("mkdir {} && kill -9 $$; exec {}", text(&mark), text(&Subject::get().path));
        let _ = sync_by(&world, &once, &["--retry", "1", &from, &to]).run().says("beginning again").ok();
        fs::remove_dir(&mark).expect("the mark");
    }
    // To everybody else it is as with ssh.
    let alone = world.home.xssh(&[HOST, "kill -9 $$"]).run().ends(255);
    assert_eq!(alone.errors(), "");
}

/// A line that goes silent tells nobody of its end: what waits at the host's end of it holds DST, until it has waited long enough.
#[test]
fn a_far_side_that_never_hears_of_the_cut_lets_go_of_the_target() {
    let world = World::direct();
    let ([here, there], _, mark) = slow(&world);
    let way = format!("echo $$ >> {}; exec {} \"$@\"", text(&mark), peer::require("nc").display());
    let way = format!("ProxyCommand={} %h %p", world.home.script("way", &way).display());
    let args = ["-o", &way, "--connections", "1", "--bwlimit", "4m", "--timeout", "3", "--retry", "7"];
    let running = sync(&world, &args).args([text(&here), &on_host(&there)]).limit(Duration::from_secs(240)).start();
    wait_until(|| staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 1_000_000)));
    let _silent = Stopped::now(begun(&mark)[0]);
    let outcome = running.finish().says("nothing came or went for 3 s").ok();
    assert!(begun(&mark).len() > 1, "{outcome}");
    assert_alike(&here, &there);
}
