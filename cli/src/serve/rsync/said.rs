//! What lines of rsync's say.

/// What one rsync said.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Files that it moved.
    pub(super) files: u64,
    /// Their sizes together.
    pub(super) bytes: u64,
    /// Entries that were there, differ, and stay as they are.
    pub(super) left: u64,
    /// The first of them.
    pub(super) first_left: String,
    /// Files that were larger than they may be, and were not taken.
    pub(super) over: u64,
    /// The first of them.
    pub(super) first_over: String,
    /// The system wrote no more of a file, because it would have been too large.
    pub(super) too_large: bool,
}

/// How the lines about what is left end, where it is of another kind, size, time or sum.
const LEFT: [&str; 3] = [" exists (type change)", " exists (file change)", " exists (sum change)"];
/// The same of files that are larger than a call takes.
const OVER: &str = " is over max-size";
/// How a file that is too large is told of (EFBIG, of errno(3)).
const TOO_LARGE: &str = "File too large (27)";
/// How many letters of a name are shown.
const NAME: usize = 200;

/// Takes note of a line of its log, `2026/11/26 19:12:45 [17] 100`.
pub(super) fn of_log(line: &[u8], said: &mut Said) {
    let line = String::from_utf8_lossy(line);
    let Some((_, text)) = line.split_once("] ") else { return };
    if let Some(size) = number(text) {
        said.files += 1;
        said.bytes = said.bytes.saturating_add(size);
    } else if let Some(name) = LEFT.iter().find_map(|end| text.strip_suffix(end)) {
        said.left += 1;
        if said.left == 1 {
            said.first_left = shown(name);
        }
    } else if let Some(name) = text.strip_suffix(OVER) {
        said.over += 1;
        if said.over == 1 {
            said.first_over = shown(name);
        }
    }
    said.too_large |= text.ends_with(TOO_LARGE);
}

/// Takes note of a line of its words. Says whether it was asked for by us, and is for nobody else.
pub(super) fn of_words(line: &[u8], said: &mut Said) -> bool {
    let line = String::from_utf8_lossy(line);
    let mapped = line.strip_prefix("send_files mapped ").and_then(|rest| rest.rsplit_once(" of size "));
    if let Some(size) = mapped.and_then(|(_, size)| number(size)) {
        said.files += 1;
        said.bytes = said.bytes.saturating_add(size);
        return true;
    }
    let begins =
        ["calling match_sums ", "sending file_sum", "false_alarms=", "total: matches=", "count=", "generate_files"];
    begins.iter().any(|begin| line.starts_with(begin))
}

fn shown(name: &str) -> String {
    name.chars().take(NAME).flat_map(char::escape_debug).collect()
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], take: impl Fn(&[u8], &mut Said)) -> Said {
        let mut said = Said::default();
        lines.iter().for_each(|line| take(line.as_bytes(), &mut said));
        said
    }

    #[test]
    fn lines_of_a_log_are_counted_by_what_they_say() {
        let said = of(
            &[
                "2026/11/26 19:12:45 [9500] receiving file list",
                "2026/11/26 19:12:45 [9500] 100",
                "2026/11/26 19:12:45 [9500] deleting x] 7",
                "2026/11/26 19:12:45 [9500] 0",
                "2026/11/26 19:12:45 [9500] +5",
                "2026/11/26 19:12:45 [9500] sent 380852 bytes  received 3123443 bytes  total size 2000000",
                "2026/11/26 19:12:45 [9500] sub/a\tb exists (file change)",
                "2026/11/26 19:12:45 [9500] c exists (uptodate)",
                "2026/11/26 19:12:45 [9500] d exists (attr change)",
                "2026/11/26 19:12:45 [9500] e exists (type change)",
                "2026/11/26 19:12:45 [9500] sub/large is over max-size",
                "",
            ],
            of_log,
        );
        let (first_left, first_over) = ("sub/a\\tb".to_owned(), "sub/large".to_owned());
        assert_eq!(said, Said { files: 2, bytes: 100, left: 2, first_left, over: 1, first_over, too_large: false });
        assert!(of(&["2026/11/26 19:12:45 [1] rsync: write failed on \"x\": File too large (27)"], of_log).too_large);
    }

    #[test]
    fn words_that_we_asked_for_are_ours_and_all_others_the_clients() {
        let mut said = Said::default();
        for (line, is_ours) in [
            ("send_files mapped p/b of size 7 of size 3", true),
            ("calling match_sums a", true),
            ("total: matches=0  hash_hits=0  false_alarms=0 data=5", true),
            ("send_files mapped a of size", false),
            ("rsync: [sender] link_stat \"x\" failed: No such file or directory (2)", false),
        ] {
            assert_eq!(of_words(line.as_bytes(), &mut said), is_ours, "{line}");
        }
        assert_eq!((said.files, said.bytes), (1, 3));
    }
}
