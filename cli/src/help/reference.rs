//! What is published of the definition: the reference page, the man pages and the completions in `docs/`. The test
//! below holds them to it. To write them anew: `XSSH_WRITE_DOCS=1 cargo test -p xssh help::reference`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::definition::{self, AUTHORIZE, ROUTE, SERVE, SYNC, TUNNEL};

const WRITE: &str = "XSSH_WRITE_DOCS";

/// Hosts as bash-completion knows them, which reads the configuration and known_hosts; clap's script knows none.
const BASH_HOSTS: &str = r#"
_xssh_with_hosts() {
    _xssh "$@"
    if [[ $2 != -* ]] && declare -F _known_hosts_real >/dev/null; then
        _known_hosts_real -a -- "$2"
    fi
}
complete -F _xssh_with_hosts -o bashdefault -o default xssh
"#;

/// The same for fish, which reads them itself.
const FISH_HOSTS: &str = "complete -c xssh -a '(__fish_print_hostnames)'\n";

/// Every published file, below the project's root.
fn published() -> Vec<(&'static str, String)> {
    vec![
        ("docs/reference.md", page()),
        ("docs/man/xssh.1", man(definition::command().after_long_help(None), &definition::SECTIONS)),
        ("docs/man/xssh-route.1", man(subcommand(ROUTE), &[])),
        ("docs/man/xssh-tunnel.1", man(subcommand(TUNNEL), &[])),
        ("docs/man/xssh-sync.1", man(subcommand(SYNC), &[])),
        ("docs/man/xssh-serve.1", man(subcommand(SERVE), &[])),
        ("docs/man/xssh-authorize.1", man(subcommand(AUTHORIZE), &[])),
        ("docs/completions/xssh.bash", completion(Shell::Bash) + BASH_HOSTS),
        ("docs/completions/_xssh", completion(Shell::Zsh)),
        ("docs/completions/xssh.fish", completion(Shell::Fish) + FISH_HOSTS),
    ]
}

fn subcommand(name: &str) -> Command {
    definition::command().find_subcommand(name).unwrap().clone()
}

/// A man page, with our own sections where clap would put all that follows the options into one.
fn man(command: Command, sections: &[(&str, &str)]) -> String {
    let mut text = Vec::new();
    let mut end = Roff::new();
    for (title, body) in sections {
        end.control("SH", [title.to_uppercase().as_str()]).text([roman(*body)]);
    }
    end.control("SH", ["SEE ALSO"]).text([roman("ssh(1), ssh_config(5), sshd(8)")]);
    let man = Man::new(command).manual("xssh").source(concat!("xssh ", env!("CARGO_PKG_VERSION"))).date("");
    man.render_title(&mut text).unwrap();
    man.render_name_section(&mut text).unwrap();
    man.render_synopsis_section(&mut text).unwrap();
    man.render_description_section(&mut text).unwrap();
    man.render_options_section(&mut text).unwrap();
    if !sections.is_empty() {
        man.render_subcommands_section(&mut text).unwrap();
    }
    end.to_writer(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn completion(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut definition::command(), definition::PROGRAM, &mut text);
    String::from_utf8(text).unwrap()
}

fn page() -> String {
    let mut text = String::from("# xssh: reference\n\n");
    text.push_str(
        "<!-- Made from the definition in cli/src/args/definition by a test; see cli/src/help/reference.rs. -->\n\n",
    );
    describe(&mut text, &definition::command());
    for (title, body) in definition::SECTIONS {
        write!(text, "\n## {title}\n\n{}\n", escaped(body)).unwrap();
    }
    for name in [ROUTE, TUNNEL, SYNC, SERVE, AUTHORIZE] {
        write!(text, "\n# xssh {name}\n\n").unwrap();
        describe(&mut text, &subcommand(name));
    }
    text
}

fn describe(text: &mut String, command: &Command) {
    writeln!(text, "```text\n{}\n```\n", command.get_overridden_usage().unwrap()).unwrap();
    writeln!(text, "{}", escaped(&command.get_long_about().unwrap().to_string())).unwrap();
    let mut heading = "";
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let own = match arg.get_help_heading() {
            Some(own) => own,
            None if arg.is_positional() => "The host and the command",
            None => "Help and more",
        };
        if own != heading {
            write!(text, "\n## {own}\n\n| | |\n| --- | --- |\n").unwrap();
            heading = own;
        }
        let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
        writeln!(text, "| `{}` | {} |", form(arg), escaped(&help)).unwrap();
    }
}

/// How an argument is written.
fn form(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let letter = arg.get_short().map(|letter| format!("-{letter}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = letter.into_iter().chain(long).collect();
    match (names.is_empty(), arg.get_action().takes_values()) {
        (true, _) => value,
        (false, true) => format!("{} {value}", names.join(", ")),
        (false, false) => names.join(", "),
    }
}

/// Text in which Markdown would see tables, tags or escapes.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace('*', "\\*")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_published_files_are_those_of_the_definition() {
    let mut stale = Vec::new();
    for (name, expected) in published() {
        let path = root().join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &expected).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(expected.as_str()) {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "{stale:?} are not what the definition says; {WRITE}=1 writes them anew");
}
