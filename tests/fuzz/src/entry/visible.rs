use xssh_ssh::terminal::visible;

/// Whatever a peer says, what is shown of it steers no terminal.
pub(super) fn visible(data: &[u8]) {
    let line = visible::visible(data);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let lines = visible::visible_lines(data);
    let harmless = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    assert!(lines.chars().all(harmless), "{lines:?}");
}
