//! Every bound of the protocol, named once. Sizes are bytes unless the name says otherwise.

use std::time::Duration;

/// The largest payload of a frame.
pub const FRAME: usize = 8 << 20;
/// A payload of less than this gets no buffer that was used before, which may be much larger.
pub const FRAME_SMALL: usize = 64 << 10;
/// A payload is asked from the allocator in steps of this: a length alone costs nothing.
pub const FRAME_STEP: usize = 256 << 10;
/// What a batch of pages, entries, small files or wishes is filled up to.
pub const BATCH: usize = 256 << 10;
/// File contents in one frame.
pub const PIECE: usize = 256 << 10;
/// A file up to this size travels whole, many to a frame.
pub const SMALL_FILE: u64 = 64 << 10;
/// A frame of small files: filled up to [`BATCH`], then one more, and what belongs to it.
pub const PARCEL: usize = BATCH + SMALL_FILE as usize + 1024;
/// Buffers that are kept for the next use.
pub const SPARE_BUFFERS: usize = 8;
/// Entries of one page on average.
pub const PAGE_AVERAGE: u64 = 256;
/// Entries that a page never exceeds.
pub const PAGE_ENTRIES: u32 = 4096;
/// Pages of one tree: enough for some hundred million entries.
pub const PAGES: usize = 1 << 20;
/// Ranges that the target lets the source list at a time.
pub const LISTS: usize = 16;
/// Ranges whose names the source keeps, because the target may still want something of them.
pub const KEPT_RANGES: usize = 1024;
/// Ranges that a source gives unasked and that the target has not released.
pub const GIVEN: usize = 64;
/// A file of less than this is given unasked: about a larger one the target first asks whether there is room.
pub const GIVEN_FILE: u64 = ROOM_LEAST;
/// Files that are wanted and have not come yet.
pub const WANTS: usize = 16 << 10;
/// Pieces that wait for one writer.
pub const WRITER_QUEUE: usize = 16;
/// Events that wait for the target's decision.
pub const EVENTS: usize = 64;
/// Threads that write.
pub const WRITERS: usize = 2;
/// The longest text of an error or an option from the other side.
pub const TEXT: usize = 64 << 10;
/// The longest target of a symbolic link (PATH_MAX).
pub const LINK: usize = 4096;
/// How much of a chatty login script is kept, to be shown.
pub const CHATTER: usize = 1024;
/// The longest name of a program in an opening.
pub const PROGRAM: usize = 64;
/// What is here of a file, if it is less than this, is not worth comparing.
pub const DELTA_LEAST: u64 = 16 << 10;
/// Half of the frames that wait for the line.
pub const LINE_QUEUE: usize = 8;
/// Small frames that go out, or come in, together.
pub const LINE_BUFFER: usize = 16 << 10;
/// A line that takes less than this in a second gets its contents compressed.
pub const SLOW_LINE: usize = 128 << 20;
/// Contents by which a line's speed is judged.
pub const SPEED_RAW: usize = 4 << 20;
/// The same where they are compressed.
pub const SPEED_SQUEEZED: usize = 32 << 20;
/// A payload of less than this is not compressed.
pub const COMPRESS_LEAST: usize = 512;
/// Directories that a target looks into for what it has not (as rsync).
pub const REFERENCES: usize = 20;
/// Entries that the walk of such a directory may be ahead.
pub const AHEAD: usize = 1024;
/// Problems that are kept for the end; the rest are counted.
pub const PROBLEMS: usize = 1000;
/// Deletions in a small tree that nobody is asked to confirm: so many names become others in a day, and so few are looked at.
pub const DELETIONS_UNASKED: u64 = 20;
/// Entries of the latest pages that a source keeps, because the target is about to ask for them.
pub const RECENT: usize = 2 << 10;
/// Files that may be ones the target has under another name: so many wait until that is known.
pub const MOVES: usize = 64 << 10;
/// A file of less than this is sent rather than looked for under another name.
pub const MOVED_LEAST: u64 = 256;
/// Names of owners and groups that a target learns.
pub const NAMES: usize = 64 << 10;
/// A file of less than this is not asked about before there may be no room for it.
pub const ROOM_LEAST: u64 = 1 << 20;
/// Runs of zeros of this length, at multiples of it, become holes.
pub const HOLE: usize = 4 << 10;
/// A file of less than this gets no thread for its digest.
pub const DIGESTER_LEAST: u64 = 1 << 20;
/// What goes over one of several lanes before it is the next one's turn.
pub const STRIPE: usize = 64 << 10;
/// Lanes that a run may have beside its first: OpenSSH lets ten clients at a time log in (MaxStartups).
pub const LANES: u8 = 7;
/// For so much of a round trip a further lane is worth having: 2 MiB of window in that time are 160 MiB a second.
pub const LANE_TRIP: Duration = Duration::from_millis(13);
/// A line over which it took so long until the helper was ready seems to be that long: a login is some ten round trips.
pub const LONG_BEGINNING: Duration = Duration::from_millis(130);
/// Before so much was sent no lanes are opened.
pub const LANES_WORTH: usize = 1 << 20;
/// So many at first: for the rest the line has to show that it is worth them.
pub const LANES_AT_FIRST: u8 = 3;
/// What goes out over the first lane from then on until that is decided.
pub const MORE_LANES_WORTH: u32 = 16 << 20;
/// What an SSH server lets a client have under way on a channel (OpenSSH).
pub const LANE_WINDOW: u32 = 2 << 20;
/// Pieces that wait for their digest.
pub const DIGESTER_QUEUE: usize = 8;
/// What is copied in one go where the source names several parts that follow one another.
pub const COPIED_AT_ONCE: u64 = 64 << 20;
/// Threads that hash one large file.
pub const HASHERS: usize = 4;
/// Spans of a file that one of them has done and that were not taken yet.
pub const SPANS_AHEAD: usize = 4;
/// Spans whose sums go in one message.
pub const SPANS_TOLD: u64 = 4;
/// Contents of a basis that are placed before the source has said so. It says something at least once in 32 MiB
/// (`xssh_delta::limits`: a copy, what may differ before it searches, a block, a span), and is told of 16 late at worst.
pub const PLACED_AHEAD: u64 = 64 << 20;
/// Sums of blocks that the target sends of files whose contents have not come. One file may be more.
pub const SUMS_AHEAD: u64 = 4 << 20;
/// What a file counts for in this, however few sums it has: for each, some files are held open.
pub const SUMS_LEAST: u64 = 64 << 10;
/// Digests of files in one message.
pub const DIGESTS: usize = 256;
/// Repositories of one tree whose indexes are kept at a time: walks are in few of them at once.
pub const REPOSITORIES: usize = 16;
/// Bytes of git's ignore files above a source, which both sides tell one another in their first words.
pub const ABOVE: usize = 1 << 20;
/// Directories from the top of a work tree to a source: a path has no more.
pub const ABOVE_DIRECTORIES: u64 = 2048;
