/// A message in the making: numbers and length-prefixed strings (RFC 4251, section 5).
pub(super) struct Draft(pub(super) Vec<u8>);

impl Draft {
    /// One of the control socket's own.
    pub(super) fn of(kind: u32) -> Self {
        Self(kind.to_be_bytes().to_vec())
    }

    /// A packet of the connection protocol, without padding (PROTOCOL.mux, section 9).
    pub(super) fn packet(kind: u8) -> Self {
        Self(vec![0, kind])
    }

    pub(super) fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn uint(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn string(self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        // What is longer than four bytes can say is longer than any message.
        let mut draft = self.uint(u32::try_from(value.len()).unwrap_or(u32::MAX));
        draft.0.extend(value);
        draft
    }
}
