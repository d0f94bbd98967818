//! auth
mod agent;
mod algorithm;
mod fields;
mod key_file;
mod public_key;
mod signature;
