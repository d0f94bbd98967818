//! Real trees on both ends of a line in memory: what a run must leave behind, whatever it found.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod kinds;
mod line;
mod pair;
mod random;
mod rules;
