//! A moment on the wall clock: reports are about real clusters, which have no T+0.

use std::fmt;

use pullpath_model::time::{SimTime, rfc3339};
use serde::{Serialize, Serializer};

/// Whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

/// The latest moment that is written with four digits of a year.
const LAST: i64 = 253_402_300_799;

impl Moment {
    /// So many seconds after 1970 began; a moment that no calendar of four digits has is the nearest one that it has.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(0, LAST))
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// So many seconds later.
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Reads RFC 3339: `2026-03-02T09:00:00Z`, with or without a fraction, in UTC or with an offset.
    ///
    /// ```
    /// use pullpath_explain::Moment;
    /// let moment = Moment::parse("2026-03-02T10:00:00.5+01:00").unwrap();
    /// assert_eq!(moment.to_string(), "2026-03-02T09:00:00Z");
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
        let digits = rest
            .strip_prefix('.')
            .map_or(0, |fraction| 1 + fraction.bytes().take_while(u8::is_ascii_digit).count());
        let zone = rest.get(digits..)?;
        let numbers = |text: &str, separator: char| -> Option<[i64; 3]> {
            let mut parts = text.split(separator).map(|part| {
                part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
            });
            let all = [parts.next()??, parts.next()??, parts.next()??];
            parts.next().is_none().then_some(all)
        };
        let ([year, month, day], [hour, minute, second]) =
            (numbers(date, '-')?, numbers(clock, ':')?);
        let fits = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        let offset = match zone {
            "Z" | "z" => 0,
            zone => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
                sign * (hours.parse::<u8>().ok()? as i64 * 3600
                    + minutes.parse::<u8>().ok()? as i64 * 60)
            }
        };
        // Days since 1970 of a civil date: years that begin on 1 March.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * month + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        fits.then(|| Self::from_unix(days * 86_400 + hour * 3600 + minute * 60 + second - offset))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rfc3339(self.0, SimTime::START))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A length of time as people say it, in its largest unit or two: `3 d 4 h`, `1 h 5 min`, `40 s`.
pub(crate) fn length(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days @ 1..14, hours @ 1.., _) => format!("{days} d {hours} h"),
        (days, _, _) => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(Moment::parse(text).map(|at| at.to_string()).as_deref(), want, "{text}");
        };
        check("2026-03-02T09:05:10Z", Some("2026-03-02T09:05:10Z"));
        check("2024-02-29T23:59:59.123456Z", Some("2024-02-29T23:59:59Z"));
        check("2026-01-01T00:30:00+01:00", Some("2025-12-31T23:30:00Z"));
        check("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z"));
        check("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z"));
        check("1960-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z"));
        for text in [
            "",
            "soon",
            "2026-03-02",
            "2026-13-02T09:05:10Z",
            "2026-03-02T09:05:10",
            "2026-03-02T09:05:1éZ",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn lengths_read_as_people_say_them() {
        let all = [40, 65, 3600, 3900, 86_400, 100_000, 10_000_000].map(length);
        assert_eq!(all, ["40 s", "1 min", "1 h", "1 h 5 min", "1 d", "1 d 3 h", "115 d"]);
    }
}
