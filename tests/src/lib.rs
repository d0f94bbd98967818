//! What the end-to-end tests and benchmarks of xssh stand on.

pub mod delay_line;
pub mod hostile;
