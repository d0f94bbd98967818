use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{
    ControlSocket, End, Forward, ForwardKind, FromClient, FromMaster, Line, NewSession, Request, SocketError, dial,
};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        (".{0,20}", any::<u16>()).prop_map(|(host, port)| End::Tcp { host, port }),
        ".{0,20}".prop_map(|path| End::Unix { path }),
    ]
}

fn forward() -> impl Strategy<Value = Forward> {
    let kind = prop_oneof![Just(ForwardKind::Local), Just(ForwardKind::Remote), Just(ForwardKind::Dynamic)];
    (kind, end(), end()).prop_map(|(kind, listen, connect)| Forward { kind, listen, connect })
}

fn new_session() -> impl Strategy<Value = NewSession> {
    let flags = any::<(bool, bool, bool, bool)>();
    let variables = prop::collection::vec(bytes(), 0..5);
    (flags, any::<Option<u8>>(), bytes(), bytes(), variables).prop_map(
        |((tty, x11, agent, subsystem), escape, term, command, environment)| NewSession {
            tty,
            x11,
            agent,
            subsystem,
            escape,
            term,
            command,
            environment,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        new_session().prop_map(Request::NewSession),
        forward().prop_map(Request::OpenForward),
        forward().prop_map(Request::CloseForward),
        (".{0,20}", any::<u32>()).prop_map(|(host, port)| Request::StdioForward { host, port }),
        Just(Request::AliveCheck),
        Just(Request::Terminate),
        Just(Request::StopListening),
        Just(Request::Proxy),
    ]
}

proptest! {
    #[test]
    fn what_a_client_says_is_read_as_it_was_said(id: u32, request in request()) {
        let said = FromClient::Request { id, request };
        prop_assert_eq!(FromClient::decode(&said.encode()), Ok(said));
    }

    #[test]
    fn a_message_that_is_cut_is_none(id: u32, session in new_session(), cut in 1_usize..20) {
        let whole = FromClient::Request { id, request: Request::NewSession(NewSession { environment: Vec::new(), ..session }) }.encode();
        let part = &whole[..whole.len().saturating_sub(cut)];
        prop_assert!(FromClient::decode(part).is_err());
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = FromClient::decode(&bytes);
        let _ = FromMaster::decode(&bytes);
    }
}

#[test]
fn the_bytes_are_those_of_the_protocol() {
    let forward = Forward {
        kind: ForwardKind::Local,
        listen: End::Unix { path: "/s".to_owned() },
        connect: End::Tcp { host: "h".to_owned(), port: 80 },
    };
    let said = FromClient::Request { id: 7, request: Request::OpenForward(forward) }.encode();
    let expected: &[u8] = b"\x10\0\0\x06\0\0\0\x07\0\0\0\x01\0\0\0\x02/s\xff\xff\xff\xfe\0\0\0\x01h\0\0\0\x50";
    assert_eq!(said, expected);
    assert_eq!(FromMaster::Exit { session: 1, status: 3 }.encode(), b"\x80\0\0\x04\0\0\0\x01\0\0\0\x03");
}

#[tokio::test]
async fn a_descriptor_rides_behind_its_packet() {
    let (a, b) = UnixStream::pair().unwrap();
    let (a, b) = (Line::new(a).unwrap(), Line::new(b).unwrap());
    a.send(b"first").await.unwrap();
    a.send_descriptor(std::io::stdout().as_fd()).await.unwrap();
    a.send(b"second").await.unwrap();
    assert_eq!(b.receive().await.unwrap().unwrap(), b"first");
    let _descriptor = b.receive_descriptor().await.unwrap();
    assert_eq!(b.receive().await.unwrap().unwrap(), b"second");
    drop(a);
    assert!(b.receive().await.unwrap().is_none());
}

#[tokio::test]
async fn a_length_that_nobody_has_is_not_believed() {
    let (mut a, b) = UnixStream::pair().unwrap();
    let b = Line::new(b).unwrap();
    std::io::Write::write_all(&mut a, &u32::MAX.to_be_bytes()).unwrap();
    assert!(b.receive().await.is_err());
}

#[tokio::test]
async fn whoever_sends_no_descriptor_is_not_waited_for() {
    let (mut a, b) = UnixStream::pair().unwrap();
    let b = Line::new(b).unwrap();
    std::io::Write::write_all(&mut a, b"x").unwrap();
    assert!(b.receive_descriptor().await.is_err());
}

fn socket_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("control")
}

#[test]
fn a_socket_is_ours_alone_and_goes_with_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_in(&folder);
    assert!(matches!(dial(&path), Err(SocketError::Absent(_))));
    let socket = ControlSocket::bind(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(dial(&path).is_ok());
    assert!(matches!(ControlSocket::bind(&path), Err(SocketError::Exists(_))));
    drop(socket);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_name_that_another_has_taken_over_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_in(&folder);
    let first = ControlSocket::bind(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let _second = ControlSocket::bind(&path).unwrap();
    drop(first);
    assert!(dial(&path).is_ok());
}

#[test]
fn a_socket_whose_owner_is_dead_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_in(&folder);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(matches!(dial(&path), Err(SocketError::Stale(_))));
}

/// A socket's name may have 107 bytes (unix(7)); a path may have more.
#[test]
fn a_long_path_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(150));
    std::fs::create_dir(&deep).unwrap();
    let path = deep.join("control");
    let _socket = ControlSocket::bind(&path).unwrap();
    assert!(dial(&path).is_ok());
}
