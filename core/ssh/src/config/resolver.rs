use std::path::PathBuf;

use log::{debug, trace};

use super::assemble::{self, Circumstances};
use super::command_line::{CommandLine, ConfigFile};
use super::context::LocalContext;
use super::error::ConfigError;
use super::forward::ForwardKind;
use super::keyword::Keyword;
use super::reader::{DEFAULT_PORT, FileKind, FileTrouble, Reader};
use super::values::{Value, Values};
use super::{canonical, command_line, defaults, jump, shell_hazard};
use crate::destination::Destination;
use crate::settings::Settings;

/// Resolves destinations to settings.
#[derive(Debug, Clone)]
pub struct Resolver {
    context: LocalContext,
    config: ConfigFile,
}

impl Resolver {
    /// A resolver that reads the given files anew for each destination.
    #[must_use]
    pub fn new(context: LocalContext, config: ConfigFile) -> Self {
        Self { context, config }
    }

    /// The context it was made with.
    #[must_use]
    pub fn context(&self) -> &LocalContext {
        &self.context
    }

    /// Resolves a command line: options, then files; canonicalisation; the files again where something asks for it.
    /// Blocks: `Match exec` runs commands, and canonicalisation asks the resolver.
    ///
    /// # Errors
    /// Where a line is bad, a file may not be trusted, or options exclude each other.
    pub fn resolve(&self, command_line: &CommandLine) -> Result<Settings, ConfigError> {
        let given = &command_line.destination;
        let mut reader = Reader::new(&self.context, &given.host, command_line.command.clone());
        read_options(&mut reader, command_line)?;
        if let Some(user) = reader.values.text(Keyword::User) {
            shell_hazard::check_user(user)?;
        }
        shell_hazard::check_host(&given.host)?;
        self.read_files(&mut reader)?;
        let host = self.read_again(&mut reader)?;
        finish(reader.values, &host, command_line, &self.context)
    }

    /// Resolves a hop of `ProxyJump` as the `ssh -W` would that OpenSSH starts for it: only files, and what the hop
    /// itself says, count. Where the hop has others before it in its list, its own route is not to be used.
    ///
    /// # Errors
    /// As [`Resolver::resolve`].
    pub fn resolve_jump(&self, hop: &Destination) -> Result<Settings, ConfigError> {
        let mut command_line = CommandLine::new(hop.clone());
        command_line.stdio_forward = true;
        self.resolve(&command_line)
    }

    fn read_files(&self, reader: &mut Reader<'_>) -> Result<(), ConfigError> {
        let user = |check_owner| FileKind { by_user: true, check_owner, never: false, depth: 0 };
        match &self.config {
            ConfigFile::None => Ok(()),
            ConfigFile::File(path) => match reader.file(path, user(false), &mut true) {
                Ok(()) => Ok(()),
                Err(FileTrouble::Config(error)) => Err(error),
                Err(FileTrouble::Open(source)) => {
                    Err(ConfigError::Open { file: path.to_string_lossy().into_owned(), source })
                }
            },
            ConfigFile::Default => {
                optional(reader, self.context.home.join(".ssh/config"), user(true))?;
                let system = FileKind { by_user: false, check_owner: false, never: false, depth: 0 };
                optional(reader, self.context.system_dir.join("ssh_config"), system)
            }
        }
    }

    /// Takes the real host name into use, and reads the files once more where they, or canonicalisation, ask for it.
    fn read_again(&self, reader: &mut Reader<'_>) -> Result<String, ConfigError> {
        defaults::before_canonicalization(&mut reader.values);
        let named = reader.current_host()?;
        if reader.values.has(Keyword::HostName) {
            reader.values.put(Keyword::HostName, Value::Text(named.clone()));
        }
        let host = canonical::canonicalize(&reader.values, &self.context, &named)?;
        let canonicalizes = reader.values.word(Keyword::CanonicalizeHostname) != Some("false");
        if canonicalizes || reader.wants_final_pass {
            debug!("re-parsing configuration");
            reader.values.put(Keyword::HostName, Value::Text(host.clone()));
            reader.host.clone_from(&host);
            reader.final_pass = true;
            self.read_files(reader)?;
        }
        Ok(host)
    }
}

/// Reads a file that need not be there, nor be readable.
fn optional(reader: &mut Reader<'_>, path: PathBuf, kind: FileKind) -> Result<(), ConfigError> {
    match reader.file(&path, kind, &mut true) {
        Ok(()) => Ok(()),
        Err(FileTrouble::Config(error)) => Err(error),
        Err(FileTrouble::Open(error)) => {
            trace!("{}: {error}", path.display());
            Ok(())
        }
    }
}

fn read_options(reader: &mut Reader<'_>, given: &CommandLine) -> Result<(), ConfigError> {
    if given.stdio_forward {
        reader.option("SessionType=none")?;
        reader.option("RequestTTY=no")?;
    }
    for line in given.overrides.iter().rev().chain(&given.options) {
        reader.option(line)?;
    }
    for (kind, text) in &given.forwards {
        let malformed = || ConfigError::Forward { kind: kind.word(), specification: text.clone() };
        let forward = kind.parse(text, reader.context).ok_or_else(malformed)?;
        reader.values.add_forward(*kind == ForwardKind::Remote, forward);
    }
    let mut set = |keyword: &str, value: Option<&str>| match value {
        // An empty user is one; a line could not say so.
        Some("") => Ok(()),
        Some(value) => reader.option(&command_line::option_line(keyword, value)),
        None => Ok(()),
    };
    let (port, named_port) = (given.port.map(|port| port.to_string()), given.destination.port.map(|p| p.to_string()));
    set("User", given.user.as_deref())?;
    set("Port", port.as_deref())?;
    set("Tag", given.tag.as_deref())?;
    set("User", given.destination.user.as_deref())?;
    set("Port", named_port.as_deref())?;
    for line in &given.options_after {
        reader.option(line)?;
    }
    Ok(())
}

/// Adds the defaults, and settles what depends on several values (ssh.c, main).
fn finish(
    mut values: Values,
    host: &str,
    given: &CommandLine,
    context: &LocalContext,
) -> Result<Settings, ConfigError> {
    let host_key_given = values.has(Keyword::HostKeyAlgorithms);
    values.put_first(Keyword::User, Value::Text(context.local_user.clone()));
    defaults::fill(&mut values, given.stdio_forward, &context.system_dir.to_string_lossy());
    settle_route(&mut values, host)?;
    if let Some(alias) = values.text(Keyword::HostKeyAlias) {
        values.put(Keyword::HostKeyAlias, Value::Text(alias.to_ascii_lowercase()));
    }
    let command = given.command.as_deref().is_some_and(|command| !command.is_empty());
    settle_update(&mut values, command);
    check_conflicts(&values, command)?;
    let circumstances = Circumstances {
        original_host: given.destination.host.clone(),
        host: host.to_owned(),
        agent_socket: context.variable("SSH_AUTH_SOCK").filter(|path| !path.is_empty()),
        host_key_given,
    };
    Ok(assemble::settings(&values, &circumstances))
}

fn settle_route(values: &mut Values, host: &str) -> Result<(), ConfigError> {
    if let Some(hop) = values.list(Keyword::ProxyJump).last().and_then(|last| jump::ssh_host(last)) {
        let port = values.number(Keyword::Port).unwrap_or_else(|| DEFAULT_PORT.into());
        let same_user = hop.user.as_deref().is_none_or(|user| values.text(Keyword::User) == Some(user));
        if hop.host == host && i64::from(hop.port.unwrap_or(DEFAULT_PORT)) == port && same_user {
            return Err(ConfigError::JumpLoop(hop.host));
        }
    }
    if values.has(Keyword::ProxyJump) {
        values.put(Keyword::ProxyUseFdpass, Value::Word("no"));
    }
    if values.text(Keyword::ProxyCommand) == Some("-") && values.is_yes(Keyword::ProxyUseFdpass) {
        return Err(ConfigError::Conflict("ProxyCommand=- and ProxyUseFDPass are incompatible"));
    }
    Ok(())
}

/// Nobody can be asked about new host keys where a command runs, nobody watches, or the master goes to the background.
fn settle_update(values: &mut Values, command: bool) {
    if values.word(Keyword::UpdateHostKeys) != Some("ask") {
        return;
    }
    let in_background = values.is_yes(Keyword::ControlPersist) && values.has(Keyword::ControlPath)
        || values.word(Keyword::XsshShare) == Some("auto");
    let runs = command || values.has(Keyword::RemoteCommand) || values.word(Keyword::RequestTty) == Some("false");
    let silent = matches!(values.word(Keyword::LogLevel), Some("SILENT" | "FATAL" | "ERROR"));
    if in_background || runs || silent {
        debug!("UpdateHostKeys=ask is incompatible with ControlPersist and remote command execution; disabling");
        values.put(Keyword::UpdateHostKeys, Value::Word("false"));
    }
}

fn check_conflicts(values: &Values, command: bool) -> Result<(), ConfigError> {
    let remote_command = values.has(Keyword::RemoteCommand);
    if values.number(Keyword::ConnectionAttempts) == Some(0) {
        return Err(ConfigError::Conflict("Invalid number of ConnectionAttempts"));
    }
    if command && remote_command {
        return Err(ConfigError::Conflict("Cannot execute command-line and remote command."));
    }
    let session = values.word(Keyword::SessionType) != Some("none");
    if values.is_yes(Keyword::ForkAfterAuthentication) && !command && !remote_command && session {
        return Err(ConfigError::Conflict("Cannot fork into background without a command to execute."));
    }
    Ok(())
}
