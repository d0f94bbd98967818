//! Every keyword of ssh_config(5) up to OpenSSH 10, with Debian's and our own: what it is called, and which form its
//! arguments have. The forms that only one keyword has are in [`super::directive`].

use super::algorithms::Kind;
use super::choice::{self, Choices};

/// What a keyword sets. Several names may set the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum Keyword {
    AddKeysToAgent,
    AddressFamily,
    BatchMode,
    BindAddress,
    BindInterface,
    CanonicalDomains,
    CanonicalizeFallbackLocal,
    CanonicalizeHostname,
    CanonicalizeMaxDots,
    CanonicalizePermittedCnames,
    CaSignatureAlgorithms,
    CertificateFile,
    KbdInteractiveAuthentication,
    ChannelTimeout,
    CheckHostIp,
    Ciphers,
    ClearAllForwardings,
    Compression,
    ConnectionAttempts,
    ConnectTimeout,
    ControlMaster,
    ControlPath,
    ControlPersist,
    PubkeyAuthentication,
    DynamicForward,
    EnableEscapeCommandline,
    EnableSshKeysign,
    EscapeChar,
    ExitOnForwardFailure,
    FingerprintHash,
    ForkAfterAuthentication,
    ForwardAgent,
    ForwardX11,
    ForwardX11Timeout,
    ForwardX11Trusted,
    GatewayPorts,
    GlobalKnownHostsFile,
    GssApiAuthentication,
    GssApiClientIdentity,
    GssApiDelegateCredentials,
    GssApiKexAlgorithms,
    GssApiKeyExchange,
    GssApiRenewalForcesRekey,
    GssApiServerIdentity,
    GssApiTrustDns,
    HashKnownHosts,
    Host,
    HostbasedAcceptedAlgorithms,
    HostbasedAuthentication,
    HostKeyAlgorithms,
    HostKeyAlias,
    HostName,
    IdentitiesOnly,
    IdentityAgent,
    IdentityFile,
    IgnoreUnknown,
    Include,
    IpQos,
    KbdInteractiveDevices,
    TcpKeepAlive,
    KexAlgorithms,
    KnownHostsCommand,
    LocalCommand,
    LocalForward,
    LogLevel,
    LogVerbose,
    Macs,
    Match,
    NoHostAuthenticationForLocalhost,
    NumberOfPasswordPrompts,
    ObscureKeystrokeTiming,
    PasswordAuthentication,
    PermitLocalCommand,
    PermitRemoteOpen,
    Pkcs11Provider,
    Port,
    PreferredAuthentications,
    ServerAliveInterval,
    ProxyCommand,
    ProxyJump,
    ProxyUseFdpass,
    PubkeyAcceptedAlgorithms,
    RefuseConnection,
    RekeyLimit,
    RemoteCommand,
    RemoteForward,
    RequestTty,
    RequiredRsaSize,
    RevokedHostKeys,
    SecurityKeyProvider,
    SendEnv,
    ServerAliveCountMax,
    SessionType,
    SetEnv,
    StdinNull,
    StreamLocalBindMask,
    StreamLocalBindUnlink,
    StrictHostKeyChecking,
    SyslogFacility,
    Tag,
    Tunnel,
    TunnelDevice,
    UpdateHostKeys,
    User,
    UserKnownHostsFile,
    VerifyHostKeyDns,
    VersionAddendum,
    VisualHostKey,
    WarnWeakCrypto,
    XAuthLocation,
    XsshProxyCredentials,
    XsshProxyFromEnvironment,
    XsshShare,
    // Second halves of keywords that set two things, of which each may be set at another place.
    AddKeysLifetime,
    ControlPersistTimeout,
    ForwardAgentPath,
    IpQosBulk,
    RekeyInterval,
    TunnelRemote,
    /// The number of keywords; no keyword itself.
    Count,
}

/// The form of a keyword's arguments, and what becomes of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// One word of a few.
    Choice(Choices),
    /// One number from 0 on.
    Integer,
    /// One time, or `none`.
    Time,
    /// One argument, whatever it is.
    Text,
    /// The rest of the line, quotes and all.
    Command,
    /// Several files, or `none` alone.
    Files,
    /// A list of algorithms.
    Names(Kind),
    /// A form that only this keyword has.
    Own,
    /// Silently skipped.
    Ignored,
    /// Skipped with a line for who looks closely.
    Deprecated,
    /// Skipped with a complaint.
    Unsupported,
}

/// One name of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The name in lower case.
    pub(crate) name: &'static str,
    /// What it sets; nothing for what is skipped.
    pub(crate) keyword: Option<Keyword>,
    /// The form of its arguments.
    pub(crate) form: Form,
}

/// Finds a keyword by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    TABLE.binary_search_by(|entry| entry.name.cmp(name)).ok().and_then(|at| TABLE.get(at))
}

const fn sets(name: &'static str, keyword: Keyword, form: Form) -> Entry {
    Entry { name, keyword: Some(keyword), form }
}

const fn skips(name: &'static str, form: Form) -> Entry {
    Entry { name, keyword: None, form }
}

const FLAG: Form = Form::Choice(choice::FLAG);

/// Sorted by name.
const TABLE: &[Entry] = &[
    sets("addkeystoagent", Keyword::AddKeysToAgent, Form::Own),
    sets("addressfamily", Keyword::AddressFamily, Form::Choice(choice::ADDRESS_FAMILY)),
    skips("afstokenpassing", Form::Unsupported),
    sets("batchmode", Keyword::BatchMode, FLAG),
    sets("bindaddress", Keyword::BindAddress, Form::Text),
    sets("bindinterface", Keyword::BindInterface, Form::Text),
    sets("canonicaldomains", Keyword::CanonicalDomains, Form::Own),
    sets("canonicalizefallbacklocal", Keyword::CanonicalizeFallbackLocal, FLAG),
    sets("canonicalizehostname", Keyword::CanonicalizeHostname, Form::Choice(choice::CANONICALIZE)),
    sets("canonicalizemaxdots", Keyword::CanonicalizeMaxDots, Form::Integer),
    sets("canonicalizepermittedcnames", Keyword::CanonicalizePermittedCnames, Form::Own),
    sets("casignaturealgorithms", Keyword::CaSignatureAlgorithms, Form::Names(Kind::CaSignature)),
    sets("certificatefile", Keyword::CertificateFile, Form::Own),
    sets("challengeresponseauthentication", Keyword::KbdInteractiveAuthentication, FLAG),
    sets("channeltimeout", Keyword::ChannelTimeout, Form::Own),
    sets("checkhostip", Keyword::CheckHostIp, FLAG),
    skips("cipher", Form::Deprecated),
    sets("ciphers", Keyword::Ciphers, Form::Names(Kind::Cipher)),
    sets("clearallforwardings", Keyword::ClearAllForwardings, FLAG),
    sets("compression", Keyword::Compression, Form::Choice(choice::COMPRESSION)),
    skips("compressionlevel", Form::Unsupported),
    sets("connectionattempts", Keyword::ConnectionAttempts, Form::Integer),
    sets("connecttimeout", Keyword::ConnectTimeout, Form::Time),
    sets("controlmaster", Keyword::ControlMaster, Form::Choice(choice::CONTROL_MASTER)),
    sets("controlpath", Keyword::ControlPath, Form::Text),
    sets("controlpersist", Keyword::ControlPersist, Form::Own),
    sets("dsaauthentication", Keyword::PubkeyAuthentication, Form::Choice(choice::PUBKEY)),
    sets("dynamicforward", Keyword::DynamicForward, Form::Own),
    sets("enableescapecommandline", Keyword::EnableEscapeCommandline, FLAG),
    sets("enablesshkeysign", Keyword::EnableSshKeysign, FLAG),
    sets("escapechar", Keyword::EscapeChar, Form::Own),
    sets("exitonforwardfailure", Keyword::ExitOnForwardFailure, FLAG),
    skips("fallbacktorsh", Form::Deprecated),
    sets("fingerprinthash", Keyword::FingerprintHash, Form::Own),
    sets("forkafterauthentication", Keyword::ForkAfterAuthentication, FLAG),
    sets("forwardagent", Keyword::ForwardAgent, Form::Own),
    sets("forwardx11", Keyword::ForwardX11, FLAG),
    sets("forwardx11timeout", Keyword::ForwardX11Timeout, Form::Time),
    sets("forwardx11trusted", Keyword::ForwardX11Trusted, FLAG),
    sets("gatewayports", Keyword::GatewayPorts, FLAG),
    sets("globalknownhostsfile", Keyword::GlobalKnownHostsFile, Form::Files),
    skips("globalknownhostsfile2", Form::Deprecated),
    sets("gssapiauthentication", Keyword::GssApiAuthentication, FLAG),
    sets("gssapiclientidentity", Keyword::GssApiClientIdentity, Form::Text),
    sets("gssapidelegatecredentials", Keyword::GssApiDelegateCredentials, FLAG),
    sets("gssapikexalgorithms", Keyword::GssApiKexAlgorithms, Form::Own),
    sets("gssapikeyexchange", Keyword::GssApiKeyExchange, FLAG),
    sets("gssapirenewalforcesrekey", Keyword::GssApiRenewalForcesRekey, FLAG),
    sets("gssapiserveridentity", Keyword::GssApiServerIdentity, Form::Text),
    sets("gssapitrustdns", Keyword::GssApiTrustDns, FLAG),
    sets("hashknownhosts", Keyword::HashKnownHosts, FLAG),
    sets("host", Keyword::Host, Form::Own),
    sets("hostbasedacceptedalgorithms", Keyword::HostbasedAcceptedAlgorithms, Form::Names(Kind::Key)),
    sets("hostbasedauthentication", Keyword::HostbasedAuthentication, FLAG),
    sets("hostbasedkeytypes", Keyword::HostbasedAcceptedAlgorithms, Form::Names(Kind::Key)),
    sets("hostkeyalgorithms", Keyword::HostKeyAlgorithms, Form::Names(Kind::Key)),
    sets("hostkeyalias", Keyword::HostKeyAlias, Form::Text),
    sets("hostname", Keyword::HostName, Form::Text),
    sets("identitiesonly", Keyword::IdentitiesOnly, FLAG),
    sets("identityagent", Keyword::IdentityAgent, Form::Own),
    sets("identityfile", Keyword::IdentityFile, Form::Own),
    sets("identityfile2", Keyword::IdentityFile, Form::Own),
    sets("ignoreunknown", Keyword::IgnoreUnknown, Form::Text),
    sets("include", Keyword::Include, Form::Own),
    sets("ipqos", Keyword::IpQos, Form::Own),
    sets("kbdinteractiveauthentication", Keyword::KbdInteractiveAuthentication, FLAG),
    sets("kbdinteractivedevices", Keyword::KbdInteractiveDevices, Form::Text),
    sets("keepalive", Keyword::TcpKeepAlive, FLAG),
    skips("kerberosauthentication", Form::Unsupported),
    skips("kerberostgtpassing", Form::Unsupported),
    sets("kexalgorithms", Keyword::KexAlgorithms, Form::Names(Kind::Kex)),
    sets("knownhostscommand", Keyword::KnownHostsCommand, Form::Command),
    sets("localcommand", Keyword::LocalCommand, Form::Command),
    sets("localforward", Keyword::LocalForward, Form::Own),
    sets("loglevel", Keyword::LogLevel, Form::Own),
    sets("logverbose", Keyword::LogVerbose, Form::Own),
    sets("macs", Keyword::Macs, Form::Names(Kind::Mac)),
    sets("match", Keyword::Match, Form::Own),
    sets("nohostauthenticationforlocalhost", Keyword::NoHostAuthenticationForLocalhost, FLAG),
    sets("numberofpasswordprompts", Keyword::NumberOfPasswordPrompts, Form::Integer),
    sets("obscurekeystroketiming", Keyword::ObscureKeystrokeTiming, Form::Own),
    sets("passwordauthentication", Keyword::PasswordAuthentication, FLAG),
    sets("permitlocalcommand", Keyword::PermitLocalCommand, FLAG),
    sets("permitremoteopen", Keyword::PermitRemoteOpen, Form::Own),
    sets("pkcs11provider", Keyword::Pkcs11Provider, Form::Text),
    sets("port", Keyword::Port, Form::Own),
    sets("preferredauthentications", Keyword::PreferredAuthentications, Form::Text),
    skips("protocol", Form::Ignored),
    sets("protocolkeepalives", Keyword::ServerAliveInterval, Form::Time),
    sets("proxycommand", Keyword::ProxyCommand, Form::Command),
    sets("proxyjump", Keyword::ProxyJump, Form::Own),
    sets("proxyusefdpass", Keyword::ProxyUseFdpass, FLAG),
    sets("pubkeyacceptedalgorithms", Keyword::PubkeyAcceptedAlgorithms, Form::Names(Kind::Key)),
    sets("pubkeyacceptedkeytypes", Keyword::PubkeyAcceptedAlgorithms, Form::Names(Kind::Key)),
    sets("pubkeyauthentication", Keyword::PubkeyAuthentication, Form::Choice(choice::PUBKEY)),
    sets("refuseconnection", Keyword::RefuseConnection, Form::Own),
    sets("rekeylimit", Keyword::RekeyLimit, Form::Own),
    sets("remotecommand", Keyword::RemoteCommand, Form::Command),
    sets("remoteforward", Keyword::RemoteForward, Form::Own),
    sets("requesttty", Keyword::RequestTty, Form::Choice(choice::REQUEST_TTY)),
    sets("requiredrsasize", Keyword::RequiredRsaSize, Form::Integer),
    sets("revokedhostkeys", Keyword::RevokedHostKeys, Form::Text),
    skips("rhostsauthentication", Form::Deprecated),
    skips("rhostsrsaauthentication", Form::Unsupported),
    skips("rsaauthentication", Form::Unsupported),
    sets("securitykeyprovider", Keyword::SecurityKeyProvider, Form::Text),
    sets("sendenv", Keyword::SendEnv, Form::Own),
    sets("serveralivecountmax", Keyword::ServerAliveCountMax, Form::Integer),
    sets("serveraliveinterval", Keyword::ServerAliveInterval, Form::Time),
    sets("sessiontype", Keyword::SessionType, Form::Choice(choice::SESSION_TYPE)),
    sets("setenv", Keyword::SetEnv, Form::Own),
    sets("setuptimeout", Keyword::ServerAliveInterval, Form::Time),
    sets("skeyauthentication", Keyword::KbdInteractiveAuthentication, FLAG),
    sets("smartcarddevice", Keyword::Pkcs11Provider, Form::Text),
    sets("stdinnull", Keyword::StdinNull, FLAG),
    sets("streamlocalbindmask", Keyword::StreamLocalBindMask, Form::Own),
    sets("streamlocalbindunlink", Keyword::StreamLocalBindUnlink, FLAG),
    sets("stricthostkeychecking", Keyword::StrictHostKeyChecking, Form::Choice(choice::STRICT)),
    sets("syslogfacility", Keyword::SyslogFacility, Form::Own),
    sets("tag", Keyword::Tag, Form::Text),
    sets("tcpkeepalive", Keyword::TcpKeepAlive, FLAG),
    sets("tisauthentication", Keyword::KbdInteractiveAuthentication, FLAG),
    sets("tunnel", Keyword::Tunnel, Form::Choice(choice::TUNNEL)),
    sets("tunneldevice", Keyword::TunnelDevice, Form::Own),
    sets("updatehostkeys", Keyword::UpdateHostKeys, Form::Choice(choice::YES_NO_ASK)),
    skips("useprivilegedport", Form::Deprecated),
    sets("user", Keyword::User, Form::Text),
    sets("userknownhostsfile", Keyword::UserKnownHostsFile, Form::Files),
    skips("userknownhostsfile2", Form::Deprecated),
    skips("useroaming", Form::Deprecated),
    skips("usersh", Form::Deprecated),
    sets("verifyhostkeydns", Keyword::VerifyHostKeyDns, Form::Choice(choice::YES_NO_ASK)),
    sets("versionaddendum", Keyword::VersionAddendum, Form::Own),
    sets("visualhostkey", Keyword::VisualHostKey, FLAG),
    sets("warnweakcrypto", Keyword::WarnWeakCrypto, Form::Choice(choice::WARN_WEAK_CRYPTO)),
    sets("xauthlocation", Keyword::XAuthLocation, Form::Text),
    sets("xsshproxycredentials", Keyword::XsshProxyCredentials, Form::Text),
    sets("xsshproxyfromenvironment", Keyword::XsshProxyFromEnvironment, FLAG),
    sets("xsshshare", Keyword::XsshShare, Form::Choice(choice::SHARE)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn names_are_found() {
        assert_eq!(find("port").and_then(|entry| entry.keyword), Some(Keyword::Port));
        assert_eq!(
            find("pubkeyacceptedkeytypes").and_then(|entry| entry.keyword),
            Some(Keyword::PubkeyAcceptedAlgorithms)
        );
        assert!(find("Port").is_none());
        assert!(find("").is_none());
    }
}
