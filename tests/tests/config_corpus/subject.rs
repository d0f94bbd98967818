//! What is compared with ssh: the library, driven as the command line would drive it. It knows the letters that the
//! cases use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};

use log::{Level, LevelFilter, Log, Metadata, Record};
use xssh_os::account::Account;
use xssh_ssh::config::{self, CommandLine, ConfigFile, LocalContext, Resolver, option_line};
use xssh_ssh::destination::Destination;

/// What a run of `-G` showed.
#[derive(Debug)]
pub struct Outcome {
    pub status: i32,
    pub printed: Vec<String>,
    pub complaints: Vec<String>,
}

/// Keeps what would be shown by default.
struct Kept(Mutex<Vec<String>>);

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

static KEPT: Kept = Kept(Mutex::new(Vec::new()));
static INSTALL: Once = Once::new();

/// Resolves and prints, as `xssh -G` with these arguments does.
pub fn run(arguments: &[String], environment: &[(String, String)]) -> Outcome {
    INSTALL.call_once(|| {
        log::set_logger(&KEPT).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
    KEPT.0.lock().unwrap().clear();
    let result = print(arguments, environment);
    let mut complaints: Vec<String> = KEPT.0.lock().unwrap().drain(..).collect();
    match result {
        Ok(text) => Outcome { status: 0, printed: text.lines().map(str::to_owned).collect(), complaints },
        Err(complaint) => {
            complaints.push(complaint);
            Outcome { status: 255, printed: Vec::new(), complaints }
        }
    }
}

fn print(arguments: &[String], environment: &[(String, String)]) -> Result<String, String> {
    let variables: HashMap<String, String> = environment.iter().cloned().collect();
    let (command_line, file) = translate(arguments)?;
    let context = LocalContext::new(
        Account::current(None, None),
        xssh_os::names::host_name(),
        Arc::new(move |name| variables.get(name).cloned()),
    );
    let settings = Resolver::new(context.clone(), file).resolve(&command_line).map_err(|error| error.to_string())?;
    config::dump(&settings, &context).map_err(|error| error.to_string())
}

/// A small getopt: options before and after the destination, then the command.
fn translate(arguments: &[String]) -> Result<(CommandLine, ConfigFile), String> {
    const WITH_ARGUMENT: &str = "BDEFIJLOPQRSWbceilmopw";
    let mut file = ConfigFile::Default;
    let mut line: Option<CommandLine> = None;
    let mut early = CommandLine::new(Destination { user: None, host: String::new(), port: None });
    let mut rest = arguments.iter();
    let mut command: Vec<&str> = Vec::new();
    while let Some(argument) = rest.next() {
        let letters = argument.strip_prefix('-').filter(|letters| !letters.is_empty() && command.is_empty());
        let Some(letters) = letters else {
            if line.is_some() {
                command.push(argument);
                command.extend(rest.by_ref().map(String::as_str));
            } else {
                let destination = Destination::parse(argument).map_err(|error| error.to_string())?;
                line = Some(CommandLine::new(destination));
            }
            continue;
        };
        let late = line.is_some();
        for (at, letter) in letters.char_indices() {
            if WITH_ARGUMENT.contains(letter) {
                let attached = &letters[at + 1..];
                let value = if attached.is_empty() { rest.next().map_or("", String::as_str) } else { attached };
                with_argument(&mut early, &mut file, letter, value, late);
                break;
            }
            flag(&mut early, letter);
        }
    }
    let mut complete = line.ok_or("usage")?;
    complete.overrides = early.overrides;
    complete.options = early.options;
    complete.options_after = early.options_after;
    complete.stdio_forward = early.stdio_forward;
    complete.command = (!command.is_empty()).then(|| command.join(" "));
    Ok((complete, file))
}

fn with_argument(line: &mut CommandLine, file: &mut ConfigFile, letter: char, value: &str, late: bool) {
    let mut first_wins = |text: String| {
        let options = if late { &mut line.options_after } else { &mut line.options };
        options.push(text);
    };
    match letter {
        'F' if value == "none" => *file = ConfigFile::None,
        'F' => *file = ConfigFile::File(value.into()),
        'o' => first_wins(value.to_owned()),
        'l' => first_wins(option_line("User", value)),
        'p' => first_wins(option_line("Port", value)),
        'P' => first_wins(option_line("Tag", value)),
        'J' => first_wins(option_line("ProxyJump", value)),
        'i' => first_wins(option_line("IdentityFile", value)),
        'W' => line.stdio_forward = true,
        'c' => line.overrides.push(option_line("Ciphers", value)),
        other => panic!("-{other} has no case yet"),
    }
}

fn flag(line: &mut CommandLine, letter: char) {
    let text = match letter {
        '4' => "AddressFamily=inet",
        '6' => "AddressFamily=inet6",
        'A' => "ForwardAgent=yes",
        'C' => "Compression=yes",
        'T' => "RequestTTY=no",
        't' => "RequestTTY=yes",
        'n' => "StdinNull=yes",
        'q' => "LogLevel=QUIET",
        'v' => "LogLevel=DEBUG1",
        'x' => "ForwardX11=no",
        other => panic!("-{other} has no case yet"),
    };
    line.overrides.push(text.to_owned());
}
