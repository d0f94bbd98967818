//! Takes what the source says, and hands it to whom it is for.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use xssh_fs::RelPath;

use super::ledger::Wanted;
use super::write::Work;
use super::{Event, Shared};
use crate::buffers::Buffers;
use crate::error::SyncError;
use crate::lanes::Landing;
use crate::limits::{LINE_BUFFER, NAMES};
use crate::striped::Striped;
use crate::tree::Meta;
use crate::watch::Note;
use crate::wire::frame;
use crate::wire::message::{FileId, FromSource, FromTarget, Message, Small};

/// The writers, and the large file that is under way.
struct Desk<'a> {
    shared: &'a Shared<'a>,
    events: &'a SyncSender<Event>,
    writers: Vec<SyncSender<Work>>,
    turn: usize,
    /// The directory of the small file that came last.
    directory: Box<[u8]>,
    /// And who writes it, if somebody wants it.
    open: Option<(FileId, Option<usize>)>,
    /// So many ranges came unasked, where they do.
    given: Option<u32>,
}

/// Listens until the source has nothing more to say.
pub(super) fn run(
    shared: &Shared<'_>,
    input: impl Read,
    landing: Option<&dyn Landing>,
    events: &SyncSender<Event>,
    writers: Vec<SyncSender<Work>>,
) -> Result<(), SyncError> {
    let mut desk = Desk { shared, events, writers, turn: 0, directory: Box::default(), open: None, given: None };
    let mut input = Striped::new(buffered(Box::new(input)));
    let room = Arc::new(Buffers::default());
    let heard = loop {
        match frame::read_within(&mut input, &room) {
            Ok(Some((frame, _))) => {
                let taken = match FromSource::decode(frame) {
                    Ok(FromSource::Lanes(numbers)) => {
                        land(landing, &numbers).map(|lanes| input.widen(lanes.into_iter().map(|lane| buffered(lane))))
                    }
                    Ok(FromSource::AskLanes) => welcome(shared, landing),
                    Ok(message) => desk.take(message),
                    Err(error) => Err(error.into()),
                };
                if let Err(error) = taken {
                    break Err(error);
                }
            }
            Ok(None) => break Err(SyncError::Ended),
            Err(error) => break Err(error.into()),
        }
    };
    // Whoever decides learns of it too; where all was done already, nobody listens.
    match heard {
        Err(SyncError::Ended) => {
            let _ = events.send(Event::Fatal(SyncError::Ended));
            Err(SyncError::Ended)
        }
        Err(error) => {
            let _ = events.send(Event::Fatal(error));
            Err(SyncError::Ended)
        }
        Ok(()) => Ok(()),
    }
}

fn buffered<'a>(lane: Box<dyn Read + 'a>) -> BufReader<Box<dyn Read + 'a>> {
    // A payload goes past a buffer that is smaller than it.
    BufReader::with_capacity(LINE_BUFFER, lane)
}

/// Says whether lanes may come.
fn welcome(shared: &Shared<'_>, landing: Option<&dyn Landing>) -> Result<(), SyncError> {
    let welcome = landing.is_some_and(|landing| landing.expect(shared.key).is_ok());
    shared.line.send(&FromTarget::Lanes { welcome }).map_err(|_| SyncError::Ended)
}

/// The lanes that take part from now on.
fn land(landing: Option<&dyn Landing>, numbers: &[u8]) -> Result<Vec<Box<dyn Read + Send>>, SyncError> {
    let lane = |number: &u8| landing.and_then(|landing| landing.take(*number));
    numbers.iter().map(lane).collect::<Option<_>>().ok_or(SyncError::Broke("named a lane that is not there"))
}

impl Desk<'_> {
    fn take(&mut self, message: FromSource) -> Result<(), SyncError> {
        let event = match message {
            FromSource::Giving => {
                self.given = Some(0);
                Event::Giving
            }
            FromSource::Pages(pages) => Event::Pages(pages),
            FromSource::PagesEnd { entries, clean, root } => Event::PagesEnd { entries, clean, root },
            FromSource::Entries { range, items } => Event::Entries { range, items },
            FromSource::RangeEnd { range, clean, alike } => {
                self.given = self.given.map(|_| range.saturating_add(1));
                Event::RangeEnd { range, clean, alike }
            }
            FromSource::Digests(files) => Event::Digests(files),
            FromSource::Small(files) => return self.small(files),
            FromSource::Begin { file, meta } => return self.begin(file, meta),
            FromSource::Data { file, bytes } => return self.grow(file, Work::Data(bytes)),
            FromSource::Copy { file, offset, length } => return self.grow(file, Work::Copy { offset, length }),
            FromSource::Zeros { file, length } => return self.grow(file, Work::Zeros(length)),
            FromSource::Apart { file } => return self.grow(file, Work::Apart),
            FromSource::Name { group, id, name } => {
                if self.shared.translation.len() >= NAMES * 2 {
                    return Err(SyncError::Limit { what: "names of owners and groups", limit: NAMES });
                }
                let is_known = self.shared.translation.learn(group, id, &name);
                if !is_known && self.shared.options.mapping.is_some() {
                    let what = if group { "group" } else { "user" };
                    self.shared.problem(&RelPath::root(), &format!("there is no {what} called {name} here"));
                }
                return Ok(());
            }
            FromSource::End { file, digest } => {
                self.grow(file, Work::End(digest))?;
                self.open = None;
                return Ok(());
            }
            FromSource::Missing { file, vanished, why } => return self.missing(file, vanished, &why),
            FromSource::Problem { path, why } => {
                // The source's side has told its user already.
                self.shared.ledger.failed();
                self.shared.watch.note(Note::Problem { path: &path, why: &why, remote: true });
                return Ok(());
            }
            FromSource::Failed { why } => return Err(SyncError::GaveUp(why)),
            FromSource::AskLanes | FromSource::Lanes(_) => return Ok(()),
        };
        self.events.send(event).map_err(|_| SyncError::Ended)
    }

    /// What is known of a file that comes. `None`: it comes unasked, and is not wanted.
    fn wanted(&self, file: FileId) -> Result<Option<Wanted>, SyncError> {
        let ledger = &self.shared.ledger;
        match self.given {
            None => ledger.take(file).map(Some).ok_or(UNWANTED),
            Some(given) if file.range >= given => Err(UNWANTED),
            Some(_) if !self.shared.given.wait(file.range) => Err(SyncError::Ended),
            Some(_) => Ok(ledger.take(file)),
        }
    }

    fn begin(&mut self, file: FileId, meta: Meta) -> Result<(), SyncError> {
        let wanted = self.wanted(file)?;
        if self.open.is_some() {
            return Err(SyncError::Broke("began a file in the middle of another"));
        }
        let Some(wanted) = wanted else {
            self.open = Some((file, None));
            return Ok(());
        };
        let writer = self.next_writer();
        self.open = Some((file, Some(writer)));
        self.hand(writer, Work::Begin { file, wanted, meta })
    }

    /// Hands on more of the file that was begun.
    fn grow(&self, file: FileId, work: Work) -> Result<(), SyncError> {
        match self.open {
            Some((open, writer)) if open == file => writer.map_or(Ok(()), |writer| self.hand(writer, work)),
            _ => Err(UNWANTED),
        }
    }

    /// Shares a batch out among the writers, at best where one directory ends: two that make files in one hold each other up.
    fn small(&mut self, files: Vec<Small>) -> Result<(), SyncError> {
        let share = files.len().div_ceil(self.writers.len());
        let mut batch: Vec<(Wanted, Small)> = Vec::with_capacity(files.len());
        for small in files {
            let Some(wanted) = self.wanted(small.file)? else { continue };
            let path = &wanted.item.path;
            let directory = &path.as_bytes()[..path.as_bytes().len() - path.name().len()];
            if *directory != *self.directory {
                self.directory = directory.into();
                if batch.len() >= share {
                    self.hand_small(std::mem::take(&mut batch))?;
                    self.next_writer();
                }
            }
            batch.push((wanted, small));
        }
        self.hand_small(batch)
    }

    /// Hands over to the writer whose turn it is, or to the next where that one has enough to do.
    fn hand_small(&mut self, batch: Vec<(Wanted, Small)>) -> Result<(), SyncError> {
        match self.writers[self.turn].try_send(Work::Small(batch)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(work)) => {
                let writer = self.next_writer();
                self.hand(writer, work)
            }
            Err(TrySendError::Disconnected(_)) => Err(SyncError::Ended),
        }
    }

    fn missing(&mut self, file: FileId, vanished: bool, why: &str) -> Result<(), SyncError> {
        if let Some((open, writer)) = self.open
            && open == file
        {
            self.open = None;
            return writer.map_or(Ok(()), |writer| self.hand(writer, Work::Missing(why.to_owned())));
        }
        let wanted = if self.given.is_some() { self.wanted(file)? } else { self.shared.ledger.take(file) };
        let Some(wanted) = wanted else {
            if self.given.is_some() {
                return Ok(());
            }
            // It may have been asked for its digest alone.
            return self.events.send(Event::NoDigest(file, why.to_owned())).map_err(|_| SyncError::Ended);
        };
        // What was begun for it goes.
        drop(self.shared.bases.take(file));
        if vanished {
            self.shared.ledger.vanished();
        } else {
            // The source's side has told its user already.
            self.shared.ledger.failed();
            self.shared.watch.note(Note::Problem { path: &wanted.item.path, why, remote: true });
        }
        self.events.send(Event::Settled(vec![file])).map_err(|_| SyncError::Ended)
    }

    fn next_writer(&mut self) -> usize {
        self.turn = (self.turn + 1) % self.writers.len();
        self.turn
    }

    fn hand(&self, writer: usize, work: Work) -> Result<(), SyncError> {
        self.writers[writer].send(work).map_err(|_| SyncError::Ended)
    }
}

const UNWANTED: SyncError = SyncError::Broke("sent a file that was not asked for");
