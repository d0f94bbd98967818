//! session: to come.
