//! config: to come.
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ConfigError;
