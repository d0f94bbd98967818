//! Words that mean nothing, come too early, or are none.

use std::io::Write as _;

use super::{against, broke, file, path, start};
use crate::options::Options;
use crate::watch::Outlook;
use crate::wire::message::{FromTarget, Message as _};

/// What was never sent is acknowledged, and numbers are as large as they get.
#[test]
fn words_that_mean_nothing() {
    let done = against(start(Options { itemize: true, progress: true, ..Options::default() }), |target| {
        for number in 0..2000 {
            target.say(&FromTarget::Release { range: number });
            target.say(&FromTarget::Lanes { welcome: number % 2 == 0 });
            target.say(&FromTarget::Change { path: path("../x".trim_start_matches("../")), what: number as u8 });
            let outlook = Outlook { files: u64::MAX, bytes: u64::MAX, saved: u64::MAX, complete: true };
            target.say(&FromTarget::Outlook(outlook));
            target.say(&FromTarget::Problem { path: path("d"), why: "\x1b[2J".repeat(100) });
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// Whoever claims to have made what was never told does not know what it would have been.
#[test]
fn the_end_before_the_end_is_not_believed() {
    let done = against(start(Options::default()), |target| {
        target.finish_with([0; 32]);
    });
    assert!(broke(&done), "{done:?}");
    let done = against(start(Options::default()), |target| {
        target.listed(0, "", None);
        while target.root.is_none() {
            target.hear().expect("the end of the pages");
        }
        let mut root = target.root.unwrap();
        root[31] ^= 1;
        target.finish_with(root);
    });
    assert!(broke(&done), "{done:?}");
}

/// Half of a frame, a frame of nothing, one that is too long, what only a source says, what nobody says.
#[test]
fn bytes_that_are_no_message() {
    let whole = {
        let (kind, payload) = FromTarget::Whole(vec![file(0, 1); 10]).encode();
        [&[kind][..], &(payload.len() as u32).to_le_bytes(), &payload].concat()
    };
    let no_messages =
        [&[40][..], &[0; 5], &[7, 0, 0, 0, 0], &[255; 9], &[33, 255, 255, 255, 255], &[38, 1, 0, 0, 0, 0]];
    let halves = (1..whole.len()).map(|end| whole[..end].to_vec());
    for bytes in halves.chain(no_messages.iter().map(|bytes| bytes.to_vec())) {
        let said = bytes.clone();
        let done = against(start(Options::default()), move |target| {
            target.to.write_all(&bytes).unwrap();
        });
        assert!(done.is_err(), "{said:?}: {done:?}");
    }
}
