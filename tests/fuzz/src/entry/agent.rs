use std::fs;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use xssh_ssh::auth::fuzzing;

/// What an agent says, whatever it is asked; then it hangs up.
pub(super) fn agent(data: &[u8]) {
    super::scratch::folder(|folder| {
        let path = folder.join("agent");
        let _ = fs::remove_file(&path);
        super::scratch::block_on(async {
            let listener = UnixListener::bind(&path).expect("a socket");
            let answering = async {
                let Ok((mut stream, _)) = listener.accept().await else {
                    return;
                };
                let _ = stream.write_all(data).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            };
            tokio::select! {
                () = fuzzing::agent(&path) => (),
                () = answering => (),
            }
        });
    });
}
