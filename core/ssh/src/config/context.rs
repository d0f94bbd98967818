use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use xssh_os::account::Account;
use xssh_os::names::{self, Family, Lookup};

/// How a variable of the environment is read.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The resolver, and what else is known of names and addresses.
pub trait Names: Send + Sync {
    /// Resolves a name, and asks for its canonical name. Blocks.
    fn lookup(&self, name: &str, family: Family) -> Lookup;
    /// The usual form of a numeric address; none for a name. Never asks the network.
    fn numeric_address(&self, name: &str, family: Family) -> Option<String>;
    /// The addresses of this host's interfaces that are up.
    fn interface_addresses(&self) -> Vec<IpAddr>;
}

/// The system's own.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup(&self, name: &str, family: Family) -> Lookup {
        names::lookup(name, family)
    }

    fn numeric_address(&self, name: &str, family: Family) -> Option<String> {
        names::numeric_address(name, family)
    }

    fn interface_addresses(&self) -> Vec<IpAddr> {
        names::interface_addresses().unwrap_or_default()
    }
}

/// Everything that configuration depends on and that is not in its files. The cli fills it.
#[derive(Clone)]
pub struct LocalContext {
    /// The home directory (`%d`, `~`).
    pub home: PathBuf,
    /// The local user (`%u`, and the remote user where nobody says otherwise).
    pub local_user: String,
    /// The local user's id (`%i`, and who may own configuration).
    pub uid: u32,
    /// The name of this host (`%l`).
    pub hostname: String,
    /// Where the system's files are; `/etc/ssh`.
    pub system_dir: PathBuf,
    /// Reads variables: for `${NAME}`, SHELL, SSH_AUTH_SOCK.
    pub environment: Environment,
    /// Resolves names.
    pub names: Arc<dyn Names>,
}

impl LocalContext {
    /// The context of an account on this host.
    #[must_use]
    pub fn new(account: Account, hostname: String, environment: Environment) -> Self {
        Self {
            home: account.home,
            local_user: account.user,
            uid: account.uid,
            hostname,
            system_dir: PathBuf::from("/etc/ssh"),
            environment,
            names: Arc::new(SystemNames),
        }
    }

    /// Reads a variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }
}

impl fmt::Debug for LocalContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalContext")
            .field("home", &self.home)
            .field("local_user", &self.local_user)
            .field("uid", &self.uid)
            .field("hostname", &self.hostname)
            .field("system_dir", &self.system_dir)
            .finish_non_exhaustive()
    }
}
