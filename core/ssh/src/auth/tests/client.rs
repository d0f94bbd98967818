//! The client's side of a test: a login with settings that a test can change, and nothing of this machine's own.

use crate::auth::{AuthError, AuthReport, AuthRequest, authenticate};
use crate::hostkey::{Host, KnownHosts, Policy, Verified, verify};
use crate::prompt::{Nobody, Prompt};
use crate::settings::{Auth, FingerprintHash, Method, StrictChecking};
use russh::client::{Config, Handler, connect_stream};
use russh::kex::EXTENSION_SUPPORT_AS_CLIENT;
use russh::keys::PublicKeyOrCertificate;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};

const ACCEPTED: &str = "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
    sk-ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,\
    ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,\
    sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

/// A login to be.
pub(super) struct Login {
    pub(super) settings: Auth,
    pub(super) identity_files: Vec<PathBuf>,
    pub(super) certificate_files: Vec<PathBuf>,
    pub(super) agent: Option<PathBuf>,
    pub(super) accepted: Vec<String>,
    pub(super) prompt: Arc<dyn Prompt>,
    pub(super) passwords_allowed: bool,
    /// Tells the server that we know EXT_INFO; it sends none else.
    pub(super) extensions: bool,
}

impl Login {
    pub(super) fn new(identity_files: &[&Path]) -> Self {
        Self {
            settings: Auth {
                methods: vec![Method::PublicKey, Method::KeyboardInteractive, Method::Password],
                password_prompts: 3,
                ..Auth::default()
            },
            identity_files: identity_files.iter().map(|path| path.to_path_buf()).collect(),
            certificate_files: Vec::new(),
            agent: None,
            accepted: ACCEPTED.split(',').map(str::to_owned).collect(),
            prompt: Arc::new(Nobody),
            passwords_allowed: true,
            extensions: true,
        }
    }

    pub(super) async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        user: &str,
    ) -> Result<AuthReport, AuthError> {
        let mut config = Config::default();
        if !self.extensions {
            config.preferred.kex.to_mut().retain(|name| *name != EXTENSION_SUPPORT_AS_CLIENT);
        }
        let handler = Trusting::default();
        let checked = handler.0.clone();
        let mut handle = connect_stream(Arc::new(config), stream, handler).await.unwrap();
        let request = AuthRequest {
            user,
            host: "host.example",
            host_key_alias: None,
            settings: &self.settings,
            identity_files: self.identity_files.clone(),
            certificate_files: self.certificate_files.clone(),
            agent: self.agent.clone(),
            patience: crate::limits::AUTH_REPLY,
            pubkey_accepted: &self.accepted,
            required_rsa_size: 1024,
            fingerprint_hash: FingerprintHash::Sha256,
            passwords_allowed: self.passwords_allowed,
        };
        let verified = checked.lock().unwrap().take().unwrap();
        authenticate(&mut handle, &verified.proof, &request, self.prompt.clone()).await
    }
}

/// Lets the host's key be checked as if the user wanted no check.
#[derive(Default)]
struct Trusting(Arc<Mutex<Option<Verified>>>);

impl Handler for Trusting {
    type Error = russh::Error;
    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let policy = Policy { strict: StrictChecking::No, user_files: vec!["/dev/null".into()], ..Policy::default() };
        let host = Host { name: "host.example".to_owned(), port: 22, alias: None, address: None };
        let known = Arc::new(KnownHosts::load(&policy, &host).unwrap());
        let verified = verify(policy, host, known, key.public_key().into(), Arc::new(Nobody)).await.unwrap();
        *self.0.lock().unwrap() = Some(verified);
        Ok(true)
    }
}

/// Runs a program that a test needs; that it is missing or fails is the test's failure.
pub(super) fn run(program: &str, arguments: &[&str]) {
    run_in(program, arguments, &[]);
}

pub(super) fn run_in(program: &str, arguments: &[&str], environment: &[(&str, &str)]) {
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// A fresh key with `.pub` beside it.
pub(super) fn keygen(directory: &TempDir, name: &str, arguments: &[&str]) -> PathBuf {
    let path = directory.path().join(name);
    run("ssh-keygen", &[&["-q", "-f", text(&path)], arguments].concat());
    path
}

/// A fresh Ed25519 key.
pub(super) fn ed25519(directory: &TempDir, name: &str) -> PathBuf {
    keygen(directory, name, &["-t", "ed25519", "-N", ""])
}

pub(super) fn public(path: &Path) -> PathBuf {
    crate::auth::key_file::public::suffixed(path, ".pub")
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The first line of a refusal.
pub(super) fn first_line(error: &AuthError) -> String {
    error.to_string().lines().next().unwrap().to_owned()
}
