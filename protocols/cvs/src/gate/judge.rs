//! Whether a request may reach the server.

use super::{Gate, Verdict};
use crate::arguments::Word;
use crate::command::{Command, Effect};
use crate::grant::{Access, Hooks};
use crate::path::{Place, Repository, check_working, parts, within};
use crate::refusal::{Refusal, shown};
use crate::wire::request::Request;

impl Gate {
    /// Judges a request behind `Root`.
    pub(super) fn judge_in(&mut self, repository: &Repository, request: &Request) -> Result<Verdict, Refusal> {
        if let Request::Modified { file, size, .. } = request {
            self.bounds.admit(&self.sent, file, *size)?;
        }
        self.sent.note(request);
        match request {
            Request::ValidRequests if self.listed || self.busy => {
                return Err(Refusal::Malformed("valid-requests comes once, before the first command"));
            }
            Request::ValidRequests => {
                self.listed = true;
                self.answers.expect_list();
            }
            Request::MaxDotdot(level) => self.directories.set_dotdot(*level),
            Request::Directory { local, repository: path, relative } => {
                let root = self.root.and_then(|root| self.grant.roots.get(root)).map_or(&[][..], Vec::as_slice);
                self.directories.note(root, repository, (local, path, *relative))?;
                let inside = parts(within(root, path, *relative)?).collect::<Vec<_>>().join(&b'/');
                self.last = (local.clone(), [root, b"/", &inside].concat());
            }
            Request::Argument(text) => self.arguments.push(text)?,
            Request::Argumentx(text) => self.arguments.extend(text)?,
            Request::Notify { file, .. } => return self.judge_notify(repository, file),
            Request::Command(command) => self.judge_command(repository, *command)?,
            _ => {}
        }
        Ok(Verdict::Pass)
    }

    /// An edit, or the end of one. Where it is refused it is answered as if it had been noted: a client keeps what was not, and
    /// says it again with every later command.
    fn judge_notify(&mut self, repository: &Repository, file: &[u8]) -> Result<Verdict, Refusal> {
        let why = match (self.grant.access, self.directories.has_admin && !self.grant.admin) {
            (Access::Read, _) => Refusal::ReadOnly("edit"),
            (Access::Write, true) => Refusal::AdminDirectory("edit"),
            (Access::Write, false) => {
                match repository.triggers.of_notify().filter(|_| self.grant.hooks == Hooks::Refuse) {
                    Some(file) => Refusal::Hook { command: "edit", file },
                    None => return Ok(Verdict::Pass),
                }
            }
        };
        if !self.told {
            self.told = true;
            self.for_client.extend(format!("E xssh: {why}\n").into_bytes());
        }
        let (local, repository) = &self.last;
        self.for_client.extend([&b"Notified "[..], local, b"/\n", repository, b"/", file, b"\n"].concat());
        Ok(Verdict::Swallow)
    }

    fn judge_command(&mut self, repository: &Repository, command: Command) -> Result<(), Refusal> {
        if command.answers_in_lines() {
            // Whether the server forgets them here is not known, and then it could be told other ones than are judged.
            if !self.arguments.is_empty() {
                return Err(Refusal::Malformed("arguments for a command that takes none"));
            }
            return Ok(());
        }
        let words = self.arguments.words(command)?;
        if command.effect() != Effect::Reads {
            self.may_change(repository, command)?;
        }
        check_words(command, &words, self.directories.dotdot())?;
        let names: Vec<&[u8]> = words.iter().filter_map(Word::name).collect();
        if !self.grant.admin && self.touches_admin(repository, command, &names) {
            return Err(Refusal::AdminDirectory(command.name()));
        }
        if self.grant.hooks == Hooks::Refuse && names.iter().any(|name| repository.reach(name).runs_at(command)) {
            return Err(Refusal::Hook { command: command.name(), file: "modules" });
        }
        self.bounds.take(self.sent.load(command, self.arguments.size(), names.len() as u64))?;
        let leads_to_admin = match command {
            Command::Checkout | Command::Export => names.iter().any(|name| repository.reach(name).admin),
            Command::Update => self.directories.has_top,
            _ => false,
        };
        self.directories.has_admin |= leads_to_admin;
        self.busy = true;
        self.answers.open();
        self.arguments.clear();
        Ok(())
    }

    /// Whether the key may use a command that changes something, wherever that is.
    fn may_change(&self, repository: &Repository, command: Command) -> Result<(), Refusal> {
        if self.grant.access == Access::Read {
            return Err(Refusal::ReadOnly(command.name()));
        }
        if command == Command::Admin && !self.grant.admin {
            return Err(Refusal::Admin(command.name()));
        }
        match repository.triggers.of(command) {
            Some(file) if self.grant.hooks == Hooks::Refuse => Err(Refusal::Hook { command: command.name(), file }),
            _ => Ok(()),
        }
    }

    /// Whether a command would change something in `CVSROOT`.
    fn touches_admin(&self, repository: &Repository, command: Command, names: &[&[u8]]) -> bool {
        let seen = &self.directories;
        match (command.effect(), command) {
            (Effect::Reads, _) => false,
            (Effect::ChangesWorking, _) => {
                let names_it = |name: &&[u8]| parts(name).any(|part| repository.is_admin(part));
                seen.has_admin || seen.has_top && names.iter().any(names_it)
            }
            (Effect::ChangesNamed, Command::Import) => match names.first().map(|name| repository.place(parts(name))) {
                Some(Place::Admin) => true,
                Some(Place::Top) => seen.is_named_admin || seen.leads_up,
                Some(Place::Ordinary) => seen.leads_up,
                None => false,
            },
            (Effect::ChangesNamed, _) => names.iter().any(|name| repository.reach(name).admin),
        }
    }
}

/// That no name leads out of the repository, or further up from the working directory than the client has said.
fn check_words(command: Command, words: &[Word<'_>], dotdot: u32) -> Result<(), Refusal> {
    if command == Command::History {
        // It is about what was done; its words are patterns for what is written in one file.
        return Ok(());
    }
    let dotdot = if command.names_modules() { 0 } else { dotdot };
    for word in words {
        match word {
            Word::Name(name) => check_working(name, dotdot)?,
            // The server would read a file of its own for the description.
            Word::Option(option) if command == Command::Admin && option.starts_with(b"-t") => {
                if option.get(2) != Some(&b'-') {
                    return Err(Refusal::Word { request: command.name(), text: shown(option) });
                }
            }
            // A letter, and perhaps its value.
            Word::Option(option) if command.names_modules() => check_working(option.get(2..).unwrap_or_default(), 0)?,
            Word::Option(_) => {}
        }
    }
    Ok(())
}

impl<'a> Word<'a> {
    fn name(&self) -> Option<&'a [u8]> {
        match self {
            Self::Name(name) => Some(name),
            Self::Option(_) => None,
        }
    }
}
