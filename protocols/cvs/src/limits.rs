//! Every bound of the request stream, named once. Sizes are bytes unless the name says otherwise.

/// The longest line of a client: an argument may be a whole paragraph of a log message.
pub const LINE: usize = 64 << 10;
/// The longest name of a path, in `Root`, `Directory` and beside them (PATH_MAX).
pub const PATH: usize = 4096;
/// All arguments of one command together, which are kept until the command comes.
pub const ARGUMENTS: usize = 16 << 20;
/// Arguments of one command.
pub const ARGUMENT_COUNT: usize = 256 << 10;
/// The largest file that a client may announce; its contents are passed on and never kept.
pub const FILE: u64 = 1 << 40;
/// How far above its working directory a client may refer.
pub const DOTDOT: u32 = 64;
/// The longest line of the server's that is looked at, before the first command.
pub const ANSWER: usize = 64 << 10;
/// How much of a peer's text a refusal repeats.
pub const SHOWN: usize = 200;
/// The largest `modules` file that is read.
pub const MODULES: usize = 4 << 20;
