//! `xssh sync --gitignore` on a part of a work tree, or on one whose repository is elsewhere: beside the real git.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::world::World;

use crate::served::Served;
use crate::sync::{on_host, sync, text};

fn git(world: &World, dir: &Path, args: &[&str]) -> String {
    let call = world.home.call(peer::require("git")).arg("-C").arg(dir);
    let call = call.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]);
    call.args(args).run().ok().text()
}

fn write(root: &Path, files: &[&str]) {
    for name in files {
        let (name, content) = name.split_once(": ").unwrap_or((name, name));
        fs::create_dir_all(root.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(root.join(name), content.replace(' ', "\n")).expect("a file");
    }
}

/// The files below a folder, but for those of git itself.
fn names(root: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with(".git") {
                folders.push(path);
            } else if path.is_file() && !path.ends_with(".git") {
                all.insert(text(path.strip_prefix(root).expect("below")).to_owned());
            }
        }
    }
    all
}

/// What git has below a folder.
fn truth(world: &World, dir: &Path) -> BTreeSet<String> {
    git(world, dir, &["ls-files", "-co", "--exclude-standard"]).lines().map(str::to_owned).collect()
}

/// A repository with rules at all heights, of which `a/src` is a part.
fn plant(world: &World) -> std::path::PathBuf {
    let repo = world.home.path().join("repo");
    write(
        &repo,
        &[".gitignore: *.o out/ /a/src/high", "a/.gitignore: !keep.o *.log", "a/src/.gitignore: *.tmp !my.log"],
    );
    let files =
        ["x.c", "x.o", "keep.o", "out/y", "out/kept/z", "high/h", "d/high/h", "w.log", "my.log", "e.tmp", "p.p"];
    files.iter().for_each(|name| write(&repo, &[&format!("a/src/{name}")]));
    write(&repo, &["a/doc/t.c", "a/doc/t.o", "a/one.o"]);
    git(world, &repo, &["init", "-q"]);
    write(&repo, &[".git/info/exclude: *.p"]);
    git(world, &repo, &["add", "-f", "a/src/out/kept/z", "a/src/x.c"]);
    repo
}

#[test]
fn what_is_above_the_source_counts_as_with_git() {
    let world = World::direct();
    let repo = plant(&world);
    let (src, theirs) = (repo.join("a/src"), truth(&world, &repo.join("a/src")));
    assert!(theirs.contains("keep.o") && theirs.contains("out/kept/z") && !theirs.contains("x.o"), "{theirs:?}");
    let there = world.home.path().join("there");
    let mut both = theirs.clone();
    both.extend(["mine.o", "out/mine", "p.p"].map(str::to_owned));
    for (from, to) in [(text(&src).to_owned(), on_host(&there)), (on_host(&src), text(&there).to_owned())] {
        // What is ignored stays in DST, whoever has read the rules.
        write(&there, &["mine.o", "out/mine", "p.p", "gone.c"]);
        let _ = sync(&world, &["--gitignore", "--delete", "--contents", &from, &to]).run().ok();
        assert_eq!(names(&there), both, "{from}");
        fs::remove_dir_all(&there).expect("the copy");
    }
    // Several sources of one directory, and one that is ignored as a whole.
    let [a, b, one] = ["a/src", "a/doc", "a/one.o"].map(|name| text(&repo.join(name)).to_owned());
    let _ = sync(&world, &["--gitignore", &a, &b, &on_host(&there)]).run().ok();
    let under = |name: &'static str| {
        truth(&world, &repo.join("a").join(name)).into_iter().map(move |path| format!("{name}/{path}"))
    };
    assert_eq!(names(&there), under("src").chain(under("doc")).collect());
    let all = sync(&world, &["--gitignore", text(&src.join("high")), &on_host(&there)]).run().ends(3);
    assert!(all.errors().contains("git ignores all of SRC"), "{all}");
    let all = sync(&world, &["--gitignore", &one, &on_host(&there)]).run().ends(3);
    assert!(all.errors().contains("git ignores one.o"), "{all}");
    let _ = sync(&world, &["--gitignore", text(&src.join("out")), &on_host(&there.join("out"))]).run().ok();
    assert_eq!(names(&there.join("out")), BTreeSet::from(["kept/z".to_owned()]));
}

#[test]
fn a_work_tree_whose_repository_is_elsewhere_and_the_users_own_rules() {
    let world = World::direct();
    let repo = plant(&world);
    git(&world, &repo, &["commit", "-qm", "all"]);
    let beside = world.home.path().join("beside");
    git(&world, &repo, &["worktree", "add", "-q", text(&beside)]);
    write(&beside, &["a/src/x.o", "a/src/e.mine", "p.p", "inner/f.mine", "inner/f", "n.other"]);
    git(&world, &beside.join("inner"), &["init", "-q"]);
    git(&world, &beside, &["add", "-f", "p.p"]);
    let there = world.home.path().join("there");
    let check = |expected: &[&str]| {
        let _ =
            sync(&world, &["--gitignore", "--delete", "--max-delete=9", text(&beside), &on_host(&there)]).run().ok();
        let names = names(&there);
        let has =
            ["e.mine", "f.mine", "n.other"].into_iter().filter(|name| names.iter().any(|path| path.ends_with(name)));
        assert_eq!(has.collect::<Vec<_>>(), expected);
        let theirs = truth(&world, &beside).into_iter().filter(|path| !path.starts_with("inner/"));
        assert_eq!(
            names.into_iter().filter(|path| !path.starts_with("inner/")).collect::<BTreeSet<_>>(),
            theirs.collect()
        );
    };
    check(&["e.mine", "f.mine", "n.other"]);
    fs::remove_dir_all(&there).expect("the copy");
    write(world.home.path(), &[".config/git/ignore: *.mine"]);
    check(&["n.other"]);
    fs::remove_dir_all(&there).expect("the copy");
    let config = "[user]\n\tname = excludesFile\n[core] ; the global\n\texcludesFile = \"~/every where\" # for all\n";
    fs::write(world.home.path().join(".gitconfig"), config).expect("a configuration");
    write(world.home.path(), &["every where: *.other"]);
    check(&["e.mine", "f.mine"]);
}

/// Nothing above the root of a grant is looked at, and what is below it counts.
#[test]
fn a_granted_root_has_no_rules_above_it() {
    let served = Served::<Sshd>::with("");
    let root = served.root();
    let outside = root.parent().expect("a folder").to_owned();
    let repository = [".git/HEAD: ref:_refs/heads/main", ".git/objects/x", ".git/refs/x"];
    write(&outside, &repository);
    write(&outside, &[".gitignore: *.c"]);
    write(&root, &["plain/f.c", "repo/.gitignore: *.o", "repo/sub/f.c", "repo/sub/f.o"]);
    write(&root.join("repo"), &repository);
    let _ = served.sync(&["--gitignore", "target:plain", text(&served.here("plain"))]).run().ok();
    assert_eq!(names(&served.here("plain")), BTreeSet::from(["f.c".to_owned()]));
    let _ = served.sync(&["--gitignore", "target:repo/sub", text(&served.here("sub"))]).run().ok();
    assert_eq!(names(&served.here("sub")), BTreeSet::from(["f.c".to_owned()]));
    // One that leads out with its directory is none.
    fs::remove_dir_all(root.join("repo/.git")).expect("git's directory");
    write(&root, &["repo/.git: gitdir:_../../.git"]);
    let said = fs::read_to_string(root.join("repo/.git")).expect("a file").replace('_', " ");
    fs::write(root.join("repo/.git"), said).expect("a file");
    let _ = served.sync(&["--gitignore", "target:repo/sub", text(&served.here("all"))]).run().ok();
    assert_eq!(names(&served.here("all")), BTreeSet::from(["f.c".to_owned(), "f.o".to_owned()]));
}
