//! What a plain scalar means.

use serde_json::Value;

use super::Profile;

/// What a plain scalar came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// A value that JSON has.
    Value(Value),
    /// `.inf` or `.nan`, which it has not.
    NotJson,
}

/// Resolves a plain scalar without a tag.
pub(super) fn resolve(text: &str, profile: Profile) -> Resolved {
    match profile {
        Profile::Manifest | Profile::Dump => resolve_1_1(text),
        Profile::Authored => resolve_1_2(text),
    }
}

/// kubernetes-sigs/yaml goyaml.v2/resolve.go. A plain scalar that looks like a timestamp stays a string, because it is
/// decoded into an untyped value (goyaml.v2/decode.go, `scalar`).
fn resolve_1_1(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Value(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Value(true.into());
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Value(false.into());
        }
        ".nan" | ".NaN" | ".NAN" => return Resolved::NotJson,
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Resolved::NotJson;
    }
    let first = text.as_bytes()[0];
    if first == b'.' {
        // `.5` is a number; underscores are not taken out here.
        return float(text).unwrap_or_else(|| text.into());
    }
    if !(first.is_ascii_digit() || first == b'+' || first == b'-') {
        return text.into();
    }
    let plain = text.replace('_', "");
    integer_of_any_base(&plain).or_else(|| float(&plain)).unwrap_or_else(|| text.into())
}

/// Go's `strconv.ParseInt(text, 0, 64)` and then `ParseUint`: `0x`, `0o`, `0b`, and a leading zero for octal.
fn integer_of_any_base(text: &str) -> Option<Resolved> {
    let (negative, digits) = sign(text);
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    // `from_str_radix` would take another sign.
    let magnitude = digits.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(digits)?;
    number(negative, u64::from_str_radix(magnitude, base).ok()?)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn number(negative: bool, magnitude: u64) -> Option<Resolved> {
    if negative {
        let value = i64::try_from(-i128::from(magnitude)).ok()?;
        return Some(Resolved::Value(value.into()));
    }
    Some(Resolved::Value(magnitude.into()))
}

/// YAML 1.2.2, chapter 10.3.2.
fn resolve_1_2(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Value(Value::Null),
        "true" | "True" | "TRUE" => return Resolved::Value(true.into()),
        "false" | "False" | "FALSE" => return Resolved::Value(false.into()),
        ".nan" | ".NaN" | ".NAN" => return Resolved::NotJson,
        _ => {}
    }
    let (negative, unsigned) = sign(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Resolved::NotJson;
    }
    let based = |prefix: &str, base| {
        let digits = text.strip_prefix(prefix)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        number(false, u64::from_str_radix(digits, base).ok().filter(|_| plain)?)
    };
    let decimal = || {
        let plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        number(negative, unsigned.parse().ok().filter(|_| plain)?)
    };
    based("0o", 8)
        .or_else(|| based("0x", 16))
        .or_else(decimal)
        .or_else(|| float(text))
        .unwrap_or_else(|| text.into())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, which both versions share.
fn float(text: &str) -> Option<Resolved> {
    let (negative, unsigned) = sign(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some(("", "")) => return None,
        Some(parts) => parts,
        None if mantissa.is_empty() => return None,
        None => (mantissa, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.map_or("0", |exponent| sign(exponent).1);
    if !digits(whole) || !digits(fraction) || power.is_empty() || !digits(power) {
        return None;
    }
    // Read as JSON: what the library has for it brings a table of ten kilobytes along.
    let minus = if negative { "-" } else { "" };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let written = format!("{minus}{whole}.{fraction}0e{}", exponent.unwrap_or("0"));
    let read = serde_json::from_str::<Value>(&written);
    Some(read.map_or(Resolved::NotJson, Resolved::Value))
}

impl From<&str> for Resolved {
    fn from(text: &str) -> Self {
        Self::Value(text.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, manifest: Value, authored: Value) {
        assert_eq!(resolve(text, Profile::Manifest), Resolved::Value(manifest), "1.1: {text}");
        assert_eq!(resolve(text, Profile::Authored), Resolved::Value(authored), "1.2: {text}");
    }

    #[test]
    fn kubernetes_and_yaml_1_2_disagree_where_the_table_says() {
        for (text, truth) in
            [("y", true), ("Yes", true), ("ON", true), ("n", false), ("off", false)]
        {
            check(text, json!(truth), json!(text));
        }
        check("true", json!(true), json!(true));
        check("tRue", json!("tRue"), json!("tRue"));
        check("0644", json!(420), json!(644));
        check("0o644", json!(420), json!(420));
        check("0x1F", json!(31), json!(31));
        check("0b1", json!(1), json!("0b1"));
        check("1_000", json!(1000), json!("1_000"));
        check("0123", json!(83), json!(123));
        check("089", json!(89.0), json!(89));
        check("123456789012", json!(123_456_789_012_u64), json!(123_456_789_012_u64));
        check("-7", json!(-7), json!(-7));
        check("+7", json!(7), json!(7));
        check("-0x10", json!(-16), json!("-0x10"));
        check("99999999999999999999999", json!(1e23), json!(1e23));
        check("18446744073709551615", json!(u64::MAX), json!(u64::MAX));
        check("-9223372036854775808", json!(i64::MIN), json!(i64::MIN));
        check("2026-11-23", json!("2026-11-23"), json!("2026-11-23"));
        check("~", Value::Null, Value::Null);
        check("", Value::Null, Value::Null);
        check("1.5e3", json!(1500.0), json!(1500.0));
        check(".5", json!(0.5), json!(0.5));
        check("1.", json!(1.0), json!(1.0));
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in [
            "-", "+", ".", "--1", "+-1", "1e", "0x", "0xG", "1.2.3", "-.", "e5", "0o9", "2.1.4",
            "١",
        ] {
            check(text, json!(text), json!(text));
        }
    }

    #[test]
    fn json_has_no_infinity() {
        for text in [".inf", "-.INF", ".nan", "1e999"] {
            for profile in [Profile::Manifest, Profile::Authored] {
                assert_eq!(resolve(text, profile), Resolved::NotJson, "{text}");
            }
        }
    }
}
