//! When a CronJob is due.
//! *Source: github.com/robfig/cron v3.0.1 {parser,spec,constantdelay}.go, which Kubernetes uses; its errors are told by the
//! API server.*

use crate::time::{civil, seconds_of_day};

use super::zone::Zone;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A schedule that has no moment in so many days has none at all ("within five years").
const LAST_DAY: i64 = 5 * 366;
/// Set where the text says that any value will do.
const STAR: u64 = 1 << 63;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// At these minutes, hours, days, months and days of the week, in a time zone; one bit for each value.
    At { fields: [u64; 5], zone: Zone },
    /// Again after so many seconds.
    Every(i64),
}

struct Bounds {
    least: u64,
    most: u64,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Minute, hour, day of the month, month, day of the week.
const BOUNDS: [Bounds; 5] = [
    Bounds { least: 0, most: 59, names: &[] },
    Bounds { least: 0, most: 23, names: &[] },
    Bounds { least: 1, most: 31, names: &[] },
    Bounds { least: 1, most: 12, names: &MONTHS },
    Bounds { least: 0, most: 6, names: &DAYS },
];

impl Schedule {
    /// Reads a schedule; the error is the parser's.
    pub(crate) fn parse(text: &str, zone: Option<Zone>) -> Result<Self, String> {
        let mut text = text;
        let mut zone = zone.unwrap_or(Zone::UTC);
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
            let name = name.split_once('=').map_or("", |(_, name)| name);
            zone = Zone::parse(name)
                .ok_or_else(|| format!("provided bad location {name}: unknown time zone {name}"))?;
            text = rest.trim();
        }
        if text.starts_with('@') {
            return described(text, zone);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            let (count, shown) = (fields.len(), fields.join(" "));
            return Err(format!("expected exactly 5 fields, found {count}: [{shown}]"));
        };
        let mut bits = [0; 5];
        let texts = [minute, hour, day, month, weekday];
        for ((bits, text), bounds) in bits.iter_mut().zip(texts).zip(&BOUNDS) {
            *bits = field(text, bounds)?;
        }
        Ok(Self::At { fields: bits, zone })
    }

    /// The first moment after `after`, both in Unix seconds; nothing if there is none within five years.
    pub(crate) fn next(&self, after: i64) -> Option<i64> {
        let (fields, zone) = match self {
            Self::Every(seconds) => return Some(after + seconds),
            Self::At { fields, zone } => (fields, zone),
        };
        let has = |place: usize, value: i64| fields[place] & (1 << value) != 0;
        // The coming minute, unless this one has just begun to be one.
        let mut at = (after + 1).div_euclid(MINUTE) * MINUTE;
        if at < after + 1 {
            at += MINUTE;
        }
        let last = at + LAST_DAY * DAY;
        while at < last {
            let local = at + zone.offset(at);
            let (days, second) = (local.div_euclid(DAY), seconds_of_day(local));
            let (_, month, day) = civil(days);
            // 1 January 1970 was a Thursday.
            let weekday = (days + 4).rem_euclid(7);
            let (by_day, by_weekday) = (has(2, day), has(4, weekday));
            let any = (fields[2] | fields[4]) & STAR != 0;
            let fits = if any { by_day && by_weekday } else { by_day || by_weekday };
            if !has(3, month) || !fits {
                at += DAY - second;
            } else if !has(1, second / HOUR) {
                at += HOUR - second % HOUR;
            } else if !has(0, second % HOUR / MINUTE) {
                at += MINUTE;
            } else {
                return Some(at);
            }
        }
        None
    }
}

fn described(text: &str, zone: Zone) -> Result<Schedule, String> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(every) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let seconds =
                seconds(every).map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            return Ok(Schedule::Every(seconds.max(1)));
        }
    };
    Schedule::parse(fields, Some(zone))
}

/// A duration as Go writes it, in whole seconds: `1h30m`, `1.5s` (time.ParseDuration).
fn seconds(text: &str) -> Result<i64, String> {
    let quoted = crate::go::quote(text);
    let invalid = || format!("time: invalid duration {quoted}");
    let mut rest = text;
    let mut nanos: i64 = 0;
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let length = rest.find(|one: char| !one.is_ascii_digit() && one != '.');
        let (number, after) = rest.split_at(length.unwrap_or(rest.len()));
        let unit = after.find(|one: char| one.is_ascii_digit() || one == '.');
        let (unit, next) = after.split_at(unit.unwrap_or(after.len()));
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() {
            return Err(invalid());
        }
        let size: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("time: missing unit in duration {quoted}")),
            other => {
                let other = crate::go::quote(other);
                return Err(format!("time: unknown unit {other} in duration {quoted}"));
            }
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let mut part_size = size;
        let mut parts: i64 = 0;
        for digit in part.bytes() {
            part_size /= 10;
            parts += i64::from(digit.wrapping_sub(b'0').min(9)) * part_size;
        }
        let length = whole.checked_mul(size).and_then(|length| length.checked_add(parts));
        nanos = length.and_then(|length| nanos.checked_add(length)).ok_or_else(invalid)?;
        rest = next;
    }
    Ok(nanos / 1_000_000_000)
}

fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| range(part, bounds)).try_fold(0, |bits, part| Ok(bits | part?))
}

/// `*`, `5`, `1-5`, `*/15`, `10/5`, `mon-fri`
fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end, mut star) = match ends[..] {
        ["*" | "?", ..] => (bounds.least, bounds.most, STAR),
        [only] => {
            let only = value(only, bounds)?;
            (only, only, 0)
        }
        [start, end] => (value(start, bounds)?, value(end, bounds)?, 0),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => {
            let step = integer(step)?;
            if ends.len() == 1 {
                end = bounds.most;
            }
            if step > 1 {
                star = 0;
            }
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    let Bounds { least, most, .. } = bounds;
    if start < *least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > *most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let values = (start..=end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    Ok(values.fold(star, |bits, value| bits | 1 << value))
}

fn value(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(place) => Ok(place as u64 + bounds.least),
        None => integer(text),
    }
}

fn integer(text: &str) -> Result<u64, String> {
    let number: i64 = text.parse().map_err(|_| {
        let quoted = crate::go::quote(text);
        format!("failed to parse int from {text}: strconv.Atoi: parsing {quoted}: invalid syntax")
    })?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-02T09:00:00Z, a Monday.
    const NOW: i64 = 1_772_442_000;

    #[track_caller]
    fn check(schedule: &str, zone: &str, want: &[&str]) {
        let zone = (!zone.is_empty()).then(|| Zone::parse(zone).unwrap());
        let schedule = Schedule::parse(schedule, zone).unwrap();
        let mut at = NOW;
        for want in want {
            at = schedule.next(at).unwrap();
            let shown = crate::time::rfc3339(at, crate::time::SimTime::START);
            assert_eq!(shown, *want, "for {schedule:?}");
        }
    }

    #[track_caller]
    fn refuse(schedule: &str, want: &str) {
        assert_eq!(Schedule::parse(schedule, None).unwrap_err(), want);
    }

    #[test]
    fn the_next_moments_of_a_schedule() {
        check("* * * * *", "", &["2026-03-02T09:01:00Z", "2026-03-02T09:02:00Z"]);
        check(
            "*/20 8-9 * * *",
            "",
            &["2026-03-02T09:20:00Z", "2026-03-02T09:40:00Z", "2026-03-03T08:00:00Z"],
        );
        check(
            "0 */6 * * *",
            "",
            &["2026-03-02T12:00:00Z", "2026-03-02T18:00:00Z", "2026-03-03T00:00:00Z"],
        );
        check("30 6 * * mon-fri", "", &["2026-03-03T06:30:00Z"]);
        check("0 0 29 2 *", "", &["2028-02-29T00:00:00Z"]);
        // Two restricted days: either will do.
        check(
            "0 0 13 * 5",
            "",
            &["2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"],
        );
        check("@monthly", "", &["2026-04-01T00:00:00Z"]);
        check("@every 90s", "", &["2026-03-02T09:01:30Z"]);
        assert_eq!(Schedule::parse("0 0 30 2 *", None).unwrap().next(NOW), None);
    }

    #[test]
    fn a_time_zone_has_its_summer() {
        check("0 9 * * *", "Europe/Berlin", &["2026-03-03T08:00:00Z"]);
        check("0 9 29,30 3 *", "Europe/Berlin", &["2026-03-29T07:00:00Z"]);
        // The hour that is left out in spring, and the one that comes twice in autumn.
        check(
            "30 2 28,29,30 3 *",
            "Europe/Berlin",
            &["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"],
        );
        check("30 1 1 11 *", "America/New_York", &["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]);
        check("TZ=Asia/Kolkata 0 6 * * *", "", &["2026-03-03T00:30:00Z"]);
    }

    #[test]
    fn what_does_not_read_is_refused_in_the_parsers_words() {
        refuse("* * * *", "expected exactly 5 fields, found 4: [* * * *]");
        refuse("60 * * * *", "end of range (60) above maximum (59): 60");
        refuse("* * 0 * *", "beginning of range (0) below minimum (1): 0");
        refuse("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1");
        refuse("*/0 * * * *", "step of range should be a positive number: */0");
        refuse(
            "x * * * *",
            "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
        );
        refuse("@never", "unrecognized descriptor: @never");
        refuse(
            "TZ=Mars/Base * * * * *",
            "provided bad location Mars/Base: unknown time zone Mars/Base",
        );
    }
}
