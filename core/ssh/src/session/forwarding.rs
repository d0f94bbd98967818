//! What the host is asked to listen on (RFC 4254, section 7.1; PROTOCOL, section 2.4).

use super::{Session, SessionError};

impl Session {
    /// Has the host listen on a port. Says which one where it was to choose (port 0); none where it refuses.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn forward_port(&self, address: &str, port: u32) -> Result<Option<u32>, SessionError> {
        let answer = self.handle.tcpip_forward(address, port).await;
        self.answered(answer).await
    }

    /// Has the host listen on a port no more. Whether it was one that it knows.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn cancel_port(&self, address: &str, port: u32) -> Result<bool, SessionError> {
        let answer = self.handle.cancel_tcpip_forward(address, port).await;
        Ok(self.answered(answer).await?.is_some())
    }

    /// Has the host listen on a unix socket. Whether it does.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn forward_socket(&self, path: &str) -> Result<bool, SessionError> {
        let answer = self.handle.streamlocal_forward(path).await;
        Ok(self.answered(answer).await?.is_some())
    }

    /// Has the host listen on a unix socket no more. Whether it was one that it knows.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn cancel_socket(&self, path: &str) -> Result<bool, SessionError> {
        let answer = self.handle.cancel_streamlocal_forward(path).await;
        Ok(self.answered(answer).await?.is_some())
    }

    async fn answered<T>(&self, answer: Result<T, russh::Error>) -> Result<Option<T>, SessionError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(russh::Error::RequestDenied) => Ok(None),
            Err(error) => Err(self.lost(error).await),
        }
    }
}
