//! `CVSROOT/modules`: names that stand for other places in a repository (the CVS manual, "The modules file").
//!
//! The gate asks one question of it: could this name lead to `CVSROOT`, or to the whole repository, or to a program? It errs on the
//! side of yes: words that name files inside a directory are looked at as if they were directories themselves.

use std::collections::{HashMap, HashSet};

use crate::path::{Place, Repository, parts};

/// The modules of a repository.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    by_name: HashMap<Vec<u8>, Module>,
    /// Parts of the name that has most of them.
    depth: usize,
}

/// What one name stands for.
#[derive(Debug, Clone, Default)]
struct Module {
    /// Directories, files and other modules.
    words: Vec<Vec<u8>>,
    /// The letters of options that name a program.
    programs: Vec<u8>,
}

/// What a name could lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// `CVSROOT`, by itself or as a part of the whole repository.
    pub(crate) admin: bool,
    /// The letters of options that name a program.
    pub(crate) programs: Vec<u8>,
}

/// Options of a module that have a value; all but `-d` and `-s` name a program.
const VALUED: &[u8] = b"deiostu";

impl Modules {
    /// Reads the file's text.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let mut modules = Self::default();
        let mut line: Vec<u8> = Vec::new();
        for piece in text.split(|byte| *byte == b'\n') {
            if line.is_empty() && piece.starts_with(b"#") {
                continue;
            }
            if let Some(piece) = piece.strip_suffix(b"\\") {
                line.extend_from_slice(piece);
                line.push(b' ');
                continue;
            }
            line.extend_from_slice(piece);
            modules.add(&line);
            line.clear();
        }
        modules.add(&line);
        modules
    }

    fn add(&mut self, line: &[u8]) {
        let mut words = line.split(u8::is_ascii_whitespace).map(unquoted).filter(|word| !word.is_empty());
        let Some(name) = words.next() else { return };
        let name = parts(&name).collect::<Vec<_>>().join(&b'/');
        self.depth = self.depth.max(parts(&name).count());
        // A name that stands there twice could mean either.
        let module = self.by_name.entry(name).or_default();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix(b"-") else {
                module.words.push(word);
                continue;
            };
            let letter = option.first().copied().unwrap_or_default();
            if VALUED.contains(&letter) {
                if option.len() == 1 {
                    let _ = words.next();
                }
                if letter != b'd' && letter != b's' {
                    module.programs.push(letter);
                }
            }
        }
    }

    /// Whether one of them has a program.
    pub(crate) fn name_programs(&self) -> bool {
        self.by_name.values().any(|module| !module.programs.is_empty())
    }

    /// The modules that a name begins with: `m/sub/file` may be of a module `m` or `m/sub`.
    fn beginning<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Module)> {
        let own: Vec<&[u8]> = parts(name).take(self.depth).collect();
        (1..=own.len()).filter_map(move |count| self.by_name.get_key_value(&own[..count].join(&b'/')))
    }
}

impl Repository {
    /// What a name could lead to.
    pub(crate) fn reach(&self, name: &[u8]) -> Reach {
        let mut reach = Reach { admin: self.place(parts(name)) != Place::Ordinary, programs: Vec::new() };
        let mut seen: HashSet<&[u8]> = HashSet::new();
        let mut left: Vec<&Module> = Vec::new();
        let mut meet = |name: &[u8], left: &mut Vec<_>| {
            for (name, module) in self.modules.beginning(name) {
                if seen.insert(name) {
                    left.push(module);
                }
            }
        };
        meet(name, &mut left);
        while let Some(module) = left.pop() {
            reach.programs.extend_from_slice(&module.programs);
            for word in &module.words {
                let word = word.strip_prefix(b"&").or(word.strip_prefix(b"!")).unwrap_or(word);
                reach.admin |= self.place(parts(word)) != Place::Ordinary;
                meet(word, &mut left);
            }
        }
        reach
    }
}

fn unquoted(word: &[u8]) -> Vec<u8> {
    word.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\'')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(modules: &str, name: &str) -> Reach {
        let repository = Repository { modules: Modules::read(modules.as_bytes()), ..Repository::default() };
        repository.reach(name.as_bytes())
    }

    #[test]
    fn cvsroot_is_found_behind_each_kind_of_module() {
        for modules in [
            "m -a CVSROOT",
            "m CVSROOT",
            "m CVSROOT modules",
            "m -d else CVSROOT",
            "m -delse ./CVSROOT/",
            "m -a project \\\n  CVSROOT/loginfo",
            "m &n\nn -a CVSROOT",
            "m -a n\nn -a o\no \"CVSROOT\"",
            "m -a n/sub\nn -a CVSROOT",
            "# words\n\nm -s status -o program -a .",
            "m project\nm CVSROOT",
        ] {
            assert!(reach(modules, "m").admin, "{modules}");
            assert!(reach(modules, "./m//loginfo").admin, "{modules}");
        }
    }

    #[test]
    fn other_modules_lead_elsewhere() {
        for modules in
            ["m project", "m -a project other", "m -d CVSROOT project", "m &n\nn project CVSROOT2", "#m CVSROOT", ""]
        {
            assert!(!reach(modules, "m").admin, "{modules}");
        }
    }

    #[test]
    fn modules_that_name_each_other_have_an_end() {
        assert!(!reach("m -a n\nn -a m", "m").admin);
        assert!(reach("m -a n\nn -a m CVSROOT", "m").admin);
    }

    #[test]
    fn programs_are_seen() {
        assert_eq!(reach("m -o prog -d x project", "m").programs, b"o");
        assert_eq!(reach("m &n\nn -t prog -e prog n", "m").programs, b"te");
    }
}
