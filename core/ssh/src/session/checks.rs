//! From one host's settings to what the check of the host and the authentication need, tokens expanded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::SessionError;
use super::error::Peer;
use crate::auth::AuthRequest;
use crate::config::tokens::{Scope, TokenError, Tokens};
use crate::config::{ConfigError, LocalContext, lexer};
use crate::hostkey::{AtRisk, CommandRequest, Host, KnownHostsCommand, Policy, Verified};
use crate::limits::AUTH_REPLY;
use crate::settings::{Method, Settings, Template};

/// How this host has to prove itself.
pub(super) fn policy(settings: &Settings, tokens: &Tokens) -> Result<Policy, SessionError> {
    let host_key = &settings.host_key;
    let revoked = host_key.revoked.as_ref().map(|file| path(tokens, file, Scope::REVOKED_HOST_KEYS));
    Ok(Policy {
        strict: host_key.strict,
        user_files: paths(tokens, &host_key.user_files, Scope::USER_KNOWN_HOSTS)?,
        global_files: paths(tokens, &host_key.global_files, Scope::GLOBAL_KNOWN_HOSTS)?,
        command: host_key.command.as_ref().map(|template| command(template, tokens)),
        revoked: revoked.transpose()?,
        hash: host_key.hash,
        check_host_ip: host_key.check_host_ip,
        visual: host_key.visual,
        fingerprint_hash: host_key.fingerprint_hash,
        no_auth_for_localhost: host_key.no_auth_for_localhost,
        required_rsa_size: host_key.required_rsa_size,
        algorithms: settings.algorithms.host_key.clone(),
        ca_signature: settings.algorithms.ca_signature.clone(),
        update: host_key.update,
        home: Some(path(tokens, &Template("%d".to_owned()), Scope::USER_KNOWN_HOSTS)?),
        at_risk: at_risk(settings),
    })
}

/// What a host that is not the one known would get, and then does not.
fn at_risk(settings: &Settings) -> AtRisk {
    let forwarding = &settings.forwarding;
    AtRisk {
        password: settings.auth.methods.contains(&Method::Password),
        keyboard_interactive: settings.auth.methods.contains(&Method::KeyboardInteractive),
        agent: forwarding.agent.is_some(),
        x11: forwarding.x11.is_some(),
        ports: !(forwarding.local.is_empty() && forwarding.remote.is_empty()),
        exit_on_failure: forwarding.exit_on_failure,
    }
}

/// The host to check; behind a ProxyCommand or a hop its address is not known.
pub(super) fn host(settings: &Settings, tokens: &Tokens, peer: &Peer) -> Result<Host, SessionError> {
    Ok(Host {
        name: settings.target.host.clone(),
        port: settings.target.port,
        alias: alias(settings, tokens)?,
        address: peer.address.map(|address| address.ip()),
    })
}

fn alias(settings: &Settings, tokens: &Tokens) -> Result<Option<String>, SessionError> {
    let alias = settings.target.host_key_alias.as_ref();
    alias.map(|alias| tokens.expand(alias, Scope::REMOTE_COMMAND)).transpose().map_err(config)
}

/// How we prove ourselves to it.
pub(super) fn auth_request<'a>(
    settings: &'a Settings,
    tokens: &Tokens,
    verified: &Verified,
) -> Result<AuthRequest<'a>, SessionError> {
    let auth = &settings.auth;
    Ok(AuthRequest {
        user: &settings.target.user,
        host: &settings.target.host,
        host_key_alias: settings.target.host_key_alias.as_ref().map(|alias| alias.0.as_str()),
        settings: auth,
        identity_files: paths(tokens, &auth.identity_files, Scope::IDENTITY_FILE)?,
        certificate_files: paths(tokens, &auth.certificate_files, Scope::CERTIFICATE_FILE)?,
        agent: tokens.agent_socket(auth).map_err(config)?,
        patience: patience(settings),
        pubkey_accepted: &settings.algorithms.pubkey_accepted,
        required_rsa_size: settings.host_key.required_rsa_size,
        fingerprint_hash: settings.host_key.fingerprint_hash,
        passwords_allowed: verified.passwords_allowed,
    })
}

/// How long a server may be silent during authentication (packet.c, ssh_packet_set_timeout).
fn patience(settings: &Settings) -> Duration {
    let connection = &settings.connection;
    let silence = connection.server_alive_interval.saturating_mul(connection.server_alive_count_max);
    if silence.is_zero() { AUTH_REPLY } else { silence }
}

/// What XsshProxyCredentials is by default; that there is no such file is nothing to speak of.
const DEFAULT_CREDENTIALS: &str = "~/.netrc";

/// The proxies' passwords: the file, and whether the user named it.
pub(super) fn credentials(
    settings: &Settings,
    tokens: &Tokens,
    context: &LocalContext,
) -> Result<(PathBuf, bool), SessionError> {
    match &settings.route.credentials {
        Some(file) => Ok((path(tokens, file, Scope::PROXY_CREDENTIALS)?, file.0 != DEFAULT_CREDENTIALS)),
        None => Ok((context.home.join(".netrc"), false)),
    }
}

fn command(template: &Template, tokens: &Tokens) -> KnownHostsCommand {
    let (template, tokens) = (template.clone(), tokens.clone());
    Arc::new(move |request: &CommandRequest| {
        let late = [
            ('H', request.name.as_str()),
            ('I', request.purpose),
            ('t', request.key_type.as_str()),
            ('f', request.fingerprint.as_str()),
            ('K', request.key.as_str()),
        ];
        let words = lexer::split_arguments(&template.0, false).ok()?;
        let expand = |word: String| tokens.expand_with(&Template(word), Scope::KNOWN_HOSTS_COMMAND, &late).ok();
        words.into_iter().map(expand).collect()
    })
}

fn paths(tokens: &Tokens, templates: &[Template], scope: Scope) -> Result<Vec<PathBuf>, SessionError> {
    templates.iter().map(|template| path(tokens, template, scope)).collect()
}

fn path(tokens: &Tokens, template: &Template, scope: Scope) -> Result<PathBuf, SessionError> {
    Ok(PathBuf::from(tokens.expand(template, scope).map_err(config)?))
}

pub(super) fn config(error: TokenError) -> SessionError {
    SessionError::Config(ConfigError::from(error))
}
