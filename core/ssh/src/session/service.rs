//! Whoever serves the channels of one kind that the host opens: a task that takes them, and one for each.

use std::future::Future;
use std::sync::Arc;

use log::warn;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::incoming::IncomingChannel;

/// Serves until it is dropped: then what is open ends too.
pub struct Service {
    task: AbortHandle,
    open: watch::Receiver<usize>,
    questions: mpsc::Sender<oneshot::Sender<()>>,
}

impl Service {
    /// Serves each channel by `serve`, at most `most` at a time: further ones are refused. Must be called inside a runtime.
    pub(crate) fn start<F, S>(mut incoming: mpsc::Receiver<IncomingChannel>, most: usize, serve: S) -> Self
    where
        S: Fn(IncomingChannel) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (count, open) = watch::channel(0);
        let (questions, mut asked) = mpsc::channel::<oneshot::Sender<()>>(1);
        let serve = Arc::new(serve);
        let serving = async move {
            let mut running = JoinSet::new();
            loop {
                tokio::select! {
                    // What has come is counted before a question is answered.
                    biased;
                    Some(_) = running.join_next() => {}
                    next = incoming.recv() => match next {
                        None => break,
                        Some(channel) if running.len() >= most => {
                            let kind = channel.origin.kind().name();
                            warn!("Warning: the host opens more channels ({kind}) than the {most} there may be; one is refused.");
                            channel.no_room().await;
                        }
                        Some(channel) => {
                            running.spawn(serve(channel));
                        }
                    },
                    Some(answer) = asked.recv() => {
                        let _ = answer.send(());
                    }
                }
                count.send_replace(running.len());
            }
        };
        Self { task: tokio::spawn(serving).abort_handle(), open, questions }
    }

    /// Waits until no such channel is open, or the connection is gone.
    pub async fn idle(&self) {
        // Errors say that the task has ended, and everything with it.
        let (answer, answered) = oneshot::channel();
        if self.questions.send(answer).await.is_ok() {
            let _ = answered.await;
        }
        let _ = self.open.clone().wait_for(|open| *open == 0).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}
