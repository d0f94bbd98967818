//! The few system calls that the other rooms may not make themselves: small, each with its reason.
//!
//! [`account`] says who runs us; [`bounds`] limits what a program may take; [`clock`] knows its time zone; [`code`] lets go of code
//! that was used; [`names`] asks the system's resolver what std cannot ask it; [`readiness`] waits for a descriptor; [`shared`] has
//! numbers that several processes count on; [`removal`] takes the calls that remove from a program; [`daemon`] goes into the
//! background; [`suspend`] stops the program as Ctrl-Z does. Nothing here decides anything, prints, or keeps state.
#![allow(unsafe_code, reason = "this is the room for the calls that need it; each says why it is sound")]

pub mod account;
pub mod bounds;
pub mod clock;
pub mod code;
pub mod daemon;
pub mod descriptors;
pub mod names;
pub mod readiness;
pub mod removal;
pub mod shared;
pub mod signals;
pub mod suspend;
