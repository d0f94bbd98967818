//! terminal: to come.
