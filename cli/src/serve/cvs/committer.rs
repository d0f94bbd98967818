//! How somebody without an account gets to be the author of a change.
//!
//! cvs takes an author from the account that runs it, and only `cvs pserver` from a name that it is told, with a password, if
//! `CVSROOT/passwd` maps that name to the account. So the gate keeps a secret of the account's (below `~/.local/state`), puts a
//! line `name:hash of the secret:account` into that file where none of this name stands, and says name and secret to the pserver
//! that it starts. Lines of others are neither changed nor used. Nobody can use the line but who can read the secret: the
//! account itself, which may change the repository anyway.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use sha_crypt::{Algorithm, Params, PasswordHash, PasswordHasher, PasswordVerifier, ShaCrypt};
use xssh_cvs::Login;
use xssh_os::account::Account;

/// Where the secret is, from the account's directory for such on.
const FOLDER: &str = "xssh";
const FILE: &str = "cvs-secret";
/// Bytes of the secret.
const SECRET: usize = 32;
/// Hashing often is for passwords that can be guessed.
const ROUNDS: u32 = Params::ROUNDS_MIN;
/// The largest passwd that is read.
const PASSWD: u64 = 4 << 20;

/// A login under this name for the repository below this root.
pub(super) fn login(root: &Path, name: &str, account: &Account, state: &Path) -> io::Result<Login> {
    let folder = state.join(FOLDER);
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let secret = secret(&folder).map_err(failed)?;
    let login = Login::new(name, &secret).ok_or_else(|| invalid(format!("{name} is no name for CVSROOT/passwd")))?;
    enter(&root.join("CVSROOT/passwd"), name, &account.user, &secret)?;
    Ok(login)
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The account's secret, made where there is none yet. Of several sessions that make one, the first that is done has made it.
fn secret(folder: &Path) -> io::Result<String> {
    let path = folder.join(FILE);
    match kept(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        kept => return kept,
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let text: String = random::<SECRET>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut draft = tempfile::Builder::new().prefix(".cvs-secret-").tempfile_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(&path) {
        Ok(_) => {}
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(lost) => return Err(lost.error),
    }
    kept(&path)
}

fn kept(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    if metadata.mode() & 0o077 != 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(invalid(format!("{} can be read by others", path.display())));
    }
    let mut text = String::new();
    file.take(2 * SECRET as u64 + 1).read_to_string(&mut text)?;
    let is_whole = text.len() == 2 * SECRET && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_whole.then_some(text).ok_or_else(|| invalid(format!("{} holds no secret", path.display())))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

/// Sees to it that the file has a line that takes the secret for this name. One line is added, at the end, and nothing else is
/// touched; a line of this name that takes something else stays, and is an error.
fn enter(passwd: &Path, name: &str, account: &str, secret: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let mut file = options.open(passwd).or_else(|error| match error.kind() {
        // It may do as it is.
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => File::open(passwd),
        _ => Err(error),
    })?;
    flock(&file, FlockOperation::LockExclusive)?;
    let mut text = Vec::new();
    (&file).take(PASSWD).read_to_end(&mut text)?;
    let start = [name.as_bytes(), b":"].concat();
    if let Some(line) = text.split(|byte| *byte == b'\n').find(|line| line.starts_with(&start)) {
        let mut fields = line[start.len()..].split(|byte| *byte == b':');
        let (hash, mapped) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        if mapped == account.as_bytes() && takes(hash, secret) {
            return Ok(());
        }
        return Err(invalid(format!("CVSROOT/passwd has another line for {name}, which stays as it is")));
    }
    let gap = if text.is_empty() || text.ends_with(b"\n") { "" } else { "\n" };
    let line = format!("{gap}{name}:{}:{account}\n", hash(secret)?);
    file.write_all(line.as_bytes())
}

fn hash(secret: &str) -> io::Result<String> {
    let failed = |_| invalid("the secret cannot be hashed".to_owned());
    let params = Params::new(ROUNDS).map_err(|_| invalid("rounds".to_owned()))?;
    let hasher = ShaCrypt::new(Algorithm::Sha256Crypt, params);
    let hash = hasher.hash_password_with_salt(secret.as_bytes(), &random::<9>()?).map_err(failed)?;
    Ok(hash.as_str().to_owned())
}

fn takes(hash: &[u8], secret: &str) -> bool {
    let hash = std::str::from_utf8(hash).ok().and_then(|text| PasswordHash::new(text).ok());
    hash.is_some_and(|hash| ShaCrypt::SHA256.verify_password(secret.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_read_by_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(FOLDER);
        let first = secret(&folder).unwrap();
        assert_eq!(secret(&folder).unwrap(), first);
        fs::set_permissions(folder.join(FILE), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        assert!(secret(&folder).is_err());
    }

    #[test]
    fn many_sessions_have_one_secret() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(FOLDER);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let folder = folder.clone();
                    move || secret(&folder).unwrap()
                })
            })
            .collect();
        let secrets: Vec<String> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn lines_of_others_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let passwd = folder.path().join("passwd");
        fs::write(&passwd, "anonymous:\nbob:xyz:cvs").unwrap();
        enter(&passwd, "alice", "cvs", "00ff").unwrap();
        let once = fs::read_to_string(&passwd).unwrap();
        assert!(
            once.starts_with("anonymous:\nbob:xyz:cvs\nalice:$5$rounds=1000$") && once.ends_with(":cvs\n"),
            "{once}"
        );
        enter(&passwd, "alice", "cvs", "00ff").unwrap();
        assert!(enter(&passwd, "bob", "cvs", "00ff").is_err());
        assert!(enter(&passwd, "anonymous", "cvs", "00ff").is_err());
        assert!(enter(&passwd, "alice", "cvs", "00fe").is_err());
        assert!(enter(&passwd, "alice", "other", "00ff").is_err());
        assert_eq!(fs::read_to_string(&passwd).unwrap(), once);
    }
}
