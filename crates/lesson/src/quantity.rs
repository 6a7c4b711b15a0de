//! Lengths of time, sizes, moments and versions as scenario files write them.

use pullpath_model::time::Span as Duration;
use pullpath_model::world::Version;

/// No length of time in a scenario is longer: 400 days.
const LONGEST: i64 = 400 * 24 * 3_600_000;

/// `-13h`, `1h30m`, `90s`, `250ms`, `2d`; `0` needs no unit. Units from large to small, each at most once.
pub fn duration(text: &str) -> Option<Duration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut millis = 0_i64;
    let mut last_unit = i64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let unit = match &rest[..letters] {
            "d" => 24 * 3_600_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        rest = &rest[letters..];
        millis = millis.checked_add(number.checked_mul(unit)?)?;
    }
    (millis <= LONGEST).then(|| Duration::millis(sign * millis))
}

/// A length as [`duration`] reads it: `1h30m`.
pub fn duration_text(length: Duration) -> String {
    let mut millis = length.as_millis().unsigned_abs();
    if millis == 0 {
        return "0".to_owned();
    }
    let mut text = if length < Duration::ZERO { "-".to_owned() } else { String::new() };
    for (unit, name) in [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] {
        if millis >= unit {
            text += &format!("{}{name}", millis / unit);
            millis %= unit;
        }
    }
    text
}

/// `48MiB`, `512KiB`, `2GiB`, `100B`.
pub fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match &text[digits..] {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit).filter(|bytes| *bytes > 0 && *bytes <= 1 << 40)
}

/// `2.1.4`
pub fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| {
        let canonical = !part.is_empty()
            && part.len() <= 4
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'));
        canonical.then(|| part.parse::<u32>().ok()).flatten()
    });
    let version = Version::new(parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

/// `1.34` or `1.34.2`: a release whose kubelet is modelled.
pub fn kubernetes(text: &str) -> Option<Version> {
    let found = version(text).or_else(|| version(&format!("{text}.0")))?;
    (found.major == 1 && (28..=36).contains(&found.minor)).then_some(found)
}

/// `2026-03-02T09:00:00Z` in Unix seconds; years 2000 to 2099, UTC only.
pub fn moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    let fits =
        |(byte, want): (&u8, &u8)| if *want == b'd' { byte.is_ascii_digit() } else { byte == want };
    if bytes.len() != shape.len() || !bytes.iter().zip(shape).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = year % 4 == 0;
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let valid = (2000..2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=lengths[(month.max(1) as usize - 1).min(11)]).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    // Between 2000 and 2099 every fourth year is a leap year.
    let days_before_year = (year - 2000) * 365 + (year - 2000 + 3) / 4;
    let days_before_month: i64 = lengths[..month as usize - 1].iter().sum();
    let days = 10_957 + days_before_year + days_before_month + day - 1;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read() {
        for (text, want) in [
            ("-13h", Some(Duration::hours(-13))),
            ("1h30m", Some(Duration::minutes(90))),
            ("90s", Some(Duration::seconds(90))),
            ("2d", Some(Duration::hours(48))),
            ("250ms", Some(Duration::millis(250))),
            ("0", Some(Duration::ZERO)),
            ("-0", Some(Duration::ZERO)),
            ("", None),
            ("-", None),
            ("13", None),
            ("h", None),
            ("1m1h", None),
            ("1h1h", None),
            ("1 h", None),
            ("1H", None),
            ("99999999999999999999h", None),
            ("9999999999h", None),
            ("1hé", None),
        ] {
            assert_eq!(duration(text), want, "{text}");
        }
    }

    #[test]
    fn durations_write_as_they_read() {
        for text in ["-13h", "1h30m", "90s", "250ms", "0"] {
            let length = duration(text).unwrap();
            assert_eq!(duration(&duration_text(length)), Some(length));
        }
        assert_eq!(duration_text(Duration::seconds(90)), "1m30s");
    }

    #[test]
    fn sizes_and_versions_read() {
        for (text, want) in [
            ("48MiB", Some(48 << 20)),
            ("1B", Some(1)),
            ("0B", None),
            ("48", None),
            ("48MB", None),
            ("MiB", None),
            ("99999999999999GiB", None),
        ] {
            assert_eq!(size(text), want, "{text}");
        }
        assert_eq!(version("2.1.4"), Some(Version::new(2, 1, 4)));
        for text in ["2.1", "2.1.4.0", "v2.1.4", "2.01.4", "", "2..4", "2.1.4-rc1"] {
            assert_eq!(version(text), None, "{text}");
        }
        assert_eq!(kubernetes("1.34"), Some(Version::new(1, 34, 0)));
        assert_eq!(kubernetes("1.34.2"), Some(Version::new(1, 34, 2)));
        for text in ["1.3", "1.27", "1.37", "2.30", "1", "1.34.", "1.34.2.0", "v1.34", ""] {
            assert_eq!(kubernetes(text), None, "{text}");
        }
    }

    #[test]
    fn moments_read() {
        for (text, want) in [
            ("2026-03-02T09:00:00Z", Some(1_772_442_000)),
            ("2000-01-01T00:00:00Z", Some(946_684_800)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-02T09:00:00Z", None),
            ("2026-00-02T09:00:00Z", None),
            ("2026-03-02", None),
            ("2026-03-02T09:00:00+01:00", None),
            ("é026-03-02T09:00:00Z", None),
        ] {
            assert_eq!(moment(text), want, "{text}");
        }
    }
}
