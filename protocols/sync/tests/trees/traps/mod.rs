//! The twenty-five traps of a sync engine, each by its number and name. What needs the whole program, a terminal or calls of
//! the system that fail is in `tests/tests/end_to_end/traps.rs`: 11, and parts of 10 and 12.

mod attributes;
pub(crate) mod deep;
pub(crate) mod mounted;
mod names;
mod reading;
mod writing;
