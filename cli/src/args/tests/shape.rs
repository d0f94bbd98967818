//! Where options end and commands begin, subcommands, help, and words that nobody could have meant.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::{call, command, fault, lines, read, words};
use crate::args::{Action, Fault, Help, Topic, parse};

#[test]
fn the_command_begins_at_the_first_word_behind_the_host() {
    for (line, expected) in [
        (&["h"][..], None),
        (&["h", "ls", "-l", "--help"], Some("ls -l --help")),
        (&["h", "-n", "ls", "-n"], Some("ls -n")),
        (&["h", "--", "-ls", "--"], Some("-ls --")),
        (&["h", "-v", "--", "ls"], Some("ls")),
        (&["--", "h", "-v"], Some("-v")),
        (&["--", "h", "--"], Some("--")),
        (&["-v", "--", "h", "a", "b"], Some("a b")),
        (&["h", "-"], Some("-")),
        (&["h", ""], Some("")),
        // ssh looks at the word, not at what it was.
        (&["-l", "--", "h", "-v"], Some("-v")),
    ] {
        assert_eq!(command(&call(line)), expected, "{line:?}");
    }
}

#[test]
fn hosts_come_in_many_forms() {
    for (text, user, host, port) in [
        ("h", None, "h", None),
        ("u@h", Some("u"), "h", None),
        ("a@b@h", Some("a@b"), "h", None),
        ("::1", None, "::1", None),
        ("u@[fe80::1%lo]", Some("u"), "fe80::1%lo", None),
        ("ssh://u@h:2222", Some("u"), "h", Some(2222)),
        ("ssh://[::1]:22", None, "::1", Some(22)),
    ] {
        let given = call(&[text]).command_line.destination;
        assert_eq!((given.user.as_deref(), given.host.as_str(), given.port), (user, host, port), "{text}");
    }
    for bad in ["", "@h", "ssh://", "ssh://h/x", "ssh://h:0"] {
        assert!(matches!(fault(&[bad]), Fault::Destination(_)), "{bad}");
    }
}

#[test]
fn the_first_word_that_settles_the_matter_counts() {
    assert!(matches!(read(&["-V", "-~"]), Ok(Action::Version)));
    assert!(matches!(read(&["-vV"]), Ok(Action::Version)));
    assert!(matches!(read(&["h", "-V"]), Ok(Action::Version)));
    assert!(matches!(read(&["-Q", "kex", "-1"]), Ok(Action::Query(question)) if question == "kex"));
    assert!(matches!(read(&["-Qhelp"]), Ok(Action::Query(question)) if question == "help"));
    assert!(matches!(fault(&["-1", "-V"]), Fault::Never { .. }));
    assert_eq!(fault(&["-~", "-V"]), Fault::UnknownLetter("~".to_owned()));
    assert_eq!(command(&call(&["h", "x", "-V"])), Some("x -V"));
}

#[test]
fn help_is_asked_for_before_the_host() {
    let helps = |line: &[&str], topic, long| match read(line) {
        Ok(Action::Help(help)) => assert_eq!(help, Help { topic, long }, "{line:?}"),
        other => panic!("{line:?}: {other:?}"),
    };
    helps(&["-h"], Topic::Program, false);
    helps(&["-vh", "x"], Topic::Program, false);
    helps(&["--help"], Topic::Program, true);
    helps(&["-v", "--help", "x"], Topic::Program, true);
    helps(&["help"], Topic::Program, true);
    helps(&["help", "route"], Topic::Route, true);
    helps(&["route", "-h"], Topic::Route, false);
    helps(&["route", "--help"], Topic::Route, true);
    assert_eq!(fault(&["h", "-h"]), Fault::UnknownLetter("h".to_owned()));
    assert_eq!(fault(&["h", "--help"]), Fault::UnknownLong("--help".to_owned()));
    assert_eq!(command(&call(&["h", "ls", "--help"])), Some("ls --help"));
    assert_eq!(fault(&["help", "me"]), Fault::NoSuchTopic("me".to_owned()));
}

#[test]
fn route_takes_what_a_connection_takes() {
    let json_and_lines = |line: &[&str]| match read(line) {
        Ok(Action::Route { invocation, json }) => (json, lines(&invocation).join(" ")),
        other => panic!("{line:?}: {other:?}"),
    };
    assert_eq!(json_and_lines(&["route", "h"]), (false, String::new()));
    assert_eq!(json_and_lines(&["route", "-J", "a,b", "h", "--json"]), (true, "ProxyJump=a,b".to_owned()));
    assert_eq!(json_and_lines(&["route", "--json", "h", "-p", "1"]), (true, "Port=\"1\"".to_owned()));
    assert_eq!(fault(&["route", "h", "true"]), Fault::NotForRoute("command"));
    assert_eq!(fault(&["route", "-G", "h"]), Fault::NotForRoute("-G or -W"));
    assert_eq!(fault(&["route"]), Fault::NoDestination.within(Topic::Route));
    assert_eq!(fault(&["tunnel", "-v"]), Fault::NoDestination.within(Topic::Tunnel));
    assert_eq!(fault(&["tunnel", "--forget"]), Fault::NoDestination.within(Topic::Tunnel));
    assert!(matches!(fault(&["tunnel", "h", "--json"]), Fault::NotForTunnel(_)));
    assert_eq!(fault(&["--json", "h"]), Fault::UnknownLong("--json".to_owned()));
}

#[test]
fn hosts_may_have_the_names_of_subcommands() {
    for word in ["sync", "serve", "authorize", "route", "help"] {
        for line in [
            &["-l", "u", word, "rsync", "--server", "."][..],
            &[word, "rsync", "--server", "--sender", "."],
            &["-l", "u", "--", word, "cvs server"],
            &["--", word, "cvs server"],
            &[word, "cvs server"],
            &["--", word],
            &["-v", word, "x"],
        ] {
            assert_eq!(call(line).command_line.destination.host, word, "{line:?}");
        }
        let with_user = format!("u@{word}");
        assert_eq!(call(&[&with_user, "x"]).command_line.destination.host, word);
        let under_ssh = parse("ssh", &words(&[word, "x"]));
        assert!(matches!(under_ssh, Ok(Action::RemoteShell(given)) if given.command.is_some()), "{word}");
    }
    assert!(matches!(fault(&["authorize", "a", "b"]), Fault::Authorize(_)));
}

#[test]
fn mistakes_are_named() {
    assert_eq!(fault(&[]), Fault::NoDestination);
    assert_eq!(fault(&["-v"]), Fault::NoDestination);
    assert_eq!(fault(&["--"]), Fault::NoDestination);
    assert_eq!(fault(&["-\u{e9}", "h"]), Fault::UnknownLetter("\\303".to_owned()));
    let not_text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    assert_eq!(parse("xssh", &[not_text(b"\xff")]).unwrap_err(), Fault::DestinationNotText);
    assert_eq!(parse("xssh", &[not_text(b"-l\xff"), "h".into()]).unwrap_err(), Fault::NotText('l'));
    assert!(parse("xssh", &[not_text(b"-E\xff"), not_text(b"-F\xff"), "h".into()]).is_ok());
}

fn any_word() -> impl Strategy<Value = Vec<u8>> {
    let letters = "-[a-zA-Z0-9=:]{0,6}|--[a-z]{0,6}|h|sync|route|u@\\[::1\\]|ssh://h:1";
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..12), letters.prop_map(String::into_bytes)]
}

proptest! {
    #[test]
    fn no_words_panic(line in proptest::collection::vec(any_word(), 0..6), as_ssh: bool) {
        let line: Vec<OsString> = line.into_iter().map(OsString::from_vec).collect();
        if let Err(fault) = parse(if as_ssh { "ssh" } else { "xssh" }, &line) {
            prop_assert!(!fault.to_string().is_empty());
        }
    }

    #[test]
    fn the_command_is_what_follows_the_host(command in proptest::collection::vec(any_word(), 1..4)) {
        let mut line: Vec<OsString> = vec!["--".into(), "h".into()];
        line.extend(command.iter().cloned().map(OsString::from_vec));
        match parse("xssh", &line) {
            Ok(Action::RemoteShell(given)) => prop_assert_eq!(given.command, Some(command.join(&b' '))),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
