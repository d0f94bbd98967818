use bytes::Bytes;
use proptest::prelude::*;

use super::{ChannelRequest, GlobalRequest, Grant, Opening, Packet};
use crate::session::Ask;
use crate::terminal::modes;
use crate::terminal::request::PtyRequest;
use crate::terminal::size::WindowSize;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn grant() -> impl Strategy<Value = Grant> {
    any::<(u32, u32, u32)>().prop_map(|(number, window, packet)| Grant { number, window, packet })
}

fn opening() -> impl Strategy<Value = Opening> {
    prop_oneof![
        Just(Opening::Session),
        (".{0,20}", any::<u16>(), ".{0,20}", any::<u16>()).prop_map(|(host, port, address, from)| Opening::Port {
            host,
            port,
            from: (address, from)
        }),
        ".{0,20}".prop_map(Opening::Path),
        (".{0,20}", any::<u32>(), ".{0,20}", any::<u32>())
            .prop_map(|(address, port, peer, from)| Opening::ForwardedPort { address, port, from: (peer, from) }),
        ".{0,20}".prop_map(Opening::ForwardedPath),
        "[a-z]{1,6}@[a-z]{1,9}".prop_map(Opening::Other),
    ]
}

fn global() -> impl Strategy<Value = GlobalRequest> {
    let place = || (".{0,20}", any::<u16>());
    prop_oneof![
        place().prop_map(|(address, port)| GlobalRequest::Listen { address, port }),
        place().prop_map(|(address, port)| GlobalRequest::ListenNoMore { address, port }),
        ".{0,20}".prop_map(GlobalRequest::ListenAt),
        ".{0,20}".prop_map(GlobalRequest::ListenAtNoMore),
        "[a-z]{1,6}@[a-z]{1,9}".prop_map(GlobalRequest::Other),
    ]
}

fn size() -> impl Strategy<Value = WindowSize> {
    any::<(u32, u32, u32, u32)>().prop_map(|(columns, rows, pixel_width, pixel_height)| WindowSize {
        columns,
        rows,
        pixel_width,
        pixel_height,
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    let pty = (".{0,20}", size(), bytes()).prop_map(|(term, size, bytes)| {
        // Those that mean something.
        Ask::Pty(PtyRequest { term, size, modes: modes::read(&bytes) })
    });
    prop_oneof![
        Just(Ask::Agent),
        pty,
        (".{0,20}", ".{0,20}").prop_map(|(name, value)| Ask::Variable { name, value }),
        bytes().prop_map(Ask::Exec),
        Just(Ask::Shell),
        ".{0,20}".prop_map(Ask::Subsystem),
        size().prop_map(Ask::Size),
        ".{0,20}".prop_map(Ask::Signal),
    ]
}

fn request() -> impl Strategy<Value = ChannelRequest> {
    prop_oneof![
        ask().prop_map(ChannelRequest::Ask),
        Just(ChannelRequest::X11),
        any::<u32>().prop_map(ChannelRequest::ExitStatus),
        ("[A-Z]{1,9}", "[a-z ]{0,20}").prop_map(|(name, message)| ChannelRequest::ExitSignal { name, message }),
        "[a-z]{1,6}@[a-z]{1,9}".prop_map(ChannelRequest::Other),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let data = || bytes().prop_map(Bytes::from);
    prop_oneof![
        (any::<bool>(), global()).prop_map(|(wants_reply, request)| Packet::GlobalRequest { wants_reply, request }),
        prop::option::of(1_u32..).prop_map(|port| Packet::RequestSuccess { port }),
        Just(Packet::RequestFailure),
        (opening(), grant()).prop_map(|(opening, grant)| Packet::Open { opening, grant }),
        (any::<u32>(), grant()).prop_map(|(to, grant)| Packet::OpenConfirmation { to, grant }),
        (any::<u32>(), any::<u32>(), "[a-z ]{0,20}").prop_map(|(to, reason, words)| Packet::OpenFailure {
            to,
            reason,
            words
        }),
        any::<(u32, u32)>().prop_map(|(to, more)| Packet::WindowAdjust { to, more }),
        (any::<u32>(), data()).prop_map(|(to, data)| Packet::Data { to, data }),
        (any::<u32>(), any::<u32>(), data()).prop_map(|(to, code, data)| Packet::ExtendedData { to, code, data }),
        any::<u32>().prop_map(|to| Packet::Eof { to }),
        any::<u32>().prop_map(|to| Packet::Close { to }),
        (any::<u32>(), any::<bool>(), request()).prop_map(|(to, wants_reply, request)| Packet::Request {
            to,
            wants_reply,
            request
        }),
        any::<u32>().prop_map(|to| Packet::Success { to }),
        any::<u32>().prop_map(|to| Packet::Failure { to }),
    ]
}

proptest! {
    #[test]
    fn what_is_said_is_read_as_it_was_said(packet in packet()) {
        prop_assert_eq!(Packet::decode(&packet.encode().into()), Ok(packet));
    }

    #[test]
    fn nothing_is_left_over(packet in packet(), more in 1_usize..9) {
        let mut bytes = packet.encode();
        bytes.extend(vec![7; more]);
        let read = Packet::decode(&bytes.into());
        // These end with what nobody here reads.
        let is_open_ended = matches!(
            &packet,
            Packet::RequestFailure
                | Packet::GlobalRequest { request: GlobalRequest::Other(_), .. }
                | Packet::Open { opening: Opening::Other(_), .. }
                | Packet::Request { request: ChannelRequest::Other(_) | ChannelRequest::X11, .. }
        );
        prop_assert_eq!(read.is_ok(), is_open_ended);
    }

    #[test]
    fn nothing_panics(kind in 78_u8..102, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Packet::decode(&[&[0, kind], &bytes[..]].concat().into());
        let _ = Packet::decode(&bytes.into());
    }
}

/// What OpenSSH's client says (RFC 4254, sections 5 and 6).
#[test]
fn the_bytes_are_those_of_the_protocol() {
    let read = |bytes: &'static [u8]| Packet::decode(&Bytes::from_static(bytes));
    let open = b"\0\x5a\0\0\0\x07session\0\0\0\x03\0\x20\0\0\0\0\x80\0";
    let grant = Grant { number: 3, window: 2 << 20, packet: 32 << 10 };
    assert_eq!(read(open), Ok(Packet::Open { opening: Opening::Session, grant }));
    assert_eq!(Packet::Open { opening: Opening::Session, grant }.encode(), open);
    let request = ChannelRequest::Ask(Ask::Exec(b"ls".to_vec()));
    let exec = Packet::Request { to: 1, wants_reply: true, request };
    assert_eq!(read(b"\0\x62\0\0\0\x01\0\0\0\x04exec\x01\0\0\0\x02ls"), Ok(exec));
    let dropped = Packet::Request { to: 1, wants_reply: false, request: ChannelRequest::Other("env".to_owned()) };
    assert_eq!(read(b"\0\x62\0\0\0\x01\0\0\0\x03env\0\0\0\0\x01A\0\0\0\x01\xff"), Ok(dropped));
    assert!(read(b"\x01\x5e\0\0\0\x01\0\0\0\0").is_err(), "padding");
}
