//! `xssh tunnel --status`: how the tunnels of this account stand.

use serde_json::{Value, json};

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
    let text = if as_json { format!("{}\n", json!({ "tunnels": records })) } else { table(&records) };
    let shown = help::stdout(&text);
    let all_up = !records.is_empty() && records.iter().all(|record| record["state"] == "up");
    match shown {
        0 if all_up => UP,
        0 => NOT_UP,
        code => code,
    }
}

fn table(records: &[Value]) -> String {
    let text = |record: &Value, member: &str| match &record[member] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let mut table = format!("{:<20} {:<10} {:>8} {:>8}  {}\n", "NAME", "STATE", "PID", "TIMES UP", "LAST REASON");
    for record in records {
        let column = |member| text(record, member);
        let line = format!(
            "{:<20} {:<10} {:>8} {:>8}  {}",
            column("name"),
            column("state"),
            column("pid"),
            column("times_up"),
            column("last_reason")
        );
        table.push_str(&xssh_ssh::terminal::visible::visible(line.trim_end().as_bytes()));
        table.push('\n');
    }
    table
}
