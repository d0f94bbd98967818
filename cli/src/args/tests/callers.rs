//! The calls of the programs that use a remote shell, as they were recorded.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{call, command, lines};
use crate::args::{Action, parse};

#[test]
fn rsync() {
    let given = call(&["-l", "u", "h", "rsync", "--server", "-vlogDtpre.iLsfxCIvu", ".", "/p q"]);
    assert_eq!(given.command_line.destination.host, "h");
    assert_eq!(lines(&given), ["User=\"u\""]);
    assert_eq!(command(&given), Some("rsync --server -vlogDtpre.iLsfxCIvu . /p q"));
    let plain = call(&["h", "rsync", "--server", "--sender", "."]);
    assert_eq!(command(&plain), Some("rsync --server --sender ."));
}

#[test]
fn cvs() {
    let given = call(&["-l", "u", "--", "h", "cvs server"]);
    assert_eq!((lines(&given), command(&given)), (vec!["User=\"u\""], Some("cvs server")));
    let with_port = call(&["-l", "u", "-p", "2222", "--", "h", "cvs server"]);
    assert_eq!(lines(&with_port), ["User=\"u\"", "Port=\"2222\""]);
    assert_eq!(command(&call(&["--", "h", "cvs server"])), Some("cvs server"));
}

#[test]
fn git() {
    let probe = call(&["-G", "-o", "SendEnv=GIT_PROTOCOL", "-4", "-p", "22", "h"]);
    assert!(probe.dump);
    assert_eq!(lines(&probe), ["AddressFamily=\"inet\"", "SendEnv=GIT_PROTOCOL", "Port=\"22\""]);
    let given = call(&["-o", "SendEnv=GIT_PROTOCOL", "u@h", "git-upload-pack '/a b.git'"]);
    assert!(!given.dump);
    assert_eq!(given.command_line.destination.user.as_deref(), Some("u"));
    assert_eq!(command(&given), Some("git-upload-pack '/a b.git'"));
}

#[test]
fn sftp_and_scp() {
    let line = ["-oForwardX11 no", "-oPermitLocalCommand no", "-oPort 2222", "-l", "u", "-s", "--", "h", "sftp"];
    let sftp = call(&line);
    let expected = ["SessionType=\"subsystem\"", "ForwardX11 no", "PermitLocalCommand no", "Port 2222", "User=\"u\""];
    assert_eq!((lines(&sftp), command(&sftp)), (expected.to_vec(), Some("sftp")));
    let line = "-x -oPermitLocalCommand=no -oClearAllForwardings=yes -oRemoteCommand=none -oRequestTTY=no \
                -oForwardAgent=no -p 22 -l u -s -- h sftp";
    let scp = call(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(scp.command_line.overrides, ["ForwardX11=\"no\"", "SessionType=\"subsystem\""]);
    assert_eq!(scp.command_line.options.len(), 7);
}

#[test]
fn unison_restic_borg_and_svn() {
    let unison = call(&["-l", "u", "-p", "22", "h", "-e", "none", "unison", "-server", "x"]);
    assert_eq!(unison.command_line.overrides, ["EscapeChar=\"none\""]);
    assert_eq!(command(&unison), Some("unison -server x"));
    let restic = call(&["h", "-p", "22", "-l", "u", "-s", "sftp"]);
    assert_eq!(restic.command_line.options_after, ["Port=\"22\"", "User=\"u\""]);
    assert_eq!(command(&restic), Some("sftp"));
    let borg = call(&["-p", "22", "u@h", "borg", "serve", "--umask=077"]);
    assert_eq!(command(&borg), Some("borg serve --umask=077"));
    let svn = call(&["-q", "--", "u@h", "svnserve", "-t"]);
    assert_eq!((lines(&svn), command(&svn)), (vec!["LogLevel=\"QUIET\""], Some("svnserve -t")));
}

#[test]
fn ansible() {
    let given = call(&["-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-tt", "h", "/bin/sh -c 'true'"]);
    let expected = ["Compression=\"yes\"", "RequestTTY=\"force\"", "ControlMaster=auto", "ControlPersist=60s"];
    assert_eq!(lines(&given), expected);
}

#[test]
fn openssh_regression_scripts() {
    let given = call(&["-E/tmp/log", "-F", "/tmp/config", "-S", "none", "somehost", "true"]);
    assert_eq!(given.log.file.as_deref(), Some(std::path::Path::new("/tmp/log")));
    assert_eq!(lines(&given), ["ControlPath=\"none\""]);
}

#[test]
fn a_command_is_bytes() {
    let mut line = vec![OsString::from("h"), OsString::from("echo")];
    line.push(OsString::from_vec(b"a\xff\n b".to_vec()));
    line.push(OsString::new());
    line.push(OsString::from("c"));
    let Ok(Action::RemoteShell(given)) = parse("xssh", &line) else { panic!() };
    assert_eq!(given.command.as_deref(), Some(&b"echo a\xff\n b  c"[..]));
}
