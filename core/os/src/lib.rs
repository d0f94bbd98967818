//! The few system calls that the other rooms may not make themselves.

pub mod readiness;
pub mod suspend;
