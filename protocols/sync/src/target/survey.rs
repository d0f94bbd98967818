//! Reads files that are here already, so that the source sends only what differs from them.
//!
//! The sums of a file's blocks are sent as they are made. What was read is written at the same offset of the staged file at once,
//! while it is at hand: most of it stays there. So what the digest is made of is what was written, whatever becomes of the
//! file that it came from. Where the file system can share the contents, they are shared first, and the staged file is read.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};

use xssh_delta::{Blocks, Chaining, SUM, Strong, Summed, sum, sum_moved};
use xssh_fs::{FsError, share};

use super::basis::{Basis, Permit};
use super::ledger::Wanted;
use super::likeness::{Likeness, Old};
use super::place::Place;
use super::{Event, Shared};
use crate::limits::SPANS_TOLD;
use crate::spans::in_order;
use crate::wire::message::{FileId, FromTarget};

/// A file that is to be compared with what is here.
pub(super) struct Survey {
    pub(super) file: FileId,
    pub(super) kind: Likeness,
}

pub(super) fn run(shared: &Shared<'_>, wanted: &Receiver<Survey>, events: &SyncSender<Event>) {
    while let Ok(Survey { file, kind }) = wanted.recv() {
        let Some(item) = shared.ledger.get(file) else { continue };
        let is_told = match begin(shared, &item, kind) {
            Ok(Some((permit, reading, place))) => {
                let basis = Arc::clone(&reading.basis);
                shared.bases.put(file, permit, Arc::clone(&basis), place);
                let is_told = reading.tell(shared, file);
                basis.rest();
                is_told
            }
            Ok(None) => return,
            // It cannot be read here: then it comes whole.
            Err(_) => events.send(Event::Again(file)).is_ok(),
        };
        if !is_told {
            return;
        }
    }
}

/// Makes a place for the new contents. `None`: nobody listens any more.
fn begin(shared: &Shared<'_>, wanted: &Wanted, kind: Likeness) -> Result<Option<(Permit, Reading, Place)>, FsError> {
    let path = &wanted.item.path;
    let contents = kind.open(shared, path)?;
    let io = |error| FsError::io(path, error);
    let blocks = Blocks::of_basis(contents.length()).map_err(|error| io(std::io::Error::other(error)))?;
    let Some(permit) = shared.bases.permit(blocks.count()) else { return Ok(None) };
    let place = Place::of(shared, wanted, true)?;
    let is_place = matches!(place, Place::Within(_)) && kind == Likeness::Old(Old::Own);
    let own = place.file().try_clone().map_err(io)?;
    let what = match () {
        () if is_place => Placing::There,
        // Holes are to be found in what is written, which takes another look at it.
        () if shared.options.sparse || matches!(place, Place::Within(_)) => Placing::Later,
        () if contents.single().is_some_and(|file| share(file, &own).is_ok()) => Placing::Shared(own),
        () => Placing::Copied { to: own, until: wanted.item.meta.size.min(contents.in_place), turn: Mutex::new(()) },
    };
    let basis = Arc::new(Basis::new(contents, blocks, is_place));
    Ok(Some((permit, Reading { basis, what }, place)))
}

/// How what is read gets to its place.
enum Placing {
    /// It is there: the file itself is written to.
    There,
    /// The staged file has it.
    Shared(File),
    /// It is written there, one thread at a time: the system would have the others wait busily.
    Copied { to: File, until: u64, turn: Mutex<()> },
    /// When the source says so.
    Later,
}

impl Placing {
    /// Whether what is read is at its place also where next to nothing is to stay there.
    fn is_done(&self) -> bool {
        matches!(self, Self::There | Self::Shared(_))
    }

    fn place(&self, bytes: &[u8], at: u64, basis: &Basis) -> bool {
        match self {
            Self::There | Self::Shared(_) => true,
            Self::Later => false,
            Self::Copied { to, until, turn } => {
                basis.wait_near(at);
                let _turn = turn.lock();
                // A disk that is full is told when the source's word fails.
                !basis.is_apart() && at + bytes.len() as u64 <= *until && to.write_all_at(bytes, at).is_ok()
            }
        }
    }
}

struct Reading {
    basis: Arc<Basis>,
    what: Placing,
}

impl Reading {
    /// Tells the source what is here. False where it does not listen any more.
    fn tell(&self, shared: &Shared<'_>, file: FileId) -> bool {
        let blocks = self.basis.blocks;
        let (length, bits) = (blocks.file_len(), blocks.bits());
        let mut is_told = shared.line.send(&FromTarget::Delta { file, length, bits }).is_ok();
        let (mut left, mut strong, mut sums) = (blocks.count() as usize * SUM, Strong::Chaining, Vec::new());
        let enough = (SPANS_TOLD * blocks.in_span()) as usize * SUM;
        let mut send = |strong, sums: &mut Vec<u8>| {
            is_told &= shared.line.send(&FromTarget::Sums { file, strong, sums: std::mem::take(sums).into() }).is_ok();
            is_told
        };
        in_order(
            blocks.spans(),
            || vec![0; blocks.span_len()],
            |buffer, span| self.read(buffer, span),
            |read| {
                let Some(Span { sums: of_span, known }) = read else { return ControlFlow::Break(()) };
                let of_strong = if known.is_some() { Strong::Chaining } else { Strong::Moved };
                if of_strong != strong && !sums.is_empty() && !send(strong, &mut sums) {
                    return ControlFlow::Break(());
                }
                strong = of_strong;
                match known {
                    Some((chaining, placed)) => self.basis.learn(&chaining, placed),
                    None => self.basis.pass(of_span.len() / SUM),
                }
                left -= of_span.len();
                sums.extend(of_span);
                if left > 0 && (sums.len() < enough || send(strong, &mut sums)) {
                    return ControlFlow::Continue(());
                }
                ControlFlow::Break(())
            },
        );
        self.basis.end();
        if !sums.is_empty() {
            send(strong, &mut sums);
        }
        if left > 0 {
            send(strong, &mut Vec::new());
        }
        is_told
    }

    /// Sums a span, and has it placed. `None` where it cannot be read, and where nobody wants to know.
    fn read(&self, buffer: &mut [u8], span: u64) -> Option<Span> {
        if self.basis.is_over() {
            return None;
        }
        let (blocks, range) = (&self.basis.blocks, self.basis.blocks.span(span));
        let bytes = &mut buffer[..(range.end - range.start) as usize];
        match &self.what {
            Placing::Shared(own) => own.read_exact_at(bytes, range.start).ok()?,
            _ => self.basis.contents.read_exact_at(bytes, range.start).ok()?,
        }
        if self.basis.is_apart() && !self.what.is_done() {
            return Some(Span { sums: sum_moved(bytes, blocks), known: None });
        }
        let Summed { chaining, sums } = sum(bytes, range.start, blocks);
        let placed = self.what.place(bytes, range.start, &self.basis);
        Some(Span { sums, known: Some((chaining, placed)) })
    }
}

/// What is read of a basis at a time.
struct Span {
    sums: Vec<u8>,
    /// The chaining values of its blocks, and whether they are at their place; none where nothing stays at its offset.
    known: Option<(Vec<Chaining>, bool)>,
}
