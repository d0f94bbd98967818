//! Bytes of a client's become typed requests here, and nowhere else.

pub(crate) mod request;
pub(crate) mod stream;

mod field;
