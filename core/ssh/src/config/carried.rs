//! The lines of `-G`, in OpenSSH's order (readconf.c, dump_client_config), as values that are not yet expanded. They
//! travel in the settings, so that keywords nobody else reads need no field of their own.

use super::defaults;
use super::directive::forwards::is_dynamic;
use super::jump;
use super::keyword::Keyword as K;
use super::qos;
use super::values::{Value, Values};
use crate::settings::{CarriedLine, Connect, Forward};

/// Words, in two stretches of the order.
const WORDS: &[(&str, K)] = &[
    ("addressfamily", K::AddressFamily),
    ("batchmode", K::BatchMode),
    ("canonicalizefallbacklocal", K::CanonicalizeFallbackLocal),
    ("canonicalizehostname", K::CanonicalizeHostname),
    ("checkhostip", K::CheckHostIp),
    ("compression", K::Compression),
    ("controlmaster", K::ControlMaster),
    ("enablesshkeysign", K::EnableSshKeysign),
    ("clearallforwardings", K::ClearAllForwardings),
    ("exitonforwardfailure", K::ExitOnForwardFailure),
    ("fingerprinthash", K::FingerprintHash),
    ("forwardx11", K::ForwardX11),
    ("forwardx11trusted", K::ForwardX11Trusted),
    ("gatewayports", K::GatewayPorts),
    ("gssapiauthentication", K::GssApiAuthentication),
    ("gssapikeyexchange", K::GssApiKeyExchange),
    ("gssapidelegatecredentials", K::GssApiDelegateCredentials),
    ("gssapitrustdns", K::GssApiTrustDns),
    ("gssapirenewalforcesrekey", K::GssApiRenewalForcesRekey),
    ("gssapiclientidentity", K::GssApiClientIdentity),
    ("gssapiserveridentity", K::GssApiServerIdentity),
    ("gssapikexalgorithms", K::GssApiKexAlgorithms),
    ("hashknownhosts", K::HashKnownHosts),
    ("hostbasedauthentication", K::HostbasedAuthentication),
    ("identitiesonly", K::IdentitiesOnly),
    ("kbdinteractiveauthentication", K::KbdInteractiveAuthentication),
    ("nohostauthenticationforlocalhost", K::NoHostAuthenticationForLocalhost),
    ("passwordauthentication", K::PasswordAuthentication),
    ("permitlocalcommand", K::PermitLocalCommand),
    ("proxyusefdpass", K::ProxyUseFdpass),
    ("pubkeyauthentication", K::PubkeyAuthentication),
    ("requesttty", K::RequestTty),
    ("sessiontype", K::SessionType),
    ("stdinnull", K::StdinNull),
    ("forkafterauthentication", K::ForkAfterAuthentication),
    ("streamlocalbindunlink", K::StreamLocalBindUnlink),
    ("stricthostkeychecking", K::StrictHostKeyChecking),
    ("tcpkeepalive", K::TcpKeepAlive),
    ("tunnel", K::Tunnel),
    ("verifyhostkeydns", K::VerifyHostKeyDns),
    ("visualhostkey", K::VisualHostKey),
    ("updatehostkeys", K::UpdateHostKeys),
    ("enableescapecommandline", K::EnableEscapeCommandline),
    ("warnweakcrypto", K::WarnWeakCrypto),
    ("canonicalizemaxdots", K::CanonicalizeMaxDots),
    ("connectionattempts", K::ConnectionAttempts),
    ("forwardx11timeout", K::ForwardX11Timeout),
    ("numberofpasswordprompts", K::NumberOfPasswordPrompts),
    ("serveralivecountmax", K::ServerAliveCountMax),
    ("serveraliveinterval", K::ServerAliveInterval),
    ("requiredrsasize", K::RequiredRsaSize),
];

/// Texts, set or not.
const TEXTS: &[(&str, K)] = &[
    ("bindaddress", K::BindAddress),
    ("bindinterface", K::BindInterface),
    ("ciphers", K::Ciphers),
    ("controlpath", K::ControlPath),
    ("hostkeyalgorithms", K::HostKeyAlgorithms),
    ("hostkeyalias", K::HostKeyAlias),
    ("hostbasedacceptedalgorithms", K::HostbasedAcceptedAlgorithms),
    ("identityagent", K::IdentityAgent),
    ("ignoreunknown", K::IgnoreUnknown),
    ("kbdinteractivedevices", K::KbdInteractiveDevices),
    ("kexalgorithms", K::KexAlgorithms),
    ("casignaturealgorithms", K::CaSignatureAlgorithms),
    ("localcommand", K::LocalCommand),
    ("remotecommand", K::RemoteCommand),
    ("loglevel", K::LogLevel),
    ("macs", K::Macs),
    ("pkcs11provider", K::Pkcs11Provider),
    ("securitykeyprovider", K::SecurityKeyProvider),
    ("preferredauthentications", K::PreferredAuthentications),
    ("pubkeyacceptedalgorithms", K::PubkeyAcceptedAlgorithms),
    ("revokedhostkeys", K::RevokedHostKeys),
    ("xauthlocation", K::XAuthLocation),
    ("knownhostscommand", K::KnownHostsCommand),
    ("tag", K::Tag),
    ("versionaddendum", K::VersionAddendum),
];

struct Lines<'a> {
    values: &'a Values,
    lines: Vec<CarriedLine>,
}

/// The lines for values to which the defaults have been added.
pub(super) fn lines(values: &Values, original_host: &str, host: &str) -> Vec<CarriedLine> {
    let mut lines = Lines { values, lines: Vec::with_capacity(128) };
    lines.add("host", [original_host]);
    lines.value("user", K::User);
    lines.add("hostname", [host]);
    lines.value("port", K::Port);
    for (name, keyword) in WORDS {
        lines.value(name, *keyword);
    }
    lines.keystroke_timing();
    for (name, keyword) in TEXTS {
        lines.value(name, *keyword);
    }
    lines.forwards();
    lines.lists();
    lines.specials();
    lines.proxy();
    lines.ours();
    lines.lines
}

impl Lines<'_> {
    fn add<T: Into<String>>(&mut self, keyword: &'static str, values: impl IntoIterator<Item = T>) {
        self.lines.push(CarriedLine { keyword, values: values.into_iter().map(Into::into).collect() });
    }

    /// A value on one line, if it is set; algorithms with commas.
    fn value(&mut self, name: &'static str, keyword: K) {
        match self.values.get(keyword) {
            Some(Value::Word(word)) => self.add(name, [*word]),
            Some(Value::Number(number)) => self.add(name, [number.to_string()]),
            Some(Value::Text(text)) => self.add(name, [text.as_str()]),
            Some(Value::List(list)) => self.add(name, [list.join(",")]),
            None => {}
        }
    }

    /// Several values on one line, or a word for none.
    fn list_or(&mut self, name: &'static str, keyword: K, none: &str) {
        match self.values.list(keyword) {
            [] => self.add(name, [none]),
            list => self.add(name, list.to_vec()),
        }
    }

    fn keystroke_timing(&mut self) {
        match self.values.number(K::ObscureKeystrokeTiming) {
            Some(0) => self.add("obscurekeystroketiming", ["no"]),
            Some(20) => self.add("obscurekeystroketiming", ["yes"]),
            Some(other) => self.add("obscurekeystroketiming", [other.to_string()]),
            None => {}
        }
    }

    /// A local forward to a socket shows as a dynamic one too, as it does in every ssh there is.
    fn forwards(&mut self) {
        let both = |forward: &Forward| [forward.listen.to_string(), forward.connect.to_string()];
        let values = self.values;
        for forward in &values.local_forwards {
            if !matches!(forward.connect, Connect::Port { .. }) {
                self.add("dynamicforward", [forward.listen.to_string()]);
            }
        }
        for forward in values.local_forwards.iter().filter(|forward| !is_dynamic(forward)) {
            self.add("localforward", both(forward));
        }
        for forward in &values.remote_forwards {
            self.add("remoteforward", both(forward));
        }
    }

    fn lists(&mut self) {
        for file in &self.values.identity_files {
            self.add("identityfile", [file.path.as_str()]);
        }
        self.list_or("canonicaldomains", K::CanonicalDomains, "none");
        for file in &self.values.certificate_files {
            self.add("certificatefile", [file.path.as_str()]);
        }
        self.list_or("globalknownhostsfile", K::GlobalKnownHostsFile, "none");
        self.list_or("userknownhostsfile", K::UserKnownHostsFile, "none");
        for name in &self.values.send_env {
            self.add("sendenv", [name.as_str()]);
        }
        for assignment in self.values.list(K::SetEnv) {
            self.add("setenv", [assignment.as_str()]);
        }
        self.list_or("logverbose", K::LogVerbose, "none");
        if self.values.has(K::ChannelTimeout) {
            self.list_or("channeltimeout", K::ChannelTimeout, "none");
        }
        self.list_or("permitremoteopen", K::PermitRemoteOpen, "any");
    }

    fn specials(&mut self) {
        let values = self.values;
        let number = |keyword| values.number(keyword).unwrap_or(0);
        let unit = |keyword| match number(keyword) {
            -1 => "any".to_owned(),
            unit => unit.to_string(),
        };
        match (values.word(K::AddKeysToAgent), number(K::AddKeysLifetime)) {
            (Some("confirm"), lifetime) if lifetime > 0 => {
                self.add("addkeystoagent", ["confirm".to_owned(), lifetime.to_string()]);
            }
            (_, lifetime) if lifetime > 0 => self.add("addkeystoagent", [lifetime.to_string()]),
            _ => self.value("addkeystoagent", K::AddKeysToAgent),
        }
        if values.has(K::ForwardAgentPath) {
            self.value("forwardagent", K::ForwardAgentPath);
        } else {
            self.value("forwardagent", K::ForwardAgent);
        }
        match values.number(K::ConnectTimeout) {
            Some(seconds) => self.add("connecttimeout", [seconds.to_string()]),
            None => self.add("connecttimeout", ["none"]),
        }
        self.add("tunneldevice", [format!("{}:{}", unit(K::TunnelDevice), unit(K::TunnelRemote))]);
        let rules = values.permitted_cnames.iter().map(|(source, target)| format!("{source}:{target}"));
        let rules: Vec<String> = if values.permitted_cnames.is_empty() { vec!["none".into()] } else { rules.collect() };
        self.add("canonicalizePermittedcnames", rules);
        match number(K::ControlPersistTimeout) {
            0 => self.value("controlpersist", K::ControlPersist),
            seconds => self.add("controlpersist", [seconds.to_string()]),
        }
        self.add("escapechar", [escape_char(number(K::EscapeChar))]);
        self.add("ipqos", [qos::show(number(K::IpQos)), qos::show(number(K::IpQosBulk))]);
        self.add("rekeylimit", [number(K::RekeyLimit).to_string(), number(K::RekeyInterval).to_string()]);
        self.add("streamlocalbindmask", [format!("0{:o}", number(K::StreamLocalBindMask))]);
        self.value("syslogfacility", K::SyslogFacility);
    }

    fn proxy(&mut self) {
        match self.values.list(K::ProxyJump) {
            [] => self.value("proxycommand", K::ProxyCommand),
            [earlier @ .., last] => {
                let mut jumps = earlier.to_vec();
                jumps.push(jump::normalised(last));
                self.add("proxyjump", [jumps.join(",")]);
            }
        }
    }

    /// Our own keywords show only where they say something unusual: no other ssh could read them back.
    fn ours(&mut self) {
        if self.values.word(K::XsshShare) == Some("auto") {
            self.value("xsshshare", K::XsshShare);
        }
        if self.values.is_yes(K::XsshProxyFromEnvironment) {
            self.value("xsshproxyfromenvironment", K::XsshProxyFromEnvironment);
        }
        if self.values.text(K::XsshProxyCredentials) != Some(defaults::DEFAULT_CREDENTIALS) {
            self.value("xsshproxycredentials", K::XsshProxyCredentials);
        }
    }
}

/// A byte as vis(3) shows it; -1 is none.
fn escape_char(code: i64) -> String {
    let Ok(byte) = u8::try_from(code) else {
        return "none".to_owned();
    };
    let meta = if byte >= 0x80 { "M" } else { "" };
    match byte & 0x7f {
        b'\\' if meta.is_empty() => "\\\\".to_owned(),
        b' ' => format!("\\{byte:03o}"),
        low @ 0x21..=0x7e if meta.is_empty() => char::from(low).to_string(),
        low @ 0x21..=0x7e => format!("\\{meta}-{}", char::from(low)),
        0x7f => format!("\\{meta}^?"),
        low => format!("\\{meta}^{}", char::from(low | 0x40)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_characters_are_visible() {
        for (code, shown) in [
            (-1, "none"),
            (126, "~"),
            (92, "\\\\"),
            (32, "\\040"),
            (1, "\\^A"),
            (127, "\\^?"),
            (0xe9, "\\M-i"),
            (0x81, "\\M^A"),
        ] {
            assert_eq!(escape_char(code), shown, "{code}");
        }
    }
}
