/// The names that may be offered, best first, each a name that xssh has. `+ - ^` are already applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// `Ciphers`.
    pub ciphers: Vec<String>,
    /// `MACs`.
    pub macs: Vec<String>,
    /// `KexAlgorithms`.
    pub kex: Vec<String>,
    /// `HostKeyAlgorithms`.
    pub host_key: Vec<String>,
    /// Whether the user named `HostKeyAlgorithms` (then known hosts do not reorder them).
    pub host_key_given: bool,
    /// `CASignatureAlgorithms`.
    pub ca_signature: Vec<String>,
    /// `PubkeyAcceptedAlgorithms`.
    pub pubkey_accepted: Vec<String>,
}
