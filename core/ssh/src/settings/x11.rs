/// How X11 is forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct X11 {
    /// `ForwardX11Trusted`: the host's programs may do all that our own may.
    pub trusted: bool,
    /// `ForwardX11Timeout`, seconds; 0 for no end. For hosts that are not trusted.
    pub timeout: u32,
    /// `XAuthLocation`.
    pub xauth: String,
}
