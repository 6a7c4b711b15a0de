//! JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped, floats in Go's form.

use std::io;

use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// One line, as `encoding/json` has it.
pub(crate) fn compact(value: &Value) -> String {
    write(value, CompactFormatter)
}

/// Indented by four, as `-o json`.
pub(crate) fn indented(value: &Value) -> String {
    write(value, PrettyFormatter::with_indent(b"    "))
}

fn write(value: &Value, layout: impl Formatter) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Go(layout));
    serde::Serialize::serialize(value, &mut serializer).expect("a value prints");
    escaped(&String::from_utf8(text).expect("JSON is UTF-8"))
}

fn escaped(text: &str) -> String {
    // These characters stand nowhere in JSON but inside strings.
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Any layout, with Go's floats: without an exponent from a millionth up to 21 digits.
struct Go<F>(F);

macro_rules! hand_on {
    ($($name:ident($($argument:ident: $of:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $of)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Go<F> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        let text = if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{value:e}");
            text.replacen('e', if text.contains("e-") { "e" } else { "e+" }, 1)
        } else {
            value.to_string()
        };
        writer.write_all(text.as_bytes())
    }

    hand_on! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_signs_are_written_as_go_writes_them() {
        for (value, want) in [
            (json!(12_345_678_901_234_567_890_f64), "12345678901234567000"),
            (json!(1.5), "1.5"),
            (json!(1e21), "1e+21"),
            (json!(1e-7), "1e-7"),
            (json!("a<b>&\u{2028}é"), r#""a\u003cb\u003e\u0026\u2028é""#),
        ] {
            assert_eq!(compact(&value), want);
        }
        assert_eq!(
            indented(&json!({"b": [1], "a": {}})),
            "{\n    \"a\": {},\n    \"b\": [\n        1\n    ]\n}"
        );
    }
}
