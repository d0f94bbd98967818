use super::client::{Login, ed25519};
use super::sshd::Sshd;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// An agent that answers every message with the same bytes; nothing means silence.
fn agent(directory: &TempDir, answer: Vec<u8>) -> PathBuf {
    let path = directory.path().join("agent");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u32().await {
                    let mut message = vec![0; length as usize];
                    stream.read_exact(&mut message).await.unwrap();
                    if stream.write_all(&answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    path
}

/// What a login says of an agent that answers so, when its key file does not fit either.
async fn told(answer: &[u8]) -> String {
    let sshd = Sshd::start("");
    let key = ed25519(&sshd.directory, "key");
    sshd.authorize(&[&key]);
    let mut login = Login::new(&[&key]);
    login.agent = Some(agent(&sshd.directory, answer.to_vec()));
    // Whatever the agent does, the file still works.
    sshd.admit(&login).await.unwrap();
    sshd.authorize_lines("");
    sshd.admit(&login).await.unwrap_err().to_string()
}

#[tokio::test]
async fn four_gigabytes_are_not_believed() {
    let text = told(&[0xff; 8]).await;
    assert!(text.contains("sent a message that is empty or too long"), "{text}");
    assert!(told(&[0; 4]).await.contains("empty or too long"));
}

#[tokio::test]
async fn too_many_keys_are_not_believed() {
    let text = told(&[0, 0, 0, 5, 12, 0xff, 0xff, 0xff, 0xff]).await;
    assert!(text.contains("holds more keys than can be true"), "{text}");
}

#[tokio::test]
async fn a_list_that_is_cut_short_and_a_wrong_answer_are_named() {
    let text = told(&[0, 0, 0, 9, 12, 0, 0, 0, 1, 0, 0, 0, 9]).await;
    assert!(text.contains("cut short or malformed"), "{text}");
    let text = told(&[0, 0, 0, 1, 77]).await;
    assert!(text.contains("did not answer with a list of keys"), "{text}");
}

#[tokio::test]
async fn a_socket_that_nobody_listens_at_is_named() {
    let sshd = Sshd::start("");
    let mut login = Login::new(&[]);
    login.agent = Some(sshd.directory.path().join("none"));
    let text = sshd.admit(&login).await.unwrap_err().to_string();
    assert!(text.contains("cannot reach the agent") && text.contains("No such file"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_nothing_is_waited_for_but_not_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let path = agent(&directory, Vec::new());
    let mut agent = crate::auth::agent::Agent::connect(&path).await.unwrap();
    let error = tokio::time::timeout(Duration::from_secs(21), agent.identities()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("did not answer within 20 s"));
    // What it says later would be taken for another answer.
    assert!(agent.identities().await.unwrap_err().to_string().contains("has failed before"));
}
