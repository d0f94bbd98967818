//! The filter rules of the command line, files included.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use xssh_filter::{Builder, FilterError, Options, RuleFiles};
use xssh_sync::Rules;

use crate::args::sync::{Rule, Sync};

/// Files that rules name, where we are.
struct Here;

impl RuleFiles for Here {
    fn read(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        fs::read(OsStr::from_bytes(name))
    }
}

/// Reads all rules, in their order.
pub(super) fn read(call: &Sync) -> Result<Rules, String> {
    let mut builder = Builder::new(Options { delete_excluded: call.delete_excluded, ..Options::default() });
    for rule in &call.rules {
        let (read, what) = match rule {
            Rule::Exclude(pattern) => (builder.exclude(pattern.as_bytes()), pattern.clone()),
            Rule::Include(pattern) => (builder.include(pattern.as_bytes()), pattern.clone()),
            Rule::Filter(rule) => (builder.filter(rule.as_bytes(), &Here), rule.clone()),
            Rule::ExcludeFrom(path) => (builder.exclude_from(&text(path)?), path.display().to_string()),
            Rule::IncludeFrom(path) => (builder.include_from(&text(path)?), path.display().to_string()),
        };
        read.map_err(|error: FilterError| format!("{what}: {error}"))?;
    }
    Ok(builder.finish())
}

fn text(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
