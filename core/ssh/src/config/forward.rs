//! What a forward listens on and connects to (ssh_config(5), LocalForward).

use super::context::LocalContext;
use super::tokens::{Facts, Scope, Tokens};
use crate::destination::parse_port;
use crate::settings::{Connect, Forward, Listen, Template};

/// The longest host name of getnameinfo(3), and the longest path of a unix socket.
const LONGEST_HOST: usize = 1024;
const LONGEST_PATH: usize = 107;

/// The letters that forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardKind {
    /// `-L`.
    Local,
    /// `-R`.
    Remote,
    /// `-D`.
    Dynamic,
}

impl ForwardKind {
    /// The word for it in messages (ssh.c).
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::Dynamic => "dynamic",
        }
    }

    /// Reads a specification as the letter takes it. None where it is malformed.
    #[must_use]
    pub fn parse(self, specification: &str, context: &LocalContext) -> Option<Forward> {
        let read = |dynamic, remote| parse(specification, Shape { dynamic, remote }, context);
        match self {
            Self::Local => read(false, false),
            Self::Dynamic => read(true, false),
            // Alone it is a SOCKS proxy on the far side.
            Self::Remote => read(false, true).or_else(|| read(true, true)),
        }
    }
}

/// Which forwards a specification may describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Only where to listen is given.
    pub(crate) dynamic: bool,
    /// It listens on the far side, where port 0 lets the server choose.
    pub(crate) remote: bool,
}

struct Field {
    text: String,
    is_path: bool,
}

impl Field {
    fn port(&self) -> Option<u16> {
        if self.text == "0" { Some(0) } else { parse_port(&self.text).ok() }
    }

    fn path(&self) -> Template {
        Template(self.text.clone())
    }
}

/// Reads a specification as `-L` takes it; variables in it are replaced first. None where it is malformed.
pub(crate) fn parse(specification: &str, shape: Shape, context: &LocalContext) -> Option<Forward> {
    let variables = Tokens::from_facts(Facts::default(), context);
    let text = variables.expand(&Template(specification.to_owned()), Scope::VARIABLES).ok()?;
    let fields = split(text.trim_start())?;
    let forward = assemble(&fields)?;
    let counts = if shape.dynamic { fields.len() <= 2 } else { fields.len() >= 3 || has_path(&forward) };
    let connects = shape.dynamic || !matches!(forward.connect, Connect::Socks | Connect::Port { port: 0, .. });
    let listens = shape.remote || !matches!(forward.listen, Listen::Port { port: 0, .. });
    (counts && connects && listens && fits(&forward)).then_some(forward)
}

fn has_path(forward: &Forward) -> bool {
    matches!(forward.listen, Listen::Path(_)) || matches!(forward.connect, Connect::Path(_))
}

fn fits(forward: &Forward) -> bool {
    let listens = match &forward.listen {
        Listen::Port { bind, .. } => bind.as_ref().is_none_or(|bind| bind.len() <= LONGEST_HOST),
        Listen::Path(path) => path.0.len() <= LONGEST_PATH,
    };
    listens
        && match &forward.connect {
            Connect::Port { host, .. } => host.len() <= LONGEST_HOST,
            Connect::Path(path) => path.0.len() <= LONGEST_PATH,
            Connect::Socks => true,
        }
}

fn assemble(fields: &[Field]) -> Option<Forward> {
    let port = |bind: Option<&Field>, port: &Field| {
        Some(Listen::Port { bind: bind.map(|bind| bind.text.clone()), port: port.port()? })
    };
    let to = |host: &Field, port: &Field| Some(Connect::Port { host: host.text.clone(), port: port.port()? });
    let (listen, connect) = match fields {
        [a] if a.is_path => (Listen::Path(a.path()), Connect::Socks),
        [a] => (port(None, a)?, Connect::Socks),
        [a, b] if a.is_path && b.is_path => (Listen::Path(a.path()), Connect::Path(b.path())),
        [a, b] if b.is_path => (port(None, a)?, Connect::Path(b.path())),
        [a, b] => (port(Some(a), b)?, Connect::Socks),
        [a, b, c] if a.is_path => (Listen::Path(a.path()), to(b, c)?),
        [a, b, c] if c.is_path => (port(Some(a), b)?, Connect::Path(c.path())),
        [a, b, c] => (port(None, a)?, to(b, c)?),
        [a, b, c, d] => (port(Some(a), b)?, to(c, d)?),
        _ => return None,
    };
    Some(Forward { listen, connect })
}

/// Splits at colons into at most four fields. Brackets protect colons; a backslash protects what follows it.
fn split(text: &str) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if fields.len() == 4 {
            return None;
        }
        let field;
        (field, rest) = match rest.strip_prefix('[') {
            Some(inner) => bracketed(inner)?,
            None => unbracketed(rest)?,
        };
        fields.push(field);
    }
    Some(fields)
}

fn bracketed(inner: &str) -> Option<(Field, &str)> {
    let (text, rest) = inner.split_once(']')?;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
    Some((Field { text: text.to_owned(), is_path: text.contains('/') }, rest))
}

fn unbracketed(text: &str) -> Option<(Field, &str)> {
    let mut field = Field { text: String::new(), is_path: false };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => field.text.push(chars.next()?),
            ':' => break,
            c => {
                field.is_path |= c == '/';
                field.text.push(c);
            }
        }
    }
    Some((field, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::context;
    use super::*;

    const LOCAL: Shape = Shape { dynamic: false, remote: false };
    const REMOTE: Shape = Shape { dynamic: false, remote: true };
    const DYNAMIC: Shape = Shape { dynamic: true, remote: false };

    fn shown(text: &str, shape: Shape) -> Option<String> {
        parse(text, shape, &context()).map(|forward| format!("{} {}", forward.listen, forward.connect))
    }

    #[test]
    fn specifications() {
        for (text, shape, expected) in [
            ("80:host:8080", LOCAL, Some("80 [host]:8080")),
            ("[::1]:80:[fe80::1]:8080", LOCAL, Some("[::1]:80 [fe80::1]:8080")),
            (":80:h:1", LOCAL, Some("[]:80 [h]:1")),
            ("/a:/b", LOCAL, Some("/a /b")),
            ("80:/b", LOCAL, Some("80 /b")),
            ("h:80:/b", LOCAL, Some("[h]:80 /b")),
            ("/a:h:1", LOCAL, Some("/a [h]:1")),
            ("/a\\:b:/c", LOCAL, Some("/a:b /c")),
            ("0:h:1", LOCAL, None),
            ("0:h:1", REMOTE, Some("0 [h]:1")),
            ("80:h:0", LOCAL, None),
            ("h:80", LOCAL, None),
            ("80", LOCAL, None),
            ("80", DYNAMIC, Some("80 [socks]:0")),
            ("h:80", DYNAMIC, Some("[h]:80 [socks]:0")),
            ("a:b:c:d:e", LOCAL, None),
            ("[x:80", LOCAL, None),
            ("80:h:99999", LOCAL, None),
            ("", LOCAL, None),
            ("${SET}:h:1", REMOTE, None),
            ("/${SET}:/x", LOCAL, Some("/value /x")),
            ("/${UNSET}:/x", LOCAL, None),
        ] {
            assert_eq!(shown(text, shape).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a/:\\\\\\[\\]0-9]{0,16}|\\PC{0,16}") {
            let _ = (shown(&text, LOCAL), shown(&text, REMOTE), shown(&text, DYNAMIC));
        }
    }
}
