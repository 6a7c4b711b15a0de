//! Go's `time.ParseDuration`.

use pullpath_model::go::quote;
use pullpath_model::time::Span;

/// Nothing takes longer than ten years.
const MOST: i64 = 10 * 365 * 86_400_000;

/// `3s`, `1m30s`, `1.5h`, `0`, `-1s`; less than a millisecond is nothing.
pub(super) fn parse(text: &str) -> Result<Span, String> {
    let wrong = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(Span::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut millis = 0_i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, behind) = rest.split_at(digits);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(wrong());
        }
        let letters = behind.find(|one: char| one == '.' || one.is_ascii_digit());
        let (unit, behind) = behind.split_at(letters.unwrap_or(behind.len()));
        let millis_of = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" | "us" | "µs" | "μs" => 0,
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            unit => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    quote(unit),
                    quote(text)
                ));
            }
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let thousandths: i64 =
            format!("{fraction:0<3}").get(..3).unwrap_or("0").parse().map_err(|_| wrong())?;
        let more = whole.checked_mul(millis_of).map(|more| more + thousandths * millis_of / 1000);
        millis = more
            .and_then(|more| millis.checked_add(more))
            .filter(|millis| *millis <= MOST)
            .ok_or_else(wrong)?;
        rest = behind;
    }
    Ok(Span::millis(if negative { -millis } else { millis }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, want) in [
            ("3s", Ok(3000)),
            ("1m30s", Ok(90_000)),
            ("1.5h", Ok(5_400_000)),
            ("0", Ok(0)),
            ("-1s", Ok(-1000)),
            ("300ms", Ok(300)),
            ("5", Err("time: missing unit in duration \"5\"")),
            ("", Err("time: invalid duration \"\"")),
            ("x", Err("time: invalid duration \"x\"")),
            ("3d", Err("time: unknown unit \"d\" in duration \"3d\"")),
        ] {
            let got = parse(text).map(Span::as_millis);
            assert_eq!(got, want.map_err(str::to_owned), "for {text:?}");
        }
    }
}
