//! exec: to come.
