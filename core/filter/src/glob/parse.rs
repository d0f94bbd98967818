//! From the bytes of a pattern to its tokens.

use super::Token;
use super::set::Set;

/// rsync: two or more asterisks anywhere cross slashes.
pub(super) fn rsync(pattern: &[u8]) -> Option<Vec<Token>> {
    tokens(pattern, |_, _, stars, tokens| tokens.push(if stars > 1 { Token::StarStar } else { Token::Star }))
}

/// git: two or more asterisks cross slashes where they fill a whole component.
pub(super) fn git(pattern: &[u8]) -> Option<Vec<Token>> {
    tokens(pattern, |before, after, stars, tokens| {
        let opens = before.is_none_or(|byte| byte == b'/');
        let closes = matches!(after, [] | [b'/', ..] | [b'\\', b'/', ..]);
        if stars < 2 || !opens || !closes {
            return tokens.push(Token::Star);
        }
        if after.first() == Some(&b'/') {
            tokens.push(Token::Optional);
        }
        tokens.push(Token::StarStar);
    })
}

/// `asterisks` is told the byte before some of them, what follows, and how many they are.
fn tokens(pattern: &[u8], asterisks: impl Fn(Option<u8>, &[u8], usize, &mut Vec<Token>)) -> Option<Vec<Token>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut before = None;
    while let Some((&byte, behind)) = rest.split_first() {
        let whole = rest;
        rest = behind;
        match byte {
            b'\\' => {
                let (&escaped, behind) = rest.split_first()?;
                tokens.push(Token::Byte(escaped));
                rest = behind;
            }
            b'?' => tokens.push(Token::One),
            b'[' => {
                let (set, behind) = Set::parse(rest)?;
                tokens.push(Token::Set(Box::new(set)));
                rest = behind;
            }
            b'*' => {
                let stars = 1 + rest.iter().take_while(|byte| **byte == b'*').count();
                rest = &whole[stars..];
                asterisks(before, rest, stars, &mut tokens);
            }
            _ => tokens.push(Token::Byte(byte)),
        }
        before = whole.get(whole.len() - rest.len() - 1).copied();
    }
    Some(tokens)
}
