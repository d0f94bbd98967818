//! The same words for the installed ssh and for us: what it takes we take, what it turns down we turn down, and the
//! configuration that comes out of them is the same. ssh stops at `-G`, before it would connect.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so")]

use std::process::{Command, Output, Stdio};

/// Lines that ssh takes or turns down by their grammar. Each is given `-G` and `-Fnone` in front.
const LINES: &[&[&str]] = &[
    &[],
    &["h"],
    &["u@h", "ls", "-l"],
    &["-4", "-6", "h"],
    &["-2", "h"],
    &["-1", "h"],
    &["-aCkNnTtvqx", "h"],
    &["-s", "h"],
    &["-s", "h", "sftp"],
    &["-sN", "h", "sftp"],
    &["-Ns", "h", "sftp"],
    &["-N", "-N", "h"],
    &["-oSessionType=none", "-s", "h", "x"],
    &["-oSessionType=subsystem", "-N", "h"],
    &["-oSessionType=default", "-N", "h"],
    &["-p", "22", "h"],
    &["-p22", "h"],
    &["-vvNp22", "h"],
    &["-p", "h"],
    &["-p"],
    &["h", "-p"],
    &["h", "-p", "22", "-l", "u", "ls"],
    &["-oPort=22", "h"],
    &["-oPort 22", "h"],
    &["-o", "Port 22", "h"],
    &["-o", "Port = 22", "h"],
    &["-o", "", "h"],
    &["-o"],
    &["--", "h"],
    &["--", "h", "-v"],
    &["--", "h", "-~"],
    &["--", "-h"],
    &["h", "--", "-v"],
    &["h", "--"],
    &["--"],
    &["-v", "--", "h", "--", "x"],
    &["-l", "--", "h", "-~"],
    &["-l", "u", "h", "-~"],
    &["h", "x", "-~"],
    &["-", "x"],
    &["h", "-"],
    &["-v-", "h"],
    &["--version"],
    &["--json", "h"],
    &["-~", "h"],
    &["-:", "h"],
    &["-d", "h"],
    &["-H", "h"],
    &["-U", "h"],
    &["-j", "h"],
    &["-r", "h"],
    &["-u", "h"],
    &["-z", "h"],
    &["-0", "h"],
    &["-3", "h"],
    &["h", "-h"],
    &["h", "--help"],
    &["@h"],
    &["ssh://h"],
    &["ssh://u@h:22"],
    &["ssh://u@h:22/"],
    &["ssh://h:0"],
    &["ssh://h:x"],
    &["ssh://"],
    &["ssh://h/path"],
    &["::1"],
    &["u@::1"],
    &["-e", "none", "h"],
    &["-e", "~", "h"],
    &["-e", "^B", "h"],
    &["-e", "^", "h"],
    &["-e", "^1", "h"],
    &["-e", "ab", "h"],
    &["-e", "", "h"],
    &["-W", "a:22", "h"],
    &["-Wa:22", "h", "ls"],
    &["-W", "[::1]:22", "h"],
    &["-W", "a", "h"],
    &["-W", "a:", "h"],
    &["-W", "a:0", "h"],
    &["-W", "a:x y", "h"],
    &["-W", "::1:22", "h"],
    &["-W", "a:1", "-W", "b:2", "h"],
    &["-W", "a:1", "-s", "h", "x"],
    &["-J", "a", "h"],
    &["-J", "a", "-J", "b", "h"],
    &["-J", "none", "-J", "b", "h"],
    &["-oProxyJump=a", "-J", "b", "h"],
    &["-oProxyCommand=x", "-J", "b", "h"],
    &["-J", "a", "-oProxyCommand=x", "h"],
    &["-b", "127.0.0.1", "-B", "lo", "h"],
    &["-S", "none", "h"],
    &["-i", "/does/not/exist", "h"],
    &["-E", "/dev/null", "h"],
    &["-g", "h"],
    &["-Q"],
    &["-p", "", "h"],
    &["-p", "0", "h"],
    &["-p", "65536", "h"],
    &["-p", "x", "h"],
    &["-p", "ssh", "h"],
    &["-p", "22", "-p", "x", "h"],
    &["-c", "rot13", "h"],
    &["-m", "rot13", "h"],
    &["-oNoSuchOption=x", "h"],
    &["-oPort", "h"],
    &["-l", "a", "-l", "b", "u@h"],
    &["u@h", "-l", "a"],
    &["-oUser=a", "u@h"],
    &["-oUser=a", "-l", "b", "h"],
    &["-l", "b", "-oUser=a", "h"],
    &["-l", "first last", "h"],
    &["-l", "DOM\\me", "h"],
    &["-l", "a\"b", "h"],
    &["-l", "-x", "h"],
    &["-p", "1", "ssh://h:2"],
    &["ssh://h:2", "-p", "1"],
    &["-oPort=3", "ssh://h:2"],
    &["-oRequestTTY=yes", "-t", "h"],
    &["-oRequestTTY=force", "-T", "h"],
    &["-T", "-t", "h", "x"],
    &["-t", "-N", "h"],
    &["-v", "h"],
    &["-qv", "h"],
    &["-vq", "h"],
    &["-vqv", "h"],
    &["-oLogLevel=ERROR", "-vv", "h"],
    &["-v", "-oLogLevel=ERROR", "h"],
    &["-oLogLevel=ERROR", "h"],
    &["-4", "-oAddressFamily=inet6", "h"],
    &["-oAddressFamily=inet6", "-4", "h"],
    &["-oCompression=no", "-C", "h"],
    &["-oEscapeChar=x", "-e", "y", "h"],
    &["-J", "u@a:2222,[::1]:22", "h"],
    &["-J", "", "h"],
    &["-J", "a b", "h"],
    &["-J", "a,,b", "h"],
    &["-J", "ssh://a:1", "h"],
    &["-i", "/etc/passwd", "-oIdentityFile=x", "-i/etc/group", "h"],
    &["-oForwardX11 no", "-oPermitLocalCommand no", "-oPort 2222", "-l", "u", "-s", "--", "h", "sftp"],
    &["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-tt", "h"],
    &["-A", "h"],
    &["-a", "-A", "h"],
    &["-A", "-oForwardAgent=/run/x", "h"],
    &["-X", "h"],
    &["-x", "-X", "h"],
    &["-Y", "h"],
    &["-D", "1080", "h"],
    &["-L", "1:h:2", "h"],
    &["-R", "1:h:2", "h"],
    &["-M", "h"],
    &["-M", "-M", "h"],
    &["-oControlMaster=auto", "-M", "h"],
    &["-S", "path/%C", "h"],
    &["-S", "none", "h"],
    &["-oControlPath=/a", "-S", "/b", "h"],
    &["-D", "1080", "h"],
    &["-L", "1:h:2", "h"],
    &["-R", "1:h:2", "h"],
    &["-R", "1080", "h"],
    &["-f", "h", "true"],
    &["a;b"],
    &["a b"],
    &["-tt", "h"],
    &["-ttt", "h", "x", "y"],
];

/// Lines of `-G` that name algorithms: ours are those that we have, in our order. And Debian's GSSAPI, and its trust in those
/// who show X11 programs here.
const OURS: &[&str] = &[
    "casignaturealgorithms",
    "ciphers",
    "forwardx11trusted",
    "gssapikexalgorithms",
    "hostbasedacceptedalgorithms",
    "hostkeyalgorithms",
    "kexalgorithms",
    "macs",
    "pubkeyacceptedalgorithms",
];

fn run(program: &str, line: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(["-G", "-Fnone"]).args(line).stdin(Stdio::null());
    command.output().expect("the tests need OpenSSH's ssh")
}

fn xssh(line: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_xssh"), line)
}

/// The configuration, without what may differ.
fn comparable(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let comparable = |line: &&str| !OURS.contains(&line.split(' ').next().unwrap_or_default());
    // ssh 9.2 has two names for QUIET and prints the older one.
    let mut lines: Vec<String> = text.lines().filter(comparable).map(|line| line.replace("SILENT", "QUIET")).collect();
    lines.sort();
    lines
}

#[test]
fn we_take_what_ssh_takes_and_mean_the_same() {
    let mut differences = Vec::new();
    for line in LINES {
        let (theirs, own) = (run("ssh", line), xssh(line));
        let said = (String::from_utf8_lossy(&theirs.stderr), String::from_utf8_lossy(&own.stderr));
        if theirs.status.code() != own.status.code() {
            differences.push(format!("{line:?}: {:?} and {:?}, {said:?}", theirs.status.code(), own.status.code()));
            continue;
        }
        assert!(theirs.status.success() || own.stdout.is_empty(), "{line:?} printed to standard output");
        let (theirs, own) = (comparable(&theirs), comparable(&own));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|line| !those.contains(line)).cloned().collect()
        };
        let (missing, added) = (only(&theirs, &own), only(&own, &theirs));
        if !missing.is_empty() || !added.is_empty() {
            differences.push(format!("{line:?}: ssh says {missing:?}, we {added:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Where we go another way on purpose: no host is none, brackets do not belong to an address, and ssh:// takes one.
#[test]
fn hosts_are_read_more_strictly_and_addresses_more_kindly() {
    for line in [&[""][..], &["u@"]] {
        assert_eq!(xssh(line).status.code(), Some(255), "{line:?}");
    }
    for line in [&["[::1]"][..], &["ssh://[::1]"], &["u@[::1]"]] {
        let output = xssh(line);
        assert!(String::from_utf8_lossy(&output.stdout).contains("\nhostname ::1\n"), "{line:?}: {output:?}");
    }
}

/// What we turn down and ssh takes, all of it by name and in one line.
#[test]
fn we_turn_down_more_only_by_name() {
    for line in [&["-K", "h"][..], &["-w", "any", "h"], &["-y", "h"]] {
        let (theirs, own) = (run("ssh", line), xssh(line));
        assert!(theirs.status.success(), "{line:?}: {}", String::from_utf8_lossy(&theirs.stderr));
        assert_eq!((own.status.code(), own.stdout.len()), (Some(255), 0), "{line:?}");
        let said = String::from_utf8(own.stderr).unwrap();
        assert!(said.starts_with(&format!("xssh: {}", line[0])) && said.lines().count() == 1, "{line:?}: {said}");
    }
}
