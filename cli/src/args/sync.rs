//! The words of `xssh sync` and of its helper.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use xssh_sync::limits::REFERENCES;
use xssh_sync::{Backup, BackupPlace, Chmod, Mapping, Options, References, Reuse};

use super::Fault;
use super::action::{Action, Help, Topic};
use super::definition::{self, SYNC};
use super::size::{Bytes, Rate};

/// A rule of what takes part, in the order in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    Exclude(String),
    Include(String),
    ExcludeFrom(PathBuf),
    IncludeFrom(PathBuf),
    Filter(String),
}

/// What is shown while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Display {
    /// A line a change.
    pub(crate) itemize: bool,
    /// JSON instead of words.
    pub(crate) json: bool,
    /// `None`: where standard error is a terminal.
    pub(crate) progress: Option<bool>,
    /// All numbers at the end.
    pub(crate) stats: bool,
    /// Nothing but failures.
    pub(crate) quiet: bool,
}

/// `xssh sync`, read.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    pub(crate) sources: Vec<OsString>,
    pub(crate) target: OsString,
    pub(crate) options: Options,
    pub(crate) rules: Vec<Rule>,
    pub(crate) delete_excluded: bool,
    pub(crate) display: Display,
    /// How often a lost run is begun again.
    pub(crate) retry: u32,
    /// Seconds without a byte after which the run is given up.
    pub(crate) timeout: Option<u64>,
    /// DST itself is meant, whatever it holds.
    pub(crate) contents: bool,
    /// Sources go under their own paths.
    pub(crate) relative: bool,
    /// Where the paths that take part are listed.
    pub(crate) files_from: Option<PathBuf>,
    /// What is in a listed directory belongs to it.
    pub(crate) recursive: bool,
    /// A NUL stands behind each of them.
    pub(crate) from0: bool,
    /// Connections to a host at the most.
    pub(crate) connections: u8,
    /// Options for the remote shell, as they were given.
    pub(crate) shell: Vec<OsString>,
    /// xssh on the host, as its shell takes it, where the user says so.
    pub(crate) remote: Option<String>,
    /// Where the host has no xssh, it gets this one.
    pub(crate) bootstrap: bool,
}

/// Reads what follows `sync`.
pub(super) fn sync(words: &[OsString]) -> Result<Action, Fault> {
    let command = definition::subcommand(SYNC).no_binary_name(true);
    match command.try_get_matches_from(words) {
        Ok(matches) if matches.get_flag("help") => Ok(Action::Help(Help { topic: Topic::Sync, long: true })),
        Ok(matches) => {
            let sync = read(&matches);
            let several = sync.options.references.as_ref().map_or(0, |references| references.directories.len());
            if several > REFERENCES {
                return Err(Fault::Sync(format!("no more than {REFERENCES} directories to look into")));
            }
            Ok(Action::Sync(Box::new(sync)))
        }
        Err(_) if words.iter().any(|word| word == "-h") => Ok(Action::Help(Help { topic: Topic::Sync, long: false })),
        Err(_) if words.iter().any(|word| word == "--help") => {
            Ok(Action::Help(Help { topic: Topic::Sync, long: true }))
        }
        Err(error) => Err(Fault::Sync(words_of(&error, words))),
    }
}

/// rsync's letters that mean something else here, and what to say instead.
const ELSEWHERE: [(char, &str); 30] = [
    ('b', "--backup"),
    ('D', "--devices --specials"),
    ('e', "xssh is its own remote shell; its options are -F, -J, -i, -l, -o, -p"),
    ('f', "--filter"),
    ('g', "groups are kept where they can be; see --no-group"),
    ('h', "sizes are always readable"),
    ('I', "--checksum compares contents"),
    ('k', "--copy-dirlinks"),
    ('L', "--copy-links"),
    ('m', "--prune-empty-dirs"),
    ('P', "--progress; partial data is always used again"),
    ('R', "--relative"),
    ('s', "names are never read by a shell on the far side"),
    ('t', "times are always kept; see --no-times"),
    ('u', "--update"),
    ('W', "--whole-file"),
    ('0', "--from0"),
    ('8', "control bytes are always escaped, letters never"),
    ('@', "--modify-window"),
    ('B', "the size of a block follows from the size of the file"),
    ('d', "--files-from takes of a directory only itself"),
    ('E', "permissions are kept; see --no-perms"),
    ('K', "no symbolic link is followed in DST; name the directory itself"),
    ('M', "both sides get the same options"),
    ('N', "Linux cannot set the time of birth"),
    ('O', "--omit-dir-times"),
    ('T', "files are staged beside their names"),
    ('U', "access times are left alone"),
    ('V', "xssh -V"),
    ('y', "files under other names are found by themselves"),
];

/// ssh's letters that take a value, which to rsync are switches.
const TAKING: [(char, &str); 6] = [
    ('F', "the configuration file"),
    ('J', "the way"),
    ('i', "a key file"),
    ('l', "a user"),
    ('o', "an option of ssh's configuration"),
    ('p', "a port"),
];

/// Whether it is the places that are missing, and not the value of some option.
fn places_are_missing(error: &clap::Error) -> bool {
    error.to_string().contains("PLACE")
}

/// Names the letter that may have taken a word that was not meant for it.
fn taken_word(words: &[OsString]) -> String {
    let letters = words.iter().filter_map(|word| word.to_str()).filter(|word| !word.starts_with("--"));
    let mut letters = letters.filter_map(|word| word.strip_prefix('-')).flat_map(str::chars);
    let taking = letters.find_map(|letter| TAKING.iter().find(|(own, _)| *own == letter));
    taking.map_or_else(String::new, |(letter, value)| format!(" (-{letter} is ssh's and takes a value ({value}))"))
}

fn words_of(error: &clap::Error, words: &[OsString]) -> String {
    if error.kind() == ErrorKind::UnknownArgument {
        let letters = words.iter().filter_map(|word| word.to_str()).filter(|word| !word.starts_with("--"));
        let letters = letters.filter_map(|word| word.strip_prefix('-')).flat_map(str::chars);
        for letter in letters {
            if let Some((_, instead)) = ELSEWHERE.iter().find(|(own, _)| *own == letter) {
                return format!("-{letter} is rsync's; here: {instead}");
            }
        }
    }
    if matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues
    ) && places_are_missing(error)
    {
        return format!("SRC or DST is missing: xssh sync [options] SRC... DST{}", taken_word(words));
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

fn read(matches: &ArgMatches) -> Sync {
    let flag = |name: &str| matches.get_flag(name);
    let mut sources: Vec<OsString> = matches.get_many("places").into_iter().flatten().cloned().collect();
    let target = sources.pop().unwrap_or_default();
    let display = Display {
        itemize: flag("itemize") || flag("dry-run"),
        json: flag("json"),
        progress: match (flag("progress"), flag("no-progress")) {
            (_, true) => Some(false),
            (true, _) => Some(true),
            _ => None,
        },
        stats: flag("stats"),
        quiet: matches.get_count("q") > 0,
    };
    Sync {
        sources,
        target,
        options: options(matches, display),
        rules: rules(matches),
        delete_excluded: flag("delete-excluded"),
        display,
        retry: matches.get_one("retry").copied().unwrap_or(0),
        timeout: matches.get_one::<u64>("timeout").copied().filter(|seconds| *seconds > 0),
        contents: flag("contents"),
        relative: flag("relative"),
        recursive: flag("recursive"),
        files_from: matches.get_one::<String>("files-from").map(PathBuf::from),
        from0: flag("from0"),
        connections: matches.get_one("connections").copied().unwrap_or(u8::MAX),
        shell: shell(matches),
        remote: matches.get_one("remote-xssh").cloned(),
        bootstrap: flag("bootstrap"),
    }
}

fn options(matches: &ArgMatches, display: Display) -> Options {
    let flag = |name: &str| matches.get_flag(name);
    let compress = match (flag("compress"), flag("no-compress")) {
        (_, true) => Some(false),
        (true, false) => Some(true),
        _ => None,
    };
    let mapping = mapping(matches);
    Options {
        delete: flag("delete") || flag("delete-excluded"),
        max_delete: matches.get_one("max-delete").copied(),
        dry_run: flag("dry-run"),
        checksum: flag("checksum"),
        update: flag("update"),
        existing: flag("existing"),
        ignore_existing: flag("ignore-existing"),
        whole_file: flag("whole-file"),
        modes: !flag("no-perms"),
        times: !flag("no-times"),
        owners: !flag("no-owner"),
        groups: !flag("no-group"),
        numeric_ids: flag("numeric-ids") || flag("fake-super"),
        fake_super: flag("fake-super"),
        hard_links: flag("hard-links"),
        sparse: flag("sparse"),
        xattrs: flag("xattrs"),
        acls: flag("acls"),
        safe_links: flag("safe-links"),
        copy_links: flag("copy-links"),
        copy_unsafe_links: flag("copy-unsafe-links"),
        copy_dirlinks: flag("copy-dirlinks"),
        gitignore: flag("gitignore"),
        // It is looked for when the source is.
        git_above: None,
        inplace: flag("inplace"),
        min_size: matches.get_one::<Bytes>("min-size").map(|size| size.0),
        max_size: matches.get_one::<Bytes>("max-size").map(|size| size.0),
        bandwidth: matches.get_one::<Rate>("bwlimit").and_then(|rate| rate.0),
        chmod: chmod(matches),
        compress_level: matches.get_one("compress-level").copied(),
        backup: backup(matches),
        references: references(matches),
        mapping,
        omit_dir_times: flag("omit-dir-times"),
        prune_empty_dirs: flag("prune-empty-dirs"),
        ignore_missing_args: flag("ignore-missing-args"),
        devices: flag("devices"),
        specials: flag("specials"),
        one_file_system: flag("one-file-system"),
        modify_window: matches.get_one("modify-window").copied().unwrap_or(0),
        fsync: flag("fsync"),
        itemize: display.itemize || display.json,
        wait: flag("wait"),
        // Only who shows a run knows whether anybody looks.
        progress: false,
        compress,
    }
}

/// All changes, one after the other. Each has been read once already.
fn chmod(matches: &ArgMatches) -> Option<Chmod> {
    let each: Vec<&str> = matches.get_many::<Chmod>("chmod")?.map(Chmod::as_str).collect();
    Chmod::parse(&each.join(",")).ok()
}

/// Who becomes who. The texts have been read once already.
fn mapping(matches: &ArgMatches) -> Option<Mapping> {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (users, groups) = (text("usermap"), text("groupmap"));
    let rules = || Mapping::parse(&users, &groups).ok().filter(|_| !(users.is_empty() && groups.is_empty()));
    matches.get_one::<Mapping>("chown").cloned().or_else(rules)
}

fn references(matches: &ArgMatches) -> Option<References> {
    let kinds = [("link-dest", Reuse::Link), ("copy-dest", Reuse::Copy), ("compare-dest", Reuse::Leave)];
    kinds.into_iter().find_map(|(name, reuse)| {
        let directories = matches.get_many::<OsString>(name)?.map(|word| word.as_bytes().to_vec()).collect();
        Some(References { reuse, directories })
    })
}

fn backup(matches: &ArgMatches) -> Option<Backup> {
    let directory: Option<BackupPlace> = matches.get_one("backup-dir").cloned();
    let suffix: Option<String> = matches.get_one("suffix").cloned();
    (matches.get_flag("backup") || directory.is_some() || suffix.is_some()).then(|| {
        let usual = if directory.is_some() { "" } else { "~" };
        let suffix = suffix.unwrap_or_else(|| usual.to_owned()).into_bytes();
        Backup { suffix, place: directory.unwrap_or(BackupPlace::Beside) }
    })
}

/// A rule of an option's value.
type MakeRule = fn(&String) -> Rule;

/// The rules in the order of the command line, whichever option they came by.
fn rules(matches: &ArgMatches) -> Vec<Rule> {
    let mut found: Vec<(usize, Rule)> = Vec::new();
    let makers: [(&str, MakeRule); 5] = [
        ("exclude", |text| Rule::Exclude(text.clone())),
        ("include", |text| Rule::Include(text.clone())),
        ("exclude-from", |text| Rule::ExcludeFrom(text.into())),
        ("include-from", |text| Rule::IncludeFrom(text.into())),
        ("filter", |text| Rule::Filter(text.clone())),
    ];
    for (name, make) in makers {
        let places = matches.indices_of(name).into_iter().flatten();
        let texts = matches.get_many::<String>(name).into_iter().flatten();
        found.extend(places.zip(texts.map(make)));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, rule)| rule).collect()
}

fn shell(matches: &ArgMatches) -> Vec<OsString> {
    let mut words = Vec::new();
    for letter in ["F", "J", "i", "l", "o", "p"] {
        for value in matches.get_many::<OsString>(letter).into_iter().flatten() {
            words.extend([OsString::from(format!("-{letter}")), value.clone()]);
        }
    }
    for letter in ["C", "4", "6", "v", "q"] {
        if matches.value_source(letter) == Some(ValueSource::CommandLine) {
            let times = usize::from(matches.get_count(letter));
            words.extend(std::iter::repeat_n(OsString::from(format!("-{letter}")), times));
        }
    }
    words
}
