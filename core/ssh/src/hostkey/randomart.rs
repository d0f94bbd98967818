//! A key's picture: the walk of a bishop that the fingerprint's bits steer ("The drunken bishop", Loss, Limmer and
//! von Gernler, 2009), as OpenSSH draws it for VisualHostKey.

use super::fingerprint;
use super::key::Key;
use crate::settings::FingerprintHash;

const WIDTH: usize = 17;
const HEIGHT: usize = 9;
/// How often a place was passed; then where the walk began, and where it ended.
const SIGNS: [char; 17] = [' ', '.', 'o', '+', '=', '*', 'B', 'O', 'X', '@', '%', '&', '#', '/', '^', 'S', 'E'];
const START: usize = SIGNS.len() - 2;
const END: usize = SIGNS.len() - 1;

/// The picture of the key's fingerprint: eleven lines, the last without its end.
pub(super) fn draw(key: &Key, in_certificate: bool, hash: FingerprintHash) -> String {
    let word = key.word();
    let word = if in_certificate { format!("{word}-CERT") } else { word.to_owned() };
    let mut title = format!("[{word} {}]", key.bits());
    if title.len() > WIDTH {
        title = format!("[{word}]");
    }
    let mut picture = format!("+{}+\n", centred(&title));
    for row in walk(&fingerprint::raw(key.blob(), hash)) {
        picture.push('|');
        picture.extend(row.iter().filter_map(|&count| SIGNS.get(count)));
        picture.push_str("|\n");
    }
    let name = match hash {
        FingerprintHash::Sha256 => "[SHA256]",
        FingerprintHash::Md5 => "[MD5]",
    };
    picture.push_str(&format!("+{}+", centred(name)));
    picture
}

/// Each byte is four steps, its lowest bits first: one bit for right, one for down. The walls stop a step.
fn walk(hash: &[u8]) -> [[usize; WIDTH]; HEIGHT] {
    let mut field = [[0; WIDTH]; HEIGHT];
    let (mut x, mut y) = (WIDTH / 2, HEIGHT / 2);
    for byte in hash {
        for step in [0, 2, 4, 6].map(|shift| byte >> shift) {
            x = next(x, step & 1 == 1, WIDTH);
            y = next(y, step & 2 == 2, HEIGHT);
            set(&mut field, x, y, |count| (count + 1).min(START - 1));
        }
    }
    set(&mut field, WIDTH / 2, HEIGHT / 2, |_| START);
    set(&mut field, x, y, |_| END);
    field
}

fn next(place: usize, forward: bool, size: usize) -> usize {
    if forward { (place + 1).min(size - 1) } else { place.saturating_sub(1) }
}

fn set(field: &mut [[usize; WIDTH]; HEIGHT], x: usize, y: usize, value: impl Fn(usize) -> usize) {
    if let Some(place) = field.get_mut(y).and_then(|row| row.get_mut(x)) {
        *place = value(*place);
    }
}

fn centred(text: &str) -> String {
    let left = WIDTH.saturating_sub(text.len()) / 2;
    let right = WIDTH.saturating_sub(text.len() + left);
    format!("{}{text}{}", "-".repeat(left), "-".repeat(right))
}
