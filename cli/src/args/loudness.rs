//! What `-v` and `-q` add up to.

use xssh_ssh::settings::LogLevel;

/// The level that the letters have asked for so far.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    level: Option<LogLevel>,
    saw_v: bool,
}

/// The names of ssh_config(5), LogLevel, from quiet to loud.
const LEVELS: [(&str, LogLevel); 8] = [
    ("QUIET", LogLevel::Quiet),
    ("FATAL", LogLevel::Fatal),
    ("ERROR", LogLevel::Error),
    ("INFO", LogLevel::Info),
    ("VERBOSE", LogLevel::Verbose),
    ("DEBUG1", LogLevel::Debug1),
    ("DEBUG2", LogLevel::Debug2),
    ("DEBUG3", LogLevel::Debug3),
];

impl Loudness {
    /// `-q`.
    pub(super) fn quiet(&mut self) {
        self.level = Some(LogLevel::Quiet);
    }

    /// `-v`: the first one asks for DEBUG1 whatever was asked for, each further one for a level more.
    pub(super) fn louder(&mut self) {
        let place = LEVELS.iter().position(|(_, level)| Some(*level) == self.level);
        let next = place.filter(|_| self.saw_v).and_then(|place| LEVELS.get(place + 1));
        self.level = match (next, self.level) {
            (Some((_, level)), _) => Some(*level),
            (None, Some(LogLevel::Debug3)) => Some(LogLevel::Debug3),
            (None, _) => Some(LogLevel::Debug1),
        };
        self.saw_v = true;
    }

    /// The level, if a letter asked for one.
    pub(super) fn level(&self) -> Option<LogLevel> {
        self.level
    }

    /// Its name in configuration.
    pub(super) fn name(&self) -> Option<&'static str> {
        LEVELS.iter().find(|(_, level)| Some(*level) == self.level).map(|(name, _)| *name)
    }
}

/// The level that configuration calls by `name`.
pub(super) fn level_called(name: &str) -> Option<LogLevel> {
    let name = if name.eq_ignore_ascii_case("DEBUG") { "DEBUG1" } else { name };
    LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::{Loudness, level_called};
    use xssh_ssh::settings::LogLevel;

    #[test]
    fn each_v_is_a_level_more_and_q_is_none() {
        for (letters, name) in [
            ("", None),
            ("v", Some("DEBUG1")),
            ("vv", Some("DEBUG2")),
            ("vvv", Some("DEBUG3")),
            ("vvvvv", Some("DEBUG3")),
            ("q", Some("QUIET")),
            ("qv", Some("DEBUG1")),
            ("vq", Some("QUIET")),
            // ssh counts up from QUIET.
            ("vqv", Some("FATAL")),
        ] {
            let mut loudness = Loudness::default();
            for letter in letters.chars() {
                if letter == 'v' { loudness.louder() } else { loudness.quiet() }
            }
            assert_eq!(loudness.name(), name, "{letters}");
        }
    }

    #[test]
    fn levels_have_names_in_any_case() {
        assert_eq!(level_called("debug"), Some(LogLevel::Debug1));
        assert_eq!(level_called("Quiet"), Some(LogLevel::Quiet));
        assert_eq!(level_called("loud"), None);
    }
}
