//! The built program as a caller meets it: a cleared environment, a home of its own, and what it says, where, with which
//! exit code. No host is reached here.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A home without anything in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xssh"));
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin").args(line).stdin(Stdio::null());
        command
    }

    fn run(&self, line: &[&str]) -> Output {
        self.command(line).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What failed, on standard error; nothing may be on standard output.
fn failure(output: &Output) -> String {
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(255), ""), "{output:?}");
    text(&output.stderr)
}

const USAGE: &str = "usage: xssh [options] [user@]host [command ...]\n       xssh -h lists the options\n";

#[test]
fn mistakes_are_one_line_and_the_usage_on_standard_error() {
    let home = Home::new();
    for (line, message) in [
        (&[][..], "no host was named"),
        (&["-~", "h"], "unknown option -- ~"),
        (&["h", "-h"], "unknown option -- h"),
        (&["--nothing", "h"], "unknown option --nothing"),
        (&["h", "-p"], "option requires an argument -- p"),
        (&["-s", "h"], "You must specify a subsystem to invoke."),
    ] {
        assert_eq!(failure(&home.run(line)), format!("xssh: {message}\n{USAGE}"), "{line:?}");
    }
}

#[test]
fn what_is_not_there_is_one_line() {
    let home = Home::new();
    for (line, message) in [
        (&["-w", "any", "h"][..], "-w (tunnelling a network device) is not there yet"),
        (&["-1", "h"], "-1: SSH protocol v.1 is no longer supported"),
        (
            &["-I", "x.so", "h"],
            "-I: xssh has no PKCS#11; load the token into an agent with ssh-add -s, and xssh uses the agent",
        ),
        (
            &["authorize", "a"],
            "--root is missing, or --cvs-root, or --relay: what is served; xssh help authorize tells more",
        ),
        (&["-e", "x\x1b[2J", "h"], "Bad escape character 'x\\033[2J'."),
    ] {
        assert_eq!(failure(&home.run(line)), format!("xssh: {message}\n"), "{line:?}");
    }
}

#[test]
fn mistakes_of_a_sync_end_as_rsyncs_do() {
    let home = Home::new();
    for (line, message) in [
        (&["sync", "a"][..], "SRC or DST is missing: xssh sync [options] SRC... DST; xssh help sync tells more"),
        (&["sync", "-ab", "a", "b"], "-b is rsync's; here: --backup; xssh help sync tells more"),
        (&["sync", "a", "h:b", "c"], "all sources must be at the same place"),
        (&["sync", "h:a", "h:b"], "one side must be here: not both on hosts"),
    ] {
        let output = home.run(line);
        assert_eq!(output.status.code(), Some(1), "{line:?}");
        assert_eq!(text(&output.stderr), format!("xssh: {message}\n"), "{line:?}");
    }
}

#[test]
fn the_version_goes_to_standard_error() {
    let output = Home::new().run(&["-V"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let version = text(&output.stderr);
    assert!(version.starts_with("xssh_") && version.contains(", russh ") && version.lines().count() == 1, "{version}");
}

#[test]
fn help_goes_to_standard_output() {
    let home = Home::new();
    let help = |line: &[&str]| {
        let output = home.run(line);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{line:?}");
        text(&output.stdout)
    };
    let (short, long) = (help(&["-h"]), help(&["--help"]));
    assert!(short.lines().count() < 88 && long.lines().count() > short.lines().count());
    assert!(long.contains("Words in first place:") && !short.contains("Words in first place:"));
    assert_eq!(help(&["help"]), long);
    assert!(help(&["route", "--help"]).contains("--json"));
}

#[test]
fn algorithms_are_listed_on_standard_output_alone() {
    let home = Home::new();
    let mut questions = text(&home.run(&["-Q", "help"]).stdout);
    questions.push_str("HostKeyAlgorithms\nciphers\nMACs\n");
    for question in questions.lines() {
        let output = home.run(&["-Q", question]);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{question}");
        assert!(output.stdout.ends_with(b"\n") && !output.stdout.contains(&b' '), "{question}");
    }
    assert_eq!(failure(&home.run(&["-Q", "nothing"])), "Unsupported query \"nothing\"\r\n");
}

#[test]
fn standard_output_may_be_closed_or_full() {
    let home = Home::new();
    let full = home.command(&["-Q", "cipher"]).stdout(File::create("/dev/full").unwrap()).output().unwrap();
    assert_eq!(full.status.code(), Some(255));
    assert!(text(&full.stderr).starts_with("standard output: No space left on device"), "{full:?}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let broken = home.command(&["--help"]).stdout(writer).output().unwrap();
    assert_eq!((broken.status.code(), text(&broken.stderr).as_str()), (Some(255), ""));
    let without = |descriptor: &str| {
        let script = format!("exec \"$0\" -Q cipher {descriptor}>&-");
        let mut shell = Command::new("sh");
        shell.env_clear().args(["-c", &script, env!("CARGO_BIN_EXE_xssh")]);
        shell.output().unwrap().status.code()
    };
    assert_eq!((without("1"), without("2"), without("0")), (Some(0), Some(0), Some(0)));
}

#[test]
fn messages_go_where_they_are_told() {
    let home = Home::new();
    let log = home.path("log");
    fs::write(&log, "before\n").unwrap();
    let attached = format!("-E{}", log.display());
    let bad = ["-F", "/does/not/exist", "h"];
    let output = home.run(&[&[attached.as_str()], &bad[..]].concat());
    assert_eq!(failure(&output), "");
    let logged = fs::read_to_string(&log).unwrap();
    let expected = "Can't open user config file /does/not/exist: No such file or directory\r\n";
    assert_eq!(logged, format!("before\n{expected}"));
    assert_eq!(failure(&home.run(&bad)), expected);
    assert_eq!(failure(&home.run(&[&["-q"], &bad[..]].concat())), "");
    let nowhere = home.run(&["-E", "/does/not/exist", "h"]);
    assert!(failure(&nowhere).starts_with("Couldn't open logfile /does/not/exist: "));
    let new = home.path("new");
    home.run(&["-E", new.to_str().unwrap(), "-G", "h"]);
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_missing_key_is_warned_of_even_where_quiet() {
    let home = Home::new();
    let output = home.run(&["-q", "-G", "-i", "/does/not/exist", "h"]);
    assert_eq!(output.status.code(), Some(0));
    let expected = "Warning: Identity file /does/not/exist not accessible: No such file or directory.\n";
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn under_the_name_ssh_words_are_hosts() {
    let home = Home::new();
    let link = home.path("ssh");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_xssh"), &link).unwrap();
    let output = Command::new(&link).env_clear().args(["sync", "-G", "-Fnone"]).output().unwrap();
    assert!(text(&output.stdout).starts_with("host sync\n"), "{output:?}");
    let output = home.command(&["sync", "-G", "-Fnone"]).arg0("/some/where/ssh").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// What cvs leaks: a pipe's end that a child of ours would hold open.
#[test]
fn leaked_descriptors_are_closed() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let leaked = rustix::io::dup(&writer).unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    drop(writer);
    let config = home.path("config");
    let number = leaked.as_raw_fd();
    // `Match exec` runs a command while the configuration is read: what would it inherit?
    let line = format!("Match exec \"test ! -e /proc/self/fd/{number}\"\nPort 2222\n");
    fs::write(&config, line).unwrap();
    let output = home.run(&["-G", "-F", config.to_str().unwrap(), "h"]);
    assert!(text(&output.stdout).contains("\nport 2222\n"), "{output:?}");
    drop((reader, leaked));
}

#[test]
fn files_are_made_for_their_owner_to_write_and_sigpipe_is_given_back() {
    let home = Home::new();
    let (config, mask, signals) = (home.path("config"), home.path("mask"), home.path("signals"));
    let line = format!(
        "Match exec \"umask > {}; grep SigIgn /proc/self/status > {}\"\nPort 2222\n",
        mask.display(),
        signals.display()
    );
    fs::write(&config, line).unwrap();
    let shell = format!("umask 0; exec \"$0\" -G -F {} h", config.display());
    let output = Command::new("sh").args(["-c", &shell, env!("CARGO_BIN_EXE_xssh")]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(mask).unwrap(), "0022\n");
    let ignored = fs::read_to_string(signals).unwrap();
    let ignored = u64::from_str_radix(ignored.split_whitespace().last().unwrap(), 16).unwrap();
    assert_eq!(ignored >> (rustix::process::Signal::PIPE.as_raw() - 1) & 1, 0);
}
