//! What a line gives its key, as it says itself or by the table that it names.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use xssh_gate::Grant;
use xssh_gate::line::Line;

use crate::args::serve::Serve;
use crate::args::{self, Action};
use crate::serve::grants::Tables;

/// A line, and what its forced command grants where that is one of ours.
pub(super) struct Given<'a> {
    /// The line.
    pub(super) line: &'a Line,
    said: Option<Result<Serve, String>>,
    /// With what stands in a table.
    pub(super) found: Option<Result<Serve, String>>,
}

impl<'a> Given<'a> {
    /// Reads it.
    pub(super) fn by(line: &'a Line, tables: &mut Tables) -> Self {
        let said = said(line);
        let found = said.clone().map(|said| said.and_then(|serve| tables.looked_up(&serve)));
        Self { line, said, found }
    }

    /// As much of what it grants as can be read.
    pub(super) fn known(&self) -> Option<&Serve> {
        [&self.found, &self.said].into_iter().flatten().find_map(|read| read.as_ref().ok())
    }

    /// Whose it is.
    pub(super) fn title(&self) -> String {
        let name = self.said.as_ref().and_then(|said| name(said.as_ref().ok()?));
        let comment = || Some(self.line.key.comment.clone()).filter(|comment| !comment.is_empty());
        name.or_else(comment).unwrap_or_else(|| self.line.key.kind.clone())
    }

    /// In a few words: what it lets its key do.
    pub(super) fn explained(&self) -> String {
        let terms = self.line.terms().map(|terms| terms.to_string()).unwrap_or_default();
        format!("{}{terms}", self.what())
    }

    fn what(&self) -> String {
        match (&self.found, self.line.value("command")) {
            (Some(Ok(Serve { grant, config: Some(file), .. })), _) => {
                format!("by {}, {}", file.display(), granted(grant))
            }
            (Some(Ok(Serve { grant, config: None, .. })), _) => granted(grant),
            (Some(Err(why)), _) => format!("serves nothing: {why}"),
            (None, Some(command)) => format!("runs {command}"),
            (None, None) => "runs anything".to_owned(),
        }
    }
}

/// Whether a line of ours says that it is this one's.
pub(super) fn is_called(line: &Line, name: &str) -> bool {
    said(line).and_then(Result::ok).is_some_and(|serve| self::name(&serve).as_deref() == Some(name))
}

/// What a line of ours says.
fn said(line: &Line) -> Option<Result<Serve, String>> {
    let (_, options) = line.served()?;
    let mut words: Vec<OsString> = vec!["serve".into()];
    words.extend(options.into_iter().map(OsString::from_vec));
    Some(match args::parse("xssh", &words) {
        Ok(Action::Serve(serve)) => Ok(*serve),
        Ok(_) => Err("it grants nothing".to_owned()),
        Err(fault) => Err(fault.to_string()),
    })
}

fn name(serve: &Serve) -> Option<String> {
    serve.grant.name.as_ref().map(|name| name.as_str().to_owned())
}

fn granted(grant: &Grant) -> String {
    let tree = grant.tree.as_ref().map(|tree| {
        let protocols: Vec<String> = tree.protocols.iter().map(ToString::to_string).collect();
        format!("serves {} by {}: it may {}", tree.root.display(), protocols.join(" and "), tree.access.words())
    });
    let repositories = grant.repositories.as_ref().map(|repositories| format!("serves {}", repositories.words()));
    let relay = grant.relay.as_ref().map(|relay| format!("goes to {}: {}", relay.destination, relay.way.words()));
    let all: Vec<String> = [tree, repositories, relay].into_iter().flatten().collect();
    if all.is_empty() { "serves nothing".to_owned() } else { all.join("; ") }
}
