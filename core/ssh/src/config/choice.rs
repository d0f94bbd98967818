//! The keywords that take one word of a few: which words, and how `-G` prints each.

/// Words that a keyword takes, in any case, each with the word that `-G` prints for it.
pub(crate) type Choices = &'static [(&'static str, &'static str)];

/// Finds the printed word for `text`.
pub(crate) fn choose(choices: Choices, text: &str) -> Option<&'static str> {
    choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, printed)| *printed)
}

pub(crate) const FLAG: Choices = &[("true", "yes"), ("false", "no"), ("yes", "yes"), ("no", "no")];
pub(crate) const YES_NO_ASK: Choices =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("ask", "ask")];
pub(crate) const STRICT: Choices = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("ask", "ask"),
    ("off", "false"),
    ("accept-new", "accept-new"),
];
pub(crate) const ADD_KEYS: Choices =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("ask", "ask"), ("confirm", "confirm")];
pub(crate) const ADDRESS_FAMILY: Choices = &[("inet", "inet"), ("inet6", "inet6"), ("any", "any")];
pub(crate) const CONTROL_MASTER: Choices = &[
    ("true", "true"),
    ("yes", "true"),
    ("false", "false"),
    ("no", "false"),
    ("auto", "auto"),
    ("ask", "ask"),
    ("autoask", "autoask"),
];
pub(crate) const SHARE: Choices = &[("auto", "auto"), ("false", "no"), ("no", "no")];
pub(crate) const TUNNEL: Choices = &[
    ("ethernet", "ethernet"),
    ("point-to-point", "point-to-point"),
    ("true", "point-to-point"),
    ("yes", "point-to-point"),
    ("false", "false"),
    ("no", "false"),
];
pub(crate) const REQUEST_TTY: Choices =
    &[("true", "true"), ("yes", "true"), ("false", "false"), ("no", "false"), ("force", "force"), ("auto", "auto")];
pub(crate) const SESSION_TYPE: Choices = &[("none", "none"), ("subsystem", "subsystem"), ("default", "default")];
pub(crate) const CANONICALIZE: Choices =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("always", "always")];
pub(crate) const PUBKEY: Choices = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("unbound", "unbound"),
    ("host-bound", "host-bound"),
];
pub(crate) const COMPRESSION: Choices = &[("yes", "yes"), ("no", "no")];
pub(crate) const WARN_WEAK_CRYPTO: Choices =
    &[("true", "yes"), ("false", "no"), ("yes", "yes"), ("no", "no"), ("no-pq-kex", "no")];
pub(crate) const LOG_LEVEL: Choices = &[
    // The old name of quiet is the one that -G prints.
    ("SILENT", "SILENT"),
    ("QUIET", "SILENT"),
    ("FATAL", "FATAL"),
    ("ERROR", "ERROR"),
    ("INFO", "INFO"),
    ("VERBOSE", "VERBOSE"),
    ("DEBUG", "DEBUG"),
    ("DEBUG1", "DEBUG"),
    ("DEBUG2", "DEBUG2"),
    ("DEBUG3", "DEBUG3"),
];
pub(crate) const LOG_FACILITY: Choices = &[
    ("DAEMON", "DAEMON"),
    ("USER", "USER"),
    ("AUTH", "AUTH"),
    ("AUTHPRIV", "AUTHPRIV"),
    ("LOCAL0", "LOCAL0"),
    ("LOCAL1", "LOCAL1"),
    ("LOCAL2", "LOCAL2"),
    ("LOCAL3", "LOCAL3"),
    ("LOCAL4", "LOCAL4"),
    ("LOCAL5", "LOCAL5"),
    ("LOCAL6", "LOCAL6"),
    ("LOCAL7", "LOCAL7"),
];
/// The digests ssh knows by name (digest-openssl.c); two of them make fingerprints.
pub(crate) const FINGERPRINT_HASH: Choices =
    &[("MD5", "MD5"), ("SHA1", "SHA1"), ("SHA256", "SHA256"), ("SHA384", "SHA384"), ("SHA512", "SHA512")];
