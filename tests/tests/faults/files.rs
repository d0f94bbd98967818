//! Files that are not what they should be: configuration, known hosts, keys.

use std::fs;
use std::io;
use std::path::Path;

use xssh_tests::hostile::{Handshake, HostKey, Outcome, Server, Session, Victim};

use crate::says;

/// A client with this configuration file, for a host that nobody listens on. Its memory is that of a file at its limit.
fn configured(config: impl AsRef<[u8]>) -> io::Result<Outcome> {
    let victim = Victim::facing(1)?;
    let path = victim.folder().join("hostile_config");
    fs::write(&path, config)?;
    run(&victim.memory(96 << 20), &path)
}

fn run(victim: &Victim, config: &Path) -> io::Result<Outcome> {
    let words = ["-oHostName=127.0.0.1", "-oPort=1", "hostile", "command"].map(Path::new);
    victim.run_with(&[&[Path::new("-F"), config][..], &words].concat())
}

/// Names the file, and the line if there is one.
fn assert_named(outcome: &Outcome) {
    let lines = outcome.assert_failed().join("\n");
    assert!(says(&lines, &["hostile_config"]), "{outcome}");
}

#[test]
fn lines_that_are_none_are_named() -> io::Result<()> {
    for config in [
        "NoSuchKeyword yes\n",
        "Port\n",
        "Port notanumber\n",
        "Port 99999999999999999999\n",
        "Port -1\n",
        "Host \"unclosed\n",
        "User \"un\nclosed\"\n",
        "Match\n",
        "Match nosuchcriterion x\n",
        "ServerAliveInterval 99999999999w\n",
        "IPQoS nothing\n",
        "Ciphers none-such\n",
        "\x1b[2J\x07 yes\n",
        "LocalForward x\n",
        "RekeyLimit 99999999999999999999T\n",
    ] {
        assert_named(&configured(config)?);
    }
    Ok(())
}

#[test]
fn noise_is_refused() -> io::Result<()> {
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    configured(noise)?.assert_failed();
    configured([0; 100_000])?.assert_failed();
    configured("= = =\n=\n\"\"\n,\n")?.assert_failed();
    configured("Port\0 22\nUser\0x y\0\n")?.assert_failed();
    Ok(())
}

#[test]
fn a_very_long_line_is_refused() -> io::Result<()> {
    configured(vec![b'x'; 10 << 20])?.assert_failed();
    configured(format!("User {}\n", "x".repeat(10 << 20)))?.assert_failed();
    configured(format!("Host {}\n", "x ".repeat(5 << 20)))?.assert_failed();
    Ok(())
}

#[test]
fn very_many_lines_are_sound() -> io::Result<()> {
    let victim = configured("Host some-other-host\n User someone\n".repeat(200_000))?;
    victim.assert_failed();
    let victim = configured("IdentityFile /nonexistent/key\n".repeat(20_000))?;
    victim.assert_failed();
    let victim = configured("SendEnv A B C\nSetEnv A=B\n".repeat(20_000))?;
    victim.assert_failed();
    Ok(())
}

#[test]
fn an_include_of_itself_ends_somewhere() -> io::Result<()> {
    let victim = Victim::facing(1)?;
    let path = victim.folder().join("hostile_config");
    fs::write(&path, format!("Include {}\n", path.display()))?;
    run(&victim, &path)?.assert_failed();
    // Twice a line: a depth alone bounds 2^16 files.
    fs::write(&path, format!("Include {0} {0}\nInclude {0}\n", path.display()))?;
    run(&victim, &path)?.assert_failed();
    Ok(())
}

#[test]
fn includes_of_what_is_no_file_are_sound() -> io::Result<()> {
    for include in
        ["/dev/zero", "/dev/null", "/", "/proc/self/mem", "/nonexistent", "*", "[", "~nobody-such/x", "\0", ""]
    {
        configured(format!("Include {include}\n"))?.assert_failed();
    }
    Ok(())
}

#[test]
fn a_configuration_that_is_no_file_is_refused() -> io::Result<()> {
    // A file is read whole, up to a limit of 64 MiB.
    let victim = Victim::facing(1)?.memory(96 << 20);
    for path in ["/dev/zero", "/", "/nonexistent/config"] {
        run(&victim, Path::new(path))?.assert_failed();
    }
    Ok(())
}

#[test]
fn patterns_that_backtrack_are_quick() -> io::Result<()> {
    let stars = "*a".repeat(200);
    let host = "a".repeat(250);
    let victim = Victim::facing(1)?;
    let path = victim.folder().join("hostile_config");
    fs::write(&path, format!("Host {stars}b\n User x\nMatch host {stars}b\n User y\n").repeat(50))?;
    let words = ["-oHostName=127.0.0.1", "-oPort=1", &host, "command"].map(Path::new);
    victim.run_with(&[&[Path::new("-F"), &path][..], &words].concat())?.assert_failed();
    Ok(())
}

/// An obliging server and a client whose known hosts are these.
fn knowing(known_hosts: impl AsRef<[u8]>) -> io::Result<Outcome> {
    let server = Server::start(|wire| Session::establish(wire)?.finish(wire))?;
    let victim = Victim::facing(server.port())?;
    let path = victim.folder().join("hostile_known_hosts");
    fs::write(&path, known_hosts)?;
    victim.with(&format!("UserKnownHostsFile {}", path.display())).run()
}

#[test]
fn known_hosts_that_are_noise_know_nobody() -> io::Result<()> {
    let noise: Vec<u8> = (0..1_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for file in [noise, vec![0; 1 << 20], vec![b'x'; 10 << 20], b"hostile ".repeat(1 << 20), b"|1|".repeat(1 << 20)] {
        let lines = knowing(file)?.assert_failed().join("\n");
        assert!(says(&lines, &["Host key verification failed"]), "{lines}");
    }
    Ok(())
}

#[test]
fn bad_lines_do_not_hide_good_ones() -> io::Result<()> {
    let bad = "hostile\nhostile ssh-ed25519\nhostile ssh-ed25519 !!!!\n|1|x|y ssh-ed25519 AAAA\n@nothing hostile ssh-ed25519 AAAA\n\
               hostile ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n\0\n@cert-authority\n@revoked\n|1|||\nhostile ssh-rsa AAAA/////w==\n";
    let good = format!("hostile {}\n", HostKey::numbered(1)?.line());
    knowing([bad, &good].concat())?.assert_served();
    knowing([&good, bad].concat())?.assert_served();
    Ok(())
}

#[test]
fn very_many_known_hosts_are_sound() -> io::Result<()> {
    let other = HostKey::numbered(2)?.line();
    let mut file = String::new();
    for number in 0..100_000 {
        file.push_str(&format!("host-{number} {other}\n"));
    }
    file.push_str(&format!("hostile {}\n", HostKey::numbered(1)?.line()));
    knowing(file)?.assert_served();
    Ok(())
}

/// A client with this key file, at a server that would take a key.
fn keyed(key: impl AsRef<[u8]>, public: Option<&[u8]>) -> io::Result<Outcome> {
    let server = Server::start(|wire| {
        Handshake::complete(wire)?;
        Session::refuse(wire, "publickey")
    })?;
    let victim = Victim::facing(server.port())?;
    let path = victim.folder().join("hostile_key");
    fs::write(&path, key)?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    if let Some(public) = public {
        fs::write(path.with_extension("pub"), public)?;
    }
    victim.with(&format!("IdentityFile {}", path.display())).run()
}

#[test]
fn key_files_that_are_none_are_passed_over() -> io::Result<()> {
    let begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    let end = "-----END OPENSSH PRIVATE KEY-----\n";
    // "openssh-key-v1", a cipher's name of 4 GiB.
    let huge = "b3BlbnNzaC1rZXktdjEA/////wAAAARub25lAAAAAAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5\n";
    // bcrypt with 2^32 - 1 rounds must not be tried for ever.
    let rounds = "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAAAAAAAAAAAAAAAAAAAAAA/////wAAAAE=\n";
    for key in [
        String::new(),
        begin.into(),
        format!("{begin}{end}"),
        format!("{begin}!!!!\n{end}"),
        format!("{begin}{huge}{end}"),
        format!("{begin}{rounds}{end}"),
        format!(
            "{begin}{}{end}",
            "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n".repeat(100_000)
        ),
        "-----BEGIN RSA PRIVATE KEY-----\nMIIBAAIBAA==\n-----END RSA PRIVATE KEY-----\n".into(),
        "-----BEGIN PRIVATE KEY-----\n//////////8=\n-----END PRIVATE KEY-----\n".into(),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n".into(),
        "ssh-ed25519 AAAA comment\n".into(),
        "\0".repeat(1 << 20),
        "x".repeat(4 << 20),
    ] {
        let lines = keyed(key, None)?.assert_failed().join("\n");
        assert!(says(&lines, &["Permission denied (publickey)"]), "{lines}");
    }
    Ok(())
}

#[test]
fn public_key_files_that_are_none_are_passed_over() -> io::Result<()> {
    for public in [
        &b""[..],
        b"ssh-ed25519\n",
        b"ssh-ed25519 !!!!\n",
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////w==\n",
        b"ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t\n",
        b"\x1b[2J \x07\n",
        &[b'x'; 1 << 20],
    ] {
        keyed("nothing", Some(public))?.assert_failed();
    }
    Ok(())
}
