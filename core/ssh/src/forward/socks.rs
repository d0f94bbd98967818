//! The server's side of SOCKS 4, 4a and 5, without authentication, as a machine without I/O.
//!
//! What a client says goes into [`Dialogue::push`]; [`Dialogue::step`] says what to do until it wants more. It does not
//! matter where the input is split, nor whether the client waits for answers. What stands behind the request is the
//! client's data: [`Dialogue::rest`].

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::socks::{
    ADDRESS_UNKNOWN, COMMAND_UNKNOWN, CONNECT, FAILURE, GRANTED_4, GRANTED_5, IPV4, IPV6, LONGEST, NAME,
    NO_AUTHENTICATION, NO_METHOD, NOT_ALLOWED, NOT_REACHED, REJECTED_4, VERSION_4, VERSION_5,
};

/// One client's dialogue.
#[derive(Debug, Default)]
pub struct Dialogue {
    said: Vec<u8>,
    /// A method was agreed on, so a request of SOCKS 5 follows.
    greeted: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read on.
    More,
    /// Send this, then ask again.
    Say(&'static [u8]),
    /// Connect, send [`Wish::answer`], and pass everything on.
    Connect(Wish),
    /// Send this, and close.
    Refuse {
        /// The answer; nothing where the client speaks something else.
        answer: Vec<u8>,
        /// Why, for the log.
        reason: &'static str,
    },
}

/// Where a client wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    version: u8,
    /// A name or a number.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// How a wish ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Connected.
    Granted,
    /// Nobody may go there.
    NotAllowed,
    /// No way leads there.
    NotReached,
}

impl Wish {
    /// What to tell the client.
    #[must_use]
    pub fn answer(&self, outcome: Outcome) -> Vec<u8> {
        answer(
            self.version,
            match outcome {
                Outcome::Granted => GRANTED_5,
                Outcome::NotAllowed => NOT_ALLOWED,
                Outcome::NotReached => NOT_REACHED,
            },
        )
    }
}

/// An answer, with no address bound; SOCKS 4 knows yes and no.
fn answer(version: u8, code: u8) -> Vec<u8> {
    if version == VERSION_4 {
        let code = if code == GRANTED_5 { GRANTED_4 } else { REJECTED_4 };
        return vec![0, code, 0, 0, 0, 0, 0, 0];
    }
    vec![VERSION_5, code, 0, IPV4, 0, 0, 0, 0, 0, 0]
}

fn refuse(version: u8, code: u8, reason: &'static str) -> Step {
    Step::Refuse { answer: answer(version, code), reason }
}

/// A message that is not there to its end.
struct Short;

impl Dialogue {
    /// Takes what the client said.
    pub fn push(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
    }

    /// What to do now. Nothing is held of a message that is done with; one that is not is some 600 bytes at most.
    pub fn step(&mut self) -> Step {
        let step = match (self.greeted, self.said.first()) {
            (_, None) => return Step::More,
            (false, Some(&VERSION_4)) => self.request_4(),
            (false, Some(&VERSION_5)) => self.greeting_5(),
            (true, Some(&VERSION_5)) => self.request_5(),
            (false, Some(_)) => return Step::Refuse { answer: Vec::new(), reason: "it does not speak SOCKS" },
            (true, Some(_)) => return refuse(VERSION_5, FAILURE, "its request is of another version"),
        };
        step.unwrap_or(Step::More)
    }

    /// What the client has sent behind its request.
    #[must_use]
    pub fn rest(self) -> Vec<u8> {
        self.said
    }

    /// Version, command, port, address, user, 0; with an address of 0.0.0.x, a name and 0.
    fn request_4(&mut self) -> Result<Step, Short> {
        let mut at = Cursor(&self.said);
        let [_, command, high, low] = at.array()?;
        let [a, b, c, d] = at.array()?;
        let Some(_user) = at.until_zero()? else {
            return Ok(refuse(VERSION_4, FAILURE, "its user has too long a name"));
        };
        let named = [a, b, c] == [0, 0, 0] && d != 0;
        let host = match named {
            false => Ok(Ipv4Addr::new(a, b, c, d).to_string()),
            true => match at.until_zero()? {
                Some(name) => host(name),
                None => Err("its host has too long a name"),
            },
        };
        let left = at.0.len();
        if command != CONNECT {
            return Ok(refuse(VERSION_4, COMMAND_UNKNOWN, "it asks for something other than a connection"));
        }
        Ok(self.wish(VERSION_4, host, u16::from_be_bytes([high, low]), left))
    }

    /// Version, count, methods.
    fn greeting_5(&mut self) -> Result<Step, Short> {
        let mut at = Cursor(&self.said);
        let [_, count] = at.array()?;
        let methods = at.take(usize::from(count))?;
        if !methods.contains(&NO_AUTHENTICATION) {
            let answer = vec![VERSION_5, NO_METHOD];
            return Ok(Step::Refuse { answer, reason: "it insists on authentication" });
        }
        let left = at.0.len();
        self.drop_to(left);
        self.greeted = true;
        Ok(Step::Say(&[VERSION_5, NO_AUTHENTICATION]))
    }

    /// Version, command, reserved, kind, address, port.
    fn request_5(&mut self) -> Result<Step, Short> {
        let mut at = Cursor(&self.said);
        let [_, command, _, kind] = at.array()?;
        let host = match kind {
            IPV4 => Ok(Ipv4Addr::from(at.array::<4>()?).to_string()),
            IPV6 => Ok(Ipv6Addr::from(at.array::<16>()?).to_string()),
            NAME => {
                let [length] = at.array()?;
                host(at.take(usize::from(length))?)
            }
            _ => return Ok(refuse(VERSION_5, ADDRESS_UNKNOWN, "its host is of an unknown kind")),
        };
        let port = u16::from_be_bytes(at.array()?);
        let left = at.0.len();
        if command != CONNECT {
            return Ok(refuse(VERSION_5, COMMAND_UNKNOWN, "it asks for something other than a connection"));
        }
        Ok(self.wish(VERSION_5, host, port, left))
    }

    fn wish(&mut self, version: u8, host: Result<String, &'static str>, port: u16, left: usize) -> Step {
        self.drop_to(left);
        match host {
            Ok(host) => Step::Connect(Wish { version, host, port }),
            Err(reason) => refuse(version, FAILURE, reason),
        }
    }

    /// Keeps the last `left` bytes.
    fn drop_to(&mut self, left: usize) {
        self.said.drain(..self.said.len() - left);
    }
}

/// A host's name: text, and nothing that could end it early elsewhere.
fn host(bytes: &[u8]) -> Result<String, &'static str> {
    match std::str::from_utf8(bytes) {
        Ok("") => Err("its host has no name"),
        Ok(name) if !name.chars().any(|c| c.is_control() || c.is_whitespace()) => Ok(name.to_owned()),
        _ => Err("the name of its host is none"),
    }
}

/// What is left to be read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// The bytes up to a zero, which is taken too; none where they are more than any field may have.
    fn until_zero(&mut self) -> Result<Option<&'a [u8]>, Short> {
        match self.0.iter().take(LONGEST + 1).position(|byte| *byte == 0) {
            Some(end) => {
                let field = self.take(end)?;
                self.take(1)?;
                Ok(Some(field))
            }
            None if self.0.len() > LONGEST => Ok(None),
            None => Err(Short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All steps for what is said in these pieces, and what is left.
    fn steps(pieces: &[&[u8]]) -> (Vec<Step>, Vec<u8>) {
        let mut dialogue = Dialogue::default();
        let mut steps = Vec::new();
        for piece in pieces {
            dialogue.push(piece);
            while !matches!(steps.last(), Some(Step::Connect(_) | Step::Refuse { .. })) {
                match dialogue.step() {
                    Step::More => break,
                    step => steps.push(step),
                }
            }
        }
        (steps, dialogue.rest())
    }

    fn wish(version: u8, host: &str, port: u16) -> Step {
        Step::Connect(Wish { version, host: host.to_owned(), port })
    }

    const HELLO: Step = Step::Say(&[5, 0]);

    #[test]
    fn every_kind_of_request_is_read_to_its_end() {
        for (said, expected) in [
            (&b"\x04\x01\x00\x50\x7f\x00\x00\x01me\x00data"[..], vec![wish(4, "127.0.0.1", 80)]),
            (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a.example\x00data", vec![wish(4, "a.example", 80)]),
            (b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50data", vec![HELLO, wish(5, "127.0.0.1", 80)]),
            (b"\x05\x02\x02\x00\x05\x01\x00\x03\x01h\x01\x00data", vec![HELLO, wish(5, "h", 256)]),
            (
                b"\x05\x01\x00\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x16data",
                vec![HELLO, wish(5, "::1", 22)],
            ),
        ] {
            assert_eq!(steps(&[said]), (expected, b"data".to_vec()), "{said:?}");
        }
    }

    #[test]
    fn what_is_not_served_is_answered() {
        for (said, answer) in [
            (&b"GET / HTTP/1.1"[..], &b""[..]),
            (b"\x04\x02\x00\x50\x7f\x00\x00\x01\x00", b"\x00\x5b\0\0\0\0\0\0"),
            (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a b\x00", b"\x00\x5b\0\0\0\0\0\0"),
            (b"\x05\x01\x02", b"\x05\xff"),
            (b"\x05\x00", b"\x05\xff"),
            (b"\x05\x01\x00\x05\x02\x00\x03\x01h\x00\x16", b"\x05\x07\x00\x01\0\0\0\0\0\0"),
            (b"\x05\x01\x00\x05\x01\x00\x02", b"\x05\x08\x00\x01\0\0\0\0\0\0"),
            (b"\x05\x01\x00\x05\x01\x00\x03\x00\x00\x16", b"\x05\x01\x00\x01\0\0\0\0\0\0"),
            (b"\x05\x01\x00\x04\x01\x00\x03", b"\x05\x01\x00\x01\0\0\0\0\0\0"),
        ] {
            let (steps, _) = steps(&[said]);
            assert!(matches!(steps.last(), Some(Step::Refuse { answer: said, .. }) if said == answer), "{steps:?}");
        }
        let long = [b"\x04\x01\x00\x50\x7f\x00\x00\x01".as_slice(), &[b'u'; 256]].concat();
        assert!(matches!(steps(&[&long]).0.last(), Some(Step::Refuse { .. })));
    }

    #[test]
    fn outcomes_have_answers_in_both_versions() {
        let mut wish = Wish { version: 4, host: "h".to_owned(), port: 1 };
        assert_eq!(wish.answer(Outcome::Granted), b"\x00\x5a\0\0\0\0\0\0");
        assert_eq!(wish.answer(Outcome::NotReached), b"\x00\x5b\0\0\0\0\0\0");
        wish.version = 5;
        assert_eq!(wish.answer(Outcome::Granted), b"\x05\x00\x00\x01\0\0\0\0\0\0");
        assert_eq!(wish.answer(Outcome::NotAllowed), b"\x05\x02\x00\x01\0\0\0\0\0\0");
    }

    fn dialogue() -> impl Strategy<Value = Vec<u8>> {
        let port = any::<[u8; 2]>();
        let four = (any::<[u8; 4]>(), "[a-z]{0,8}", "[a-z.]{1,20}", port).prop_map(|(address, user, name, port)| {
            let named =
                if address[..3] == [0, 0, 0] && address[3] != 0 { [name.as_bytes(), b"\0"].concat() } else { vec![] };
            [&[4, 1], &port[..], &address, user.as_bytes(), b"\0", &named].concat()
        });
        let five = ("[a-z.]{1,60}", port)
            .prop_map(|(name, port)| [&[5, 1, 0, 5, 1, 0, 3, name.len() as u8], name.as_bytes(), &port[..]].concat());
        let anything = proptest::collection::vec(any::<u8>(), 0..700);
        let nearly = (prop_oneof![Just(4_u8), Just(5)], anything.clone())
            .prop_map(|(version, rest)| [&[version][..], &rest].concat());
        prop_oneof![four, five, nearly, anything]
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_input_is_split(
            said in dialogue(), data in "[a-z]{0,8}", at in any::<prop::sample::Index>(),
        ) {
            let said = [&said, data.as_bytes()].concat();
            let (before, after) = said.split_at(at.index(said.len() + 1));
            let whole = steps(&[&said]);
            prop_assert_eq!(&steps(&[before, after]), &whole);
            let single: Vec<&[u8]> = said.chunks(1).collect();
            prop_assert_eq!(&steps(&single), &whole);
        }

        #[test]
        fn a_request_that_goes_on_is_not_held(said in dialogue()) {
            let mut dialogue = Dialogue::default();
            dialogue.push(&said);
            while matches!(dialogue.step(), Step::Say(_)) {}
            if dialogue.step() == Step::More {
                prop_assert!(dialogue.rest().len() < 600);
            }
        }
    }
}
