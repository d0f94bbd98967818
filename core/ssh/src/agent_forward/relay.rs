//! Requests of the host's programs to the agent, message by message, and its answers back.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::limits::{AGENT_MESSAGE, AGENT_WAITING};

/// Why a connection is not carried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("Warning: a program on the host sent a request to the agent that is empty or too long; it is cut off.")]
    Length,
    #[error("Warning: a program on the host sends requests to the agent without waiting for answers; it is cut off.")]
    Flood,
}

/// Relays until one side ends. Both streams are closed then.
///
/// What the host sends is read at once, whether the agent takes it or is waiting for a person: a program has one request
/// on its way, or a few, and more than [`AGENT_WAITING`] is nothing that anyone needs.
pub(super) async fn relay<H, A>(host: H, agent: A) -> Result<(), Fault>
where
    H: AsyncRead + AsyncWrite,
    A: AsyncRead + AsyncWrite,
{
    let (mut from_host, mut to_host) = split(host);
    let (mut from_agent, mut to_agent) = split(agent);
    let (queue, mut waiting) = mpsc::channel::<Zeroizing<Vec<u8>>>(AGENT_WAITING);
    let asking = async {
        while let Some(request) = waiting.recv().await {
            if to_agent.write_all(&request).await.is_err() {
                break;
            }
        }
        // The agent answers what it has been asked, and then closes.
        let _ = to_agent.shutdown().await;
        Ok(())
    };
    let answering = async {
        let _ = copy(&mut from_agent, &mut to_host).await;
    };
    let reading = read(&mut from_host, queue);
    // What is wrong ends it at once, however long the agent takes to take what is asked of it.
    let both = async { tokio::try_join!(reading, asking) };
    tokio::pin!(both, answering);
    tokio::select! {
        () = &mut answering => Ok(()),
        read = &mut both => {
            read?;
            answering.await;
            Ok(())
        }
    }
}

/// Queues the host's requests until there is no more.
async fn read(from: &mut (impl AsyncRead + Unpin), queue: mpsc::Sender<Zeroizing<Vec<u8>>>) -> Result<(), Fault> {
    loop {
        let request = match message(from).await {
            Ok(Some(request)) => request,
            Ok(None) => return Err(Fault::Length),
            Err(_) => return Ok(()),
        };
        match queue.try_send(request) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(Fault::Flood),
            Err(mpsc::error::TrySendError::Closed(_)) => return Ok(()),
        }
    }
}

/// One message, its length in front. `None` for a length that no message has.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let length = from.read_u32().await?;
    let size = length as usize;
    if size == 0 || size > AGENT_MESSAGE {
        return Ok(None);
    }
    // It may hold a private key, for the agent to keep.
    let mut bytes = Zeroizing::new(vec![0; 4 + size]);
    let (first, rest) = bytes.split_at_mut(4);
    first.copy_from_slice(&length.to_be_bytes());
    from.read_exact(rest).await?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::{DuplexStream, duplex};

    fn framed(payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[..], payload].concat()
    }

    async fn read_frame(from: &mut DuplexStream) -> Vec<u8> {
        let mut payload = vec![0; from.read_u32().await.unwrap() as usize];
        from.read_exact(&mut payload).await.unwrap();
        payload
    }

    #[tokio::test]
    async fn requests_go_one_way_and_answers_the_other() {
        let ((mut program, host), (agent, mut keeper)) = (duplex(64), duplex(64));
        let relaying = tokio::spawn(relay(host, agent));
        for round in 0..20_u8 {
            let request = vec![round; 1 + usize::from(round) * 50];
            let (sent, got) =
                tokio::join!(async { program.write_all(&framed(&request)).await }, read_frame(&mut keeper));
            sent.unwrap();
            assert_eq!(got, request);
            keeper.write_all(&framed(&[round, 6])).await.unwrap();
            assert_eq!(read_frame(&mut program).await, [round, 6]);
        }
        drop(program);
        assert_eq!(keeper.read(&mut [0]).await.unwrap(), 0);
        drop(keeper);
        assert_eq!(relaying.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn the_last_answer_comes_after_the_end_of_the_requests() {
        let ((mut program, host), (agent, mut keeper)) = (duplex(64), duplex(64));
        let relaying = tokio::spawn(relay(host, agent));
        program.write_all(&framed(b"sign")).await.unwrap();
        program.shutdown().await.unwrap();
        assert_eq!(read_frame(&mut keeper).await, b"sign");
        keeper.write_all(&framed(b"signed")).await.unwrap();
        drop(keeper);
        assert_eq!(read_frame(&mut program).await, b"signed");
        assert_eq!(relaying.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn an_agent_that_leaves_ends_it() {
        let ((mut program, host), (agent, keeper)) = (duplex(64), duplex(64));
        let relaying = tokio::spawn(relay(host, agent));
        drop(keeper);
        assert_eq!(relaying.await.unwrap(), Ok(()));
        assert_eq!(program.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn lengths_that_no_request_has_are_refused() {
        for length in [0, u32::try_from(AGENT_MESSAGE).unwrap() + 1, u32::MAX] {
            let ((mut program, host), (agent, _keeper)) = (duplex(64), duplex(64));
            let relaying = tokio::spawn(relay(host, agent));
            program.write_all(&length.to_be_bytes()).await.unwrap();
            assert_eq!(relaying.await.unwrap(), Err(Fault::Length), "{length}");
        }
    }

    #[tokio::test]
    async fn a_flood_is_cut_off_while_the_agent_is_busy() {
        let ((mut program, host), (agent, _busy)) = (duplex(1 << 10), duplex(1 << 10));
        let relaying = tokio::spawn(relay(host, agent));
        let request = framed(&vec![1; AGENT_MESSAGE]);
        let mut taken = 0;
        while program.write_all(&request).await.is_ok() {
            taken += 1;
            assert!(taken <= AGENT_WAITING + 3, "{taken} requests are held");
        }
        assert_eq!(relaying.await.unwrap(), Err(Fault::Flood));
    }

    proptest! {
        #[test]
        fn what_is_no_message_never_reaches_the_agent(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let got = runtime.block_on(async {
                let ((mut program, host), (agent, mut keeper)) = (duplex(1 << 10), duplex(1 << 20));
                let relaying = tokio::spawn(relay(host, agent));
                program.write_all(&bytes).await.unwrap();
                program.shutdown().await.unwrap();
                let mut got = Vec::new();
                keeper.read_to_end(&mut got).await.unwrap();
                drop(keeper);
                let _ = relaying.await.unwrap();
                got
            });
            // Whole messages from the front, and nothing else.
            prop_assert!(bytes.starts_with(&got));
            let mut rest = &got[..];
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                prop_assert!(length > 0 && length <= after.len());
                rest = &after[length..];
            }
            prop_assert!(rest.is_empty());
        }
    }
}
