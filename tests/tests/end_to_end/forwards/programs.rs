//! Real programs through a forward.
