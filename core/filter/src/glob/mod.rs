//! Wildcards over bytes, in rsync's dialect and in git's.
//!
//! A pattern is a list of tokens, and matching keeps the set of tokens that may come next. So it costs at most tokens ×
//! bytes of text whatever the pattern, where the usual recursion may cost exponential time. It also tries all places
//! where a pattern may begin in one pass.

mod parse;
mod set;

use set::Set;

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// Any byte but a slash.
    One,
    /// One byte of these.
    Set(Box<Set>),
    /// Any bytes but slashes.
    Star,
    /// Any bytes.
    StarStar,
    /// What follows is git's `**/`, a [`Token::StarStar`] and a slash, and may be left out.
    Optional,
}

/// Where in a text a pattern may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At its first byte.
    First,
    /// There, and behind each slash.
    AfterSlash,
}

/// A pattern that is ready to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    /// How many bytes stand alone at the end: most patterns fail on them, which costs next to nothing.
    tail: usize,
}

/// How many tokens a set holds that needs no memory of its own.
const SMALL: usize = 127;

impl Glob {
    /// A pattern in rsync's dialect. None where it is malformed, so that it matches nothing.
    pub(crate) fn rsync(pattern: &[u8]) -> Option<Self> {
        parse::rsync(pattern).map(Self::new)
    }

    /// A pattern in git's dialect, as above.
    pub(crate) fn git(pattern: &[u8]) -> Option<Self> {
        parse::git(pattern).map(Self::new)
    }

    fn new(tokens: Vec<Token>) -> Self {
        let optional = tokens.iter().rposition(|token| *token == Token::Optional).map_or(0, |place| place + 3);
        let fixed = tokens.get(optional..).unwrap_or_default();
        let tail = fixed.iter().rev().take_while(|token| matches!(token, Token::Byte(_))).count();
        Self { tokens, tail }
    }

    /// Whether the pattern takes the text from a start to its end.
    pub(crate) fn matches(&self, text: &[u8], start: Start) -> bool {
        if !self.tail_fits(text) {
            return false;
        }
        let words = self.tokens.len() / 64 + 1;
        if self.tokens.len() <= SMALL {
            let (mut here, mut next) = ([0; SMALL / 64 + 1], [0; SMALL / 64 + 1]);
            self.run(text, start, &mut here[..words], &mut next[..words])
        } else {
            self.run(text, start, &mut vec![0; words], &mut vec![0; words])
        }
    }

    fn tail_fits(&self, text: &[u8]) -> bool {
        let tail = &self.tokens[self.tokens.len() - self.tail..];
        tail.len() <= text.len() && tail.iter().rev().zip(text.iter().rev()).all(|(t, byte)| *t == Token::Byte(*byte))
    }

    /// Goes through the text with the set of places in the pattern, as bits.
    fn run<'s>(&self, text: &[u8], start: Start, mut here: &'s mut [u64], mut next: &'s mut [u64]) -> bool {
        put(here, 0);
        for &byte in text {
            self.step(here, next, byte);
            if byte == b'/' && start == Start::AfterSlash {
                put(next, 0);
            }
            if next.iter().all(|word| *word == 0) && start == Start::First {
                return false;
            }
            (here, next) = (next, here);
            next.fill(0);
        }
        self.rest_is_empty(here)
    }

    /// From the places before a byte to those behind it. A place that needs no byte leads to a later one, so that one
    /// pass in ascending order sees it too.
    fn step(&self, here: &mut [u64], next: &mut [u64], byte: u8) {
        let mut from = 0;
        while let Some(place) = first(here, from) {
            from = place + 1;
            let Some(token) = self.tokens.get(place) else { return };
            self.skip(here, place, token);
            match token {
                Token::Byte(wanted) if byte == *wanted => put(next, place + 1),
                Token::One if byte != b'/' => put(next, place + 1),
                Token::Set(set) if set.has(byte) => put(next, place + 1),
                Token::Star if byte != b'/' => put(next, place),
                Token::StarStar => put(next, place),
                _ => {}
            }
        }
    }

    fn skip(&self, here: &mut [u64], place: usize, token: &Token) {
        match token {
            Token::Star | Token::StarStar => put(here, place + 1),
            Token::Optional => {
                put(here, place + 1);
                put(here, place + 3);
            }
            Token::Byte(_) | Token::One | Token::Set(_) => {}
        }
    }

    fn rest_is_empty(&self, here: &mut [u64]) -> bool {
        let mut from = 0;
        while let Some(place) = first(here, from) {
            from = place + 1;
            match self.tokens.get(place) {
                Some(token) => self.skip(here, place, token),
                None => return true,
            }
        }
        false
    }
}

fn put(set: &mut [u64], place: usize) {
    if let Some(word) = set.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}

/// The first member that is not below `from`.
fn first(set: &[u64], from: usize) -> Option<usize> {
    let mut at = from / 64;
    let mut word = set.get(at)? & (u64::MAX << (from % 64));
    while word == 0 {
        at += 1;
        word = *set.get(at)?;
    }
    Some(at * 64 + word.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests;
