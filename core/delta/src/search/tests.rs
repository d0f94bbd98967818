//! The operations of a search, applied to the basis, make the new data; literals and work stay within their bounds.

use crate::{BasisSignature, Op, OpChecker, Search, Work, block_len, signature};
use proptest::prelude::*;

/// Bytes that repeat nothing: a small generator is enough, and quick.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    out.truncate(len);
    out
}

struct Outcome {
    made: Vec<u8>,
    literal: u64,
    ops: usize,
    work: Work,
}

/// Searches `new` in windows, and applies what is found to `basis` as a receiver would.
fn transfer(basis: &[u8], new: &[u8], signature: BasisSignature, windows: &[usize]) -> Outcome {
    let mut checker = OpChecker::new(basis.len() as u64, new.len() as u64);
    let (mut made, mut literal, mut count) = (Vec::new(), 0, 0);
    let mut apply = |ops: &mut Vec<Op>, search: &Search| {
        for op in ops.drain(..) {
            count += 1;
            assert!(!op.is_empty());
            match op {
                Op::Copy { offset, len } => {
                    assert_eq!(checker.copy(offset, len).unwrap(), made.len() as u64);
                    made.extend_from_slice(&basis[offset as usize..(offset + len) as usize]);
                }
                Op::Literal(range) => {
                    assert_eq!(range.start, made.len() as u64, "literals lie where they go");
                    checker.literal(range.end - range.start).unwrap();
                    literal += range.end - range.start;
                    made.extend_from_slice(search.bytes(&range).expect("literals are held until the next window"));
                }
            }
        }
    };
    let mut search = Search::new(signature);
    let (mut ops, mut rest, mut turn) = (Vec::new(), new, 0);
    while !rest.is_empty() {
        let (window, after) = rest.split_at(windows[turn % windows.len()].clamp(1, rest.len()));
        search.push(window, &mut ops);
        apply(&mut ops, &search);
        (rest, turn) = (after, turn + 1);
    }
    search.finish(&mut ops);
    apply(&mut ops, &search);
    let work = search.work();
    checker.finish().unwrap();
    Outcome { made, literal, ops: count, work }
}

fn with_defaults(basis: &[u8], new: &[u8]) -> Outcome {
    let outcome = transfer(basis, new, signature(basis, basis.len() as u64).unwrap(), &[1 << 20]);
    assert!(outcome.made == new);
    outcome
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    Overwrite(usize, Vec<u8>),
    Move(usize, usize, usize),
    Duplicate(usize, usize),
    Truncate(usize),
    Append(Vec<u8>),
}

impl Edit {
    fn apply(&self, data: &mut Vec<u8>) {
        let cut = |at: usize, len: usize| (at % (len + 1), len);
        match self {
            Edit::Insert(at, new) => {
                let (at, _) = cut(*at, data.len());
                data.splice(at..at, new.iter().copied());
            }
            Edit::Delete(at, len) => {
                let (at, all) = cut(*at, data.len());
                data.drain(at..(at + len).min(all));
            }
            Edit::Overwrite(at, new) => {
                let (at, all) = cut(*at, data.len());
                let end = (at + new.len()).min(all);
                data[at..end].copy_from_slice(&new[..end - at]);
            }
            Edit::Move(at, len, to) => {
                let (at, all) = cut(*at, data.len());
                let piece: Vec<u8> = data.drain(at..(at + len).min(all)).collect();
                let (to, _) = cut(*to, data.len());
                data.splice(to..to, piece);
            }
            Edit::Duplicate(at, len) => {
                let (at, all) = cut(*at, data.len());
                let piece = data[at..(at + len).min(all)].to_vec();
                data.splice(at..at, piece);
            }
            Edit::Truncate(len) => data.truncate(*len),
            Edit::Append(new) => data.extend_from_slice(new),
        }
    }
}

/// Lengths at and around the borders of blocks, and others.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        0usize..60_000,
        (0usize..20, 0usize..3).prop_map(|(blocks, off)| (blocks * 2048 + off).saturating_sub(1))
    ]
}

/// Noise, one byte over and over, and short periods: what a search meets, and what it may lose itself in.
fn content() -> impl Strategy<Value = Vec<u8>> {
    (length(), any::<u64>(), prop_oneof![Just(0usize), Just(1), 2usize..5000]).prop_map(|(len, seed, period)| {
        match period {
            0 => noise(len, seed),
            period => noise(period, seed).into_iter().cycle().take(len).collect(),
        }
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let (at, to) = (0usize..100_000, 0usize..100_000);
    prop_oneof![
        (at.clone(), content()).prop_map(|(at, new)| Edit::Insert(at, new)),
        (at.clone(), length()).prop_map(|(at, len)| Edit::Delete(at, len)),
        (at.clone(), content()).prop_map(|(at, new)| Edit::Overwrite(at, new)),
        (at.clone(), length(), to).prop_map(|(at, len, to)| Edit::Move(at, len, to)),
        (at, length()).prop_map(|(at, len)| Edit::Duplicate(at, len)),
        length().prop_map(Edit::Truncate),
        content().prop_map(Edit::Append),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_applied_is_the_new_data(
        basis in content(),
        edits in prop::collection::vec(edit(), 0..6),
        windows in prop::collection::vec(prop_oneof![1usize..50, 1000usize..9000, Just(1 << 20)], 1..4),
        hint in prop_oneof![Just(0u64), Just(64 << 20), any::<u64>()],
    ) {
        let mut new = basis.clone();
        edits.iter().for_each(|edit| edit.apply(&mut new));
        let signature = signature(&basis[..], hint).unwrap();
        let parsed = BasisSignature::parse(signature.as_bytes().to_vec()).unwrap();
        prop_assert_eq!(&parsed, &signature);
        let outcome = transfer(&basis, &new, parsed, &windows);
        prop_assert!(outcome.made == new);
        prop_assert_eq!(outcome.work.matched + outcome.literal, new.len() as u64);
    }

    #[test]
    fn a_lying_signature_harms_only_the_result(
        mut bytes in prop::collection::vec(any::<u8>(), 0..3000),
        blocks in 0u64..400,
        strong in 3u8..18,
        new in content(),
    ) {
        // A header that fits more often than not, with sums of whatever comes.
        bytes.resize((blocks * (4 + u64::from(strong))) as usize, 7);
        let mut lie = (blocks * 2048).to_be_bytes().to_vec();
        lie.extend_from_slice(&2048u32.to_be_bytes());
        lie.push(strong);
        lie.extend_from_slice(&bytes);
        if let Ok(signature) = BasisSignature::parse(lie) {
            let basis = signature.basis_len();
            let mut search = Search::new(signature);
            let (mut ops, mut checker) = (Vec::new(), OpChecker::new(basis, new.len() as u64));
            search.push(&new, &mut ops);
            search.finish(&mut ops);
            for op in &ops {
                match op {
                    Op::Copy { offset, len } => checker.copy(*offset, *len).unwrap(),
                    Op::Literal(range) => checker.literal(range.end - range.start).unwrap(),
                };
            }
            checker.finish().unwrap();
        }
    }
}

#[test]
fn equal_files_are_one_copy() {
    for len in [0, 1, 2047, 2048, 2049, 4096, 1 << 20, (5 << 20) + 17] {
        let data = noise(len, 1);
        let outcome = with_defaults(&data, &data);
        assert_eq!((outcome.literal, outcome.ops), (0, usize::from(len > 0)), "{len} bytes");
    }
}

#[test]
fn one_inserted_byte_costs_less_than_two_blocks() {
    let basis = noise(24 << 20, 2);
    let block = block_len(basis.len() as u64);
    for at in [0, 1, 12345, 8 << 20, (24 << 20) - 1, 24 << 20] {
        let mut new = basis.clone();
        new.insert(at, 99);
        let outcome = with_defaults(&basis, &new);
        assert!(outcome.literal <= 2 * block as u64, "{} literal bytes for one at {at}", outcome.literal);
        assert!(outcome.work.rolled <= 2 * block as u64, "{:?}", outcome.work);
    }
}

#[test]
fn scattered_changes_cost_their_blocks() {
    let basis = noise(32 << 20, 3);
    let block = block_len(basis.len() as u64);
    let mut new = basis.clone();
    for i in 0..20 {
        let at = (i * 1_600_003) % new.len();
        new[at] ^= 1;
    }
    let outcome = with_defaults(&basis, &new);
    assert!(outcome.literal <= 20 * block as u64, "{}", outcome.literal);
}

#[test]
fn appended_data_leaves_the_old_end_in_place() {
    let basis = noise((6 << 20) + 1234, 4);
    let mut new = basis.clone();
    new.extend(noise(5000, 5));
    assert_eq!(with_defaults(&basis, &new).literal, 5000);
    let front = [noise(5000, 6), basis.clone()].concat();
    assert!(with_defaults(&basis, &front).literal <= 5000);
    let small = noise(700, 7);
    assert_eq!(with_defaults(&small, &[small.clone(), noise(10_000, 8)].concat()).literal, 10_000);
}

#[test]
fn what_moved_is_found() {
    let basis = noise(16 << 20, 9);
    let block = block_len(basis.len() as u64);
    let new = [&basis[9_000_001..], &basis[..9_000_001]].concat();
    assert!(with_defaults(&basis, &new).literal <= 3 * block as u64);
}

#[test]
fn unrelated_data_is_mostly_passed_by() {
    let (basis, new) = (noise(64 << 20, 10), noise(64 << 20, 11));
    let Outcome { literal, ops: _, work, .. } = with_defaults(&basis, &new);
    assert_eq!(literal, new.len() as u64);
    assert!(work.rolled + work.hashed <= (4 << 20) + new.len() as u64 / 16, "{work:?}");
    assert!(work.compared <= (4 << 20) + new.len() as u64 / 6, "{work:?}");
}

#[test]
fn known_data_after_much_unknown_is_found_again() {
    let basis = noise(32 << 20, 12);
    let new = [noise(20_000_001, 13), basis.clone()].concat();
    let outcome = with_defaults(&basis, &new);
    let late = (64 + 10) * block_len(basis.len() as u64) as u64;
    assert!(outcome.literal <= 20_000_001 + late, "{} bytes late", outcome.literal - 20_000_001);
}

/// Whatever the data, what is rolled over and hashed alone stays below a multiple of the data.
#[test]
fn repetitive_data_takes_linear_work() {
    let len = 8 << 20;
    let zeros = vec![0u8; len];
    let period: Vec<u8> = noise(3001, 14).into_iter().cycle().take(len).collect();
    let sparse: Vec<u8> = (0..len).map(|i| u8::from(i % 997 == 0)).collect();
    let mut stripes = noise(len, 15);
    stripes.chunks_mut(40_000).step_by(2).for_each(|stripe| stripe.fill(0));
    let all = [zeros, period, sparse, stripes];
    for basis in &all {
        for new in &all {
            let Outcome { work, .. } = with_defaults(basis, new);
            let spent = work.rolled + work.hashed + work.compared / 8;
            assert!(spent <= 4 * len as u64, "{work:?}");
        }
    }
}

/// A signature in which every block has the weak sum of the data that will come, but no block the strong one.
#[test]
fn weak_sums_that_lie_are_paid_for_once() {
    let new = vec![0u8; 64 << 20];
    let honest = signature(&new[..2 << 20], 2 << 20).unwrap().into_bytes();
    let lie: Vec<u8> = [
        &honest[..13],
        &honest[13..]
            .chunks(10)
            .enumerate()
            .flat_map(|(i, sums)| [&sums[..4], &[1, 2, 3, 4], &(i as u16).to_be_bytes()].concat())
            .collect::<Vec<u8>>(),
    ]
    .concat();
    let outcome = transfer(&new[..2 << 20], &new, BasisSignature::parse(lie).unwrap(), &[1 << 20]);
    assert!(outcome.work.rolled + outcome.work.hashed <= (8 << 20) + new.len() as u64 / 16, "{:?}", outcome.work);
}
