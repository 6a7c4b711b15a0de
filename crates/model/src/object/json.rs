//! Between typed API objects and JSON values, in as little code as there can be: it is compiled anew for each of some
//! hundred API types, and was a sixth of the engine in the browser when serde_json did it.
//!
//! Reading cannot fail, because a value was held against its type before ([`crate::schema::shape`]). So the error has
//! no values, and the compiler leaves out everything that would be done about one.

use std::fmt;
use std::slice;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};
use serde::ser::{self, Impossible, Serialize};
use serde_json::{Map, Value, map};

/// Reads a value of a type that it is known to fit.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> T {
    match T::deserialize(Reader(value)) {
        Ok(read) => read,
    }
}

/// Writes a value of an API type.
pub(crate) fn write<T: Serialize>(value: &T) -> Value {
    match value.serialize(Writer) {
        Ok(written) => written,
    }
}

/// The error that does not happen.
#[derive(Debug)]
pub(crate) enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl de::Error for Never {
    // The words are left alone: jiff alone has thirty kilobytes of them.
    fn custom<T: fmt::Display>(_: T) -> Self {
        broken()
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        broken()
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        broken()
    }

    fn missing_field(_: &'static str) -> Self {
        broken()
    }
}

impl ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        broken()
    }
}

#[cold]
fn broken() -> ! {
    panic!("an API object was read or written whose shape nobody had checked")
}

// ---- reading ----------------------------------------------------------------------------------------------------

struct Reader<'de>(&'de Value);

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Never;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(_) => self.deserialize_map(visitor),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => visitor.visit_i64(number),
                (None, Some(number)) => visitor.visit_u64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Never> {
        visitor.visit_newtype_struct(self)
    }

    // What is null reads as empty, as Go has it.

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_bool(self.0.as_bool().unwrap_or_default())
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        let number = self.0.as_i64().unwrap_or_default();
        visitor.visit_i32(number.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_i64(self.0.as_i64().unwrap_or_default())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_str(self.0.as_str().unwrap_or_default())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_seq(Items(self.0.as_array().map_or(&[][..], Vec::as_slice).iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_map(Entries { entries: self.0.as_object().map(Map::iter), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Never> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

struct Items<'de>(slice::Iter<'de, Value>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Never;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Never> {
        self.0.next().map(|item| seed.deserialize(Reader(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'de> {
    entries: Option<map::Iter<'de>>,
    value: Option<&'de Value>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Never;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Never> {
        let Some((key, value)) = self.entries.as_mut().and_then(Iterator::next) else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Never> {
        seed.deserialize(Reader(self.value.take().unwrap_or(&Value::Null)))
    }
}

struct Key<'de>(&'de str);

impl<'de> de::Deserializer<'de> for Key<'de> {
    type Error = Never;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_str(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

// ---- writing ----------------------------------------------------------------------------------------------------

struct Writer;

/// What only enums and tuples would need, of which the API types have none.
type Nothing = Impossible<Value, Never>;

impl ser::Serializer for Writer {
    type Ok = Value;
    type Error = Never;
    type SerializeSeq = List;
    type SerializeTuple = Nothing;
    type SerializeTupleStruct = Nothing;
    type SerializeTupleVariant = Nothing;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Nothing;

    fn serialize_bool(self, value: bool) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_i8(self, value: i8) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_i16(self, value: i16) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_i32(self, value: i32) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_i64(self, value: i64) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_u8(self, value: u8) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_u16(self, value: u16) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_u32(self, value: u32) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_u64(self, value: u64) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_f32(self, value: f32) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_f64(self, value: f64) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_char(self, value: char) -> Result<Value, Never> {
        Ok(value.to_string().into())
    }
    fn serialize_str(self, value: &str) -> Result<Value, Never> {
        Ok(value.into())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<Value, Never> {
        broken()
    }
    fn serialize_none(self) -> Result<Value, Never> {
        Ok(Value::Null)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Value, Never> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, Never> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Never> {
        broken()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Value, Never> {
        broken()
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Never> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Value, Never> {
        broken()
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<List, Never> {
        Ok(List(Vec::with_capacity(len.unwrap_or(0))))
    }
    fn serialize_tuple(self, _: usize) -> Result<Nothing, Never> {
        broken()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Nothing, Never> {
        broken()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Nothing, Never> {
        broken()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Never> {
        Ok(Fields::default())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Never> {
        Ok(Fields::default())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Nothing, Never> {
        broken()
    }
}

struct List(Vec<Value>);

impl ser::SerializeSeq for List {
    type Ok = Value;
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.0.push(value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Array(self.0))
    }
}

#[derive(Default)]
struct Fields {
    map: Map<String, Value>,
    key: String,
}

impl Fields {
    // One copy for all types of fields.
    #[inline(never)]
    fn put(&mut self, key: &str, value: Value) {
        self.map.insert(key.to_owned(), value);
    }
}

impl ser::SerializeStruct for Fields {
    type Ok = Value;
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        let value = value.serialize(Writer)?;
        self.put(key, value);
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Object(self.map))
    }
}

impl ser::SerializeMap for Fields {
    type Ok = Value;
    type Error = Never;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        match key.serialize(Writer)? {
            Value::String(key) => self.key = key,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => broken(),
        }
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        let value = value.serialize(Writer)?;
        self.map.insert(std::mem::take(&mut self.key), value);
        Ok(())
    }

    fn end(self) -> Result<Value, Never> {
        Ok(Value::Object(self.map))
    }
}
