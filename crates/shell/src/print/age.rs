//! Ages, as kubectl rounds them (AM pkg/util/duration/duration.go HumanDuration).

/// `45s`, `2m36s`, `3d4h`; `<unknown>` without a timestamp.
pub(crate) fn since(timestamp: Option<&str>, now_millis: i64) -> String {
    match timestamp.and_then(|timestamp| Some((unix_seconds(timestamp)?, millis(timestamp)))) {
        None => "<unknown>".to_owned(),
        Some((then, millis)) => human(now_millis - then * 1000 - millis),
    }
}

/// The thousandths behind the seconds, up: what is cut off made the moment later.
fn millis(timestamp: &str) -> i64 {
    let Some(fraction) = timestamp.get(19..).and_then(|rest| rest.strip_prefix('.')) else {
        return 0;
    };
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).collect();
    let thousandths = format!("{digits:0<3}");
    let whole: i64 = thousandths.get(..3).and_then(|text| text.parse().ok()).unwrap_or(0);
    let rest = thousandths.get(3..).unwrap_or_default();
    whole + i64::from(rest.bytes().any(|digit| digit != b'0'))
}

/// The same of milliseconds.
pub(crate) fn human(millis: i64) -> String {
    // Go truncates toward zero.
    let seconds = millis / 1000;
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let years = days / 365;
    if seconds < -1 {
        "<invalid>".to_owned()
    } else if seconds < 0 {
        "0s".to_owned()
    } else if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        pair(minutes, "m", seconds % 60, "s")
    } else if hours < 3 {
        format!("{minutes}m")
    } else if hours < 8 {
        pair(hours, "h", minutes % 60, "m")
    } else if hours < 48 {
        format!("{hours}h")
    } else if days < 8 {
        pair(days, "d", hours % 24, "h")
    } else if years < 2 {
        format!("{days}d")
    } else if years < 8 {
        pair(years, "y", days % 365, "d")
    } else {
        format!("{years}y")
    }
}

/// Unix seconds of `2026-11-23T22:54:21Z`, whatever stands behind the seconds.
pub fn unix_seconds(timestamp: &str) -> Option<i64> {
    let number = |from: usize, to: usize| timestamp.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of a date (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `Mon, 23 Nov 2026 22:54:42 +0000`, as `describe` writes a moment (RFC1123Z).
pub(crate) fn rfc1123z(timestamp: &str) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = unix_seconds(timestamp)?;
    let weekday = DAYS[seconds.div_euclid(86_400).rem_euclid(7) as usize];
    let month = MONTHS.get(timestamp.get(5..7)?.parse::<usize>().ok()?.checked_sub(1)?)?;
    let (year, day, time) = (timestamp.get(0..4)?, timestamp.get(8..10)?, timestamp.get(11..19)?);
    Some(format!("{weekday}, {day} {month} {year} {time} +0000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rounded_as_kubectl_does() {
        for (seconds, want) in [
            (-5, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (156, "2m36s"),
            (600, "10m"),
            (179 * 60, "179m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 120, "3h2m"),
            (47 * 3600, "47h"),
            (48 * 3600, "2d"),
            (76 * 3600, "3d4h"),
            (9 * 86_400, "9d"),
            (800 * 86_400, "2y70d"),
            (9 * 365 * 86_400, "9y"),
        ] {
            assert_eq!(human(seconds * 1000), want, "for {seconds}");
        }
    }

    #[test]
    fn moments_are_read_and_written() {
        assert_eq!(unix_seconds("1970-01-02T00:00:01Z"), Some(86_401));
        assert_eq!(unix_seconds("2026-11-23T22:54:42Z"), Some(1_795_474_482));
        let text = rfc1123z("2026-11-23T22:54:42Z").unwrap();
        assert_eq!(text, "Mon, 23 Nov 2026 22:54:42 +0000");
        assert_eq!(unix_seconds("yesterday"), None);
        assert_eq!(since(Some("1970-01-01T00:00:10.000001Z"), 20_000), "9s");
        assert_eq!(since(Some("1970-01-01T00:00:10Z"), 20_000), "10s");
    }
}
