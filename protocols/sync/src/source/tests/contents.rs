//! Files that are wanted, whole or against a basis.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread;

use xssh_delta::{SUM, Strong};

use super::{Target, against, broke, file, flood, path, start, with_tree};
use crate::limits::WANTS;
use crate::options::Options;
use crate::wire::message::{FromSource, FromTarget};

#[test]
fn what_was_never_listed_is_not_sent() {
    let done = against(start(Options::default()), |target| {
        let strange = [file(9, 0), file(0, u32::MAX), file(u32::MAX, 0)];
        target.say(&FromTarget::Whole(strange.to_vec()));
        target.say(&FromTarget::Digests(strange.to_vec()));
        for file in strange {
            target.say(&FromTarget::Delta { file, length: 5000, bits: 11 });
            target.say(&FromTarget::Sums { file, strong: Strong::Chaining, sums: vec![7; 3 * SUM].into() });
        }
        assert!(target.missing(9).iter().all(|why| why.contains("never listed")));
        let items = target.listed(0, "", None);
        target.say(&FromTarget::Whole(vec![file(0, items.len() as u32), file(1, 0)]));
        target.say(&FromTarget::Release { range: 0 });
        target.say(&FromTarget::Whole(vec![file(0, 2)]));
        assert!(target.missing(3).iter().all(|why| why.contains("never listed")));
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn what_is_no_file_has_no_contents() {
    let done = against(start(Options { specials: true, ..Options::default() }), |target| {
        let items = target.listed(0, "", None);
        let paths: Vec<String> = items.iter().map(|item| item.path.to_string()).collect();
        assert_eq!(paths[1..], ["d", "d/f", "large", "link", "pipe"]);
        let others = [0, 1, 4, 5].map(|index| file(0, index));
        target.say(&FromTarget::Whole(others.to_vec()));
        target.say(&FromTarget::Digests(others.to_vec()));
        for file in others {
            target.say(&FromTarget::Delta { file, length: 0, bits: 11 });
        }
        target.missing(12);
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn the_same_file_a_hundred_thousand_times() {
    const TIMES: usize = 100_000;
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let index = items.iter().position(|item| item.path == path("d/f")).unwrap() as u32;
        let mut came = 0;
        for _ in 0..TIMES / 1000 {
            target.say(&FromTarget::Whole(vec![file(0, index); 1000]));
            while came % 1000 != 0 || came == 0 {
                if let FromSource::Small(files) = target.hear().expect("files") {
                    assert!(files.iter().all(|small| &*small.bytes == b"some text"));
                    came += files.len();
                }
            }
            came = 0;
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
    for flooded in [FromTarget::Whole(vec![file(0, 3); 1000]), FromTarget::Digests(vec![file(0, 3); 1000])] {
        let done = against(start(Options::default()), move |target| {
            target.listed(0, "", None);
            let said = flood(target, |_| flooded.clone());
            assert!(said <= WANTS * 8 / 1000 + 1000, "{said}");
        });
        assert!(broke(&done), "{done:?}");
    }
}

/// The source is not held up by what nobody waits for any more.
#[test]
fn a_target_that_hangs_up_is_not_worked_for() {
    let more = |root: &Path| fs::File::create(root.join("huge")).unwrap().set_len(1 << 40).unwrap();
    let done = with_tree(start(Options::default()), more, |target| {
        let items = target.listed(0, "", None);
        let index = items.iter().position(|item| item.path == path("huge")).unwrap() as u32;
        target.say(&FromTarget::Digests(vec![file(0, index); WANTS]));
    });
    assert!(done.is_err(), "{done:?}");
}

#[test]
fn a_basis_of_any_length_and_sums_of_anything() {
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let large = file(0, items.iter().position(|item| item.path == path("large")).unwrap() as u32);
        let small = file(0, items.iter().position(|item| item.path == path("d/f")).unwrap() as u32);
        let content = vec![b'x'; 300_000];
        // Longer than the file, shorter, none, of the largest blocks; sums that are all there, cut, or wrong.
        for (file, length, bits) in
            [(large, 1_u64 << 40, 22), (large, 1, 11), (large, 0, 11), (large, 300_000, 11), (small, 1 << 20, 11)]
        {
            let sums = length.div_ceil(1 << bits) as usize * SUM;
            for told in [sums, sums / 2 / SUM * SUM, 0] {
                target.say(&FromTarget::Delta { file, length, bits });
                if told > 0 {
                    target.say(&FromTarget::Sums { file, strong: Strong::Chaining, sums: vec![0x5a; told].into() });
                }
                if told < sums {
                    target.say(&FromTarget::Sums { file, strong: Strong::Chaining, sums: bytes::Bytes::new() });
                }
                let due = if file == small { &b"some text"[..] } else { &content[..] };
                assert_eq!(grown(target), due, "{length} of {bits}, {told} of {sums}");
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// The contents of the file that comes next, of a basis that has nothing.
fn grown(target: &mut Target) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match target.hear().expect("contents") {
            FromSource::Data { bytes: more, .. } => bytes.extend_from_slice(&more),
            FromSource::Zeros { length, .. } => bytes.resize(bytes.len() + length as usize, 0),
            FromSource::Copy { offset, length, .. } => {
                panic!("{length} bytes at {offset} of a basis that was never told")
            }
            FromSource::End { digest, .. } => {
                assert_eq!(*blake3::hash(&bytes).as_bytes(), digest);
                return bytes;
            }
            _ => {}
        }
    }
}

#[test]
fn bases_without_end_are_refused() {
    let delta = |range| FromTarget::Delta { file: file(range, 0), length: 1, bits: 11 };
    let done = against(start(Options::default()), move |target| {
        // Each is answered, and never told.
        let (mut answers, mut to) = (target.from.try_clone().unwrap(), target.to.try_clone().unwrap());
        let reader = thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()).is_ok());
        let said = flood(target, delta);
        assert!(said <= WANTS * 10, "{said}");
        assert!(to.flush().is_ok() && reader.join().unwrap());
    });
    assert!(broke(&done), "{done:?}");
}

#[test]
fn sums_that_were_not_announced_are_refused() {
    let sums =
        |count: usize| FromTarget::Sums { file: file(0, 3), strong: Strong::Chaining, sums: vec![0; count].into() };
    let delta = FromTarget::Delta { file: file(0, 3), length: 5000, bits: 11 };
    for words in [
        vec![sums(SUM)],
        vec![sums(0)],
        vec![delta.clone(), sums(4 * SUM)],
        vec![delta.clone(), sums(3 * SUM), sums(SUM)],
        vec![delta.clone(), delta],
        vec![FromTarget::Delta { file: file(0, 3), length: u64::MAX, bits: 22 }],
        vec![FromTarget::Delta { file: file(0, 3), length: 5, bits: 63 }],
    ] {
        let said = words.clone();
        let done = against(start(Options::default()), move |target| {
            target.listed(0, "", None);
            for word in &words {
                target.say(word);
            }
            while target.hear().is_some() {}
        });
        assert!(broke(&done), "{said:?}: {done:?}");
    }
}

/// A part of a sum is no sum: the file cannot be compared, and the target is told.
#[test]
fn a_part_of_a_sum_is_none() {
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let large = file(0, items.iter().position(|item| item.path == path("large")).unwrap() as u32);
        target.say(&FromTarget::Delta { file: large, length: 300_000, bits: 11 });
        target.say(&FromTarget::Sums { file: large, strong: Strong::Moved, sums: vec![0; SUM + 1].into() });
        loop {
            match target.hear().expect("an answer") {
                FromSource::Missing { file, .. } => break assert_eq!(file, large),
                FromSource::End { .. } => panic!("it was sent"),
                _ => {}
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}
