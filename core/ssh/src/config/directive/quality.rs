//! Times, amounts and marks of a connection.

use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::measure;
use super::super::qos;
use super::super::reader::Reader;
use super::super::values::Value;
use super::{Line, scalar};

/// `none` and numbers as `-G` prints them stand in the table of [`qos`].
pub(super) fn ip_qos(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let bad = |argument: &str| Fault::value("Bad IPQoS value: ", argument, "");
    let first = line.arguments.next().unwrap_or_else(|| "(null)".to_owned());
    let interactive = qos::parse(&first).ok_or_else(|| bad(&first))?;
    let bulk = match line.arguments.next() {
        None => interactive,
        Some(second) => qos::parse(&second).ok_or_else(|| bad(&second))?,
    };
    if line.active && !reader.values.has(Keyword::IpQos) {
        reader.values.put(Keyword::IpQos, Value::Number(interactive));
        reader.values.put(Keyword::IpQosBulk, Value::Number(bulk));
    }
    Ok(())
}

/// An amount or `default`, then a time or `none`.
pub(super) fn rekey_limit(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("Missing argument.")?;
    let bytes = if argument == "default" {
        0
    } else {
        measure::size(&argument).map_err(|reason| Fault::value("Bad number '", format!("{argument}': {reason}"), ""))?
    };
    if bytes != 0 && bytes < 16 {
        return Err(Fault::Phrase("RekeyLimit too small"));
    }
    reader.set(line, Keyword::RekeyLimit, Value::Number(bytes));
    if line.arguments.len() > 0 { scalar::time(reader, Keyword::RekeyInterval, line) } else { Ok(()) }
}

pub(super) fn control_persist(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("Missing ControlPersist argument.")?;
    let (word, timeout) = match argument.as_str() {
        "no" | "false" => ("no", 0),
        "yes" | "true" => ("yes", 0),
        time => ("yes", measure::seconds(time).ok_or(Fault::Phrase("Bad ControlPersist argument."))?),
    };
    if line.active && !reader.values.has(Keyword::ControlPersist) {
        reader.values.put(Keyword::ControlPersist, Value::Word(word));
        reader.values.put(Keyword::ControlPersistTimeout, Value::Number(timeout));
    }
    Ok(())
}

/// `any` is stored as -1.
pub(super) fn tunnel_device(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("Missing argument.")?;
    let unit = |text: &str| match text {
        any if any.eq_ignore_ascii_case("any") => Some(-1),
        number => measure::integer(number).ok().filter(|number| *number < 0x7fff_fffe),
    };
    let (local, remote) = argument.split_once(':').unwrap_or((&argument, "any"));
    let bad = Fault::Phrase("Bad tun device.");
    let (local, remote) = unit(local).zip(unit(remote)).ok_or(bad)?;
    if line.active && !reader.values.has(Keyword::TunnelDevice) {
        reader.values.put(Keyword::TunnelDevice, Value::Number(local));
        reader.values.put(Keyword::TunnelRemote, Value::Number(remote));
    }
    Ok(())
}

/// `yes` (20 ms), `no`, or `interval:` and milliseconds.
pub(super) fn keystroke_timing(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("missing argument")?;
    let milliseconds = match argument.as_str() {
        "yes" | "true" => 20,
        "no" | "false" => 0,
        other => {
            let interval =
                other.strip_prefix("interval:").ok_or_else(|| Fault::value("unsupported argument \"", other, "\""))?;
            let number = measure::integer(interval).map_err(|word| Fault::value("integer value ", word, "."))?;
            if !(1..=1000).contains(&number) {
                return Err(Fault::Phrase("value out of range."));
            }
            number
        }
    };
    reader.set(line, Keyword::ObscureKeystrokeTiming, Value::Number(milliseconds));
    Ok(())
}
