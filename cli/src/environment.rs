//! What the caller left us with: argv, variables, descriptors.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{self, Resource, Rlimit, getrlimit, setrlimit};
use xssh_os::account::Account;
use xssh_os::descriptors;
use xssh_ssh::config::LocalContext;

/// Names the exit code with which a remote shell that `xssh sync` has started ends where the connection is lost or there is
/// none, so that it knows what is worth another try. To everybody else that is 255, as with ssh.
pub(crate) const LOST: &str = "XSSH_EXIT_WHERE_LOST";
/// With what such a one ends where a signal has ended what it ran: nothing that serves a sync ends so by itself.
pub(crate) const KILLED: u8 = 253;

/// Tells a remote shell that `xssh sync` has started by which control socket the connections of a run are one: the number of the
/// process that says so, a colon, and the path.
const ONE_CONNECTION: &str = "XSSH_SYNC_CONNECTION";

/// The variable for a remote shell that shares a run's connection at this path.
pub(crate) fn one_connection(path: &Path) -> (&'static str, OsString) {
    let mut value = OsString::from(format!("{}:", std::process::id()));
    value.push(path);
    (ONE_CONNECTION, value)
}

/// That path, where the process that has started this one says so: a ProxyCommand of such a remote shell inherits the variable,
/// and leads elsewhere.
pub(crate) fn own_connection() -> Option<PathBuf> {
    let value = std::env::var_os(ONE_CONNECTION)?.into_vec();
    let at = value.iter().position(|byte| *byte == b':')?;
    let parent = rustix::process::getppid()?.as_raw_nonzero().to_string();
    let is_ours = value[..at] == *parent.as_bytes();
    is_ours.then(|| OsString::from_vec(value[at + 1..].to_vec()).into())
}

/// Before anything else: the standard descriptors are open, nothing above them is (cvs leaks some), no core dump will
/// hold a secret, and nobody else may write to the files we make. SIGPIPE needs nothing: Rust's runtime ignores it, so
/// that a broken pipe is an error that ends a channel in order, and gives its default back to the programs we start.
pub(crate) fn clean_up() {
    descriptors::open_standard();
    descriptors::close_from(3);
    descriptors::forbid_core_dumps();
    let (written_by_others, all_by_others) = (Mode::from_raw_mode(0o022), Mode::from_raw_mode(0o077));
    let callers = process::umask(all_by_others);
    process::umask(written_by_others | (callers & all_by_others));
}

/// Descriptors without which there is no connection: the pipes, an event loop, a socket, and the files that are read for it.
const FEWEST_DESCRIPTORS: u64 = 16;
/// With these a call goes a long way: several hops, an agent, a ProxyCommand.
const ENOUGH_DESCRIPTORS: u64 = 64;

/// Sees to it that there are descriptors for a connection, where the caller left us few.
///
/// # Errors
/// The words for a limit that is too low and cannot be raised.
pub(crate) fn need_descriptors() -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let has = limit.current.unwrap_or(u64::MAX);
    let most = limit.maximum.unwrap_or(u64::MAX).min(ENOUGH_DESCRIPTORS);
    let raised = || setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }).is_ok();
    let has = if has < most && raised() { most } else { has };
    if has >= FEWEST_DESCRIPTORS {
        return Ok(());
    }
    Err(format!(
        "Too many open files: this process may have {has}, and a connection needs {FEWEST_DESCRIPTORS} at least; raise the limit with \
         \"ulimit -n {ENOUGH_DESCRIPTORS}\", or see limits.conf(5)"
    ))
}

/// The permissions that files we make do not get. The kernel tells it only who sets it.
pub(crate) fn umask() -> u32 {
    let ours = process::umask(Mode::RWXG | Mode::RWXO);
    process::umask(ours);
    ours.as_raw_mode()
}

/// The name we were called by, without folders, and the arguments.
pub(crate) fn argv() -> (String, Vec<OsString>) {
    let mut argv = std::env::args_os();
    let program = argv.next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    (name, argv.collect())
}

/// This program's file.
pub(crate) fn own_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find myself: {error}"))
}

/// A variable, where it is text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the client asked for, where sshd runs us as a forced command instead: bytes that it has not looked at (sshd(8)).
pub(crate) fn original_command() -> Option<Vec<u8>> {
    std::env::var_os("SSH_ORIGINAL_COMMAND").map(OsString::into_vec)
}

/// Where the client of a forced command is, as sshd says it: the first word of SSH_CONNECTION (ssh(1), ENVIRONMENT).
pub(crate) fn client_address() -> Option<String> {
    variable("SSH_CONNECTION")?.split(' ').next().map(str::to_owned)
}

/// Name the files of a server of ours to what it starts: who may come in, and the server's own key.
const SERVER_FILES: [&str; 2] = ["XSSH_SERVER_KEYS", "XSSH_SERVER_HOST_KEY"];

/// The variables that say so.
pub(crate) fn of_server(files: [&Path; 2]) -> [(&'static str, OsString); 2] {
    let [keys, host_key] = files.map(|file| file.as_os_str().to_owned());
    let [of_keys, of_host_key] = SERVER_FILES;
    [(of_keys, keys), (of_host_key, host_key)]
}

/// Those files, where such a server has started this process.
pub(crate) fn server_files() -> Option<[PathBuf; 2]> {
    let [keys, host_key] = SERVER_FILES.map(|name| std::env::var_os(name).map(PathBuf::from));
    Some([keys?, host_key?])
}

/// Every variable that is text.
pub(crate) fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Who runs us.
pub(crate) fn account() -> Account {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    Account::current(home, variable("USER").or_else(|| variable("LOGNAME")))
}

/// The account's home directory.
pub(crate) fn home() -> PathBuf {
    account().home
}

/// Who runs us, and where.
pub(crate) fn context() -> LocalContext {
    let account = account();
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    LocalContext::new(account, hostname, Arc::new(variable))
}

/// Where a forced command keeps what is to last. sshd sets HOME after what a client may have sent (AcceptEnv), and XDG_STATE_HOME
/// not at all: so a client could choose that.
pub(crate) fn state() -> PathBuf {
    absolute("HOME").unwrap_or_else(|| account().home).join(".local/state")
}

/// Where programs of this account keep what is to last and is no configuration (the XDG base directory specification): for those that
/// no client starts.
pub(crate) fn chosen_state() -> PathBuf {
    absolute("XDG_STATE_HOME").unwrap_or_else(state)
}

fn absolute(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Variables that programs of our own server get: what sshd would give them, as far as we have it.
pub(crate) fn of_sessions() -> Vec<(&'static str, OsString)> {
    let names = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"];
    names.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
}

/// The folder for temporary files.
pub(crate) fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// Ends without waiting for a thread that may sit in a read for ever.
pub(crate) fn leave(code: u8) -> ExitCode {
    std::process::exit(code.into())
}
