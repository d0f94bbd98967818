//! A key's picture: the walk of a bishop that the fingerprint's bits steer ("The drunken bishop", Loss, Limmer and
//! von Gernler, 2009), as OpenSSH draws it for VisualHostKey.

use ring::digest;
use russh::keys::PublicKey;

use super::fingerprint::rsa_bits;
use super::key_type;

const WIDTH: usize = 17;
const HEIGHT: usize = 9;
const SIGNS: &[u8] = b" .o+=*BOX@%&#/^SE";

/// The picture of the SHA-256 fingerprint, eleven lines.
pub(super) fn draw(key: &PublicKey) -> String {
    let blob = key.to_bytes().unwrap_or_default();
    let field = walk(digest::digest(&digest::SHA256, &blob).as_ref());
    let title = match bits(key) {
        Some(bits) => format!("[{} {bits}]", key_type(key)),
        None => format!("[{}]", key_type(key)),
    };
    let mut picture = format!("+{}+\n", centred(&title));
    for row in field {
        let line: String = row.iter().map(|&count| char::from(SIGNS[usize::from(count)])).collect();
        picture.push_str(&format!("|{line}|\n"));
    }
    picture.push_str(&format!("+{}+\n", centred("[SHA256]")));
    picture
}

fn walk(hash: &[u8]) -> [[u8; WIDTH]; HEIGHT] {
    let (start, end) = (SIGNS.len() as u8 - 2, SIGNS.len() as u8 - 1);
    let mut field = [[0_u8; WIDTH]; HEIGHT];
    let (mut x, mut y) = (WIDTH / 2, HEIGHT / 2);
    for byte in hash {
        for pair in 0..4 {
            let move_ = byte >> (2 * pair);
            x = if move_ & 1 == 1 { (x + 1).min(WIDTH - 1) } else { x.saturating_sub(1) };
            y = if move_ & 2 == 2 { (y + 1).min(HEIGHT - 1) } else { y.saturating_sub(1) };
            field[y][x] = (field[y][x] + 1).min(start - 1);
        }
    }
    field[HEIGHT / 2][WIDTH / 2] = start;
    field[y][x] = end;
    field
}

fn centred(text: &str) -> String {
    let left = WIDTH.saturating_sub(text.len()) / 2;
    format!("{}{text}{}", "-".repeat(left), "-".repeat(WIDTH.saturating_sub(text.len() + left)))
}

fn bits(key: &PublicKey) -> Option<u32> {
    use russh::keys::ssh_key::Algorithm;
    match key.algorithm() {
        Algorithm::Ed25519 => Some(256),
        Algorithm::Ecdsa { curve } => match curve.as_str() {
            "nistp256" => Some(256),
            "nistp384" => Some(384),
            _ => Some(521),
        },
        _ => rsa_bits(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn it_is_the_picture_that_ssh_keygen_draws() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for (kind, length) in [("ed25519", "256"), ("ecdsa", "384"), ("rsa", "2048")] {
            let make = Command::new("ssh-keygen")
                .args(["-q", "-t", kind, "-b", length, "-N", "", "-f"])
                .arg(folder.path().join(kind))
                .status();
            assert!(make.unwrap().success());
            let public = folder.path().join(kind).with_extension("pub");
            let shown = Command::new("ssh-keygen").args(["-lv", "-f"]).arg(&public).output().unwrap().stdout;
            let shown = String::from_utf8(shown).unwrap();
            let key = PublicKey::from_openssh(&std::fs::read_to_string(&public).unwrap()).unwrap();
            assert_eq!(draw(&key), shown.split_once('\n').unwrap().1, "{kind} {}", file.display());
        }
    }
}
