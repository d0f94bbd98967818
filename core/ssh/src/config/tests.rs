//! The room as a whole: files, passes, hops, and what becomes of the values.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::testing::context;
use super::{CommandLine, ConfigError, ConfigFile, LocalContext, Resolver, dump, option_line};
use crate::destination::Destination;
use crate::settings::{
    Connect, Forward, ForwardedAgent, IdentityAgent, Listen, LogLevel, Mastering, Method, RequestTty, SessionType,
    Settings, StrictChecking, UpdateHostKeys,
};

/// A home and a system directory with files in them.
struct Place {
    directory: TempDir,
    context: LocalContext,
}

impl Place {
    fn new(user: &str, system: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut context = context();
        context.home = directory.path().join("home");
        context.system_dir = directory.path().join("etc");
        context.uid = fs::metadata(directory.path()).unwrap().uid();
        let place = Self { directory, context };
        place.write("home/.ssh/config", user);
        place.write("etc/ssh_config", system);
        place
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn resolver(&self) -> Resolver {
        Resolver::new(self.context.clone(), ConfigFile::Default)
    }

    fn resolve(&self, host: &str) -> Result<Settings, ConfigError> {
        self.resolver().resolve(&line(host))
    }
}

fn line(host: &str) -> CommandLine {
    CommandLine::new(Destination::parse(host).unwrap())
}

/// Settings of a command line alone.
fn of_options(host: &str, options: &[&str]) -> Result<Settings, ConfigError> {
    let mut line = line(host);
    line.options = options.iter().map(|option| (*option).to_owned()).collect();
    Resolver::new(context(), ConfigFile::None).resolve(&line)
}

#[test]
fn the_users_file_goes_before_the_systems() {
    let place = Place::new("User mine\nHost other\n  Port 1\n", "User theirs\nHost *\n  Port 22000\n");
    let settings = place.resolve("host").unwrap();
    assert_eq!((settings.target.user.as_str(), settings.target.port), ("mine", 22000));
}

#[test]
fn neither_file_needs_to_be_there() {
    let place = Place::new("", "");
    fs::remove_file(place.path("home/.ssh/config")).unwrap();
    fs::remove_file(place.path("etc/ssh_config")).unwrap();
    assert_eq!(place.resolve("host").unwrap().target.user, "lu");
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let place = Place::new("User x\n", "");
    let config = place.path("home/.ssh/config");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let error = place.resolve("host").unwrap_err().to_string();
    assert_eq!(error, format!("Bad owner or permissions on {}", config.display()));
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    place.resolve("host").unwrap();
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    let mut place = Place::new("User x\n", "");
    if place.context.uid == 0 {
        chown(place.path("home/.ssh/config"), Some(12345), None).unwrap();
    } else {
        place.context.uid += 1;
    }
    assert!(matches!(place.resolve("host"), Err(ConfigError::Permissions { .. })));
}

#[test]
fn relative_includes_are_under_the_directory_of_their_file() {
    let place = Place::new("Include conf.d/*.conf\n", "Include more.conf\n");
    place.write("home/.ssh/conf.d/a.conf", "User included\n");
    place.write("home/.ssh/conf.d/.b.conf", "Port 1\n");
    place.write("etc/more.conf", "Port 2\nInclude ~/x\n");
    let error = place.resolve("host").unwrap_err();
    assert!(matches!(&error, ConfigError::BadLines { lines, .. } if lines[0].line == 2), "{error}");
    place.write("etc/more.conf", "Port 2\n");
    let settings = place.resolve("host").unwrap();
    assert_eq!((settings.target.user.as_str(), settings.target.port), ("included", 2));
}

#[test]
fn includes_end() {
    let place = Place::new("Include config\n", "");
    assert!(matches!(place.resolve("host"), Err(ConfigError::IncludeDepth)));
    let place = Place::new("Include 1/*\n", "");
    for level in 1..=4 {
        for name in 0..10 {
            place.write(&format!("home/.ssh/{level}/{name}"), &format!("Include {}/*\n", level + 1));
        }
    }
    assert!(matches!(place.resolve("host"), Err(ConfigError::IncludedFiles { .. })));
}

#[test]
fn bad_lines_are_all_named() {
    let place = Place::new("User x\nFrob 1\n\nPort y\n", "");
    let error = place.resolve("host").unwrap_err();
    let file = place.path("home/.ssh/config").display().to_string();
    assert_eq!(error.to_string(), format!("{file}: terminating, 2 bad configuration options"));
    let ConfigError::BadLines { lines, .. } = error else { panic!() };
    let words: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [format!("{file}: line 2: Bad configuration option: frob"), format!("{file} line 4: Bad port 'y'."),]
    );
}

#[test]
fn a_line_has_an_end() {
    let place = Place::new(&format!("User x\n# {}\n", "a".repeat(crate::limits::CONFIG_LINE)), "");
    assert!(matches!(place.resolve("host"), Err(ConfigError::BadLines { .. })));
}

#[test]
fn short_names_are_searched_for_in_the_domains() {
    let rules =
        "CanonicalizeHostname yes\nCanonicalDomains nowhere.org example.org\nHost web.example.org\n  User found\n";
    let settings = Place::new(rules, "").resolve("WEB").unwrap();
    assert_eq!((settings.target.host.as_str(), settings.target.user.as_str()), ("web.example.org", "found"));
    assert_eq!(settings.target.original_host, "WEB");
    let dotted = Place::new(rules, "").resolve("a.b.c").unwrap();
    assert_eq!(dotted.target.host, "a.b.c");
    let behind = Place::new(&format!("ProxyJump bastion\n{rules}"), "").resolve("web").unwrap();
    assert_eq!(behind.target.host, "web");
    let always =
        Place::new(&format!("ProxyJump bastion\nCanonicalizeHostname always\n{rules}"), "").resolve("web").unwrap();
    assert_eq!(always.target.host, "web.example.org");
}

#[test]
fn aliases_are_followed_where_a_rule_permits_it() {
    let rules = "CanonicalizeHostname yes\nCanonicalDomains example.org\n";
    let plain = Place::new(rules, "").resolve("www").unwrap();
    assert_eq!(plain.target.host, "www.example.org");
    let permitted = format!("{rules}CanonicalizePermittedCNAMEs *.example.org:web*.EXAMPLE.org\n");
    assert_eq!(Place::new(&permitted, "").resolve("www").unwrap().target.host, "web1.example.org");
    let elsewhere = format!("{rules}CanonicalizePermittedCNAMEs *.example.org:*.example.com\n");
    assert_eq!(Place::new(&elsewhere, "").resolve("www").unwrap().target.host, "www.example.org");
}

#[test]
fn a_name_that_no_domain_has() {
    let rules = "CanonicalizeHostname yes\nCanonicalDomains example.org\nCanonicalizeFallbackLocal no\n";
    let error = Place::new(rules, "").resolve("nobody").unwrap_err();
    assert_eq!(error.to_string(), "Could not resolve host \"nobody\"");
    let error = Place::new("CanonicalizePermittedCNAMEs a:b\n", "").resolve("nobody").unwrap_err();
    assert_eq!(error.to_string(), "Could not resolve hostname nobody: Name or service not known");
}

#[test]
fn the_final_pass_sees_the_host_that_was_found() {
    let rules =
        "Match final host real.example\n  User final\nHost real.example\n  Port 5\nHost h\n  HostName real.example\n";
    let settings = Place::new(rules, "").resolve("h").unwrap();
    assert_eq!((settings.target.user.as_str(), settings.target.port), ("final", 5));
}

#[test]
fn a_hop_has_a_configuration_of_its_own() {
    let place = Place::new("Host bastion\n  User jumper\n  Port 2222\nHost *\n  User me\n  LocalForward 1 h:2\n", "");
    let hop = place.resolver().resolve_jump(&Destination::parse_jump("bastion").unwrap()).unwrap();
    assert_eq!((hop.target.user.as_str(), hop.target.port), ("jumper", 2222));
    assert!(hop.forwarding.local.is_empty());
    assert_eq!(hop.session.kind, SessionType::None);
    let named = place.resolver().resolve_jump(&Destination::parse_jump("u@bastion:9").unwrap()).unwrap();
    assert_eq!((named.target.user.as_str(), named.target.port), ("u", 9));
    let unsafe_hop = Destination { user: None, host: "a;b".into(), port: None };
    assert!(matches!(place.resolver().resolve_jump(&unsafe_hop), Err(ConfigError::Hazard(_))));
}

#[test]
fn defaults_reach_their_consumers() {
    let settings = of_options("host", &[]).unwrap();
    assert_eq!(settings.target.user, "lu");
    assert_eq!(settings.target.port, 22);
    assert_eq!(settings.host_key.strict, StrictChecking::Ask);
    assert_eq!(settings.host_key.update, UpdateHostKeys::Yes);
    assert_eq!(settings.auth.methods, [Method::PublicKey, Method::KeyboardInteractive, Method::Password]);
    assert!(settings.auth.identity_files_are_defaults);
    assert_eq!(settings.auth.identity_agent, IdentityAgent::FromEnvironment);
    assert_eq!(settings.connection.connect_timeout, None);
    assert_eq!(settings.connection.ip_qos, (Some(0x10), Some(0x08)));
    assert_eq!(settings.session.escape_char, Some(b'~'));
    assert_eq!(settings.log_level, LogLevel::Info);
    assert_eq!(settings.algorithms.ciphers[0], "aes128-gcm@openssh.com");
    assert!(!settings.algorithms.host_key_given);
    assert_eq!(settings.route.credentials.unwrap().0, "~/.netrc");
}

#[test]
fn values_reach_their_consumers() {
    let settings = of_options(
        "host",
        &[
            "ConnectTimeout=5",
            "RekeyLimit=1M 1h",
            "IPQoS=none ef",
            "UserKnownHostsFile=none",
            "IdentityFile=~/k",
            "PreferredAuthentications=password,hostbased,publickey",
            "PubkeyAuthentication=no",
            "IdentityAgent=none",
            "SetEnv=A=b=c",
            "EscapeChar=none",
            "RequestTTY=force",
            "ControlMaster=auto",
            "ControlPersist=5m",
            "ForwardAgent=yes",
            "RemoteForward=1080",
            "HostKeyAlgorithms=ssh-ed25519",
            "AddKeysToAgent=confirm 1m",
        ],
    )
    .unwrap();
    assert_eq!(settings.connection.connect_timeout, Some(Duration::from_secs(5)));
    assert_eq!((settings.connection.rekey.bytes, settings.connection.rekey.seconds), (1 << 20, 3600));
    assert_eq!(settings.connection.ip_qos, (None, Some(0xb8)));
    assert!(settings.host_key.user_files.is_empty());
    assert_eq!(settings.auth.identity_files[0].0, "~/k");
    assert!(!settings.auth.identity_files_are_defaults);
    assert_eq!(settings.auth.methods, [Method::Password]);
    assert_eq!(settings.auth.identity_agent, IdentityAgent::None);
    assert_eq!((settings.auth.add_keys.mode, settings.auth.add_keys.lifetime), (3, 60));
    assert_eq!(settings.session.set_env, [("A".to_owned(), "b=c".to_owned())]);
    assert_eq!((settings.session.escape_char, settings.session.request_tty), (None, RequestTty::Force));
    assert_eq!((settings.sharing.master, settings.sharing.persist), (Mastering::Auto, Some(300)));
    assert_eq!(settings.forwarding.agent, Some(ForwardedAgent::Own));
    let remote = Forward { listen: Listen::Port { bind: None, port: 1080 }, connect: Connect::Socks };
    assert_eq!(settings.forwarding.remote, [remote]);
    assert!(settings.algorithms.host_key_given);
}

#[test]
fn batch_mode_asks_nothing() {
    let settings = of_options("host", &["BatchMode=yes"]).unwrap();
    assert_eq!(settings.auth.methods, [Method::PublicKey]);
    assert_eq!(settings.connection.server_alive_interval, Duration::from_secs(300));
}

#[test]
fn order_decides_between_letters_options_and_destination() {
    let user = |change: &dyn Fn(&mut CommandLine)| {
        let mut line = line("dest@host");
        change(&mut line);
        Resolver::new(context(), ConfigFile::None).resolve(&line).unwrap().target.user
    };
    assert_eq!(user(&|_| ()), "dest");
    assert_eq!(user(&|line| line.options_after.push("User=late".into())), "dest");
    assert_eq!(user(&|line| line.user = Some("letter".into())), "letter");
    assert_eq!(
        user(&|line| {
            line.user = Some("letter".into());
            line.options.push("User=option".into());
        }),
        "option"
    );
    assert_eq!(
        user(&|line| {
            line.options.push("User=option".into());
            line.overrides.extend(["User=first".into(), "User=last".into()]);
        }),
        "last"
    );
}

#[test]
fn option_lines_say_exactly_what_they_are_given() {
    let path = r#"a "b" \c 'd' # e"#;
    let settings = of_options("host", &[&option_line("IdentityFile", path)]).unwrap();
    assert_eq!(settings.auth.identity_files[0].0, path);
    let command = r#"nc "%h" '%p' # x"#;
    let settings = of_options("host", &[&option_line("ProxyCommand", command)]).unwrap();
    assert_eq!(settings.route.command.unwrap().0, command);
}

#[test]
fn hops_and_proxies_mix_in_a_jump_list() {
    let settings = of_options("host", &["ProxyJump=a,http://p:3128,u@b:2222"]).unwrap();
    let jumps: Vec<&str> = settings.route.jumps.iter().map(|jump| jump.0.as_str()).collect();
    assert_eq!(jumps, ["a", "http://p:3128", "u@b:2222"]);
    assert_eq!(settings.route.command, None);
    for list in ["http://u:hunter2@p", "a/b,http://u:hunter2@p", "http://u:hunter2@p,a/b"] {
        let error = of_options("host", &[&format!("ProxyJump={list}")]).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn local_networks_decide() {
    let user = |network: &str| {
        Place::new(&format!("Match localnetwork {network}\n  User near\n"), "").resolve("host").unwrap().target.user
    };
    assert_eq!(user("198.51.100.0/24,192.0.2.0/24"), "near");
    assert_eq!(user("198.51.100.0/24"), "lu");
}

#[test]
fn nothing_is_run_in_files_that_do_not_apply() {
    let place = Place::new("Host other\n  Include x.conf\n", "");
    let mark = place.path("ran");
    place.write("home/.ssh/x.conf", &format!("Match exec \"touch {}\"\n", mark.display()));
    place.resolve("host").unwrap();
    assert!(!mark.exists());
    place.resolve("other").unwrap();
    assert!(mark.exists());
}

#[test]
fn a_prefix_of_the_print_can_be_read_again() {
    let settings = of_options("host", &["Port=7"]).unwrap();
    let printed = dump(&settings, &context()).unwrap();
    assert!(printed.starts_with("host host\nuser lu\nhostname host\nport 7\n"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("again");
    fs::write(&file, &printed).unwrap();
    let again = resolve_file(&file, "host").unwrap();
    assert_eq!(dump(&again, &context()).unwrap(), printed);
}

fn resolve_file(file: &Path, host: &str) -> Result<Settings, ConfigError> {
    Resolver::new(context(), ConfigFile::File(file.to_owned())).resolve(&line(host))
}

/// Words that configurations are made of, so that random ones get past the first check.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "Host",
            "Match",
            "all",
            "final",
            "user",
            "host",
            "h*",
            "!x",
            "ProxyJump",
            "a,b",
            "LocalForward",
            "1",
            "h:2",
            "/x",
            "Ciphers",
            "+aes*",
            "-*",
            "IPQoS",
            "RekeyLimit",
            "1G",
            "none",
            "yes",
            "SetEnv",
            "A=1",
            "HostName",
            "%h",
            "%",
            "${SET}",
            "ControlPath",
            "~",
            "~x",
            "\"",
            "'",
            "\\",
            "=",
            "#",
            "CanonicalDomains",
            "CanonicalizeHostname",
            "always",
            "www",
            "EscapeChar",
            "^",
            "TunnelDevice",
            "any:1",
            "Include",
            "*",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        fs::write(&file, bytes).unwrap();
        let _ = resolve_file(&file, "host");
    }

    #[test]
    fn no_lines_make_it_panic(
        lines in prop::collection::vec(prop::collection::vec(word(), 1..5), 0..8),
        separator in prop::sample::select(vec![" ", "=", "\t", " = "]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        let text: Vec<String> = lines.iter().map(|words| words.join(separator)).collect();
        fs::write(&file, text.join("\n")).unwrap();
        if let Ok(settings) = resolve_file(&file, "www") {
            let _ = dump(&settings, &context());
        }
    }
}
