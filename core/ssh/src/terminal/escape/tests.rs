use super::{Action, Escapes, Options};
use crate::settings::LogLevel;
use proptest::prelude::*;

fn options(escape: Option<u8>) -> Options {
    Options { escape, command_line: false, level: LogLevel::Info, log_on_stderr: true, shared: false }
}

fn typed(input: &[u8]) -> Vec<Action> {
    Escapes::new(options(Some(b'~'))).push(input)
}

fn sent(bytes: &[u8]) -> Action {
    Action::Send(bytes.to_vec())
}

fn said(text: &str) -> Action {
    Action::Show(text.to_owned())
}

#[test]
fn disconnect_ends_the_input() {
    assert_eq!(typed(b"~.rm -rf /\n"), [said("~.\r\n"), Action::Disconnect]);
    assert_eq!(typed(b"ls\r~."), [sent(b"ls\r"), said("~.\r\n"), Action::Disconnect]);
}

#[test]
fn an_escape_counts_only_after_a_newline() {
    assert_eq!(typed(b"a~."), [sent(b"a~.")]);
    assert_eq!(typed(b"a\n~."), [sent(b"a\n"), said("~.\r\n"), Action::Disconnect]);
}

#[test]
fn typed_twice_it_is_sent_once_and_reaches_an_inner_session() {
    assert_eq!(typed(b"~~."), [sent(b"~.")]);
    assert_eq!(typed(b"\r~~~."), [sent(b"\r~~.")]);
}

#[test]
fn an_unknown_command_is_sent_as_typed() {
    assert_eq!(typed(b"~x\r"), [sent(b"~x\r")]);
    assert_eq!(typed(b"~\r~."), [sent(b"~\r"), said("~.\r\n"), Action::Disconnect]);
}

#[test]
fn after_a_command_the_line_still_starts() {
    assert_eq!(typed(b"~R~R"), [Action::Rekey, Action::Rekey]);
}

#[test]
fn suspend_and_list_say_what_they_do() {
    assert_eq!(typed(b"~\x1a"), [said("~^Z [suspend ssh]\r\n"), Action::Suspend]);
    assert_eq!(typed(b"~#"), [said("~#\r\n"), Action::ListConnections]);
}

#[test]
fn what_is_shared_is_not_stopped() {
    let mut escapes = Escapes::new(Options { shared: true, ..options(Some(b'~')) });
    assert_eq!(escapes.push(b"~\x1a"), [said("~^Z escape not available to multiplexed sessions\r\n")]);
    assert_eq!(escapes.push(b"~."), [said("~.\r\n"), Action::Disconnect]);
}

/// The connection, its forwards and the messages are others' too.
#[test]
fn what_is_shared_is_not_had_by_one() {
    let shared = Options { shared: true, command_line: true, log_on_stderr: false, ..options(Some(b'~')) };
    for command in ["C", "v", "V", "&"] {
        let said = said(&format!("~{command} escape not available to multiplexed sessions\r\n"));
        assert_eq!(Escapes::new(shared).push(format!("~{command}").as_bytes()), [said]);
    }
    let Action::Show(help) = &Escapes::new(shared).push(b"~?")[0] else { panic!("help is shown") };
    assert!(help.contains("~.   - terminate session\r\n"), "{help}");
    assert!(!["~C", "~V", "~^Z", "~&"].iter().any(|command| help.contains(command)), "{help}");
}

#[test]
fn verbosity_steps_up_and_down() {
    assert_eq!(
        typed(b"~v~v~V"),
        [
            Action::Verbosity(LogLevel::Verbose),
            said("~v [LogLevel VERBOSE]\r\n"),
            Action::Verbosity(LogLevel::Debug1),
            said("~v [LogLevel DEBUG]\r\n"),
            Action::Verbosity(LogLevel::Verbose),
            said("~V [LogLevel VERBOSE]\r\n"),
        ]
    );
}

#[test]
fn verbosity_stops_at_both_ends() {
    assert_eq!(typed(&b"~v".repeat(12)).last(), Some(&said("~v [LogLevel DEBUG3]\r\n")));
    assert_eq!(typed(&b"~V".repeat(12)).last(), Some(&said("~V [LogLevel QUIET]\r\n")));
}

#[test]
fn verbosity_is_out_of_reach_where_messages_go_elsewhere() {
    let mut escapes = Escapes::new(Options { log_on_stderr: false, ..options(Some(b'~')) });
    assert_eq!(escapes.push(b"~V"), [said("~V [Logging to a file]\r\n")]);
}

#[test]
fn what_is_not_here_says_so() {
    assert_eq!(typed(b"~C"), [said("commandline disabled\r\n")]);
    let mut escapes = Escapes::new(Options { command_line: true, ..options(Some(b'~')) });
    for command in [b"~&", b"~B"] {
        let actions = escapes.push(command);
        assert!(matches!(&actions[..], [Action::Show(text)] if text.contains("not available")), "{actions:?}");
    }
}

/// What is typed is shown, can be taken back, and reaches nobody else.
#[test]
fn a_command_line_is_edited() {
    let enabled = || Escapes::new(Options { command_line: true, ..options(Some(b'~')) });
    let of = |input: &[u8]| {
        let (mut shown, mut rest) = (String::new(), Vec::new());
        for action in enabled().push(input) {
            match action {
                Action::Show(text) => shown += &text,
                Action::Hold(_) => {}
                other => rest.push(other),
            }
        }
        (shown, rest)
    };
    let command = |line: &str| Action::Command(line.to_owned());
    let rub = "\x08 \x08";
    assert_eq!(of(b"~C-L1:h:2\rls"), ("\r\nssh> -L1:h:2\r\n".to_owned(), vec![command("-L1:h:2"), sent(b"ls")]));
    assert_eq!(of(b"~Cab\x7fc\n~."), (format!("\r\nssh> ab{rub}c\r\n~.\r\n"), vec![command("ac"), Action::Disconnect]));
    assert_eq!(of(b"~C\x08ab\x15\r"), (format!("\r\nssh> ab{rub}{rub}\r\n"), vec![command("")]));
    assert_eq!(of(b"~Cab\x03ls"), ("\r\nssh> ab\r\n".to_owned(), vec![sent(b"ls")]));
    let long = [b"~C".as_slice(), &[b'x'; 2000], b"\r"].concat();
    assert!(matches!(&of(&long).1[..], [Action::Command(line)] if line.len() == 1024));
    let Action::Show(help) = &enabled().push(b"~?")[0] else { panic!("help is shown") };
    assert!(help.contains("~C   - open a command line"), "{help}");
}

/// The program's output waits until the line is done with, however it ends.
#[test]
fn nothing_tears_a_command_line_apart() {
    for (end, done) in [(b'\r', true), (b'\x03', false), (b'\x1b', false)] {
        let mut escapes = Escapes::new(Options { command_line: true, ..options(Some(b'~')) });
        assert_eq!(escapes.push(b"~C"), [Action::Hold(true), said("\r\nssh> ")]);
        assert_eq!(escapes.push(b"x"), [said("x")]);
        let ended = escapes.push(&[end]);
        assert_eq!(ended.last(), Some(&Action::Hold(false)), "{ended:?}");
        assert_eq!(ended.contains(&Action::Command("x".to_owned())), done);
    }
}

#[test]
fn help_is_laid_out_as_openssh_lays_it_out() {
    let help = "~?\r\n\
        Supported escape sequences:\r\n \
        ~.   - terminate connection (and any multiplexed sessions)\r\n \
        ~R   - request rekey\r\n \
        ~V/v - decrease/increase verbosity (LogLevel)\r\n \
        ~^Z  - suspend ssh\r\n \
        ~#   - list forwarded connections\r\n \
        ~?   - this message\r\n \
        ~~   - send the escape character by typing it twice\r\n\
        (Note that escapes are only recognized immediately after newline.)\r\n";
    assert_eq!(typed(b"~?"), [said(help)]);
}

#[test]
fn another_character_may_escape() {
    let mut escapes = Escapes::new(options(Some(0x1d)));
    assert_eq!(escapes.push(b"~.\r\x1d."), [sent(b"~.\r"), said("^].\r\n"), Action::Disconnect]);
}

#[test]
fn a_held_back_escape_is_sent_at_the_end() {
    let mut escapes = Escapes::new(options(Some(b'~')));
    assert_eq!(escapes.push(b"a\n~"), [sent(b"a\n")]);
    assert_eq!(escapes.finish(), Some(sent(b"~")));
    assert_eq!(escapes.finish(), None);
}

/// Typed into OpenSSH 9.2 on a pseudo-terminal, and what its far side received.
#[test]
fn openssh_sends_the_same() {
    for (input, received) in [
        ("\rV~~~v~xa~~CC", "\rV~~~v~xa~~CC"),
        ("b\r~C~~", "b\r~"),
        ("~V~b~\r?C\r~z", "~b~\r?C\r~z"),
        ("V~a~aB\n~R~~~\r~v~~aV\r#vv", "V~a~aB\n~~\r~aV\r#vv"),
        ("~~xBaa?~\r~R#a\nx~ax", "~xBaa?~\r#a\nx~ax"),
        ("\rCaa~#a?xbR#C\r~vBxC", "\rCaa~#a?xbR#C\rBxC"),
        ("~\n\n\r~\rB\rav\r\r~~~z", "~\n\n\r~\rB\rav\r\r~~z"),
    ] {
        let mut bytes = Vec::new();
        for action in typed(input.as_bytes()) {
            if let Action::Send(sent) = action {
                bytes.extend(sent);
            }
        }
        assert_eq!(String::from_utf8_lossy(&bytes), received, "{input:?}");
    }
}

/// One action for all that is sent between two others.
fn joined(actions: impl IntoIterator<Item = Action>) -> Vec<Action> {
    let mut all = Vec::new();
    for action in actions {
        match action {
            Action::Send(bytes) => super::send(&mut all, &bytes),
            other => all.push(other),
        }
    }
    all
}

/// Bytes as someone types them who uses escapes a lot.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"~~~\r\na.#?RvVCB&\x1a\xff"[..]), 0..40)
}

proptest! {
    #[test]
    fn splits_do_not_matter(input in keys(), cuts in prop::collection::vec(0usize..40, 0..6)) {
        let mut pieces = Vec::new();
        let mut escapes = Escapes::new(options(Some(b'~')));
        let mut cuts = cuts;
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            let piece = &input[pair[0].min(input.len())..pair[1].min(input.len())];
            pieces.extend(escapes.push(piece));
            if pieces.last() == Some(&Action::Disconnect) {
                break;
            }
        }
        prop_assert_eq!(joined(pieces), typed(&input));
    }

    #[test]
    fn without_an_escape_character_every_byte_is_sent(input in keys()) {
        let mut escapes = Escapes::new(options(None));
        let expected: Vec<Action> = if input.is_empty() { vec![] } else { vec![sent(&input)] };
        prop_assert_eq!(escapes.push(&input), expected);
    }

    #[test]
    fn input_that_never_escapes_is_sent_as_it_is(input in "[^~]{1,40}") {
        prop_assert_eq!(typed(input.as_bytes()), vec![sent(input.as_bytes())]);
    }

    #[test]
    fn doubled_escapes_send_the_whole_text(lines in prop::collection::vec("[ab~]{0,4}", 1..6)) {
        let doubled: Vec<String> = lines
            .iter()
            .map(|line| if line.starts_with('~') { format!("~{line}") } else { line.clone() })
            .collect();
        let plain = lines.join("\n");
        let expected = if plain.is_empty() { vec![] } else { vec![sent(plain.as_bytes())] };
        prop_assert_eq!(typed(doubled.join("\n").as_bytes()), expected);
    }
}
