//! What hostile peers and hostile files must not be able to do.

mod session;
