//! From values to [`Settings`]: each consumer's part, and the lines that `-G` prints.

use std::time::Duration;

use super::keyword::Keyword;
use super::values::Values;
use super::{carried, directive, qos};
use crate::settings::{
    AddKeys, AddressFamily, Algorithms, Auth, Canonicalize, Connection, FingerprintHash, ForwardedAgent, Forwarding,
    HostKey, IdentityAgent, Jump, LogLevel, Mastering, Method, Rekey, RequestTty, Route, Session, SessionType,
    Settings, Sharing, StrictChecking, Target, Template, UpdateHostKeys, X11,
};

/// What the values alone do not say.
pub(super) struct Circumstances {
    /// The host as given.
    pub(super) original_host: String,
    /// The host as it is connected to.
    pub(super) host: String,
    /// The value of SSH_AUTH_SOCK.
    pub(super) agent_socket: Option<String>,
    /// Whether a line named `HostKeyAlgorithms`.
    pub(super) host_key_given: bool,
}

/// Makes settings of values to which the defaults have been added.
pub(super) fn settings(values: &Values, circumstances: &Circumstances) -> Settings {
    Settings {
        target: target(values, circumstances),
        connection: connection(values),
        algorithms: algorithms(values, circumstances.host_key_given),
        host_key: host_key(values),
        auth: auth(values, circumstances.agent_socket.clone()),
        route: route(values),
        session: session(values),
        forwarding: forwarding(values),
        sharing: sharing(values),
        log_level: log_level(values),
        carried: carried::lines(values, &circumstances.original_host, &circumstances.host),
    }
}

fn template(values: &Values, keyword: Keyword) -> Option<Template> {
    values.text(keyword).map(|text| Template(text.to_owned()))
}

/// A number that the keyword's form has bounded already.
fn number(values: &Values, keyword: Keyword) -> u32 {
    values.number(keyword).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

fn templates(files: &[String]) -> Vec<Template> {
    match files {
        [only] if only.eq_ignore_ascii_case("none") => Vec::new(),
        files => files.iter().map(|file| Template(file.clone())).collect(),
    }
}

fn target(values: &Values, circumstances: &Circumstances) -> Target {
    let port = values.number(Keyword::Port).and_then(|port| u16::try_from(port).ok());
    let domains = match values.list(Keyword::CanonicalDomains) {
        [only] if only.eq_ignore_ascii_case("none") => Vec::new(),
        domains => domains.to_vec(),
    };
    Target {
        original_host: circumstances.original_host.clone(),
        host: circumstances.host.clone(),
        port: port.unwrap_or(super::reader::DEFAULT_PORT),
        user: values.text(Keyword::User).unwrap_or_default().to_owned(),
        tag: values.text(Keyword::Tag).map(str::to_owned),
        host_key_alias: template(values, Keyword::HostKeyAlias),
        canonicalize: Canonicalize {
            mode: match values.word(Keyword::CanonicalizeHostname) {
                Some("true") => 1,
                Some("always") => 2,
                _ => 0,
            },
            domains,
            max_dots: number(values, Keyword::CanonicalizeMaxDots),
            fallback_local: values.is_yes(Keyword::CanonicalizeFallbackLocal),
            permitted_cnames: values.permitted_cnames.clone(),
        },
    }
}

fn connection(values: &Values) -> Connection {
    let seconds = |keyword| Duration::from_secs(number(values, keyword).into());
    let mark = |keyword| {
        let byte = values.number(keyword).filter(|mark| *mark != qos::SYSTEM);
        byte.and_then(|mark| u8::try_from(mark).ok())
    };
    Connection {
        address_family: match values.word(Keyword::AddressFamily) {
            Some("inet") => AddressFamily::Inet,
            Some("inet6") => AddressFamily::Inet6,
            _ => AddressFamily::Any,
        },
        bind_address: values.text(Keyword::BindAddress).map(str::to_owned),
        bind_interface: values.text(Keyword::BindInterface).map(str::to_owned),
        connect_timeout: values.has(Keyword::ConnectTimeout).then(|| seconds(Keyword::ConnectTimeout)),
        attempts: number(values, Keyword::ConnectionAttempts),
        tcp_keep_alive: values.is_yes(Keyword::TcpKeepAlive),
        server_alive_interval: seconds(Keyword::ServerAliveInterval),
        server_alive_count_max: number(values, Keyword::ServerAliveCountMax),
        ip_qos: (mark(Keyword::IpQos), mark(Keyword::IpQosBulk)),
        compression: values.is_yes(Keyword::Compression),
        rekey: Rekey {
            bytes: values.number(Keyword::RekeyLimit).and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            seconds: number(values, Keyword::RekeyInterval),
        },
    }
}

fn algorithms(values: &Values, host_key_given: bool) -> Algorithms {
    let list = |keyword| values.list(keyword).to_vec();
    Algorithms {
        ciphers: list(Keyword::Ciphers),
        macs: list(Keyword::Macs),
        kex: list(Keyword::KexAlgorithms),
        host_key: list(Keyword::HostKeyAlgorithms),
        host_key_given,
        ca_signature: list(Keyword::CaSignatureAlgorithms),
        pubkey_accepted: list(Keyword::PubkeyAcceptedAlgorithms),
    }
}

fn host_key(values: &Values) -> HostKey {
    HostKey {
        strict: match values.word(Keyword::StrictHostKeyChecking) {
            Some("true") => StrictChecking::Yes,
            Some("false") => StrictChecking::No,
            Some("accept-new") => StrictChecking::AcceptNew,
            _ => StrictChecking::Ask,
        },
        user_files: templates(values.list(Keyword::UserKnownHostsFile)),
        global_files: templates(values.list(Keyword::GlobalKnownHostsFile)),
        command: template(values, Keyword::KnownHostsCommand),
        revoked: template(values, Keyword::RevokedHostKeys),
        hash: values.is_yes(Keyword::HashKnownHosts),
        check_host_ip: values.is_yes(Keyword::CheckHostIp),
        update: match values.word(Keyword::UpdateHostKeys) {
            Some("true") => UpdateHostKeys::Yes,
            Some("ask") => UpdateHostKeys::Ask,
            _ => UpdateHostKeys::No,
        },
        visual: values.is_yes(Keyword::VisualHostKey),
        fingerprint_hash: match values.word(Keyword::FingerprintHash) {
            Some("MD5") => FingerprintHash::Md5,
            _ => FingerprintHash::Sha256,
        },
        no_auth_for_localhost: values.is_yes(Keyword::NoHostAuthenticationForLocalhost),
        required_rsa_size: number(values, Keyword::RequiredRsaSize),
    }
}

fn auth(values: &Values, agent_socket: Option<String>) -> Auth {
    let named = |files: &[super::values::NamedFile]| {
        let real = files.iter().filter(|file| !file.path.eq_ignore_ascii_case("none"));
        real.map(|file| Template(file.path.clone())).collect()
    };
    Auth {
        methods: methods(values),
        identity_files: named(&values.identity_files),
        identity_files_are_defaults: values.identity_files.iter().all(super::defaults::is_default),
        certificate_files: named(&values.certificate_files),
        identities_only: values.is_yes(Keyword::IdentitiesOnly),
        identity_agent: match values.text(Keyword::IdentityAgent) {
            None | Some("SSH_AUTH_SOCK") => IdentityAgent::FromEnvironment,
            Some("none") => IdentityAgent::None,
            Some(path) => IdentityAgent::Path(Template(path.to_owned())),
        },
        agent_socket,
        add_keys: AddKeys {
            mode: match values.word(Keyword::AddKeysToAgent) {
                Some("true") => 1,
                Some("ask") => 2,
                Some("confirm") => 3,
                _ => 0,
            },
            lifetime: number(values, Keyword::AddKeysLifetime),
        },
        password_prompts: number(values, Keyword::NumberOfPasswordPrompts),
        batch: values.is_yes(Keyword::BatchMode),
        kbd_interactive_devices: values.text(Keyword::KbdInteractiveDevices).map(str::to_owned),
    }
}

/// The methods that are on, in the preferred order. Batch mode has none that asks.
fn methods(values: &Values) -> Vec<Method> {
    let asks = !values.is_yes(Keyword::BatchMode);
    let preferred = values.text(Keyword::PreferredAuthentications).unwrap_or("publickey,keyboard-interactive,password");
    let mut methods = Vec::new();
    for name in preferred.split(',') {
        let (method, on) = match name {
            "publickey" => (Method::PublicKey, values.word(Keyword::PubkeyAuthentication) != Some("false")),
            "keyboard-interactive" => {
                (Method::KeyboardInteractive, asks && values.is_yes(Keyword::KbdInteractiveAuthentication))
            }
            "password" => (Method::Password, asks && values.is_yes(Keyword::PasswordAuthentication)),
            _ => continue,
        };
        if on && !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

fn route(values: &Values) -> Route {
    Route {
        jumps: values.list(Keyword::ProxyJump).iter().map(|jump| Jump(jump.clone())).collect(),
        command: template(values, Keyword::ProxyCommand),
        use_fdpass: values.is_yes(Keyword::ProxyUseFdpass),
        proxy_from_environment: values.is_yes(Keyword::XsshProxyFromEnvironment),
        credentials: template(values, Keyword::XsshProxyCredentials),
    }
}

fn session(values: &Values) -> Session {
    let assignments = values.list(Keyword::SetEnv).iter();
    Session {
        remote_command: template(values, Keyword::RemoteCommand),
        request_tty: match values.word(Keyword::RequestTty) {
            Some("true") => RequestTty::Yes,
            Some("false") => RequestTty::No,
            Some("force") => RequestTty::Force,
            _ => RequestTty::Auto,
        },
        kind: match values.word(Keyword::SessionType) {
            Some("none") => SessionType::None,
            Some("subsystem") => SessionType::Subsystem,
            _ => SessionType::Default,
        },
        stdin_null: values.is_yes(Keyword::StdinNull),
        fork_after_authentication: values.is_yes(Keyword::ForkAfterAuthentication),
        send_env: values.send_env.clone(),
        set_env: assignments
            .filter_map(|assignment| assignment.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        escape_char: values.number(Keyword::EscapeChar).and_then(|code| u8::try_from(code).ok()),
        escape_command_line: values.is_yes(Keyword::EnableEscapeCommandline),
        permit_local_command: values.is_yes(Keyword::PermitLocalCommand),
        local_command: template(values, Keyword::LocalCommand),
    }
}

fn forwarding(values: &Values) -> Forwarding {
    let agent = template(values, Keyword::ForwardAgentPath).map_or(ForwardedAgent::Own, ForwardedAgent::At);
    Forwarding {
        exit_on_failure: values.is_yes(Keyword::ExitOnForwardFailure),
        agent: values.is_yes(Keyword::ForwardAgent).then_some(agent),
        x11: values.is_yes(Keyword::ForwardX11).then(|| x11(values)),
        local: values.local_forwards.clone(),
        remote: values.remote_forwards.clone(),
        gateway_ports: values.is_yes(Keyword::GatewayPorts),
        bind_unlink: values.is_yes(Keyword::StreamLocalBindUnlink),
        bind_mask: number(values, Keyword::StreamLocalBindMask),
        permit_remote_open: directive::forwards::permitted(values.list(Keyword::PermitRemoteOpen)),
        channel_timeouts: directive::lists::channel_timeouts(values.list(Keyword::ChannelTimeout)),
    }
}

fn x11(values: &Values) -> X11 {
    X11 {
        trusted: values.is_yes(Keyword::ForwardX11Trusted),
        timeout: number(values, Keyword::ForwardX11Timeout),
        xauth: values.text(Keyword::XAuthLocation).unwrap_or_default().to_owned(),
    }
}

fn sharing(values: &Values) -> Sharing {
    Sharing {
        master: match values.word(Keyword::ControlMaster) {
            Some("true") => Mastering::Yes,
            Some("ask") => Mastering::Ask,
            Some("auto") => Mastering::Auto,
            Some("autoask") => Mastering::AutoAsk,
            _ => Mastering::No,
        },
        path: template(values, Keyword::ControlPath),
        persist: values.is_yes(Keyword::ControlPersist).then(|| number(values, Keyword::ControlPersistTimeout)),
        automatic: values.word(Keyword::XsshShare) == Some("auto"),
    }
}

fn log_level(values: &Values) -> LogLevel {
    match values.word(Keyword::LogLevel) {
        Some("SILENT") => LogLevel::Quiet,
        Some("FATAL") => LogLevel::Fatal,
        Some("ERROR") => LogLevel::Error,
        Some("VERBOSE") => LogLevel::Verbose,
        Some("DEBUG") => LogLevel::Debug1,
        Some("DEBUG2") => LogLevel::Debug2,
        Some("DEBUG3") => LogLevel::Debug3,
        _ => LogLevel::Info,
    }
}
