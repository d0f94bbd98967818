//! Clients that say what no client should: each raw request and each way out by its name.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Gated;
use crate::over_every_front;
use crate::served::Front;

over_every_front!(
    requests_that_nobody_may_make,
    the_list_of_requests_names_what_is_taken,
    roots_that_are_not_granted,
    paths_that_lead_out,
    links_in_the_repository_that_lead_out,
    a_link_that_changes_while_it_is_followed,
    cvsroot_is_read_and_not_written,
    administrators_administer,
    a_refusal_is_read_behind_a_large_file,
);

fn requests_that_nobody_may_make<F: Front>() {
    let gated = Gated::<F>::with("--cvs-admin --name alice");
    // Whoever comes for the first time gets a line in CVSROOT/passwd.
    let _ = gated.say("noop\n");
    let before = gated.snapshot();
    let anywhere = gated.server.folder().join("anywhere");
    let init = format!("init {}", anywhere.display());
    for request in [
        init.as_str(),
        "Gssapi-authenticate",
        "Gssapi-encrypt",
        "Kerberos-encrypt",
        "Referrer :ext:h:/r",
        "suck",
        "Gzip-stream 6",
        "gzip-file-contents 6",
        "Command-prep ci",
        "Case",
        "Checkin-prog /bin/sh",
        "Update-prog /bin/sh",
        "no-such-request",
    ] {
        let name = request.split(' ').next().expect("a name");
        let outcome = gated.say(&format!("{request}\nnoop\n"));
        gated.assert_refused(&outcome, &format!("the request {name} is not passed on"));
        assert!(outcome.text().ends_with("error  \n"), "{outcome}");
    }
    let outcome = gated.say_bare(&format!("{init}\n"));
    gated.assert_refused(&outcome, "the request init is not passed on");
    assert!(!anywhere.exists());
    assert_eq!(gated.snapshot(), before);
}

fn the_list_of_requests_names_what_is_taken<F: Front>() {
    let gated = Gated::<F>::with("");
    let said = gated.say("valid-requests\n").ok().text();
    let list = said.lines().find(|line| line.starts_with("Valid-requests ")).expect("a list");
    let names: Vec<&str> = list.split(' ').collect();
    for name in
        ["Root", "Directory", "Entry", "Modified", "Unchanged", "Argument", "Argumentx", "ci", "co", "update", "Notify"]
    {
        assert!(names.contains(&name), "{name}: {list}");
    }
    for name in ["init", "Gzip-stream", "gzip-file-contents", "Gssapi-encrypt", "Referrer", "suck"] {
        assert!(!names.contains(&name), "{name}: {list}");
    }
}

fn roots_that_are_not_granted<F: Front>() {
    let gated = Gated::<F>::with("");
    let (root, other) = (gated.repository(), gated.server.folder().join("other"));
    let (root, other) = (root.display(), other.display());
    for named in [
        other.to_string(),
        format!("{root}/"),
        format!("/{root}"),
        format!("{root}/."),
        format!("{root}/../other"),
        format!("{root}/project"),
        "/etc".to_owned(),
        "/".to_owned(),
        String::new(),
    ] {
        let outcome = gated.say_bare(&format!("Root {named}\nvalid-requests\nArgument project\nco\n"));
        gated.assert_refused(&outcome, "this key does not reach the repository");
    }
    let outcome = gated.say(&format!("Root {other}\nnoop\n"));
    gated.assert_refused(&outcome, "one connection reaches one repository");
}

fn paths_that_lead_out<F: Front>() {
    let gated = Gated::<F>::with("");
    let other = gated.server.folder().join("other");
    let before = gated.snapshot();
    for words in [
        format!("Directory .\n{}/project\nupdate\n", other.display()),
        "Directory .\n/etc\nupdate\n".to_owned(),
        "Directory .\n../other/project\nupdate\n".to_owned(),
        "Directory /tmp/x\nproject\nnoop\n".to_owned(),
        "Directory ../../x\nproject\nnoop\n".to_owned(),
        "Directory x/CVS\nproject\nnoop\n".to_owned(),
        "Argument ../other/project\nco\n".to_owned(),
        format!("Argument {}/project\nco\n", other.display()),
        "Argument -R\nArgument /etc\nrlist\n".to_owned(),
        "Argument ../other\nrlist\n".to_owned(),
        "Argument ../other/project\nrlog\n".to_owned(),
        "Argument -m\nArgument x\nArgument ../other/new\nArgument v\nArgument r\nimport\n".to_owned(),
        "Argument x\nArgument ../other/project\nrtag\n".to_owned(),
    ] {
        let outcome = gated.say(&words);
        gated.assert_refused(&outcome, "is not inside the repository");
        assert!(!outcome.text().contains("main.c"), "{outcome}");
    }
    for (words, why) in [
        ("Directory .\nproject\nModified ../x\nu=rw\n0\nnoop\n", "is no name for a file"),
        ("Directory .\nproject\nModified CVS\nu=rw\n0\nnoop\n", "is no name for a file"),
        ("Directory .\nproject\nEntry /../1.1///\nnoop\n", "is no name for a file"),
        ("Directory .\nproject\nArgument -F\nArgument /etc/passwd\nci\n", "may not say"),
        ("Directory .\nproject\nModified x\nu=rws\n0\nnoop\n", "broke the protocol"),
        ("Directory .\nproject\nModified x\nu=rw\n-1\nnoop\n", "broke the protocol"),
        ("Argument a\0b\nco\n", "broke the protocol"),
        ("Global_option -T/tmp\nnoop\n", "may not say"),
        ("Set A=$(id)\nnoop\n", "may not say"),
    ] {
        let outcome = gated.say(words);
        gated.assert_refused(&outcome, why);
    }
    let outcome = gated.say(&format!("Argument {}", "x".repeat(10 << 20)));
    gated.assert_refused(&outcome, "a longer line");
    assert_eq!(gated.snapshot(), before);
}

/// What a link in the repository leads to is outside, and the domain holds.
fn links_in_the_repository_that_lead_out<F: Front>() {
    let gated = Gated::<F>::with("");
    symlink(gated.server.folder().join("other/project"), gated.repository().join("link")).expect("a link");
    let outcome = gated.cvs(".", &["checkout", "link"]).run();
    assert!(!gated.here("link/README").exists(), "{outcome}");
    let outcome = gated.say("Directory .\nlink\nArgument README\nlog\n");
    assert!(!outcome.text().contains("first line") && !outcome.text().contains("Initial revision"), "{outcome}");
}

/// The same with a link that leads now in and now out, thousands of times.
fn a_link_that_changes_while_it_is_followed<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    let (inside, outside) = (gated.repository().join("project"), gated.server.folder().join("other/project"));
    let log = outside.join("README,v");
    let text = fs::read_to_string(&log).expect("a file").replace("first line", "the canary sings");
    fs::remove_file(&log).expect("a file");
    fs::write(&log, text).expect("a file");
    let flip = gated.repository().join("flip");
    symlink(&inside, &flip).expect("a link");
    let is_over = AtomicBool::new(false);
    let (mut led_in, mut led_out) = (0, 0);
    thread::scope(|scope| {
        let (aside, flip) = (gated.repository().join("aside"), &flip);
        let (is_over, inside, outside) = (&is_over, &inside, &outside);
        scope.spawn(move || {
            for place in [outside, inside].into_iter().cycle() {
                symlink(place, &aside).expect("a link");
                fs::rename(&aside, flip).expect("a link");
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let words = "Argument -p\nArgument flip/README\nco\n".repeat(700);
        // Whoever has the processor decides how often which way was open.
        let mut rounds = 0;
        while rounds < 4 || led_in <= 20 || led_out <= 20 {
            assert!(rounds < 40, "{led_in} times in, {led_out} times out");
            rounds += 1;
            let said = gated.say(&words).text();
            assert!(!said.contains("the canary sings"), "what is outside was read");
            led_in += said.matches("M first line\n").count();
            led_out += said.matches("Permission denied").count();
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

fn cvsroot_is_read_and_not_written<F: Front>() {
    let gated = Gated::<F>::with("--name alice");
    gated.administer("modules", "adm -a CVSROOT\nelse -d elsewhere CVSROOT\n");
    let _ = gated.say("noop\n");
    let before = gated.snapshot();
    for (module, folder) in [("CVSROOT", "CVSROOT"), ("adm", "CVSROOT"), ("else", "elsewhere"), ("CVSROOT", "given")] {
        let _ = fs::remove_dir_all(gated.here(folder));
        let args = if folder == "given" { vec!["-d", "given", module] } else { vec![module] };
        let _ = gated.done(".", &[&["-Q", "checkout"], &args[..]].concat());
        fs::write(gated.here(folder).join("loginfo"), "ALL touch /tmp/ran\n").expect("a file");
        for args in
            [&["commit", "-m", "x"][..], &["tag", "x"], &["add", "new"], &["remove", "-f", "modules"], &["watch", "on"]]
        {
            fs::write(gated.here(folder).join("new"), "x").expect("a file");
            let outcome = gated.cvs(folder, args).run();
            gated.assert_refused(&outcome, "this key may not change CVSROOT");
        }
    }
    for module in ["CVSROOT", "adm", "else", ".", "adm/modules"] {
        let outcome = gated.cvs(".", &["rtag", "x", module]).run();
        gated.assert_refused(&outcome, "this key may not change CVSROOT");
    }
    let outcome = gated.cvs("planted", &["import", "-m", "x", "CVSROOT/x", "v", "r"]).run();
    gated.assert_refused(&outcome, "this key may not change CVSROOT");
    let write = "Entry /loginfo/1.1///\nModified loginfo\nu=rw\n2\nx\nArgument -m\nArgument x\nArgument loginfo\nci\n";
    for words in [
        format!("Directory .\nCVSROOT\n{write}"),
        format!("Directory .\n./CVSROOT//\n{write}"),
        format!("Directory .\n{}/CVSROOT\n{write}", gated.repository().display()),
        // The server keeps what it has checked out for what it was.
        format!("Argument -d\nArgument x\nArgument CVSROOT\nco\nDirectory x\nproject\n{write}"),
        format!("Argument adm\nco\nDirectory CVSROOT\nproject\n{write}"),
        format!("Directory .\n.\nArgument CVSROOT\nadd\nDirectory CVSROOT\nproject\n{write}"),
        format!(
            "Directory CVSROOT\nproject\n{write}Argument -m\nArgument x\nArgument .\nArgument v\nArgument r\nimport\n"
        ),
        "Directory CVSROOT\nproject\nModified new\nu=rw\n2\nx\nDirectory .\n.\nArgument -m\nArgument x\nArgument .\n\
         Argument v\nArgument r\nimport\n"
            .to_owned(),
    ] {
        let outcome = gated.say(&words);
        gated.assert_refused(&outcome, "this key may not change CVSROOT");
        assert_eq!(admin(&gated.snapshot()), admin(&before), "{words}");
    }
}

/// What `CVSROOT` holds, without the records of what was read and tagged.
fn admin(
    all: &std::collections::BTreeMap<std::path::PathBuf, (u32, Vec<u8>)>,
) -> Vec<(&std::path::PathBuf, &(u32, Vec<u8>))> {
    let is_admin = |path: &std::path::Path| {
        path.components().any(|part| part.as_os_str() == "CVSROOT")
            && !path.ends_with("history")
            && !path.ends_with("val-tags")
    };
    all.iter().filter(|(path, _)| is_admin(path)).collect()
}

fn administrators_administer<F: Front>() {
    let gated = Gated::<F>::with("--cvs-admin --name root-of-all");
    gated.check_out();
    let _ = gated.done("copy", &["-Q", "admin", "-kb", "README"]);
    let _ = gated.done(".", &["-Q", "checkout", "CVSROOT"]);
    fs::write(gated.here("CVSROOT/modules"), "short project\n").expect("a file");
    let _ = gated.done("CVSROOT", &["-Q", "commit", "-m", "x"]);
    let _ = gated.done(".", &["-Q", "checkout", "short"]);
    assert!(gated.here("short/README").exists());
    // Not even they make repositories.
    let outcome = gated.cvs(".", &["-d", &format!("{}-new", gated.root()), "init"]).run();
    gated.assert_refused(&outcome, "none can be made here");
    let gated = Gated::<F>::with("--name alice");
    gated.check_out();
    let outcome = gated.cvs("copy", &["admin", "-kb", "README"]).run();
    gated.assert_refused(&outcome, "this key may not use admin");
}

/// A refused client that has much to say reads why in the end.
fn a_refusal_is_read_behind_a_large_file<F: Front>() {
    let gated = Gated::<F>::with("--cvs-read-only");
    gated.check_out();
    fs::write(gated.here("copy/README"), vec![b'x'; 20_000_000]).expect("a file");
    let outcome = gated.cvs("copy", &["commit", "-m", "x"]).run();
    gated.assert_refused(&outcome, "this key may only read");
    let words = format!("init /x\nDirectory .\nproject\nModified x\nu=rw\n30000000\n{}noop\n", "x".repeat(30_000_000));
    gated.assert_refused(&gated.say(&words), "the request init is not passed on");
}
