//! What is asked for, or told, on a channel.

use super::field::Field;
use crate::mux::draft::Draft;
use crate::mux::message::Malformed;
use crate::session::Ask;
use crate::terminal::modes;
use crate::terminal::request::PtyRequest;
use crate::terminal::size::WindowSize;
use crate::terminal::visible::visible;

/// A channel request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChannelRequest {
    /// One that a client makes.
    Ask(Ask),
    /// That X clients are shown on the display here. What is said of that display is not read: it is the master's that counts.
    X11,
    /// How the program ended (RFC 4254, section 6.10).
    ExitStatus(u32),
    /// The same where a signal ended it, named without `SIG`.
    ExitSignal { name: String, message: String },
    /// Something else.
    Other(String),
}

impl ChannelRequest {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Ask(ask) => match ask {
                Ask::Agent => "auth-agent-req@openssh.com",
                Ask::Pty(_) => "pty-req",
                Ask::Variable { .. } => "env",
                Ask::Exec(_) => "exec",
                Ask::Shell => "shell",
                Ask::Subsystem(_) => "subsystem",
                Ask::Size(_) => "window-change",
                Ask::Signal(_) => "signal",
            },
            Self::X11 => "x11-req",
            Self::ExitStatus(_) => "exit-status",
            Self::ExitSignal { .. } => "exit-signal",
            Self::Other(name) => name,
        }
    }

    pub(super) fn write(&self, draft: Draft) -> Draft {
        match self {
            Self::Ask(ask) => write_ask(ask, draft),
            Self::ExitStatus(status) => draft.uint(*status),
            Self::ExitSignal { name, message } => draft.string(name).byte(0).string(message).string(""),
            Self::X11 | Self::Other(_) => draft,
        }
    }

    /// A name or a value that is no text is nothing that can be passed on, which is no reason to end a connection.
    pub(super) fn read(name: &[u8], field: &mut Field<'_>) -> Result<Self, Malformed> {
        let other = Self::Other(visible(name));
        let ask = match name {
            b"auth-agent-req@openssh.com" => Some(Ask::Agent),
            b"pty-req" => pty(field)?.map(Ask::Pty),
            b"env" => {
                let (name, value) = (field.bytes()?, field.bytes()?);
                text(&name).zip(text(&value)).map(|(name, value)| Ask::Variable { name, value })
            }
            b"exec" => Some(Ask::Exec(field.bytes()?.to_vec())),
            b"shell" => Some(Ask::Shell),
            b"subsystem" => text(&field.bytes()?).map(Ask::Subsystem),
            b"window-change" => Some(Ask::Size(size(field)?)),
            b"signal" => text(&field.bytes()?).map(Ask::Signal),
            b"exit-status" => return Ok(Self::ExitStatus(field.uint()?)),
            b"exit-signal" => {
                let (name, _core_dumped, message) = (field.bytes()?, field.flag()?, field.bytes()?);
                let _language = field.bytes()?;
                return Ok(Self::ExitSignal { name: visible(&name), message: visible(&message) });
            }
            b"x11-req" => {
                field.skip();
                return Ok(Self::X11);
            }
            _ => {
                field.skip();
                None
            }
        };
        Ok(ask.map_or(other, Self::Ask))
    }
}

fn write_ask(ask: &Ask, draft: Draft) -> Draft {
    match ask {
        Ask::Agent | Ask::Shell => draft,
        Ask::Pty(PtyRequest { term, size, modes }) => write_size(*size, draft.string(term)).string(modes::write(modes)),
        Ask::Variable { name, value } => draft.string(name).string(value),
        Ask::Exec(command) => draft.string(command),
        Ask::Subsystem(name) | Ask::Signal(name) => draft.string(name),
        Ask::Size(size) => write_size(*size, draft),
    }
}

fn write_size(size: WindowSize, draft: Draft) -> Draft {
    draft.uint(size.columns).uint(size.rows).uint(size.pixel_width).uint(size.pixel_height)
}

fn size(field: &mut Field<'_>) -> Result<WindowSize, Malformed> {
    Ok(WindowSize {
        columns: field.uint()?,
        rows: field.uint()?,
        pixel_width: field.uint()?,
        pixel_height: field.uint()?,
    })
}

fn pty(field: &mut Field<'_>) -> Result<Option<PtyRequest>, Malformed> {
    let (term, size, modes) = (field.bytes()?, size(field)?, field.bytes()?);
    Ok(text(&term).map(|term| PtyRequest { term, size, modes: modes::read(&modes) }))
}

fn text(bytes: &[u8]) -> Option<String> {
    str::from_utf8(bytes).ok().map(str::to_owned)
}
