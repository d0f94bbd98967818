use std::fs;
use std::io::{self, Read};
use std::path::Path;

use xssh_fs::Root;
use xssh_sync::{Near, Nobody, Opened, Options, Role, Shown, Start, Tree, client, serve};

/// What a helper says before its first message: the magic number, its versions, no name, and that it is ready; then, whether it is
/// vacant.
const OPENING: &[u8] = b"xssh\0syn\x02\0\x02\0\0\x41\x05\0\0\0\0\0\0\0";
/// What a source says to a target that has nothing, and what such a target says, begin with these kinds of messages.
const GIVING: u8 = 17;
const RELEASE: u8 = 34;

/// What a client says, all of it.
pub(super) fn start(data: &[u8]) {
    let refused = serve(data, io::sink(), None, &Nobody, &mut |_| Err("not here".to_owned().into()));
    assert!(refused.is_err());
}

/// What a source says, to a target with a small tree, or with nothing.
pub(super) fn source(data: &[u8]) {
    with_tree(|root| {
        let vacant = data.first() == Some(&GIVING);
        let root = if vacant { &root.join("vacant") } else { root };
        let open =
            || Opened { tree: Tree::whole(Root::open(root).expect("a tree")), lock: None, shown: Shown::default() };
        let _ = client(
            &asked(Role::Source, vacant),
            Near::Target(&mut |_| Ok(open())),
            after_opening(data, false),
            io::sink(),
            &Nobody,
        );
    });
}

/// What a target says, to a source with a small tree.
pub(super) fn target(data: &[u8]) {
    with_tree(|root| {
        let mut tree = Tree::whole(Root::open(root).expect("a tree"));
        let _ = client(
            &asked(Role::Target, false),
            Near::Source(&mut tree, None),
            after_opening(data, data.first() == Some(&RELEASE)),
            io::sink(),
            &Nobody,
        );
    });
}

fn after_opening(data: &[u8], vacant: bool) -> impl Read {
    OPENING.chain(if vacant { &[1] } else { &[0] }.as_slice()).chain(data)
}

fn asked(role: Role, vacant: bool) -> Start {
    let options = Options { delete: true, ..Options::default() };
    Start { paths: vec![b"tree".to_vec()], options, vacant, ..Start::new(role, [7; 32]) }
}

/// A tree made for this input, beside which nothing may appear.
fn with_tree(use_it: impl FnOnce(&Path)) {
    super::scratch::folder(|folder| {
        let outer = folder.join("sync");
        let root = outer.join("tree");
        fs::create_dir_all(root.join("d")).expect("a tree");
        fs::create_dir(root.join("vacant")).expect("a tree");
        fs::write(root.join("d/f"), b"some text").expect("a file");
        fs::write(root.join("large"), vec![b'x'; 100_000]).expect("a file");
        use_it(&root);
        assert_eq!(fs::read_dir(&outer).expect("the folder").count(), 1, "something got out of the tree");
        fs::remove_dir_all(&outer).expect("the folder");
    });
}
