//! ssh_config: from what the user typed, through files, to [`crate::settings::Settings`].
//!
//! In the order of use: the cli fills a [`LocalContext`] and a [`CommandLine`]; a [`Resolver`] reads options and files
//! ([`lexer`] → keyword table → one function a form of arguments → values, of which the first stays), canonicalises the
//! host, reads the files again where they ask for it, adds the defaults and makes settings. Consumers expand their
//! [`crate::settings::Template`]s with [`tokens::Tokens`] when they use them; [`dump`] prints what `ssh -G` prints.
//!
//! The yardstick is OpenSSH 9.2 as Debian ships it, with the keywords and `Match` criteria of OpenSSH 10. This room
//! reads configuration files and runs the commands of `Match exec`; it must never read a key, open a connection, or
//! look at the environment except through the context.

pub mod algorithms;
mod assemble;
mod canonical;
mod carried;
mod choice;
mod command_line;
mod context;
mod defaults;
mod directive;
mod dump;
mod error;
mod forward;
mod include;
mod jump;
mod keyword;
pub mod lexer;
mod matching;
mod measure;
mod network;
pub mod pattern;
mod qos;
mod reader;
mod resolver;
pub mod shell_hazard;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tokens;
mod values;

pub use command_line::{CommandLine, ConfigFile, option_line};
pub use context::{Environment, LocalContext, Names, SystemNames};
pub use dump::dump;
pub use error::{ConfigError, Fault, LineError};
pub use forward::ForwardKind;
pub use resolver::Resolver;
