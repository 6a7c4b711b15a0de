//! What a plain scalar means in YAML 1.1 as Kubernetes reads it (SY goyaml.v2/resolve.go).

use serde_json::Value;

/// What a scalar came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    Value(Value),
    /// `.inf`, `-.inf` or `.nan`, as Go prints them: JSON has no such number.
    NotJson(&'static str),
}

/// Resolves a scalar that stands for itself.
pub(super) fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Value(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Value(true.into());
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Value(false.into());
        }
        ".nan" | ".NaN" | ".NAN" => return Resolved::NotJson("NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Resolved::NotJson("+Inf");
        }
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::NotJson("-Inf"),
        _ => {}
    }
    let plain = match text.as_bytes()[0] {
        // Underscores are not taken out here.
        b'.' => text.to_owned(),
        b'0'..=b'9' | b'+' | b'-' => text.replace('_', ""),
        _ => return Resolved::Value(text.into()),
    };
    let integer = if text.starts_with('.') { None } else { integer(&plain) };
    let number = integer.or_else(|| float(&plain));
    Resolved::Value(number.unwrap_or_else(|| text.into()))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: a prefix tells the base, a leading zero is octal.
#[expect(clippy::cast_precision_loss, reason = "Go has no larger integers in JSON")]
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| Some((base, lower.strip_prefix(prefix)?)))
        .or_else(|| Some((8, lower.strip_prefix('0').filter(|rest| !rest.is_empty())?)))
        .unwrap_or((10, &lower));
    // Rust's own reader takes another sign.
    let is_bare = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let size = u64::from_str_radix(digits, base).ok().filter(|_| is_bare)?;
    if negative {
        return i64::try_from(-i128::from(size)).ok().map(Value::from);
    }
    // What does not fit Go's int64 is a float once it has been through JSON.
    Some(i64::try_from(size).map_or_else(|_| (size as f64).into(), Value::from))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`; a whole one is an integer once it has been through JSON.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let no_digits = (whole.is_empty() && fraction.is_empty()) || power.is_empty();
    if no_digits || ![whole, fraction, power].into_iter().all(digits) {
        return None;
    }
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    let is_whole = float.fract() == 0.0 && float.abs() < 9.2e18;
    Some(if is_whole { (float as i64).into() } else { float.into() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_mean_what_kubernetes_says() {
        for (text, want) in [
            ("y", json!(true)),
            ("Off", json!(false)),
            ("tRue", json!("tRue")),
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("0123456789", json!(123_456_789)),
            ("012345670123", json!(1_402_433_619)),
            ("1.0", json!(1)),
            ("1.20", json!(1.2)),
            ("1e3", json!(1000)),
            ("+1", json!(1)),
            ("-7", json!(-7)),
            (".5", json!(0.5)),
            ("1.", json!(1)),
            ("1:30", json!("1:30")),
            ("2026-11-23", json!("2026-11-23")),
            ("3.0.0", json!("3.0.0")),
            ("0o9", json!("0o9")),
            ("-", json!("-")),
            ("+-1", json!("+-1")),
            ("1e999", json!("1e999")),
            ("12345678901234567890", json!(12_345_678_901_234_567_890_f64)),
        ] {
            assert_eq!(resolve(text), Resolved::Value(want), "for {text}");
        }
        assert_eq!(resolve("-.INF"), Resolved::NotJson("-Inf"));
    }
}
