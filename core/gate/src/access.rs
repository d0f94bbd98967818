/// What may be done with a tree.
///
/// ```
/// use xssh_gate::Access;
///
/// let backup = Access::ALL.append_only();
/// assert!(backup.read && backup.create && !backup.replace && !backup.delete);
/// assert!(!backup.write_only().read);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Contents and names may be read.
    pub read: bool,
    /// New names may appear.
    pub create: bool,
    /// What is there may be changed.
    pub replace: bool,
    /// What is there may go.
    pub delete: bool,
}

impl Access {
    /// Everything.
    pub const ALL: Self = Self { read: true, create: true, replace: true, delete: true };

    /// Without any change.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { create: false, replace: false, delete: false, ..self }
    }

    /// Without reading.
    #[must_use]
    pub fn write_only(self) -> Self {
        Self { read: false, ..self }
    }

    /// New names only.
    #[must_use]
    pub fn append_only(self) -> Self {
        Self { replace: false, delete: false, ..self }
    }

    /// Nothing goes.
    #[must_use]
    pub fn no_delete(self) -> Self {
        Self { delete: false, ..self }
    }

    /// What may be done, in words.
    pub fn words(self) -> String {
        let may = [
            (self.read, "read"),
            (self.create, "add"),
            (self.replace, "change what is there"),
            (self.delete, "delete"),
        ];
        let may: Vec<&str> = may.into_iter().filter(|(granted, _)| *granted).map(|(_, what)| what).collect();
        may.join(", ")
    }

    /// Whether anything may change.
    pub fn writes(self) -> bool {
        self.create || self.replace || self.delete
    }

    /// Whether it is for new names alone.
    pub fn is_append_only(self) -> bool {
        self.create && !self.replace && !self.delete
    }
}
