//! Instants in JSON: what Go reads as one, what it says of what is none, and how it prints what it has read.
//! *Sources: apimachinery pkg/apis/meta/v1/time.go UnmarshalJSON, MarshalJSON; Go's time.Parse.*

use std::fmt::Write as _;

use serde_json::Value;

use crate::go;
use crate::time::{SimTime, rfc3339};

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// The first and the last second that the API types hold: from the year 0 to the evening before the year 9999 ends.
const HELD: (i64, i64) = (-62_167_219_200, 253_402_207_200);

/// The instant as it is printed: in UTC and in whole seconds. The error is in Go's words.
pub(super) fn read(value: &Value) -> Result<Option<Value>, String> {
    let found = match value {
        Value::String(text) => return printed(text).map(|text| Some(text.into())),
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Array(_) => "array",
        Value::Object(_) | Value::Null => "object",
    };
    Err(format!("json: cannot unmarshal {found} into Go value of type string"))
}

fn printed(text: &str) -> Result<String, String> {
    seconds(text).map(|seconds| rfc3339(seconds, SimTime::START)).map_err(|problem| {
        let mut words = format!("parsing time {}", go::quote(text));
        let written = match problem {
            Problem::Unreadable(rest, element) => {
                let (layout, rest) = (go::quote(LAYOUT), go::quote(rest));
                write!(words, " as {layout}: cannot parse {rest} as {}", go::quote(element))
            }
            Problem::OutOfRange(part) => write!(words, ": {part} out of range"),
        };
        written.expect("a text takes what it is given");
        words
    })
}

/// The seconds since 1970 of an instant, if it is one.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    seconds(text).ok()
}

enum Problem<'a> {
    /// The rest of the text from the first element on that cannot be read, and that element of the layout.
    Unreadable(&'a str, &'static str),
    /// A part of the time that does not exist.
    OutOfRange(&'static str),
}

/// Unix seconds.
fn seconds(text: &str) -> Result<i64, Problem<'_>> {
    // An element of the layout, its digits, and its name and range.
    const ELEMENTS: [(&str, usize, &str, i64, i64); 11] = [
        ("2006", 4, "year", 0, 9999),
        ("-", 0, "", 0, 0),
        ("01", 2, "month", 1, 12),
        ("-", 0, "", 0, 0),
        ("02", 2, "day", 0, 99),
        ("T", 0, "", 0, 0),
        ("15", 2, "hour", 0, 23),
        (":", 0, "", 0, 0),
        ("04", 2, "minute", 0, 59),
        (":", 0, "", 0, 0),
        ("05", 2, "second", 0, 59),
    ];
    let mut rest = text;
    let mut parts = Vec::new();
    for (element, digits, name, least, most) in ELEMENTS {
        if digits == 0 {
            rest = rest.strip_prefix(element).ok_or(Problem::Unreadable(rest, element))?;
            continue;
        }
        let part = number(rest, digits).ok_or(Problem::Unreadable(rest, element))?;
        if !(least..=most).contains(&part) {
            return Err(Problem::OutOfRange(name));
        }
        parts.push(part);
        rest = &rest[digits..];
    }
    let fraction =
        rest.strip_prefix('.').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone = fraction.unwrap_or(rest);
    let offset = offset(zone).ok_or(Problem::Unreadable(zone, "Z07:00"))??;
    let [year, month, day, hour, minute, second] = parts[..] else {
        unreachable!("the layout has six numbers")
    };
    if !(1..=days_of_month(year, month)).contains(&day) {
        return Err(Problem::OutOfRange("day"));
    }
    let at = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset;
    Ok(at.clamp(HELD.0, HELD.1))
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let part = text.get(..digits)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

/// The seconds by which local time is ahead.
fn offset(zone: &str) -> Option<Result<i64, Problem<'_>>> {
    if zone == "Z" {
        return Some(Ok(0));
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let two = |text: &str| number(text, 2).filter(|_| text.len() == 2);
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 24 {
        return Some(Err(Problem::OutOfRange("time zone offset hour")));
    }
    if minutes > 60 {
        return Some(Err(Problem::OutOfRange("time zone offset minute")));
    }
    Some(Ok(sign * (hours * 60 + minutes) * 60))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01. Years are counted from March, so that the day that comes and goes is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = printed(text).unwrap_or_else(|error| error);
        assert_eq!(got, want, "for {text:?}");
        // Whatever is read fits the types.
        if text != want {
            return;
        }
        let time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time =
            crate::object::json::read(&Value::from(text));
        assert_eq!(crate::object::json::write(&time), text);
    }

    #[test]
    fn instants_are_printed_as_go_prints_them() {
        check("2026-03-02T09:05:10Z", "2026-03-02T09:05:10Z");
        check("2026-03-02T09:05:10.123456789123Z", "2026-03-02T09:05:10Z");
        check("2026-03-01T00:30:00+02:00", "2026-02-28T22:30:00Z");
        check("2024-02-29T23:59:59-00:30", "2024-03-01T00:29:59Z");
        check("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
        check("0000-01-01T00:00:00+10:00", "0000-01-01T00:00:00Z");
        check("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z");
        check("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z");
    }

    #[test]
    fn what_is_none_is_told_in_gos_words() {
        let layout = r#"as "2006-01-02T15:04:05Z07:00": cannot parse"#;
        check("", &format!(r#"parsing time "" {layout} "" as "2006""#));
        check("2026-3-2", &format!(r#"parsing time "2026-3-2" {layout} "3-2" as "01""#));
        check(
            "2026-03-02T09:05:10",
            &format!(r#"parsing time "2026-03-02T09:05:10" {layout} "" as "Z07:00""#),
        );
        check("2026-13-02T09:05:10Z", r#"parsing time "2026-13-02T09:05:10Z": month out of range"#);
        check("2026-02-29T09:05:10Z", r#"parsing time "2026-02-29T09:05:10Z": day out of range"#);
        check("2026-02-01T24:00:00Z", r#"parsing time "2026-02-01T24:00:00Z": hour out of range"#);
        check(
            "2026-02-01T00:00:00+25:00",
            r#"parsing time "2026-02-01T00:00:00+25:00": time zone offset hour out of range"#,
        );
    }
}
