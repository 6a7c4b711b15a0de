//! Reads JSON that this project has written itself: what page and engine tell each other, what bundles hold. Nobody is told
//! what is wrong with it, so its errors have no words: with those of serde_json, each type's reader is twice as large in the
//! browser.

use std::fmt;
use std::slice;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor,
};
use serde_json::{Map, Value, map};

/// What may be any JSON, and is not kept.
pub use serde::de::IgnoredAny;

/// Reads a value; `None` if the text is none of that type.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let value = serde_json::from_str(text).ok()?;
    T::deserialize(Reader(&value)).ok()
}

/// What is read does not fit its type.
#[derive(Debug)]
struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it does not fit")
    }
}

impl std::error::Error for Unfit {}

// All are told apart from `custom`, so that no words are made for it.
impl de::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }
    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }
    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn missing_field(_: &'static str) -> Self {
        Self
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

struct Reader<'de>(&'de Value);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => self.deserialize_i64(visitor),
            Value::String(_) => self.deserialize_str(visitor),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match (self.0.as_u64(), self.0.as_i64()) {
            (Some(number), _) => visitor.visit_u64(number),
            (None, Some(number)) => visitor.visit_i64(number),
            (None, None) => Err(Unfit),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_bool(self.0.as_bool().ok_or(Unfit)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_str(self.0.as_str().ok_or(Unfit)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_seq(Items(self.0.as_array().ok_or(Unfit)?.iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_map(Entries { entries: self.0.as_object().ok_or(Unfit)?.iter(), value: None })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let (name, content) = match self.0 {
            Value::String(name) => (name, None),
            other => only(other.as_object()).ok_or(Unfit)?,
        };
        visitor.visit_enum(Variant { name, content: content.unwrap_or(&Value::Null) })
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_i64(visitor)
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_i64(visitor)
    }
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_i64(visitor)
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_str(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_str(visitor)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_map(visitor)
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 u16 f32 f64 char bytes byte_buf unit unit_struct tuple_struct
    }
}

/// The one entry of a map.
fn only(map: Option<&Map<String, Value>>) -> Option<(&String, Option<&Value>)> {
    let mut entries = map?.iter();
    let (name, content) = entries.next()?;
    entries.next().is_none().then_some((name, Some(content)))
}

struct Items<'de>(slice::Iter<'de, Value>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unfit> {
        self.0.next().map(|item| seed.deserialize(Reader(item))).transpose()
    }
}

struct Entries<'de> {
    entries: map::Iter<'de>,
    value: Option<&'de Value>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unfit> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Word(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(Reader(self.value.take().ok_or(Unfit)?))
    }
}

/// The name of a field or of a variant.
struct Word<'de>(&'de str);

impl<'de> Deserializer<'de> for Word<'de> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_str(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Variant<'de> {
    name: &'de str,
    content: &'de Value,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Unfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unfit> {
        seed.deserialize(Word(self.name)).map(|name| (name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(Reader(self.content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        Reader(self.content).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        Reader(self.content).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::wire::{Reply, Request};

    /// It reads what serde_json reads, and nothing else.
    #[track_caller]
    fn check<T: DeserializeOwned + fmt::Debug + PartialEq>(text: &str) {
        assert_eq!(read::<T>(text), serde_json::from_str(text).ok(), "{text}");
    }

    #[test]
    fn it_reads_what_serde_json_reads() {
        let query =
            r#""query":{"at_ms":-5,"selection":null,"pull":2,"window":[0,-7],"whole":true}"#;
        for ask in [
            r#""log""#,
            r#""close""#,
            r#"{"log":null}"#,
            r#""none""#,
            r#"{"hello":{"build":"b"}}"#,
            r#"{"hello":{}}"#,
            r#"{"hello":{"build":"b"},"log":null}"#,
            r#"{"explain":{"message":"\u00e9"}}"#,
            &format!(r#"{{"view":{{{query}}}}}"#),
            &format!(r#"{{"act":{{"action":{{"do":"advance","seconds":4294967295}},{query}}}}}"#),
            &format!(r#"{{"act":{{"action":{{"do":"advance","seconds":4294967296}},{query}}}}}"#),
            &format!(r#"{{"act":{{"action":{{"do":"diagnose","rung":256}},{query}}}}}"#),
            &format!(r#"{{"act":{{"action":{{"do":"run","rung":1}},{query}}}}}"#),
            &format!(
                r#"{{"act":{{"action":{{"do":"answer","question":"q","response":["a"]}},{query}}}}}"#
            ),
            &format!(
                r#"{{"act":{{"action":{{"do":"answer","question":"q","response":7}},{query}}}}}"#
            ),
            &format!(
                r#"{{"open":{{"sources":{{"a":"b"}},"attempt":{{"format":1,"scenario":"s","version":2,"seed":18446744073709551615,"actions":[{{"do":"reset"}}]}},{query}}}}}"#
            ),
            r#"{"judge":{"quiz":{"id":"q","sealed":"s","scenarios":{"a":{"b":"c"}}},"answers":{"q":"x"}}}"#,
        ] {
            check::<Request>(&format!(r#"{{"id":1,"session":"play","ask":{ask}}}"#));
        }
        check::<Reply>(r#"{"id":2,"answer":"closed"}"#);
        check::<Reply>(r#"{"id":2,"answer":{"done":{"view":{"at_ms":1},"notices":[]}}}"#);
        check::<Request>("7");
        check::<Request>("{");
        check::<Vec<Block>>(
            r#"[{"block":"paragraph","text":[]},{"kind":"paragraph","text":[]},{"paragraph":{"text":[{"text":"a"}]}}]"#,
        );
        check::<Option<i64>>("null");
        check::<Vec<(i64, String)>>(r#"[[-9223372036854775808,"a"],[9223372036854775807,"b"]]"#);
        check::<Vec<(i64, String)>>(r"[[1]]");
        check::<bool>("1");
        check::<Vec<u8>>("{}");
    }
}
