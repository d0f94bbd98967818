//! Keywords with one value.

use super::super::choice::{self, Choices};
use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::measure;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;
use crate::destination::parse_port;

const MISSING: &str = "Missing argument.";

pub(super) fn choice(
    reader: &mut Reader<'_>,
    keyword: Keyword,
    line: &mut Line<'_>,
    choices: Choices,
) -> Result<(), Fault> {
    let argument = line.required("missing argument.")?;
    let word =
        choice::choose(choices, &argument).ok_or_else(|| Fault::value("unsupported option \"", argument, "\"."))?;
    reader.set(line, keyword, Value::Word(word));
    Ok(())
}

pub(super) fn integer(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.arguments.next().unwrap_or_default();
    let number = measure::integer(&argument).map_err(|word| Fault::value("integer value ", word, "."))?;
    reader.set(line, keyword, Value::Number(number));
    Ok(())
}

/// `none` leaves the keyword unset, so that a later line may still set it.
pub(super) fn time(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("missing time value.")?;
    if argument == "none" {
        return Ok(());
    }
    let seconds = measure::seconds(&argument).ok_or(Fault::Phrase("invalid time value."))?;
    reader.set(line, keyword, Value::Number(seconds));
    Ok(())
}

pub(super) fn text(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required(MISSING)?;
    reader.set(line, keyword, Value::Text(argument));
    Ok(())
}

pub(super) fn command(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) {
    let command = line.rest.trim_start_matches([' ', '\t', '\r', '\n', '=']).to_owned();
    reader.set(line, keyword, Value::Text(command));
    line.consume();
}

pub(super) fn port(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required(MISSING)?;
    let port = parse_port(&argument).map_err(|_| Fault::value("Bad port '", argument, "'."))?;
    reader.set(line, Keyword::Port, Value::Number(port.into()));
    Ok(())
}

pub(super) fn log_level(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.arguments.next().unwrap_or_else(|| "<NONE>".to_owned());
    let word = choice::choose(choice::LOG_LEVEL, &argument)
        .ok_or_else(|| Fault::value("unsupported log level '", argument, "'"))?;
    reader.set(line, Keyword::LogLevel, Value::Word(word));
    Ok(())
}

/// Set even in a block that does not apply, as OpenSSH does.
pub(super) fn syslog_facility(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.arguments.next().unwrap_or_else(|| "<NONE>".to_owned());
    let word = choice::choose(choice::LOG_FACILITY, &argument)
        .ok_or_else(|| Fault::value("unsupported log facility '", argument, "'"))?;
    reader.values.put_first(Keyword::SyslogFacility, Value::Word(word));
    Ok(())
}

pub(super) fn fingerprint_hash(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required(MISSING)?;
    let word = choice::choose(choice::FINGERPRINT_HASH, &argument)
        .ok_or_else(|| Fault::value("Invalid hash algorithm \"", argument, "\"."))?;
    reader.set(line, Keyword::FingerprintHash, Value::Word(word));
    Ok(())
}

/// A byte, `^` and a letter for a control character, or `none`, which is stored as -1.
pub(super) fn escape_char(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required(MISSING)?;
    let code = match argument.as_bytes() {
        b"none" => -1,
        [byte] => i64::from(*byte),
        [b'^', letter @ 64..=127] => i64::from(letter & 31),
        _ => return Err(Fault::Phrase("Bad escape character.")),
    };
    reader.set(line, Keyword::EscapeChar, Value::Number(code));
    Ok(())
}

/// An octal mode, of which what follows the digits is ignored. The last line wins, even in a block that does not
/// apply, as in OpenSSH.
pub(super) fn bind_mask(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("Missing StreamLocalBindMask argument.")?;
    let end = argument.find(|c| !matches!(c, '0'..='7')).unwrap_or(argument.len());
    let mask = argument.get(..end).and_then(|digits| i64::from_str_radix(digits, 8).ok());
    let mask = mask.filter(|mask| *mask <= 0o777).ok_or(Fault::Phrase("Bad mask."))?;
    reader.values.put(Keyword::StreamLocalBindMask, Value::Number(mask));
    Ok(())
}

/// The rest of the line up to a comment; `none` is the empty text.
pub(super) fn version_addendum(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let text = line.rest.split('#').next().unwrap_or_default().trim_end();
    if text.contains('\r') {
        return Err(Fault::Phrase("Invalid VersionAddendum argument"));
    }
    let text = if text.eq_ignore_ascii_case("none") { "" } else { text };
    reader.set(line, Keyword::VersionAddendum, Value::Text(text.to_owned()));
    line.consume();
    Ok(())
}
