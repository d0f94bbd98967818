//! One function for each form of arguments that a keyword may have. Each checks its arguments, whatever block they
//! stand in, and sets a value where the block applies and nothing has set one before.

pub(super) mod domains;
mod environment;
pub(super) mod forwards;
mod identity;
pub(super) mod lists;
mod quality;
mod route;
mod scalar;

use std::vec::IntoIter;

use super::error::{Fault, LineError, Stop};
use super::keyword::{Form, Keyword};
use super::reader::{Reader, Source};
use super::{include, matching};

/// A line as a directive sees it.
pub(super) struct Line<'a> {
    /// The keyword as written, in lower case.
    pub(super) name: &'a str,
    /// All that follows the keyword.
    pub(super) rest: &'a str,
    /// The same, split.
    pub(super) arguments: IntoIter<String>,
    /// Whether the block applies.
    pub(super) active: bool,
    /// Where it stands.
    pub(super) source: &'a Source<'a>,
}

impl Line<'_> {
    /// The next argument, which must be there and not be empty.
    pub(super) fn required(&mut self, complaint: &'static str) -> Result<String, Fault> {
        self.arguments.next().filter(|argument| !argument.is_empty()).ok_or(Fault::Phrase(complaint))
    }

    /// Lets no arguments be left over.
    pub(super) fn consume(&mut self) {
        self.arguments.by_ref().for_each(drop);
    }

    /// A complaint after which nothing more is read.
    pub(super) fn end(&self, complaint: &'static str) -> Stop {
        let line =
            LineError { file: self.source.file.to_owned(), line: self.source.line, fault: Fault::Phrase(complaint) };
        Stop::Everything(line.into())
    }

    /// Complains where `word` is not the only argument; `earlier` ones have been taken before it.
    pub(super) fn alone(&self, word: &str, earlier: usize) -> Result<(), Fault> {
        if earlier > 0 || self.arguments.len() > 0 {
            return Err(Fault::NotAlone { keyword: self.name.to_owned(), word: word.to_owned() });
        }
        Ok(())
    }
}

/// Does what a line says.
pub(super) fn apply(
    reader: &mut Reader<'_>,
    keyword: Keyword,
    form: Form,
    line: &mut Line<'_>,
    active: &mut bool,
) -> Result<(), Stop> {
    match form {
        Form::Choice(choices) => scalar::choice(reader, keyword, line, choices)?,
        Form::Integer => scalar::integer(reader, keyword, line)?,
        Form::Time => scalar::time(reader, keyword, line)?,
        Form::Text => scalar::text(reader, keyword, line)?,
        Form::Command => scalar::command(reader, keyword, line),
        Form::Files => lists::files(reader, keyword, line)?,
        Form::Names(kind) => lists::algorithms(reader, keyword, line, kind)?,
        Form::Own => return apply_own(reader, keyword, line, active),
        Form::Ignored | Form::Deprecated | Form::Unsupported => line.consume(),
    }
    Ok(())
}

fn apply_own(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>, active: &mut bool) -> Result<(), Stop> {
    match keyword {
        Keyword::Host => matching::host_line(reader, line, active)?,
        Keyword::Match => matching::match_line(reader, line, active)?,
        Keyword::Include => include::line(reader, line, active)?,
        Keyword::RefuseConnection => route::refuse(line)?,
        Keyword::AddKeysToAgent => identity::add_keys(reader, line)?,
        Keyword::CertificateFile => identity::certificate_file(reader, line)?,
        Keyword::ForwardAgent => identity::forward_agent(reader, line)?,
        Keyword::IdentityAgent => identity::agent(reader, line)?,
        Keyword::IdentityFile => identity::file(reader, line)?,
        Keyword::CanonicalDomains => domains::canonical(reader, line)?,
        Keyword::CanonicalizePermittedCnames => domains::permitted_cnames(reader, line)?,
        Keyword::ChannelTimeout => lists::channel_timeout(reader, line)?,
        Keyword::GssApiKexAlgorithms => lists::gssapi_kex(reader, line)?,
        Keyword::LogVerbose => lists::log_verbose(reader, line)?,
        Keyword::ControlPersist => quality::control_persist(reader, line)?,
        Keyword::IpQos => quality::ip_qos(reader, line)?,
        Keyword::ObscureKeystrokeTiming => quality::keystroke_timing(reader, line)?,
        Keyword::RekeyLimit => quality::rekey_limit(reader, line)?,
        Keyword::TunnelDevice => quality::tunnel_device(reader, line)?,
        Keyword::DynamicForward | Keyword::LocalForward | Keyword::RemoteForward => {
            forwards::forward(reader, keyword, line)?;
        }
        Keyword::PermitRemoteOpen => forwards::permit_remote_open(reader, line)?,
        Keyword::EscapeChar => scalar::escape_char(reader, line)?,
        Keyword::FingerprintHash => scalar::fingerprint_hash(reader, line)?,
        Keyword::LogLevel => scalar::log_level(reader, line)?,
        Keyword::Port => scalar::port(reader, line)?,
        Keyword::StreamLocalBindMask => scalar::bind_mask(reader, line)?,
        Keyword::SyslogFacility => scalar::syslog_facility(reader, line)?,
        Keyword::VersionAddendum => scalar::version_addendum(reader, line)?,
        Keyword::ProxyJump => route::proxy_jump(reader, line)?,
        Keyword::SendEnv => environment::send(reader, line)?,
        Keyword::SetEnv => environment::set(reader, line)?,
        _ => line.consume(),
    }
    Ok(())
}
