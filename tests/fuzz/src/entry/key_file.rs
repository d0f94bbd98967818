use xssh_ssh::auth::fuzzing;

/// A key file: its public half, and its private half.
pub(super) fn key_file(data: &[u8]) {
    // The old PEM files' key derivation is quick; the others take as long as the file asks for.
    let quick = data.windows(8).any(|eight| eight == b"DEK-Info");
    super::scratch::file("key", data, |path| {
        super::scratch::block_on(fuzzing::key_file(path, quick.then_some("passphrase")));
    });
}
