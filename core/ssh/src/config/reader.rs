//! Reads lines, one after the other, into [`Values`]: from files, from the files they include, and from options.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use log::{debug, error};

use super::context::LocalContext;
use super::directive::{self, Line};
use super::error::{ConfigError, Fault, LineError, Stop};
use super::keyword::{self, Form, Keyword};
use super::pattern::{self, Verdict};
use super::tokens::{Facts, Scope, TokenError, Tokens};
use super::values::{Value, Values};
use super::{jump, lexer};
use crate::limits;
use crate::settings::Template;

/// The port of ssh (RFC 4251, section 4.2).
pub(crate) const DEFAULT_PORT: u16 = 22;

/// What is being configured, and what has been read so far.
pub(crate) struct Reader<'a> {
    pub(crate) context: &'a LocalContext,
    pub(crate) values: Values,
    /// The host as it is known in this pass.
    pub(crate) host: String,
    /// The host as given.
    pub(crate) original_host: String,
    /// The command that will run there, for `Match`.
    pub(crate) command: Option<String>,
    /// Whether the host has been resolved, for `Match final` and `canonical`.
    pub(crate) final_pass: bool,
    /// Whether a line asks for a final pass.
    pub(crate) wants_final_pass: bool,
    files: usize,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: usize,
    /// The user's own line: not the system's.
    pub(crate) by_user: bool,
    /// The file was included from a block that does not apply, so none in it does.
    pub(crate) never: bool,
    pub(crate) on_command_line: bool,
    pub(crate) depth: usize,
}

/// How a file is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileKind {
    pub(crate) by_user: bool,
    pub(crate) check_owner: bool,
    pub(crate) never: bool,
    pub(crate) depth: usize,
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum FileTrouble {
    /// It cannot be opened: whether that matters is the caller's to say.
    Open(io::Error),
    Config(ConfigError),
}

impl From<ConfigError> for FileTrouble {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(context: &'a LocalContext, host: &str, command: Option<String>) -> Self {
        Self {
            context,
            values: Values::default(),
            host: host.to_owned(),
            original_host: host.to_owned(),
            command,
            final_pass: false,
            wants_final_pass: false,
            files: 0,
        }
    }

    /// Sets a value where the line's block applies and nothing has set it yet.
    pub(crate) fn set(&mut self, line: &Line<'_>, keyword: Keyword, value: Value) {
        if line.active {
            self.values.put_first(keyword, value);
        }
    }

    /// Reads a line of the command line: it always applies.
    pub(crate) fn option(&mut self, text: &str) -> Result<(), ConfigError> {
        let source =
            Source { file: "command-line", line: 0, by_user: true, never: false, on_command_line: true, depth: 0 };
        match self.line(text, &source, &mut true) {
            Ok(()) => Ok(()),
            Err(Stop::Everything(error)) => Err(error),
            Err(Stop::Line(fault)) => Err(LineError { file: source.file.to_owned(), line: source.line, fault }.into()),
        }
    }

    /// Reads a file to its end. All its bad lines are logged before it fails.
    pub(crate) fn file(&mut self, path: &Path, kind: FileKind, active: &mut bool) -> Result<(), FileTrouble> {
        if kind.depth > limits::INCLUDE_DEPTH {
            return Err(ConfigError::IncludeDepth.into());
        }
        let name = path.to_string_lossy();
        let file = File::open(path).map_err(FileTrouble::Open)?;
        if kind.check_owner {
            self.check_owner(&file, &name)?;
        }
        self.files += 1;
        if self.files > limits::INCLUDED_FILES {
            return Err(ConfigError::IncludedFiles { file: name.into_owned() }.into());
        }
        debug!("Reading configuration data {name}");
        let content = read_all(file).map_err(|source| ConfigError::Read { file: name.clone().into_owned(), source })?;
        // Bytes that are not UTF-8 become marks, mostly in comments.
        let content = String::from_utf8_lossy(&content);
        let mut bad = Vec::new();
        for (index, text) in content.split('\n').enumerate() {
            let source = Source {
                file: &name,
                line: index + 1,
                by_user: kind.by_user,
                never: kind.never,
                on_command_line: false,
                depth: kind.depth,
            };
            match self.file_line(text, &source, active) {
                Ok(()) => {}
                Err(Stop::Everything(error)) => return Err(error.into()),
                Err(Stop::Line(fault)) => {
                    let line = LineError { file: source.file.to_owned(), line: source.line, fault };
                    error!("{line}");
                    bad.push(line);
                }
            }
        }
        if bad.is_empty() { Ok(()) } else { Err(ConfigError::BadLines { file: name.into_owned(), lines: bad }.into()) }
    }

    /// Nobody but the user and root may have written the file (readconf.c, SSHCONF_CHECKPERM). A group may if the
    /// user alone is in it: Debian's ssh allows that.
    fn check_owner(&self, file: &File, name: &str) -> Result<(), ConfigError> {
        let refused = || ConfigError::Permissions { file: name.to_owned() };
        let metadata = file.metadata().map_err(|_| refused())?;
        let uid = self.context.uid;
        let owned = metadata.uid() == 0 || metadata.uid() == uid;
        let writable_by = |bit: u32| metadata.mode() & bit != 0;
        if !owned || writable_by(0o002) {
            return Err(refused());
        }
        if writable_by(0o020) && !xssh_os::account::group_is_private(metadata.gid(), uid) {
            return Err(refused());
        }
        Ok(())
    }

    /// A line as it stands in a file: it ends at a NUL, as for OpenSSH.
    fn file_line(&mut self, text: &str, source: &Source<'_>, active: &mut bool) -> Result<(), Stop> {
        if text.len() > limits::CONFIG_LINE {
            return Err(Fault::Phrase("line too long").into());
        }
        self.line(text.split('\0').next().unwrap_or_default(), source, active)
    }

    fn line(&mut self, text: &str, source: &Source<'_>, active: &mut bool) -> Result<(), Stop> {
        let Some((name, rest)) = lexer::keyword(text) else {
            return Ok(());
        };
        if rest.is_empty() {
            return Err(Fault::NoArgument(name).into());
        }
        let Some(entry) = keyword::find(&name) else {
            return Ok(self.unknown(name, rest, source)?);
        };
        let arguments = lexer::split_arguments(rest, true).map_err(|_| Fault::Quotes)?.into_iter();
        let mut line = Line { name: &name, rest, arguments, active: *active, source };
        match (entry.form, entry.keyword) {
            (form, Some(keyword)) => directive::apply(self, keyword, form, &mut line, active)?,
            (Form::Unsupported, None) => {
                error!("{} line {}: Unsupported option \"{name}\"", source.file, source.line);
                line.consume();
            }
            (Form::Deprecated, None) => {
                debug!("{} line {}: Deprecated option \"{name}\"", source.file, source.line);
                line.consume();
            }
            _ => line.consume(),
        }
        if line.arguments.len() > 0 {
            return Err(Fault::Extra(name).into());
        }
        Ok(())
    }

    fn unknown(&self, name: String, rest: &str, source: &Source<'_>) -> Result<(), Fault> {
        let ignored = self.values.text(Keyword::IgnoreUnknown).unwrap_or_default().to_ascii_lowercase();
        if pattern::list(&name, &ignored) != Verdict::Matches {
            return Err(Fault::BadOption(name));
        }
        lexer::split_arguments(rest, true).map_err(|_| Fault::Quotes)?;
        debug!("{} line {}: Ignored unknown option \"{name}\"", source.file, source.line);
        Ok(())
    }

    /// The host as `Match host` and the tokens of this pass see it.
    pub(crate) fn current_host(&self) -> Result<String, TokenError> {
        match self.values.text(Keyword::HostName) {
            Some(name) if self.final_pass => Ok(name.to_owned()),
            Some(name) => {
                let facts = Facts { host: self.host.clone(), ..Facts::default() };
                Tokens::from_facts(facts, self.context).expand(&Template(name.to_owned()), Scope::HOST_NAME)
            }
            None => Ok(self.host.clone()),
        }
    }

    /// The remote user as far as it is known.
    pub(crate) fn current_user(&self) -> &str {
        self.values.text(Keyword::User).unwrap_or(&self.context.local_user)
    }

    /// The tokens as far as they are known, for `Match exec` and `Include`.
    pub(crate) fn current_tokens(&self) -> Result<Tokens, TokenError> {
        let host = self.current_host()?;
        let alias = self.values.text(Keyword::HostKeyAlias).unwrap_or(&host).to_owned();
        let jump = self.values.list(Keyword::ProxyJump).last().and_then(|last| jump::ssh_host(last));
        let port = self.values.number(Keyword::Port).and_then(|port| u16::try_from(port).ok());
        let facts = Facts {
            host,
            original_host: self.original_host.clone(),
            key_alias: alias,
            port: port.unwrap_or(DEFAULT_PORT),
            user: self.current_user().to_owned(),
            jump: jump.map(|hop| hop.host).unwrap_or_default(),
            local_host: self.context.hostname.clone(),
            local_user: self.context.local_user.clone(),
            uid: self.context.uid,
        };
        Ok(Tokens::from_facts(facts, self.context))
    }
}

/// Reads up to the limit. A directory is an empty file, as it is for OpenSSH.
fn read_all(file: File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    match file.take(limits::FILE + 1).read_to_end(&mut content) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => return Ok(Vec::new()),
        outcome => outcome?,
    };
    if content.len() as u64 > limits::FILE {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(content)
}
