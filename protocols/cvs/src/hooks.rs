//! Programs that a repository runs: which of its files name them, and which commands would run them (the CVS manual, "The
//! administrative files").

use crate::command::Command;
use crate::modules::Reach;

/// A file in `CVSROOT` that names programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the file of its name")]
pub enum Trigger {
    Commitinfo,
    Editinfo,
    Loginfo,
    Notify,
    Postadmin,
    Posttag,
    Postwatch,
    Taginfo,
    Verifymsg,
}

use Trigger as T;

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 9] = [
        T::Commitinfo,
        T::Editinfo,
        T::Loginfo,
        T::Notify,
        T::Postadmin,
        T::Posttag,
        T::Postwatch,
        T::Taginfo,
        T::Verifymsg,
    ];

    /// The file's name.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            T::Commitinfo => "commitinfo",
            T::Editinfo => "editinfo",
            T::Loginfo => "loginfo",
            T::Notify => "notify",
            T::Postadmin => "postadmin",
            T::Posttag => "posttag",
            T::Postwatch => "postwatch",
            T::Taginfo => "taginfo",
            T::Verifymsg => "verifymsg",
        }
    }

    /// The files that a command goes by.
    fn of(command: Command) -> &'static [Self] {
        use Command as C;
        match command {
            C::Commit => &[T::Commitinfo, T::Verifymsg, T::Loginfo, T::Editinfo, T::Notify, T::Postwatch],
            C::Import => &[T::Commitinfo, T::Verifymsg, T::Loginfo, T::Editinfo],
            C::Add => &[T::Loginfo],
            C::Tag | C::Rtag => &[T::Taginfo, T::Posttag],
            C::Admin => &[T::Postadmin],
            C::Edit | C::WatchAdd | C::WatchOff | C::WatchOn | C::WatchRemove => &[T::Notify, T::Postwatch],
            _ => &[],
        }
    }
}

/// The files of a repository that name programs indeed.
#[derive(Debug, Clone, Default)]
pub struct Triggers(Vec<Trigger>);

impl Triggers {
    /// Notes what a file says: a line that is no comment names a program.
    pub fn read(&mut self, trigger: Trigger, text: &[u8]) {
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        if lines.into_iter().any(|line| !line.is_empty() && !line.starts_with(b"#")) {
            self.0.push(trigger);
        }
    }

    /// Whether none does.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file that names a program which this command would run.
    pub(crate) fn of(&self, command: Command) -> Option<&'static str> {
        Trigger::of(command).iter().find(|trigger| self.0.contains(trigger)).map(|trigger| trigger.file())
    }

    /// The file that names a program which an edit or its end would run.
    pub(crate) fn of_notify(&self) -> Option<&'static str> {
        self.of(Command::Edit)
    }
}

impl Reach {
    /// Whether a module that a name leads to has a program for this command.
    pub(crate) fn runs_at(&self, command: Command) -> bool {
        let letters: &[u8] = match command {
            Command::Checkout => b"o",
            Command::Export => b"e",
            Command::Rtag => b"t",
            _ => b"",
        };
        self.programs.iter().any(|program| letters.contains(program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_name_no_program() {
        let mut triggers = Triggers::default();
        triggers.read(T::Loginfo, b"# ALL mail\n   # x\n\n");
        assert_eq!(triggers.of(Command::Commit), None);
        triggers.read(T::Loginfo, b"# words\nALL mail -s %s someone\n");
        assert_eq!(triggers.of(Command::Commit), Some("loginfo"));
        assert_eq!(triggers.of(Command::Tag), None);
        assert_eq!(triggers.of(Command::Checkout), None);
    }
}
