//! The simulated timeline.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since the scenario's start. What happened before the start is negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(i64);

/// A length of simulated time, in milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(i64);

impl SimTime {
    /// The scenario's start.
    pub const START: Self = Self(0);

    /// The moment so many milliseconds after the start.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; negative if it is before.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60_000)
    }

    /// So many hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3_600_000)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl Add<Span> for SimTime {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Span> for SimTime {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// The wall clock at a moment, when T+0 is so many Unix seconds: `2026-03-02T09:05:10Z`.
pub fn rfc3339(epoch_seconds: i64, at: SimTime) -> String {
    let seconds = epoch_seconds + at.as_millis().div_euclid(1000);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(seconds))
}

/// A Unix second by a clock that is so many seconds ahead of Greenwich: `2026-03-02T10:05:10+01:00`.
pub(crate) fn rfc3339_at(seconds: i64, offset: i64) -> String {
    let local = rfc3339(seconds + offset, SimTime::START);
    if offset == 0 {
        return local;
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    format!("{}{sign}{hours:02}:{minutes:02}", local.trim_end_matches('Z'))
}

/// A Unix second as Go's RFC1123Z has it: `Mon, 02 Mar 2026 09:05:10 +0000`.
pub(crate) fn rfc1123(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = seconds.div_euclid(DAY);
    let (year, month, day) = civil(days);
    let (weekday, month) = (DAYS[days.rem_euclid(7) as usize], MONTHS[month as usize - 1]);
    format!("{weekday}, {day:02} {month} {year} {} +0000", clock(seconds))
}

/// `09:05:10`
fn clock(seconds: i64) -> String {
    let rest = seconds_of_day(seconds);
    format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

const DAY: i64 = 86_400;

/// How far into its day a Unix second is.
pub(crate) const fn seconds_of_day(seconds: i64) -> i64 {
    seconds.rem_euclid(DAY)
}

/// Year, month and day of a day since 1 January 1970.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The day since 1 January 1970 of a year, month and day.
pub(crate) const fn days_since(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `T+13:00:00`, with milliseconds only when there are some: `T-00:05:00.250`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let millis = self.0.unsigned_abs();
        let (seconds, rest) = (millis / 1000, millis % 1000);
        write!(f, "T{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if rest == 0 { Ok(()) } else { write!(f, ".{rest:03}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clocks_follow_the_calendar() {
        let at = |epoch, hours| rfc3339(epoch, SimTime::START + Span::hours(hours));
        assert_eq!(at(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(at(1_772_442_000, 0), "2026-03-02T09:00:00Z");
        assert_eq!(at(1_772_442_000, -60), "2026-02-27T21:00:00Z");
        assert_eq!(at(1_709_164_800, 24), "2024-03-01T00:00:00Z");
        assert_eq!(rfc3339_at(1_772_442_000, 19_800), "2026-03-02T14:30:00+05:30");
        assert_eq!(rfc3339_at(1_772_442_000, -28_800), "2026-03-02T01:00:00-08:00");
        assert_eq!(rfc1123(1_772_442_000), "Mon, 02 Mar 2026 09:00:00 +0000");
        for days in [-1, 0, 59, 60, 10_957, 11_016, 20_514, 24_000] {
            let (year, month, day) = civil(days);
            assert_eq!(days_since(year, month, day), days);
        }
    }

    #[test]
    fn times_read_as_people_say_them() {
        let at = |span: Span| (SimTime::START + span).to_string();
        assert_eq!(at(Span::ZERO), "T+00:00:00");
        assert_eq!(at(Span::hours(13) + Span::seconds(5)), "T+13:00:05");
        assert_eq!(at(Span::millis(-300_250)), "T-00:05:00.250");
        assert_eq!(at(Span::hours(100)), "T+100:00:00");
    }
}
