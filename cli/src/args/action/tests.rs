use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::*;

fn parse_words(words: &[&str]) -> Result<Action, UsageError> {
    let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
    parse("xssh", &argv)
}

fn shell(words: &[&str]) -> Invocation {
    match parse_words(words) {
        Ok(Action::RemoteShell(invocation)) => *invocation,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn command(invocation: &Invocation) -> &str {
    std::str::from_utf8(invocation.command.as_deref().unwrap_or_default()).unwrap()
}

/// The calls of the programs that use a remote shell, as they were recorded.
#[test]
fn every_caller_is_understood() {
    let rsync = shell(&["-l", "u", "h", "rsync", "--server", "-e.iLsfxCIvu", ".", "/p q"]);
    assert_eq!((rsync.user.as_deref(), rsync.destination.as_str()), (Some("u"), "h"));
    assert_eq!(command(&rsync), "rsync --server -e.iLsfxCIvu . /p q");
    let cvs = shell(&["-l", "bob", "-p", "2222", "--", "h", "cvs server"]);
    assert_eq!((cvs.port, command(&cvs)), (Some(2222), "cvs server"));
    let git = shell(&["-G", "-o", "SendEnv=GIT_PROTOCOL", "-4", "-p", "22", "h"]);
    assert!(git.dump && git.options == ["SendEnv=GIT_PROTOCOL"] && git.overrides == ["AddressFamily=inet"]);
    let sftp =
        shell(&["-oForwardX11 no", "-oPermitLocalCommand no", "-oPort 2222", "-l", "u", "-s", "--", "h", "sftp"]);
    assert!(sftp.subsystem && sftp.options.len() == 3 && command(&sftp) == "sftp");
    let scp = shell(&[
        "-x",
        "-oPermitLocalCommand=no",
        "-oClearAllForwardings=yes",
        "-oRemoteCommand=none",
        "-oRequestTTY=no",
        "-oForwardAgent=no",
        "-p",
        "22",
        "-l",
        "u",
        "-s",
        "--",
        "h",
        "sftp",
    ]);
    assert!(scp.subsystem && scp.port == Some(22));
    let unison = shell(&["-l", "u", "-p", "22", "h", "-e", "none", "unison", "-server", "x"]);
    assert_eq!(
        (command(&unison), unison.overrides.as_slice()),
        ("unison -server x", ["EscapeChar=none".to_owned()].as_slice())
    );
    let restic = shell(&["h", "-p", "22", "-l", "u", "-s", "sftp"]);
    assert_eq!((restic.options_after.len(), command(&restic)), (2, "sftp"));
    let borg = shell(&["-p", "22", "u@h", "borg", "serve", "--umask=077"]);
    assert_eq!((borg.destination.as_str(), command(&borg)), ("u@h", "borg serve --umask=077"));
    let svn = shell(&["-q", "--", "u@h", "svnserve", "-t"]);
    assert_eq!(command(&svn), "svnserve -t");
    let ansible = shell(&["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-tt", "h", "true"]);
    assert_eq!(ansible.overrides, ["RequestTTY=force"]);
}

#[test]
fn letters_cluster_and_take_values_both_ways() {
    let given = shell(&["-vvNp22", "-i/key", "h"]);
    assert_eq!((given.verbosity, given.port), (2, Some(22)));
    assert_eq!(given.options, ["IdentityFile=/key"]);
    assert!(given.overrides.contains(&"SessionType=none".to_owned()));
    assert_eq!(shell(&["-p", "1", "-p", "2", "h"]).port, Some(1));
    assert_eq!(shell(&["-oPort=1", "h", "-oPort=2"]).options_after, ["Port=2"]);
}

#[test]
fn the_command_starts_at_the_first_word_behind_the_destination() {
    assert_eq!(command(&shell(&["h", "ls", "-l", "--help"])), "ls -l --help");
    assert_eq!(command(&shell(&["h", "-n", "ls", "-n"])), "ls -n");
    assert_eq!(command(&shell(&["h", "--", "-ls"])), "-ls");
    assert_eq!(shell(&["--", "sync"]).destination, "sync");
    assert_eq!(shell(&["h"]).command, None);
}

#[test]
fn subcommands_are_words_in_first_place_only() {
    assert_eq!(parse_words(&["sync", "a", "b"]), Err(UsageError::WordNotYet("sync".to_owned())));
    assert!(matches!(parse_words(&["route", "h", "--json"]), Ok(Action::Route { json: true, .. })));
    for host in [
        &["-l", "u", "sync", "rsync", "--server", "."][..],
        &["sync", "rsync", "--server", "--sender", "."],
        &["sync", "cvs server"],
        &["--", "sync", "cvs server"],
        &["sync", "cvs", "-R", "server"],
        &["--", "sync"],
        &["-v", "sync", "x"],
    ] {
        assert_eq!(shell(host).destination, "sync", "{host:?}");
    }
    assert_eq!(shell(&["u@sync", "x"]).destination, "u@sync");
    let argv = [OsString::from("sync"), OsString::from("ls")];
    assert!(matches!(parse("ssh", &argv), Ok(Action::RemoteShell(_))));
}

#[test]
fn what_is_not_here_is_refused_by_name() {
    for letter in ["-L1:h:2", "-R1:h:2", "-D1", "-X", "-Y", "-A", "-M", "-Sx", "-Ocheck", "-f", "-g"] {
        assert!(matches!(parse_words(&[letter, "h"]), Err(UsageError::NotYet { .. })), "{letter}");
    }
    for letter in ["-1", "-Ix", "-K", "-wany", "-y"] {
        assert!(matches!(parse_words(&[letter, "h"]), Err(UsageError::Never(_))), "{letter}");
    }
    for accepted in ["-a", "-x", "-k", "-2", "-Snone"] {
        shell(&[accepted, "h"]);
    }
}

#[test]
fn mistakes_are_named() {
    assert_eq!(parse_words(&[]), Err(UsageError::NoDestination));
    assert_eq!(parse_words(&["-Z", "h"]), Err(UsageError::Unknown('Z')));
    assert_eq!(parse_words(&["h", "-p"]), Err(UsageError::NoValue('p')));
    assert_eq!(parse_words(&["-p", "0", "h"]), Err(UsageError::BadPort("0".to_owned())));
    assert_eq!(parse_words(&["-W", "h", "x"]), Err(UsageError::BadForward("h".to_owned())));
}

#[test]
fn forwarded_streams_name_a_host_and_a_port() {
    for (text, host, port) in [("h:22", "h", 22), ("[::1]:22", "::1", 22), ("h/22", "h", 22)] {
        assert_eq!(shell(&["-W", text, "x"]).stdio_forward, Some((host.to_owned(), port)), "{text}");
    }
}

#[test]
fn commands_are_bytes() {
    let argv = [OsString::from("h"), OsString::from_vec(vec![b'a', 0xff])];
    let Ok(Action::RemoteShell(invocation)) = parse("xssh", &argv) else { panic!() };
    assert_eq!(invocation.command, Some(vec![b'a', 0xff]));
}

proptest! {
    #[test]
    fn no_argv_panics(words in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..6)) {
        let argv: Vec<OsString> = words.into_iter().map(OsString::from_vec).collect();
        let _ = parse("xssh", &argv);
    }

    #[test]
    fn no_letters_panic(words in proptest::collection::vec("-[a-zA-Z0-9=:]{0,6}|h|--", 0..6)) {
        let argv: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let _ = parse("xssh", &argv);
    }
}
