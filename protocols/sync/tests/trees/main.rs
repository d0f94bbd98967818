//! Real trees on both ends of a line in memory: what a run must leave behind, whatever it found.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod alike;
mod backups;
mod chosen;
mod cuts;
mod deltas;
mod dice;
mod elsewhere;
mod forest;
mod giving_way;
mod kept;
mod kinds;
mod lanes;
mod line;
mod links;
mod moved;
mod neighbours;
mod oracle;
mod otherwise;
mod pair;
mod permissions;
mod protected;
mod random;
mod references;
mod rules;
mod simulation;
mod stand_ins;
mod tracked;
mod traps;
mod vacant;
