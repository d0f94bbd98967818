use crate::value::Value;

/// What a path is for, beside being sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathUse {
    /// It is looked into for what the destination has not.
    Looked,
    /// It is made where it is missing.
    Made,
    /// It holds parts of files, beside each of them where it is no more than a name.
    Partial,
    /// It holds files while they come.
    Temporary,
    /// It lists what is sent; `-` is the client's own list.
    List,
    /// It is appended to, a line a file.
    Log,
}

/// An option that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) path: Option<PathUse>,
}
