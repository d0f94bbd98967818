//! A file of grants, for sites with many keys: a table a name, with the options of `xssh serve` as its keys.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::trusted;
use crate::args::definition::grants;
use crate::args::serve::Serve;
use crate::args::{self, Action};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 8 << 20;
/// Options that say which table it is.
const OF_THE_LINE: [&str; 2] = ["name", "config"];

/// What the file grants to a name, with what the line says besides, and where it stands.
pub(crate) fn granted(file: &Path, line: &Serve) -> Result<Serve, String> {
    Tables::default().granted(file, line)
}

/// Files of grants, each of which is read once: for whoever looks up the keys of many lines.
#[derive(Debug, Default)]
pub(crate) struct Tables(HashMap<PathBuf, Result<Table, String>>);

impl Tables {
    /// The same.
    pub(crate) fn granted(&mut self, file: &Path, line: &Serve) -> Result<Serve, String> {
        let table = self.0.entry(file.to_owned()).or_insert_with(|| read(file));
        of_table(table.as_ref().map_err(String::as_str), file, line)
    }

    /// What a line grants, by itself or by the table that it names.
    pub(crate) fn looked_up(&mut self, line: &Serve) -> Result<Serve, String> {
        line.config.as_deref().map_or_else(|| Ok(line.clone()), |file| self.granted(file, line))
    }
}

fn of_table(table: Result<&Table, &str>, file: &Path, line: &Serve) -> Result<Serve, String> {
    let about = |why: String| format!("{}: {why}", file.display());
    let name = line.grant.name.as_ref().ok_or_else(|| about("the line has no --name".to_owned()))?.as_str();
    let table = table.map_err(|why| about(why.to_owned()))?;
    let options = table.get(name).and_then(Value::as_table);
    let options = options.ok_or_else(|| about(format!("nothing is granted to {name}")))?;
    let mut words: Vec<OsString> = vec!["serve".into(), format!("--name={name}").into()];
    for (option, value) in options {
        words.extend(said(option, value).map_err(|why| about(format!("{name}.{option}: {why}")))?);
    }
    let mut serve = match args::parse("xssh", &words) {
        Ok(Action::Serve(serve)) if serve.config.is_none() => *serve,
        Ok(_) => return Err(about(format!("{name}: these are no options of a grant"))),
        Err(fault) => return Err(about(format!("{name}: {fault}"))),
    };
    serve.grant.require_landlock |= line.grant.require_landlock;
    serve.log = serve.log.or_else(|| line.log.clone());
    serve.config = Some(file.to_owned());
    Ok(serve)
}

fn read(path: &Path) -> Result<Table, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let stat = file.metadata().map_err(|error| error.to_string())?;
    trusted::is_ours(path)?;
    if stat.len() > LARGEST {
        return Err("it is too large".to_owned());
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let table = text.parse::<Table>().map_err(|error| error.message().to_owned())?;
    only_tables(&table).map(|()| table)
}

/// What stands outside of all tables looks as if it held for each, and would hold for none.
fn only_tables(table: &Table) -> Result<(), String> {
    let others: Vec<&str> = table.iter().filter(|(_, value)| !value.is_table()).map(|(key, _)| key.as_str()).collect();
    let (are, them) = match others.len() {
        0 => return Ok(()),
        1 => ("is no table", "an option counts"),
        _ => ("are no tables", "options count"),
    };
    Err(format!("{} {are}: {them} in the table of a name alone", others.join(", ")))
}

/// An option as words of a command line.
fn said(option: &str, value: &Value) -> Result<Vec<OsString>, String> {
    if OF_THE_LINE.contains(&option) {
        return Err("it belongs into the line of authorized_keys".to_owned());
    }
    // What is not said is misspelt no less.
    if !grants().iter().any(|known| known.get_id() == option) {
        return Err("there is no such option".to_owned());
    }
    Ok(match value {
        Value::Boolean(true) => vec![format!("--{option}").into()],
        Value::Boolean(false) => Vec::new(),
        Value::String(text) => vec![format!("--{option}={text}").into()],
        Value::Integer(number) => vec![format!("--{option}={number}").into()],
        // It would give everything, and looks as if it gave nothing.
        Value::Array(values) if values.is_empty() => return Err("the list is empty".to_owned()),
        Value::Array(values) => {
            let each = values.iter().map(|value| match value {
                Value::String(text) => Ok(format!("--{option}={text}").into()),
                _ => Err("a list is one of texts".to_owned()),
            });
            each.collect::<Result<_, _>>()?
        }
        _ => return Err("it is neither true nor false, a text, a number nor a list of texts".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::args::definition::sample;

    fn line(words: &str) -> Serve {
        let words: Vec<OsString> = format!("serve {words}").split(' ').map(OsString::from).collect();
        match args::parse("xssh", &words) {
            Ok(Action::Serve(serve)) => *serve,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grants.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_table_is_the_same_as_a_line() {
        let (_folder, path) = file(
            "[alice]\nroot = '/srv/a b'\nappend-only = true\nno-delete = false\nallow = ['sync', 'rsync']\nquota = '10g'\n\
             max-files = 5\n[bob]\nrelay = 'inner'\n",
        );
        let found = granted(&path, &line("--config /x --name alice --log syslog --require-landlock")).unwrap();
        let mut words: Vec<OsString> = ["serve", "--name", "alice", "--root", "/srv/a b"].map(OsString::from).to_vec();
        words.extend(
            "--append-only --quota 10g --max-files 5 --log syslog --require-landlock".split(' ').map(OsString::from),
        );
        assert_eq!(args::parse("xssh", &words).ok().map(|_| ()), Some(()));
        let Ok(Action::Serve(expected)) = args::parse("xssh", &words) else { unreachable!() };
        assert_eq!(found, Serve { config: Some(path.clone()), ..*expected });
        assert!(granted(&path, &line("--config /x --name bob")).unwrap().grant.relay.is_some());
    }

    #[test]
    fn for_many_lines_a_file_is_read_once() {
        let (_folder, path) = file("[alice]\nroot = '/srv/a'\n[bob]\nroot = '/srv/b'\n");
        let (alice, bob) = (line("--config /x --name alice"), line("--config /x --name bob"));
        let mut tables = Tables::default();
        assert_eq!(tables.granted(&path, &alice), granted(&path, &alice));
        let expected = granted(&path, &bob);
        fs::remove_file(&path).unwrap();
        assert_eq!((tables.granted(&path, &bob), expected.is_ok()), (expected, true));
        assert!(Tables::default().granted(&path, &bob).is_err());
    }

    /// The definition is the one list of them.
    #[test]
    fn every_option_has_its_key_in_a_table_and_does_there_what_it_does_in_a_line() {
        let keys = grants().into_iter().map(|known| {
            (known.get_id().to_string(), sample(&known).map_or("true".to_owned(), |value| format!("'{value}'")))
        });
        for (option, value) in keys.filter(|(option, _)| !OF_THE_LINE.contains(&option.as_str())) {
            let does = ["root = '/srv'", "cvs-root = '/cvs'", "relay = 'inner'"].into_iter().any(|base| {
                let words = base.replace(" = '", " ").replace('\'', "");
                let is_base = base.starts_with(&format!("{option} ="));
                let text = if is_base { String::new() } else { format!("{option} = {value}") };
                let (_folder, path) = file(&format!("[alice]\n{base}\n{text}\n"));
                let Ok(found) = granted(&path, &line("--config /x --name alice")) else { return false };
                let found = Serve { config: None, ..found };
                let own = line(&format!("--name alice --{words}"));
                let given = match value.as_str() {
                    "true" => format!("--name alice --{words} --{option}"),
                    value => format!("--name alice --{words} --{option}={}", value.trim_matches('\'')),
                };
                if is_base { found == own } else { found != own && found == line(&given) }
            });
            assert!(does, "{option}");
        }
    }

    #[test]
    fn what_is_no_grant_is_named() {
        for (text, said) in [
            ("", "nothing is granted to alice"),
            ("alice = 1", "alice is no table"),
            ("alice = 1\n[bob]\nroot = '/srv'", "alice is no table"),
            (
                "read-only = true\n[alice]\nroot = '/srv'",
                "read-only is no table: an option counts in the table of a name",
            ),
            ("z = 7\nread-only = true\n[alice]\nroot = '/srv'", "read-only, z are no tables: options count in the"),
            ("[[groups]]\nroot = '/x'\n[alice]\nroot = '/srv'", "groups is no table"),
            ("[alice]\nroot = '/srv'\nunknown = true", "alice.unknown: there is no such option"),
            ("[alice]\nroot = '/srv'\nreadonly = false", "alice.readonly: there is no such option"),
            ("[alice]\nroot = '/srv'\nlisten = '127.0.0.1:1'", "alice.listen: there is no such option"),
            ("[alice]\nroot = '/srv'\nallow = []", "alice.allow: the list is empty"),
            ("[alice]\nrelay = 'inner'\nread-only = true", "cannot be used with"),
            ("[alice]\nroot = 'srv'", "--root is to begin with /"),
            ("[alice]\nroot = '/a/../b'", "--root has '..' in it"),
            ("[alice]\ncvs-root = ['/a', '/b/..']", "--cvs-root has '..' in it"),
            ("[alice]\nroot = '/srv'\nname = 'bob'", "belongs into the line"),
            ("[alice]\nroot = '/srv'\nconfig = '/x'", "belongs into the line"),
            ("[alice]\nroot = 1.5", "neither true nor false"),
            ("[alice]\nroot = ['/a', '/b']", "cannot be used multiple times"),
            ("[alice", "unclosed table"),
        ] {
            let (_folder, path) = file(text);
            let why = granted(&path, &line("--config /x --name alice")).unwrap_err();
            assert!(why.contains(said), "{text:?}: {why}");
        }
        let (_folder, path) = file("[alice]\nroot = '/srv'");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(granted(&path, &line("--config /x --name alice")).unwrap_err().contains("others may write"));
    }
}
