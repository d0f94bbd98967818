use xssh_ssh::settings::LogLevel;
use xssh_ssh::terminal::escape::{Action, Escapes, Options};

/// What is typed means the same however it is split.
pub(super) fn escape(data: &[u8]) {
    let Some((choice, typed)) = data.split_first() else {
        return;
    };
    let options = Options {
        escape: Some(b'~').filter(|_| choice & 1 == 0),
        command_line: choice & 2 == 0,
        level: LogLevel::Info,
        log_on_stderr: choice & 4 == 0,
        shared: choice & 8 != 0,
    };
    let mut whole = Escapes::new(options);
    let mut at_once = whole.push(typed);
    at_once.extend(whole.finish());
    let mut split = Escapes::new(options);
    let mut bytewise = Vec::new();
    for byte in typed {
        bytewise.extend(split.push(std::slice::from_ref(byte)));
        if bytewise.last() == Some(&Action::Disconnect) {
            break;
        }
    }
    bytewise.extend(split.finish());
    assert_eq!(merged(at_once), merged(bytewise));
}

/// What is sent in a row is one.
fn merged(actions: Vec<Action>) -> Vec<Action> {
    let mut merged: Vec<Action> = Vec::new();
    for action in actions {
        match (merged.last_mut(), action) {
            (Some(Action::Send(sent)), Action::Send(more)) => sent.extend(more),
            (_, action) => merged.push(action),
        }
    }
    merged
}
