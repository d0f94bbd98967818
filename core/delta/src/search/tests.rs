//! The operations of a search, applied to the basis, make the new data; literals and work stay within their bounds.

use crate::{
    Aligned, BasisSums, Blocks, DeltaError, Op, OpChecker, SUM, Search, Strong, Sums, Work, chain, limits, sum,
    sum_moved,
};
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

#[derive(Default)]
struct Outcome {
    made: Vec<u8>,
    literal: u64,
    ops: usize,
    work: Work,
}

impl Outcome {
    /// Does what a receiver would.
    fn apply(&mut self, basis: &[u8], new: &[u8], checker: &mut OpChecker, ops: &mut Vec<Op>) {
        for op in ops.drain(..) {
            self.ops += 1;
            assert!(!op.is_empty());
            let made = self.made.len() as u64;
            match op {
                Op::Copy { offset, len } => {
                    assert_eq!(checker.copy(offset, len).unwrap(), made);
                    self.made.extend_from_slice(&basis[offset as usize..(offset + len) as usize]);
                }
                Op::Literal(range) => {
                    assert_eq!(range.start, made, "literals lie where they go");
                    checker.literal(range.end - range.start).unwrap();
                    self.literal += range.end - range.start;
                    self.made.extend_from_slice(&new[range.start as usize..range.end as usize]);
                }
            }
        }
    }
}

fn sums(basis: &[u8], blocks: Blocks) -> BasisSums {
    let mut sums = BasisSums::new(blocks);
    sums.take(&sum(basis, 0, &blocks).sums, Strong::Chaining).unwrap();
    sums
}

/// Sums as they come where the target hears at block `from` that next to nothing stays at its offset.
fn moved_from(basis: &[u8], blocks: Blocks, from: u64) -> BasisSums {
    let mut sums = BasisSums::new(blocks);
    let (before, behind) = basis.split_at(blocks.range(from).start as usize);
    sums.take(&sum(before, 0, &blocks).sums, Strong::Chaining).unwrap();
    sums.take(&sum_moved(behind, &blocks), Strong::Moved).unwrap();
    sums
}

/// Sums that come when they are needed, and some more with them.
struct Late {
    here: BasisSums,
    /// Of the blocks that are not here, in their order.
    coming: Vec<(Strong, [u8; SUM])>,
    more: u64,
}

impl Late {
    fn of(basis: &[u8], blocks: Blocks, moved_from: u64, more: u64) -> Self {
        let (before, behind) = basis.split_at(blocks.range(moved_from).start as usize);
        let each = |strong, sums: Vec<u8>| -> Vec<_> {
            sums.chunks(SUM).map(|sum| (strong, sum.try_into().unwrap())).collect()
        };
        let mut coming = each(Strong::Chaining, sum(before, 0, &blocks).sums);
        coming.extend(each(Strong::Moved, sum_moved(behind, &blocks)));
        coming.reverse();
        Self { here: BasisSums::new(blocks), coming, more }
    }
}

impl Sums for Late {
    fn sums(&self) -> &BasisSums {
        &self.here
    }

    fn wait_for(&mut self, blocks: u64) -> Result<(), DeltaError> {
        while self.here.known() < blocks.saturating_add(self.more)
            && let Some((strong, sum)) = self.coming.pop()
        {
            self.here.take(&sum, strong)?;
        }
        Ok(())
    }
}

/// Searches `new` from `at` on in windows, and applies what is found to `basis`.
fn search<S: Sums>(basis: &[u8], new: &[u8], at: u64, sums: S, windows: &[usize], outcome: &mut Outcome) {
    let mut checker = OpChecker::new(basis.len() as u64, new.len() as u64 - at);
    // What lies before is made already.
    outcome.made.resize(at as usize, 0);
    let mut search = Search::new(sums, at);
    let (mut ops, mut rest, mut turn) = (Vec::new(), &new[at as usize..], 0);
    let mut part = Outcome::default();
    let mut shown = |ops: &mut Vec<Op>, search: &Search<S>| {
        let (known, said) = (search.basis.sums(), ops.iter().map(Op::len).sum::<u64>() + part.made.len() as u64 + at);
        let needed = said.div_ceil(known.blocks().block_len()).min(known.blocks().count());
        assert!(search.all || needed <= known.known(), "{said} bytes before {needed} sums");
        for op in &*ops {
            if let Op::Literal(range) = op {
                let bytes = search.bytes(range).expect("literals are held until the next window");
                assert!(bytes == &new[range.start as usize..range.end as usize]);
            }
        }
        let shifted = ops.drain(..).map(|op| match op {
            Op::Literal(range) => Op::Literal(range.start - at..range.end - at),
            copy => copy,
        });
        let mut shifted = shifted.collect();
        part.apply(basis, &new[at as usize..], &mut checker, &mut shifted);
    };
    while !rest.is_empty() {
        let (window, after) = rest.split_at(windows[turn % windows.len()].clamp(1, rest.len()));
        let read = |room: &mut [u8]| {
            room.copy_from_slice(window);
            Ok(room.len())
        };
        search.push(window.len(), read, &mut ops).unwrap();
        shown(&mut ops, &search);
        (rest, turn) = (after, turn + 1);
    }
    search.finish(&mut ops).unwrap();
    shown(&mut ops, &search);
    checker.finish().unwrap();
    outcome.work = search.work();
    outcome.literal += part.literal;
    outcome.ops += part.ops;
    outcome.made.extend(part.made);
}

fn searched(basis: &[u8], new: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    search(basis, new, 0, sums(basis, Blocks::of_basis(basis.len() as u64).unwrap()), &[1 << 20], &mut outcome);
    assert!(outcome.made == new);
    outcome
}

/// All of it: the same offset first, then a search from where it goes apart.
fn transfer(basis: &[u8], new: &[u8], sums: BasisSums, windows: &[usize]) -> Outcome {
    transfer_from(basis, new, sums, windows, |sums, _| sums)
}

/// The same, where `later` makes of the sums what is known when the search begins, at a block.
fn transfer_from<S: Sums>(
    basis: &[u8],
    new: &[u8],
    sums: BasisSums,
    windows: &[usize],
    later: impl Fn(BasisSums, u64) -> S,
) -> Outcome {
    let own = sums.blocks().in_file(new.len() as u64);
    let mut outcome = Outcome::default();
    let mut checker = OpChecker::new(basis.len() as u64, new.len() as u64);
    let (mut aligned, mut ops) = (Aligned::new(new.len() as u64, &sums), Vec::new());
    for number in 0..own.count() {
        let range = own.range(number);
        aligned.push(&chain(&new[range.start as usize..range.end as usize], range.start, &own), &sums, &mut ops);
        if aligned.is_apart() {
            break;
        }
    }
    aligned.finish(&sums, &mut ops);
    outcome.apply(basis, new, &mut checker, &mut ops);
    let from = aligned.differs_from();
    assert_eq!(checker.made(), from);
    if from < new.len() as u64 {
        let so_far = std::mem::take(&mut outcome.made);
        let sums = later(sums, from.div_ceil(own.block_len()));
        search(basis, new, from, sums, windows, &mut outcome);
        outcome.made[..from as usize].copy_from_slice(&so_far);
    }
    outcome
}

fn with_defaults(basis: &[u8], new: &[u8]) -> Outcome {
    let blocks = Blocks::of_basis(basis.len() as u64).unwrap();
    let moved = |_, from| moved_from(basis, blocks, from);
    let outcome = transfer_from(basis, new, sums(basis, blocks), &[1 << 20], moved);
    assert!(outcome.made == new);
    outcome
}

fn block_len(len: usize) -> u64 {
    Blocks::of_basis(len as u64).unwrap().block_len()
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
        bits in 11u8..16,
        from in 0u64..200,
        more in prop_oneof![Just(0u64), 0u64..40],
    ) {
        let mut new = basis.clone();
        edits.iter().for_each(|edit| edit.apply(&mut new));
        let blocks = Blocks::checked(basis.len() as u64, bits).unwrap();
        let (moved, sums) = (moved_from(&basis, blocks, from), sums(&basis, blocks));
        let transferred = transfer(&basis, &new, sums.clone(), &windows);
        prop_assert!(transferred.made == new);
        let later = transfer_from(&basis, &new, sums, &windows, |_, _| moved.clone());
        prop_assert!(later.made == new && later.literal == transferred.literal, "it is found as well");
        let mut outcome = Outcome::default();
        search(&basis, &new, 0, Late::of(&basis, blocks, from, more), &windows, &mut outcome);
        prop_assert!(outcome.made == new);
        let mut outcome = Outcome::default();
        search(&basis, &new, 0, moved, &windows, &mut outcome);
        prop_assert!(outcome.made == new);
        prop_assert_eq!(outcome.work.matched + outcome.literal, new.len() as u64);
    }

    /// What is sent of noise: what is new in it, a little for each edit, and what the first one took to be noticed.
    #[test]
    fn literals_are_bounded_by_the_edits(
        (len, seed) in (0usize..400_000, any::<u64>()),
        more in prop_oneof![Just(0u64), 0u64..400],
        edits in prop::collection::vec(
            (0usize..400_000, 0usize..300).prop_flat_map(|(at, len)| prop_oneof![
                any::<u64>().prop_map(move |seed| Edit::Insert(at, noise(len, seed))),
                Just(Edit::Delete(at, len)),
                any::<u64>().prop_map(move |seed| Edit::Overwrite(at, noise(len, seed))),
                Just(Edit::Truncate(at)),
                any::<u64>().prop_map(move |seed| Edit::Append(noise(len, seed))),
            ]),
            0..4,
        ),
    ) {
        let basis = noise(len, seed);
        let mut new = basis.clone();
        edits.iter().for_each(|edit| edit.apply(&mut new));
        let outcome = with_defaults(&basis, &new);
        let patience = (new.len() as u64 / limits::PATIENCE_PART).max(limits::PATIENCE_BLOCKS * block_len(len));
        let each = patience + 2 * block_len(len) + 300;
        prop_assert!(outcome.literal <= edits.len() as u64 * each, "{} literal bytes", outcome.literal);
        let blocks = Blocks::of_basis(len as u64).unwrap();
        let late = |_, from| Late::of(&basis, blocks, from, more);
        let outcome = transfer_from(&basis, &new, sums(&basis, blocks), &[1 << 16], late);
        let each = each + limits::UNSURE_BLOCKS * block_len(len);
        prop_assert!(outcome.made == new);
        prop_assert!(outcome.literal <= edits.len() as u64 * each, "{} literal bytes of late sums", outcome.literal);
    }

    #[test]
    fn lying_sums_harm_only_the_result(
        mut bytes in prop::collection::vec(any::<u8>(), 0..3000),
        blocks in 0u64..400,
        short in 0u64..2048,
        moved: bool,
        new in content(),
    ) {
        bytes.resize(blocks as usize * SUM, 7);
        let basis = blocks * 2048 + short;
        let mut lie = BasisSums::new(Blocks::checked(basis, 11).unwrap());
        lie.take(&bytes, if moved { Strong::Moved } else { Strong::Chaining }).unwrap();
        let mut search = Search::new(lie, 0);
        let (mut ops, mut checker) = (Vec::new(), OpChecker::new(basis, new.len() as u64));
        let read = |room: &mut [u8]| {
            room.copy_from_slice(&new);
            Ok(room.len())
        };
        search.push(new.len(), read, &mut ops).unwrap();
        search.finish(&mut ops).unwrap();
        for op in &ops {
            match op {
                Op::Copy { offset, len } => checker.copy(*offset, *len).unwrap(),
                Op::Literal(range) => checker.literal(range.end - range.start).unwrap(),
            };
        }
        checker.finish().unwrap();
    }
}

#[test]
fn equal_files_are_one_copy() {
    for len in [0, 1, 2047, 2048, 2049, 4096, 1 << 20, (5 << 20) + 17] {
        let data = noise(len, 1);
        let outcome = with_defaults(&data, &data);
        assert_eq!((outcome.literal, outcome.ops), (0, usize::from(len > 0)), "{len} bytes");
        assert_eq!(searched(&data, &data).literal, 0, "{len} bytes, searched");
    }
}

#[test]
fn one_inserted_byte_costs_less_than_two_blocks() {
    let basis = noise(24 << 20, 2);
    let block = block_len(basis.len());
    for at in [0, 1, 12345, 8 << 20, (24 << 20) - 1, 24 << 20] {
        let mut new = basis.clone();
        new.insert(at, 99);
        let outcome = searched(&basis, &new);
        assert!(outcome.literal <= 2 * block, "{} literal bytes for one at {at}", outcome.literal);
        assert!(with_defaults(&basis, &new).literal <= 2 * block, "{at}");
        assert!(outcome.work.rolled <= 2 * block, "{:?}", outcome.work);
    }
}

/// What was inserted is passed with the sums of its neighbourhood; what was taken out needs those that lie ahead, and waits for all.
#[test]
fn what_moved_is_found_while_sums_come() {
    let basis = noise(24 << 20, 2);
    let blocks = Blocks::of_basis(basis.len() as u64).unwrap();
    let longer = [&basis[..3 << 20], &[1, 2, 3], &basis[3 << 20..]].concat();
    let shorter = [&basis[..3 << 20], &basis[9 << 20..]].concat();
    for (new, waits) in [(longer, false), (shorter, true)] {
        let mut search = Search::new(Late::of(&basis, blocks, 0, 0), 0);
        let (mut ops, mut at, mut waited) = (Vec::new(), 0, None);
        while at < new.len() {
            let window = &new[at..new.len().min(at + (1 << 20))];
            let read = |room: &mut [u8]| {
                room.copy_from_slice(window);
                Ok(room.len())
            };
            at += search.push(window.len(), read, &mut ops).unwrap();
            waited = waited.or((search.basis.here.known() == blocks.count()).then_some(at));
        }
        search.finish(&mut ops).unwrap();
        assert_eq!(waited.is_some_and(|at| at < 5 << 20), waits, "{waited:?}");
        let literal: u64 = ops.iter().map(|op| if let Op::Literal(_) = op { op.len() } else { 0 }).sum();
        assert!(literal <= 2 * blocks.block_len(), "{literal} literal bytes");
    }
}

#[test]
fn scattered_changes_cost_their_blocks() {
    let basis = noise(32 << 20, 3);
    let block = block_len(basis.len());
    let mut new = basis.clone();
    for i in 0..20 {
        let at = (i * 1_600_003) % new.len();
        new[at] ^= 1;
    }
    let outcome = with_defaults(&basis, &new);
    assert!(outcome.literal <= 20 * block, "{}", outcome.literal);
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
    let block = block_len(basis.len());
    let new = [&basis[9_000_001..], &basis[..9_000_001]].concat();
    assert!(with_defaults(&basis, &new).literal <= 3 * block);
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
    let late = (64 + 10) * block_len(basis.len());
    assert!(outcome.literal <= 20_000_001 + late, "{} bytes late", outcome.literal - 20_000_001);
}

/// A log: runs of one line over and over, of few lines; what is cut from its head moves the rest.
#[test]
fn runs_of_few_lines_are_found_where_they_moved() {
    let lines: Vec<String> = (0..28).map(|day| format!("2026-11-{day:02} INFO worker idle, nothing to do\n")).collect();
    let dice = noise(4000, 16);
    let runs: Vec<String> = dice
        .chunks_exact(4)
        .map(|roll| lines[usize::from(roll[0]) % 28].repeat(200 + usize::from(roll[1]) * 11))
        .collect();
    let basis: Vec<u8> = runs.concat().into_bytes();
    let new = &basis[113_000..];
    let outcome = with_defaults(&basis, new);
    let block = block_len(basis.len());
    assert!(outcome.literal <= 40 * block, "{} literal bytes of {}", outcome.literal, new.len());
}

/// A table of which the first line is taken out: most of it is alike also where it was.
#[test]
fn lines_that_repeat_themselves_are_found_where_they_moved() {
    let basis: Vec<u8> = (0..1_000_000).flat_map(|n| format!("{:08},foo,bar,baz\n", n / 1000).into_bytes()).collect();
    let outcome = with_defaults(&basis, &basis[21..]);
    let block = block_len(basis.len());
    assert!(outcome.literal <= limits::PATIENCE + (basis.len() as u64 / 16) + 8 * block, "{}", outcome.literal);
}

/// What is written over the basis is made of what lies behind.
#[test]
fn in_place_the_basis_is_copied_from_what_is_still_there() {
    let period = noise(4096, 17);
    let thrice = noise(3 << 20, 18);
    for (basis, most) in
        [(period.repeat(4096), 4096 * 4), (b"abc".repeat(4 << 20), 4096 * 4), (thrice.repeat(4), 4 << 20)]
    {
        let new = [&[1], &basis[..]].concat();
        let blocks = Blocks::of_basis(basis.len() as u64).unwrap();
        let mut search = Search::new(sums(&basis, blocks), 0).onward();
        let (mut ops, mut place, mut literal, mut rest) = (Vec::new(), 0, 0, &new[..]);
        while !rest.is_empty() {
            let (window, later) = rest.split_at(rest.len().min(1 << 20));
            let read = |room: &mut [u8]| {
                room.copy_from_slice(window);
                Ok(room.len())
            };
            search.push(window.len(), read, &mut ops).unwrap();
            rest = later;
        }
        search.finish(&mut ops).unwrap();
        for op in ops {
            match &op {
                Op::Copy { offset, .. } => literal += if *offset < place { op.len() } else { 0 },
                Op::Literal(_) => literal += op.len(),
            }
            place += op.len();
        }
        assert_eq!(place, new.len() as u64);
        assert!(literal <= most, "{literal} literal bytes of {place}");
    }
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

/// Sums of which every weak one is that of the data that will come, but no strong one.
#[test]
fn weak_sums_that_lie_are_paid_for_once() {
    let new = vec![0u8; 64 << 20];
    let basis = &new[..2 << 20];
    let blocks = Blocks::of_basis(basis.len() as u64).unwrap();
    let mut lies = sum(basis, 0, &blocks).sums;
    for (i, sum) in lies.chunks_mut(SUM).enumerate() {
        sum[4..8].copy_from_slice(&[1, 2, 3, 4]);
        sum[8..].copy_from_slice(&(i as u16).to_be_bytes());
    }
    let mut lying = BasisSums::new(blocks);
    lying.take(&lies, Strong::Moved).unwrap();
    let mut outcome = Outcome::default();
    search(basis, &new, 0, lying, &[1 << 20], &mut outcome);
    assert!(outcome.work.rolled + outcome.work.hashed <= (8 << 20) + new.len() as u64 / 16, "{:?}", outcome.work);
}

/// Sums of which only the first half came: what they say is used, the rest is new.
#[test]
fn sums_that_end_early_are_used_so_far() {
    let basis = noise(1 << 20, 16);
    let blocks = Blocks::of_basis(basis.len() as u64).unwrap();
    let mut half = BasisSums::new(blocks);
    half.take(&sum(&basis[..1 << 19], 0, &blocks).sums, Strong::Chaining).unwrap();
    let outcome = transfer(&basis, &basis, half, &[1 << 20]);
    assert!(outcome.made == basis);
    assert_eq!(outcome.literal, 1 << 19);
}
