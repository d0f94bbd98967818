//! What the host is asked to listen on (RFC 4254, section 7.1; PROTOCOL, section 2.4).

use super::carrier::Answer;
use super::{Session, SessionError};
use crate::mux::GlobalRequest;

impl Session {
    /// Has the host listen on a port. Says which one where it was to choose (port 0); none where it refuses.
    ///
    /// # Errors
    /// The connection is gone, or nobody tells us the answer.
    pub async fn forward_port(&self, address: &str, port: u16) -> Result<Option<u32>, SessionError> {
        self.ask(GlobalRequest::Listen { address: address.to_owned(), port }).await
    }

    /// Has the host listen on a port no more. Whether it was one that it knows.
    ///
    /// # Errors
    /// As [`Session::forward_port`].
    pub async fn cancel_port(&self, address: &str, port: u16) -> Result<bool, SessionError> {
        let request = GlobalRequest::ListenNoMore { address: address.to_owned(), port };
        Ok(self.ask(request).await?.is_some())
    }

    /// Has the host listen on a unix socket. Whether it does.
    ///
    /// # Errors
    /// As [`Session::forward_port`].
    pub async fn forward_socket(&self, path: &str) -> Result<bool, SessionError> {
        Ok(self.ask(GlobalRequest::ListenAt(path.to_owned())).await?.is_some())
    }

    /// Has the host listen on a unix socket no more. Whether it was one that it knows.
    ///
    /// # Errors
    /// As [`Session::forward_port`].
    pub async fn cancel_socket(&self, path: &str) -> Result<bool, SessionError> {
        Ok(self.ask(GlobalRequest::ListenAtNoMore(path.to_owned())).await?.is_some())
    }

    async fn ask(&self, request: GlobalRequest) -> Result<Option<u32>, SessionError> {
        match self.carrier.ask(request).await {
            Ok(Answer::Yes(port)) => Ok(Some(port)),
            Ok(Answer::No) => Ok(None),
            Ok(Answer::Untold) => Err(SessionError::Untold),
            Err(error) => Err(self.lost(error).await),
        }
    }
}
