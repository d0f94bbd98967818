//! auth: to come.
