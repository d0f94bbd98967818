use xssh_ssh::forward::socks::{Dialogue, Step};

/// A client of a SOCKS proxy: what it says means the same however it is split, and is not held without end.
pub(super) fn socks_server(data: &[u8]) {
    let whole = steps([data].into_iter());
    let bytewise = steps(data.chunks(1));
    assert_eq!(whole, bytewise);
}

fn steps<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Step> {
    let mut dialogue = Dialogue::default();
    let mut steps = Vec::new();
    for piece in pieces {
        dialogue.push(piece);
        loop {
            match dialogue.step() {
                Step::More => break,
                Step::Say(answer) => steps.push(Step::Say(answer)),
                last => {
                    steps.push(last);
                    return steps;
                }
            }
        }
    }
    assert!(dialogue.rest().len() < 1024, "a request without end is held");
    steps
}
