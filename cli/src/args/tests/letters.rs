//! Each letter, what it means, and what it does with others.

use xssh_ssh::config::{ConfigFile, ForwardKind};
use xssh_ssh::session::StreamTo;
use xssh_ssh::settings::LogLevel;

use super::{call, fault, lines};
use crate::args::Fault;

#[test]
fn letters_are_lines_of_configuration() {
    for (letter, expected) in [
        ("-4", &["AddressFamily=\"inet\""][..]),
        ("-6", &["AddressFamily=\"inet6\""]),
        ("-2", &[]),
        ("-Bx", &["BindInterface=\"x\""]),
        ("-A", &["ForwardAgent=\"yes\""]),
        ("-C", &["Compression=\"yes\""]),
        ("-N", &["RequestTTY=\"no\"", "SessionType=\"none\""]),
        ("-Ptag", &["Tag=\"tag\""]),
        ("-Snone", &["ControlPath=\"none\""]),
        ("-T", &["RequestTTY=\"no\""]),
        ("-X", &["ForwardX11=\"yes\""]),
        ("-Y", &["ForwardX11=\"yes\"", "ForwardX11Trusted=\"yes\""]),
        ("-a", &["ForwardAgent=\"no\""]),
        ("-b::1", &["BindAddress=\"::1\""]),
        ("-caes128-ctr", &["Ciphers=\"aes128-ctr\""]),
        ("-e^b", &["EscapeChar=\"^b\""]),
        ("-e\"", &["EscapeChar=\"\\\"\""]),
        ("-f", &["ForkAfterAuthentication=\"yes\"", "StdinNull=\"yes\""]),
        ("-g", &["GatewayPorts=\"yes\""]),
        ("-k", &["GSSAPIDelegateCredentials=\"no\""]),
        ("-lme", &["User=\"me\""]),
        ("-lDOM\\me", &["User=\"DOM\\\\me\""]),
        ("-mhmac-sha1", &["MACs=\"hmac-sha1\""]),
        ("-n", &["StdinNull=\"yes\""]),
        ("-oA=b c", &["A=b c"]),
        ("-p22", &["Port=\"22\""]),
        ("-q", &["LogLevel=\"QUIET\""]),
        ("-t", &["RequestTTY=\"yes\""]),
        ("-v", &["LogLevel=\"DEBUG1\""]),
        ("-x", &["ForwardX11=\"no\""]),
        ("-Ja,http://b", &["ProxyJump=a,http://b"]),
    ] {
        assert_eq!(lines(&call(&[letter, "h"])), expected, "{letter}");
        assert_eq!(lines(&call(&["h", letter])), expected, "h {letter}");
        if let Some((name, value)) = letter.split_at_checked(2).filter(|(_, value)| !value.is_empty()) {
            assert_eq!(lines(&call(&[name, value, "h"])), expected, "{name} {value}");
        }
    }
}

#[test]
fn forwards_are_kept_as_they_are_written() {
    let given = call(&["-L", "1:h:2", "-D", "3", "-R4", "h", "-L5:/s", "true"]).command_line.forwards;
    let given: Vec<_> = given.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
    let (local, remote, dynamic) = (ForwardKind::Local, ForwardKind::Remote, ForwardKind::Dynamic);
    assert_eq!(given, [(local, "1:h:2"), (dynamic, "3"), (remote, "4"), (local, "5:/s")]);
}

#[test]
fn letters_share_a_word() {
    let given = call(&["-vvNp22", "h"]);
    let expected = ["LogLevel=\"DEBUG2\"", "RequestTTY=\"no\"", "SessionType=\"none\"", "Port=\"22\""];
    assert_eq!(lines(&given), expected);
    assert_eq!(given.log.level, LogLevel::Debug2);
}

#[test]
fn some_letters_win_over_all_options() {
    let line = ["-o", "Ciphers=x", "-c", "aes128-ctr", "-c", "aes256-ctr", "-oCompression=no", "-C", "-6", "-4", "h"];
    let given = call(&line);
    assert_eq!(
        given.command_line.overrides,
        ["AddressFamily=\"inet\"", "Ciphers=\"aes256-ctr\"", "Compression=\"yes\""]
    );
    assert_eq!(given.command_line.options, ["Ciphers=x", "Compression=no"]);
}

#[test]
fn others_give_way_to_what_came_before() {
    assert_eq!(lines(&call(&["-l", "a", "-l", "b", "-oUser=c", "h"])), ["User=\"a\"", "User=c"]);
    assert_eq!(lines(&call(&["-ouser c", "-l", "a", "h", "-p", "1", "-p", "2"])), ["user c", "Port=\"1\""]);
    assert_eq!(lines(&call(&["-P", "a", "-P", "b", "h"])), ["Tag=\"a\""]);
    let around = call(&["u@h", "-l", "a"]).command_line;
    assert_eq!(around.destination.user.as_deref(), Some("u"));
    assert_eq!((around.options.len(), around.options_after.as_slice()), (0, &["User=\"a\"".to_owned()][..]));
}

#[test]
fn terminals_are_asked_for_once_or_twice() {
    let asked = |line: &[&str]| call(line).command_line.overrides.join(" ");
    assert_eq!(asked(&["-tt", "h"]), "RequestTTY=\"force\"");
    assert_eq!(asked(&["-ttt", "h"]), "RequestTTY=\"yes\"");
    assert_eq!(asked(&["-t", "h", "-t"]), "RequestTTY=\"force\"");
    assert_eq!(asked(&["-tT", "h"]), "RequestTTY=\"no\"");
    assert_eq!(asked(&["-Tt", "h"]), "RequestTTY=\"yes\"");
    assert_eq!(asked(&["-oRequestTTY=Yes", "-t", "h"]), "RequestTTY=\"force\"");
    assert_eq!(asked(&["-oRequestTTY=no", "-t", "h"]), "RequestTTY=\"yes\"");
}

#[test]
fn messages_have_a_level_before_configuration_is_read() {
    let level = |line: &[&str]| call(line).log.level;
    assert_eq!(level(&["h"]), LogLevel::Info);
    assert_eq!(level(&["-oLogLevel=error", "h"]), LogLevel::Error);
    assert_eq!(level(&["-oLogLevel=error", "-v", "h"]), LogLevel::Debug1);
    assert_eq!(level(&["h", "-vvv"]), LogLevel::Debug3);
    assert_eq!(level(&["-oLogLevel=loud", "h"]), LogLevel::Info);
}

#[test]
fn keys_that_are_not_there_are_left_out_with_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("a key");
    std::fs::write(&key, "").unwrap();
    let key = key.to_str().unwrap();
    let given = call(&["-i", "/does/not/exist", "-i", key, "h"]);
    assert_eq!(lines(&given), [format!("IdentityFile=\"{key}\"")]);
    let expected = ["Identity file /does/not/exist not accessible: No such file or directory."];
    assert_eq!(given.warnings, expected);
}

#[test]
fn configuration_can_be_named() {
    assert_eq!(call(&["h"]).config_file, ConfigFile::Default);
    assert_eq!(call(&["-F", "None", "h"]).config_file, ConfigFile::None);
    assert_eq!(call(&["-Fa", "h", "-Fb"]).config_file, ConfigFile::File("b".into()));
}

#[test]
fn a_stream_to_a_port_is_no_session() {
    let given = call(&["-W", "[::1]:22", "h"]);
    assert_eq!(given.stdio_forward, Some(StreamTo::port("::1".to_owned(), 22)));
    assert_eq!(lines(&given), ["RequestTTY=\"no\"", "SessionType=\"none\""]);
    assert!(given.command_line.stdio_forward);
    assert_eq!(call(&["-W/run/x", "h"]).stdio_forward, Some(StreamTo::Unix { path: "/run/x".to_owned() }));
    assert_eq!(fault(&["-W", "x", "h"]), Fault::StdioForward("x".to_owned()));
    assert!(matches!(fault(&["-W", "a:1", "-W", "b:2", "h"]), Fault::Conflict(_)));
}

#[test]
fn what_excludes_each_other_is_said() {
    for line in [
        &["-N", "-s", "h", "sftp"][..],
        &["-s", "-N", "h", "sftp"],
        &["-oSessionType=subsystem", "-N", "h"],
        &["-J", "a", "-J", "b", "h"],
        &["-oProxyJump=a", "-J", "b", "h"],
        &["-oProxyCommand=x y", "-J", "b", "h"],
        &["-W", "a:1", "-s", "h", "sftp"],
    ] {
        assert!(matches!(fault(line), Fault::Conflict(_)), "{line:?}");
    }
    call(&["-NN", "h"]);
    call(&["-oSessionType=None", "-N", "h"]);
    call(&["-J", "a", "-oProxyCommand=x", "h"]);
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    for letter in ["-w0", "-Z"] {
        assert!(matches!(fault(&[letter, "h"]), Fault::NotYet { .. }), "{letter}");
        assert!(fault(&[letter, "h"]).to_string().starts_with(&letter[..2]), "{letter}");
    }
    for letter in ["-1", "-Ix", "-K", "-y"] {
        assert!(matches!(fault(&[letter, "h"]), Fault::Never { .. }), "{letter}");
    }
}

#[test]
fn values_that_are_none_are_said() {
    for (line, message) in [
        (&["-e", "ab", "h"][..], "Bad escape character 'ab'."),
        (&["-e", "", "h"], "Bad escape character ''."),
        (&["-e^\u{e9}", "h"], "Bad escape character '^\u{e9}'."),
        (&["-s", "h"], "You must specify a subsystem to invoke."),
        (&["-p"], "option requires an argument -- p"),
        (&["h", "-vo"], "option requires an argument -- o"),
    ] {
        assert_eq!(fault(line).to_string(), message, "{line:?}");
    }
}
