//! What holds where no line says anything: OpenSSH's defaults, with Debian's.

use super::algorithms::{self, Kind};
use super::keyword::Keyword;
use super::qos;
use super::values::{NamedFile, Value, Values};

/// Where the user's host keys are kept.
const USER_HOSTS: [&str; 2] = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];

/// Files that may hold an identity, in the order ssh tries them.
const IDENTITIES: [&str; 7] = [
    "~/.ssh/id_rsa",
    "~/.ssh/id_ecdsa",
    "~/.ssh/id_ecdsa_sk",
    "~/.ssh/id_ed25519",
    "~/.ssh/id_ed25519_sk",
    "~/.ssh/id_xmss",
    "~/.ssh/id_dsa",
];

const WORDS: &[(Keyword, &str)] = &[
    (Keyword::AddKeysToAgent, "false"),
    (Keyword::AddressFamily, "any"),
    (Keyword::BatchMode, "no"),
    (Keyword::CanonicalizeFallbackLocal, "yes"),
    (Keyword::CanonicalizeHostname, "false"),
    (Keyword::CheckHostIp, "no"),
    (Keyword::Compression, "no"),
    (Keyword::ControlMaster, "false"),
    (Keyword::ControlPersist, "no"),
    (Keyword::EnableEscapeCommandline, "no"),
    (Keyword::EnableSshKeysign, "no"),
    (Keyword::FingerprintHash, "SHA256"),
    (Keyword::ForkAfterAuthentication, "no"),
    (Keyword::ForwardAgent, "no"),
    (Keyword::ForwardX11, "no"),
    // Upstream's. Debian says yes: then -X is -Y.
    (Keyword::ForwardX11Trusted, "no"),
    (Keyword::GatewayPorts, "no"),
    (Keyword::GssApiAuthentication, "no"),
    (Keyword::GssApiDelegateCredentials, "no"),
    (Keyword::GssApiKeyExchange, "no"),
    (Keyword::GssApiRenewalForcesRekey, "no"),
    (Keyword::GssApiTrustDns, "no"),
    (Keyword::HashKnownHosts, "no"),
    (Keyword::HostbasedAuthentication, "no"),
    (Keyword::IdentitiesOnly, "no"),
    (Keyword::KbdInteractiveAuthentication, "yes"),
    (Keyword::LogLevel, "INFO"),
    (Keyword::NoHostAuthenticationForLocalhost, "no"),
    (Keyword::PasswordAuthentication, "yes"),
    (Keyword::PermitLocalCommand, "no"),
    (Keyword::ProxyUseFdpass, "no"),
    (Keyword::PubkeyAuthentication, "true"),
    (Keyword::RequestTty, "auto"),
    (Keyword::SessionType, "default"),
    (Keyword::StdinNull, "no"),
    (Keyword::StreamLocalBindUnlink, "no"),
    (Keyword::StrictHostKeyChecking, "ask"),
    (Keyword::SyslogFacility, "USER"),
    (Keyword::TcpKeepAlive, "yes"),
    (Keyword::Tunnel, "false"),
    (Keyword::VerifyHostKeyDns, "false"),
    (Keyword::VisualHostKey, "no"),
    (Keyword::XsshProxyFromEnvironment, "no"),
    (Keyword::XsshShare, "no"),
];

const NUMBERS: &[(Keyword, i64)] = &[
    (Keyword::AddKeysLifetime, 0),
    (Keyword::CanonicalizeMaxDots, 1),
    (Keyword::ConnectionAttempts, 1),
    (Keyword::ControlPersistTimeout, 0),
    (Keyword::EscapeChar, b'~' as i64),
    (Keyword::ForwardX11Timeout, 1200),
    (Keyword::NumberOfPasswordPrompts, 3),
    (Keyword::Port, 22),
    (Keyword::RekeyInterval, 0),
    (Keyword::RekeyLimit, 0),
    (Keyword::RequiredRsaSize, 1024),
    (Keyword::ServerAliveCountMax, 3),
    (Keyword::StreamLocalBindMask, 0o177),
    (Keyword::TunnelDevice, -1),
    (Keyword::TunnelRemote, -1),
];

const TEXTS: &[(Keyword, &str)] = &[
    (
        Keyword::GssApiKexAlgorithms,
        "gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,gss-curve25519-sha256-,gss-group14-sha1-,\
         gss-gex-sha1-",
    ),
    (Keyword::SecurityKeyProvider, "internal"),
    (Keyword::XAuthLocation, "/usr/bin/xauth"),
    (Keyword::XsshProxyCredentials, DEFAULT_CREDENTIALS),
];

/// Where the passwords of proxies are looked for.
pub(super) const DEFAULT_CREDENTIALS: &str = "~/.netrc";

const ALGORITHMS: &[(Keyword, Kind)] = &[
    (Keyword::CaSignatureAlgorithms, Kind::CaSignature),
    (Keyword::Ciphers, Kind::Cipher),
    (Keyword::HostKeyAlgorithms, Kind::Key),
    (Keyword::HostbasedAcceptedAlgorithms, Kind::Key),
    (Keyword::KexAlgorithms, Kind::Kex),
    (Keyword::Macs, Kind::Mac),
    (Keyword::PubkeyAcceptedAlgorithms, Kind::Key),
];

/// Keywords whose `none` means that they are not set.
const CLEARED_BY_NONE: &[Keyword] = &[
    Keyword::ControlPath,
    Keyword::KnownHostsCommand,
    Keyword::LocalCommand,
    Keyword::Pkcs11Provider,
    Keyword::ProxyCommand,
    Keyword::ProxyJump,
    Keyword::RemoteCommand,
    Keyword::RevokedHostKeys,
    Keyword::SecurityKeyProvider,
];

/// Sets what canonicalisation reads, so that the final pass can no longer change it.
pub(super) fn before_canonicalization(values: &mut Values) {
    values.put_first(Keyword::CanonicalizeMaxDots, Value::Number(1));
    values.put_first(Keyword::CanonicalizeFallbackLocal, Value::Word("yes"));
    values.put_first(Keyword::CanonicalizeHostname, Value::Word("false"));
}

/// Sets all that no line has set. With `-W` (`stdio_forward`) forwards are cleared, unless a line says otherwise.
pub(super) fn fill(values: &mut Values, stdio_forward: bool, system_dir: &str) {
    let with_stdio = Value::Word(if stdio_forward { "yes" } else { "no" });
    values.put_first(Keyword::ExitOnForwardFailure, with_stdio.clone());
    values.put_first(Keyword::ClearAllForwardings, with_stdio);
    if values.is_yes(Keyword::ClearAllForwardings) {
        values.local_forwards.clear();
        values.remote_forwards.clear();
        values.put(Keyword::Tunnel, Value::Word("false"));
    }
    // Debian notices a dead connection that nobody watches.
    let alive = if values.is_yes(Keyword::BatchMode) { 300 } else { 0 };
    values.put_first(Keyword::ServerAliveInterval, Value::Number(alive));
    // Debian's again; upstream says af21 and cs1, or ef and none.
    values.put_first(Keyword::IpQos, Value::Number(qos::LOW_DELAY));
    values.put_first(Keyword::IpQosBulk, Value::Number(qos::THROUGHPUT));
    let update = if updates_host_keys(values) { "true" } else { "false" };
    values.put_first(Keyword::UpdateHostKeys, Value::Word(update));
    values.put_first(Keyword::UserKnownHostsFile, Value::List(USER_HOSTS.map(str::to_owned).into()));
    let system_hosts = ["ssh_known_hosts", "ssh_known_hosts2"].map(|name| format!("{system_dir}/{name}"));
    values.put_first(Keyword::GlobalKnownHostsFile, Value::List(system_hosts.into()));
    if values.identity_files.is_empty() {
        let default = |path: &str| NamedFile { path: path.to_owned(), by_user: false };
        values.identity_files = IDENTITIES.map(default).into();
    }
    for (keyword, word) in WORDS {
        values.put_first(*keyword, Value::Word(word));
    }
    for (keyword, number) in NUMBERS {
        values.put_first(*keyword, Value::Number(*number));
    }
    for (keyword, text) in TEXTS {
        values.put_first(*keyword, Value::Text((*text).to_owned()));
    }
    for (keyword, kind) in ALGORITHMS {
        let names = algorithms::defaults(*kind).into_iter().map(str::to_owned).collect();
        values.put_first(*keyword, Value::List(names));
    }
    clear_nones(values);
}

/// New host keys are learnt unasked only into the default file, and not where DNS vouches for them.
fn updates_host_keys(values: &Values) -> bool {
    let no_dns = values.word(Keyword::VerifyHostKeyDns).is_none_or(|word| word == "false");
    let files = values.list(Keyword::UserKnownHostsFile);
    no_dns && matches!(files.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), [] | ["~/.ssh/known_hosts"])
}

fn clear_nones(values: &mut Values) {
    for keyword in CLEARED_BY_NONE {
        if values.text(*keyword).is_some_and(|text| text.eq_ignore_ascii_case("none")) {
            values.clear(*keyword);
        }
    }
    if let [(source, target)] = values.permitted_cnames.as_slice()
        && source.eq_ignore_ascii_case("none")
        && target.is_empty()
    {
        values.permitted_cnames.clear();
    }
}

/// Whether a file stands there because no line named one.
pub(super) fn is_default(file: &NamedFile) -> bool {
    !file.by_user && IDENTITIES.contains(&file.path.as_str())
}
