//! `xssh tunnel --status`: how the tunnels of this account stand.

use serde_json::{Value, json};
use xssh_ssh::terminal::visible::visible;

use super::record;
use crate::{help, words};

/// All are up.
const UP: u8 = 0;
/// One at least is not, or there is none.
const NOT_UP: u8 = 1;

/// Shows them; the exit code says whether all of them are up.
pub(super) fn run(name: Option<&str>, as_json: bool) -> u8 {
    let records = match record::all(name) {
        Ok(records) => records,
        Err(error) => return words::fail(&error),
    };
    if let Some(name) = name.filter(|_| records.is_empty()) {
        words::say(&record::none_of(name));
    }
    let text = if as_json { format!("{}\n", json!({ "tunnels": records })) } else { table(&records, record::now()) };
    let shown = help::stdout(&text);
    let all_up = !records.is_empty() && records.iter().all(|record| record["state"] == "up");
    match shown {
        0 if all_up => UP,
        0 => NOT_UP,
        code => code,
    }
}

fn table(records: &[Value], now: u64) -> String {
    let mut lines = vec![line(["NAME", "STATE", "SINCE", "PID", "TIMES UP"])];
    for record in records {
        let text = |member: &str| match &record[member] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let since = record["since"].as_u64().map_or_else(|| "-".to_owned(), |since| ago(since, now));
        lines.push(line([&text("name"), &text("state"), &since, &text("pid"), &text("times_up")]));
        lines.extend(details(record, now));
    }
    lines.iter().map(|line| visible(line.trim_end().as_bytes()) + "\n").collect()
}

fn line([name, state, since, pid, times_up]: [&str; 5]) -> String {
    format!("{name:<20} {state:<10} {since:<16} {pid:>8} {times_up:>9}")
}

/// What stands below a tunnel's line.
fn details(record: &Value, now: u64) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut details = Vec::new();
    for forward in record["forwards"].as_array().into_iter().flatten() {
        let letter = match forward["kind"].as_str() {
            Some("remote") => "-R",
            Some("dynamic") => "-D",
            _ => "-L",
        };
        details.push(format!("    {letter} {} to {}", text(&forward["listen"]), text(&forward["to"])));
    }
    if record["state"] == "died" {
        details.push("    its process is gone and said nothing: it was killed, or the machine went down".to_owned());
    }
    if let Some(next) = record["next_try"].as_u64() {
        details.push(format!("    next try in {}", span(next.saturating_sub(now))));
    }
    if let (Some(reason), Some(at)) = (record["last_reason"].as_str(), record["last_reason_at"].as_u64()) {
        details.push(format!("    last failure {}: {reason}", ago(at, now)));
    }
    details
}

fn ago(then: u64, now: u64) -> String {
    format!("{} ago", span(now.saturating_sub(then)))
}

fn span(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => format!("{} d {} h", seconds / DAY, seconds % DAY / HOUR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_stands_and_what_went_wrong() {
        let forward = json!({ "kind": "remote", "listen": "localhost:4711", "port": 4711, "to": "localhost:80" });
        let up = json!({
            "name": "db", "state": "up", "since": 100, "pid": 7, "times_up": 2, "forwards": [forward],
            "next_try": null, "last_reason": "gone\u{1b}[2J", "last_reason_at": 40,
        });
        let table = table(&[up], 4000);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>().join(" "), "db up 1 h 5 min ago 7 2");
        assert_eq!(lines[2], "    -R localhost:4711 to localhost:80");
        assert!(lines[3].starts_with("    last failure 1 h 6 min ago: gone") && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn spans_are_for_people() {
        let spans = [0, 59, 60, 3600, 3 * 86_400 + 7200].map(span);
        assert_eq!(spans, ["0 s", "59 s", "1 min", "1 h 0 min", "3 d 2 h"]);
    }
}
