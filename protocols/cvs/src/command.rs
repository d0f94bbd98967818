//! The commands: requests that make the server do something and answer (cvsclient 5.8).

/// A command of the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the request of its name")]
pub enum Command {
    Add,
    Admin,
    Annotate,
    Checkout,
    Commit,
    Diff,
    Edit,
    Editors,
    ExpandModules,
    Export,
    GlobalListQuiet,
    History,
    Import,
    List,
    Log,
    Ls,
    Noop,
    Rannotate,
    Rdiff,
    Release,
    Remove,
    Rlist,
    Rlog,
    Rtag,
    Status,
    Tag,
    Update,
    UpdatePatches,
    Version,
    WatchAdd,
    WatchOff,
    WatchOn,
    WatchRemove,
    Watchers,
    WrapperOptions,
}

/// What a command does to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// Changes where the working directory is of.
    ChangesWorking,
    /// Changes what its arguments name in the repository.
    ChangesNamed,
}

use Command as C;

/// Each command, as it is called in the protocol.
const NAMES: [(Command, &str); 35] = [
    (C::Add, "add"),
    (C::Admin, "admin"),
    (C::Annotate, "annotate"),
    (C::Checkout, "co"),
    (C::Commit, "ci"),
    (C::Diff, "diff"),
    (C::Edit, "edit"),
    (C::Editors, "editors"),
    (C::ExpandModules, "expand-modules"),
    (C::Export, "export"),
    (C::GlobalListQuiet, "global-list-quiet"),
    (C::History, "history"),
    (C::Import, "import"),
    (C::List, "list"),
    (C::Log, "log"),
    (C::Ls, "ls"),
    (C::Noop, "noop"),
    (C::Rannotate, "rannotate"),
    (C::Rdiff, "rdiff"),
    (C::Release, "release"),
    (C::Remove, "remove"),
    (C::Rlist, "rlist"),
    (C::Rlog, "rlog"),
    (C::Rtag, "rtag"),
    (C::Status, "status"),
    (C::Tag, "tag"),
    (C::Update, "update"),
    (C::UpdatePatches, "update-patches"),
    (C::Version, "version"),
    (C::WatchAdd, "watch-add"),
    (C::WatchOff, "watch-off"),
    (C::WatchOn, "watch-on"),
    (C::WatchRemove, "watch-remove"),
    (C::Watchers, "watchers"),
    (C::WrapperOptions, "wrapper-sendme-rcsOptions"),
];

impl Command {
    /// The command with this name.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        NAMES.iter().find(|(_, known)| known.as_bytes() == name).map(|(command, _)| *command)
    }

    /// Its name in the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(command, _)| *command == self).map_or("", |(_, name)| name)
    }

    /// What it does to a repository.
    #[must_use]
    pub fn effect(self) -> Effect {
        match self {
            C::Add | C::Admin | C::Commit | C::Edit | C::Release | C::Remove | C::Tag => Effect::ChangesWorking,
            C::WatchAdd | C::WatchOff | C::WatchOn | C::WatchRemove => Effect::ChangesWorking,
            C::Import | C::Rtag => Effect::ChangesNamed,
            _ => Effect::Reads,
        }
    }

    /// Whether what it takes are names in the repository, not in the working directory.
    pub(crate) fn names_modules(self) -> bool {
        use Command as C;
        matches!(
            self,
            C::Checkout
                | C::Export
                | C::ExpandModules
                | C::Import
                | C::Ls
                | C::Rannotate
                | C::Rdiff
                | C::Rlist
                | C::Rlog
                | C::Rtag
        )
    }

    /// Whether its answer is lines only, in which no file's contents travel.
    pub(crate) fn answers_in_lines(self) -> bool {
        matches!(self, C::Noop | C::Version | C::GlobalListQuiet | C::UpdatePatches | C::WrapperOptions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_one_name() {
        for (command, name) in NAMES {
            assert_eq!(Command::named(name.as_bytes()), Some(command));
            assert_eq!(command.name(), name);
        }
        assert_eq!(Command::named(b"init"), None);
        assert_eq!(Command::named(b"CO"), None);
    }
}
