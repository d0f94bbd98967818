//! The client's side of a test: a login with settings that a test can change, and nothing of this machine's own.

use crate::auth::{AuthError, AuthReport, AuthRequest, log_in};
use crate::prompt::{Nobody, Prompt};
use crate::settings::{Auth, FingerprintHash, Method};
use russh::client::{Config, Handler, connect_stream};
use russh::keys::PublicKeyOrCertificate;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
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
        }
    }

    pub(super) async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        user: &str,
    ) -> Result<AuthReport, AuthError> {
        let mut handle = connect_stream(Arc::new(Config::default()), stream, Trusting).await.unwrap();
        let request = AuthRequest {
            user,
            host: "host.example",
            host_key_alias: None,
            settings: &self.settings,
            identity_files: self.identity_files.clone(),
            certificate_files: self.certificate_files.clone(),
            agent: self.agent.clone(),
            pubkey_accepted: &self.accepted,
            required_rsa_size: 1024,
            fingerprint_hash: FingerprintHash::Sha256,
            passwords_allowed: self.passwords_allowed,
        };
        log_in(&mut handle, &request, self.prompt.clone()).await
    }
}

/// Believes every host.
pub(super) struct Trusting;

impl Handler for Trusting {
    type Error = russh::Error;
    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
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
