use xssh_cvs::{Access, Bounds, Gate, Grant, Hooks, Login, Modules, Refusal, Repository, Trigger, Triggers};

/// What both sides of a CVS connection say comes to the same however it is split, and no line that goes to the server begins with
/// a request that no key may make.
///
/// The first byte chooses what the key may do and how many bytes of each piece there are; a zero byte that stands alone in its
/// line changes the speaker.
pub(super) fn cvs(data: &[u8]) {
    let Some((choice, spoken)) = data.split_first() else {
        return;
    };
    let turns: Vec<&[u8]> = spoken.split(|byte| *byte == 0xff).collect();
    let whole = run(*choice, &turns, usize::MAX);
    let bytewise = run(*choice, &turns, 1);
    assert_eq!(whole, bytewise);
}

/// What the server got, what the client got, and why it ended.
type Outcome = (Vec<u8>, Vec<u8>, Option<Refusal>);

fn run(choice: u8, turns: &[&[u8]], most: usize) -> Outcome {
    let mut gate = Gate::new(Grant {
        roots: vec![b"/r".to_vec(), b"/s".to_vec()],
        access: if choice & 1 == 0 { Access::Read } else { Access::Write },
        admin: choice & 2 != 0,
        hooks: if choice & 4 == 0 { Hooks::Run } else { Hooks::Refuse },
    });
    if choice & 16 != 0 {
        gate.bound(Bounds { largest: Some(4), total: Some(9), room: None });
    }
    let login = Login::new("alice", "0f").filter(|_| choice & 8 != 0);
    let (mut server, mut client) = (Vec::new(), Vec::new());
    for (at, turn) in turns.iter().enumerate() {
        for piece in turn.chunks(most) {
            if at % 2 == 0 {
                gate.from_client(piece);
            } else {
                gate.from_server(piece);
            }
            if gate.wanted().is_some() {
                gate.serve(repository(), login.as_ref());
            }
            server.extend(gate.take_for_server());
            client.extend(gate.take_for_client());
        }
    }
    gate.server_ended();
    client.extend(gate.take_for_client());
    (server, client, gate.refusal().cloned())
}

fn repository() -> Repository {
    let mut triggers = Triggers::default();
    triggers.read(Trigger::Taginfo, b"ALL x\n");
    let modules = Modules::read(b"m -a CVSROOT n\nn &m\no -o program -d x p\n");
    Repository { modules, triggers, links: vec![b"setup".to_vec()], folds_case: false }
}
