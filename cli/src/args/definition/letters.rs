use clap::Arg;

/// What a letter wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing: another letter may follow in the same word.
    Nothing,
    /// A value: the rest of the word, or the next one.
    Value,
}

/// The letters of the definition.
#[derive(Debug)]
pub(crate) struct Letters([Option<Wants>; 128]);

impl Letters {
    /// Gathers the letters of `options`.
    pub(crate) fn of(options: &[Arg]) -> Self {
        let mut table = [None; 128];
        for option in options {
            let wants = if option.get_action().takes_values() { Wants::Value } else { Wants::Nothing };
            let slot = option.get_short().and_then(|letter| table.get_mut(letter as usize));
            if let Some(slot) = slot {
                *slot = Some(wants);
            }
        }
        Self(table)
    }

    /// What the letter wants; none where there is no such letter.
    pub(crate) fn wants(&self, letter: u8) -> Option<Wants> {
        self.0.get(usize::from(letter)).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{Letters, Wants};
    use crate::args::definition::options;

    /// ssh.c, main: the string that it hands to getopt.
    const OPENSSH: &str = "1246ACGKMNTVXYZafgknqstvxyB:D:E:F:I:J:L:O:P:Q:R:S:W:b:c:e:i:l:m:o:p:w:";

    #[test]
    fn the_letters_are_those_of_openssh_and_no_others() {
        let letters = Letters::of(&options());
        let bytes = OPENSSH.as_bytes();
        for letter in 0..=u8::MAX {
            let place = bytes.iter().position(|known| *known == letter && letter != b':');
            let expected = place.map(|at| match bytes.get(at + 1) {
                Some(b':') => Wants::Value,
                _ => Wants::Nothing,
            });
            assert_eq!(letters.wants(letter), expected, "{:?}", char::from(letter));
        }
    }
}
