//! `%` tokens, `${VARIABLES}` and `~` in values, each keyword with its own set (ssh_config(5), TOKENS).

use std::path::{Path, PathBuf};

use ring::digest;
use thiserror::Error;

use super::context::{Environment, LocalContext};
use crate::destination::Destination;
use crate::limits;
use crate::settings::{Auth, ForwardedAgent, IdentityAgent, Settings, Template};

/// The tokens that most keywords have.
const COMMON: &str = "CdhijkLlnpru";

/// What a keyword's value may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Tokens known once the settings are; none where `%` means nothing.
    tokens: Option<&'static str>,
    /// Tokens that only the moment of use knows.
    late: &'static str,
    variables: bool,
    tilde: bool,
}

impl Scope {
    const fn path() -> Self {
        Self { tokens: Some(COMMON), late: "", variables: true, tilde: true }
    }

    const fn command(tokens: &'static str, late: &'static str) -> Self {
        Self { tokens: Some(tokens), late, variables: false, tilde: false }
    }

    /// `IdentityFile`.
    pub const IDENTITY_FILE: Self = Self::path();
    /// `CertificateFile`.
    pub const CERTIFICATE_FILE: Self = Self::path();
    /// `ControlPath`.
    pub const CONTROL_PATH: Self = Self::path();
    /// `IdentityAgent`; see also [`Tokens::agent_socket`].
    pub const IDENTITY_AGENT: Self = Self::path();
    /// `ForwardAgent` with a path.
    pub const FORWARD_AGENT: Self = Self::path();
    /// `UserKnownHostsFile`.
    pub const USER_KNOWN_HOSTS: Self = Self::path();
    /// `RevokedHostKeys`.
    pub const REVOKED_HOST_KEYS: Self = Self::path();
    /// `XsshProxyCredentials`.
    pub const PROXY_CREDENTIALS: Self = Self::path();
    /// `GlobalKnownHostsFile`.
    pub const GLOBAL_KNOWN_HOSTS: Self = Self { tokens: None, late: "", variables: false, tilde: true };
    /// One argument of `KnownHostsCommand`; late: `%H` the name looked for, `%I` why, `%t` `%f` `%K` of the key.
    pub const KNOWN_HOSTS_COMMAND: Self = Self { tokens: Some(COMMON), late: "fHIKt", variables: true, tilde: false };
    /// `LocalCommand`; late: `%T`, the tunnel's interface.
    pub const LOCAL_COMMAND: Self = Self::command(COMMON, "T");
    /// `RemoteCommand`.
    pub const REMOTE_COMMAND: Self = Self::command(COMMON, "");
    /// `ProxyCommand`.
    pub const PROXY_COMMAND: Self = Self::command("hknpr", "");
    /// The command of `Match exec`.
    pub const MATCH_EXEC: Self = Self::command(COMMON, "");
    /// A unix socket's path in `LocalForward` or `RemoteForward`.
    pub const FORWARD_PATH: Self = Self::command(COMMON, "");
    /// `HostName`: `%h` is the name as given.
    pub const HOST_NAME: Self = Self::command("h", "");
    /// Variables and nothing else.
    pub(crate) const VARIABLES: Self = Self { tokens: None, late: "", variables: true, tilde: false };
    /// `Include`.
    pub const INCLUDE: Self = Self { tokens: Some(COMMON), late: "", variables: true, tilde: false };
}

/// Why a value cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot expand \"{value}\": {defect}")]
pub struct TokenError {
    /// The value as written.
    pub value: String,
    /// What is wrong.
    pub defect: TokenDefect,
}

/// What cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenDefect {
    /// The keyword has no such token.
    #[error("unknown key %{0}")]
    Unknown(char),
    /// A `%` at the end.
    #[error("a single % ends it; write %% for one")]
    Dangling,
    /// `${` without `}`.
    #[error("environment variable missing closing '}}'")]
    Unclosed,
    /// `${}`.
    #[error("zero-length environment variable")]
    NoName,
    /// A variable that is not set.
    #[error("env var ${{{0}}} has no value")]
    Unset(String),
    /// `~name` of nobody.
    #[error("No such user {0}")]
    NoUser(String),
    /// It grows beyond [`limits::EXPANDED`].
    #[error("it grows too long")]
    TooLong,
}

/// The values of the tokens for one connection.
#[derive(Clone)]
pub struct Tokens {
    facts: Facts,
    home: PathBuf,
    environment: Environment,
}

/// What the tokens stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// `%h`.
    pub(crate) host: String,
    /// `%n`.
    pub(crate) original_host: String,
    /// `%k`.
    pub(crate) key_alias: String,
    /// `%p`.
    pub(crate) port: u16,
    /// `%r`.
    pub(crate) user: String,
    /// `%j`.
    pub(crate) jump: String,
    /// `%l`, and `%L` up to its first dot.
    pub(crate) local_host: String,
    /// `%u`.
    pub(crate) local_user: String,
    /// `%i`.
    pub(crate) uid: u32,
}

impl Tokens {
    /// The tokens of a connection that is fully configured.
    #[must_use]
    pub fn new(settings: &Settings, context: &LocalContext) -> Self {
        let target = &settings.target;
        let alias = target.host_key_alias.as_ref().map_or(&target.original_host, |alias| &alias.0);
        let jump = settings.route.jumps.last().map(|jump| {
            Destination::parse_jump(&jump.0).map_or_else(|_| jump.0.clone(), |destination| destination.host)
        });
        Self::from_facts(
            Facts {
                host: target.host.clone(),
                original_host: target.original_host.clone(),
                key_alias: alias.clone(),
                port: target.port,
                user: target.user.clone(),
                jump: jump.unwrap_or_default(),
                local_host: context.hostname.clone(),
                local_user: context.local_user.clone(),
                uid: context.uid,
            },
            context,
        )
    }

    pub(crate) fn from_facts(facts: Facts, context: &LocalContext) -> Self {
        Self { facts, home: context.home.clone(), environment: context.environment.clone() }
    }

    /// Expands a value that has no late tokens.
    ///
    /// # Errors
    /// Where it holds a token that its keyword has not, or a variable that is not set.
    pub fn expand(&self, template: &Template, scope: Scope) -> Result<String, TokenError> {
        self.expand_with(template, scope, &[])
    }

    /// Expands a value, with the late tokens that are known; the others become `NONE`, as in ssh.
    ///
    /// # Errors
    /// Where it holds a token that its keyword has not, or a variable that is not set.
    pub fn expand_with(&self, template: &Template, scope: Scope, late: &[(char, &str)]) -> Result<String, TokenError> {
        let expanded = self.try_expand(&template.0, scope, late);
        expanded.map_err(|defect| TokenError { value: template.0.clone(), defect })
    }

    /// The agent's socket: what `IdentityAgent` says, or SSH_AUTH_SOCK. None where there is no agent.
    ///
    /// # Errors
    /// Where `IdentityAgent` cannot be expanded.
    pub fn agent_socket(&self, auth: &Auth) -> Result<Option<PathBuf>, TokenError> {
        let template = match &auth.identity_agent {
            IdentityAgent::FromEnvironment => return Ok(auth.agent_socket.as_ref().map(PathBuf::from)),
            IdentityAgent::None => return Ok(None),
            IdentityAgent::Path(template) => template,
        };
        self.agent_at(template, Scope::IDENTITY_AGENT)
    }

    /// The socket of the agent that `ForwardAgent` means. None where there is no agent.
    ///
    /// # Errors
    /// Where its value, or that of `IdentityAgent`, cannot be expanded.
    pub fn forwarded_agent(&self, agent: &ForwardedAgent, auth: &Auth) -> Result<Option<PathBuf>, TokenError> {
        match agent {
            ForwardedAgent::Own => self.agent_socket(auth),
            ForwardedAgent::At(template) => self.agent_at(template, Scope::FORWARD_AGENT),
        }
    }

    fn agent_at(&self, template: &Template, scope: Scope) -> Result<Option<PathBuf>, TokenError> {
        let path = self.expand(template, scope)?;
        match path.strip_prefix('$') {
            Some(variable) => Ok((self.environment)(variable).map(PathBuf::from)),
            None => Ok(Some(PathBuf::from(path))),
        }
    }

    fn try_expand(&self, text: &str, scope: Scope, late: &[(char, &str)]) -> Result<String, TokenDefect> {
        let text = if scope.tilde { expand_tilde(text, &self.home)? } else { text.to_owned() };
        let mut expanded = String::with_capacity(text.len() + 32);
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['%', '$']) {
            let (before, special) = rest.split_at(at);
            expanded.push_str(before);
            rest = if let Some(after) = special.strip_prefix("${").filter(|_| scope.variables) {
                let (name, after) = after.split_once('}').ok_or(TokenDefect::Unclosed)?;
                if name.is_empty() {
                    return Err(TokenDefect::NoName);
                }
                let value = (self.environment)(name).ok_or_else(|| TokenDefect::Unset(name.to_owned()))?;
                expanded.push_str(&value);
                after
            } else if let (Some(after), Some(tokens)) = (special.strip_prefix('%'), scope.tokens) {
                let mut chars = after.chars();
                let token = chars.next().ok_or(TokenDefect::Dangling)?;
                expanded.push_str(&self.token(token, tokens, scope.late, late)?);
                chars.as_str()
            } else {
                let mut chars = special.chars();
                expanded.extend(chars.next());
                chars.as_str()
            };
            if expanded.len() > limits::EXPANDED {
                return Err(TokenDefect::TooLong);
            }
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn token(&self, token: char, known: &str, late: &str, given: &[(char, &str)]) -> Result<String, TokenDefect> {
        if late.contains(token) {
            let value = given.iter().find(|(name, _)| *name == token).map_or("NONE", |(_, value)| *value);
            return Ok(value.to_owned());
        }
        if token != '%' && !known.contains(token) {
            return Err(TokenDefect::Unknown(token));
        }
        let facts = &self.facts;
        Ok(match token {
            '%' => "%".to_owned(),
            'C' => facts.connection_hash(),
            'd' => self.home.to_string_lossy().into_owned(),
            'h' => facts.host.clone(),
            'i' => facts.uid.to_string(),
            'j' => facts.jump.clone(),
            'k' => facts.key_alias.clone(),
            'L' => facts.local_host.split('.').next().unwrap_or_default().to_owned(),
            'l' => facts.local_host.clone(),
            'n' => facts.original_host.clone(),
            'p' => facts.port.to_string(),
            'r' => facts.user.clone(),
            'u' => facts.local_user.clone(),
            other => return Err(TokenDefect::Unknown(other)),
        })
    }
}

impl Facts {
    /// `%C`: the SHA-1 of `%l%h%p%r` in hexadecimal. OpenSSH 9.9 began to hash `%j` too, which changes nothing where
    /// there is no jump; where there is one, this is what the ssh of Debian 12 makes of it.
    fn connection_hash(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        for part in [&self.local_host, &self.host, &self.port.to_string(), &self.user] {
            context.update(part.as_bytes());
        }
        context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Replaces `~` and `~name` at the beginning of a path. A directory alone ends in a slash, as in OpenSSH.
fn expand_tilde(path: &str, home: &Path) -> Result<String, TokenDefect> {
    let Some(after) = path.strip_prefix('~') else {
        return Ok(path.to_owned());
    };
    let (name, rest) = after.split_once('/').unwrap_or((after, ""));
    let directory = if name.is_empty() {
        home.to_path_buf()
    } else {
        xssh_os::account::home_of(name).ok_or_else(|| TokenDefect::NoUser(name.to_owned()))?
    };
    let directory = directory.to_string_lossy();
    let slash = if directory.ends_with('/') { "" } else { "/" };
    Ok(format!("{directory}{slash}{}", rest.trim_start_matches('/')))
}

/// Replaces `~` in a path of this host, for values without tokens.
pub(crate) fn tilde(path: &str, home: &Path) -> Result<String, TokenError> {
    expand_tilde(path, home).map_err(|defect| TokenError { value: path.to_owned(), defect })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn tokens() -> Tokens {
        Tokens {
            facts: Facts {
                host: "h.example".into(),
                original_host: "h".into(),
                key_alias: "alias".into(),
                port: 2222,
                user: "me".into(),
                jump: "bastion".into(),
                local_host: "desk.home.arpa".into(),
                local_user: "lu".into(),
                uid: 1000,
            },
            home: "/home/lu".into(),
            environment: Arc::new(|name| (name == "SET").then(|| "value".to_owned())),
        }
    }

    fn expand(text: &str, scope: Scope) -> Result<String, TokenDefect> {
        tokens().expand(&Template(text.into()), scope).map_err(|error| error.defect)
    }

    #[test]
    fn every_common_token() {
        let all = expand("%%/%i/%h/%d/%j/%k/%L/%l/%n/%p/%r/%u", Scope::REMOTE_COMMAND).unwrap();
        assert_eq!(all, "%/1000/h.example//home/lu/bastion/alias/desk/desk.home.arpa/h/2222/me/lu");
        // printf desk.home.arpah.example2222me | sha1sum
        let hash = expand("%C", Scope::CONTROL_PATH).unwrap();
        assert_eq!(hash, "55754097771d1c9545539045ed987f951e273026");
        assert_eq!(hash, expand("%C", Scope::MATCH_EXEC).unwrap());
    }

    #[test]
    fn each_keyword_has_its_own_set() {
        assert_eq!(expand("%h:%p as %r for %n", Scope::PROXY_COMMAND).unwrap(), "h.example:2222 as me for h");
        assert_eq!(expand("%d", Scope::PROXY_COMMAND), Err(TokenDefect::Unknown('d')));
        assert_eq!(expand("%p", Scope::HOST_NAME), Err(TokenDefect::Unknown('p')));
        assert_eq!(expand("%T", Scope::REMOTE_COMMAND), Err(TokenDefect::Unknown('T')));
        assert_eq!(expand("~/%h", Scope::GLOBAL_KNOWN_HOSTS).unwrap(), "/home/lu/%h");
        assert_eq!(expand("%q", Scope::CONTROL_PATH), Err(TokenDefect::Unknown('q')));
        assert_eq!(expand("x%", Scope::CONTROL_PATH), Err(TokenDefect::Dangling));
    }

    #[test]
    fn late_tokens_come_from_the_caller_or_are_none() {
        let late = [('H', "[h]:2222"), ('I', "HOSTNAME")];
        let text = tokens().expand_with(&Template("%H %I %t %K".into()), Scope::KNOWN_HOSTS_COMMAND, &late).unwrap();
        assert_eq!(text, "[h]:2222 HOSTNAME NONE NONE");
        assert_eq!(expand("%T", Scope::LOCAL_COMMAND).unwrap(), "NONE");
    }

    #[test]
    fn variables_where_the_keyword_has_them() {
        assert_eq!(expand("${SET}/x$y", Scope::IDENTITY_FILE).unwrap(), "value/x$y");
        assert_eq!(expand("${SET}", Scope::LOCAL_COMMAND).unwrap(), "${SET}");
        assert_eq!(expand("${UNSET}", Scope::IDENTITY_FILE), Err(TokenDefect::Unset("UNSET".into())));
        assert_eq!(expand("${}", Scope::IDENTITY_FILE), Err(TokenDefect::NoName));
        assert_eq!(expand("${SET", Scope::IDENTITY_FILE), Err(TokenDefect::Unclosed));
    }

    #[test]
    fn tildes() {
        assert_eq!(expand("~", Scope::CONTROL_PATH).unwrap(), "/home/lu/");
        assert_eq!(expand("~//x", Scope::CONTROL_PATH).unwrap(), "/home/lu/x");
        assert_eq!(expand("~root/x", Scope::CONTROL_PATH).unwrap(), "/root/x");
        assert_eq!(expand("x~", Scope::CONTROL_PATH).unwrap(), "x~");
        assert_eq!(expand("~", Scope::LOCAL_COMMAND).unwrap(), "~");
        assert!(matches!(expand("~no such user/x", Scope::CONTROL_PATH), Err(TokenDefect::NoUser(_))));
    }

    #[test]
    fn the_agent_comes_from_where_it_is_said_to() {
        let socket = |agent| {
            let auth = Auth { identity_agent: agent, agent_socket: Some("/env".into()), ..Auth::default() };
            tokens().agent_socket(&auth).unwrap().map(|path| path.to_string_lossy().into_owned())
        };
        assert_eq!(socket(IdentityAgent::FromEnvironment).as_deref(), Some("/env"));
        assert_eq!(socket(IdentityAgent::None), None);
        assert_eq!(socket(IdentityAgent::Path(Template("~/%r".into()))).as_deref(), Some("/home/lu/me"));
        assert_eq!(socket(IdentityAgent::Path(Template("$SET".into()))).as_deref(), Some("value"));
        assert_eq!(socket(IdentityAgent::Path(Template("$UNSET".into()))), None);
    }

    #[test]
    fn growth_is_bounded() {
        let mut long = tokens();
        long.facts.host = "h".repeat(60_000);
        let error = long.expand(&Template("%h".repeat(30_000)), Scope::REMOTE_COMMAND).unwrap_err();
        assert_eq!(error.defect, TokenDefect::TooLong);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[~%${}/aChSET]{0,20}|\\PC{0,20}") {
            for scope in [Scope::CONTROL_PATH, Scope::PROXY_COMMAND, Scope::GLOBAL_KNOWN_HOSTS] {
                let _ = expand(&text, scope);
            }
        }
    }
}
