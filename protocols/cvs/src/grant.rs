//! What a key may do.

/// What a key may do with which repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The roots, as clients must name them, byte for byte.
    pub roots: Vec<Vec<u8>>,
    /// Whether the repositories may be changed.
    pub access: Access,
    /// Whether `CVSROOT` may be changed and `cvs admin` used. Whoever may do that can run programs at the server.
    pub admin: bool,
    /// Whether programs of the repository's may run.
    pub hooks: Hooks,
}

/// Whether the repositories may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only read.
    Read,
    /// Read and changed.
    Write,
}

/// What becomes of programs that `CVSROOT` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hooks {
    /// They run.
    #[default]
    Run,
    /// A command that would run one is refused.
    Refuse,
}
