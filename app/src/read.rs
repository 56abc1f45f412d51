//! Reads JSON small: text becomes a [`Value`], and every type is read out of that.
//!
//! What serde_json makes for each type holds the parsing of text each time, and a message for each thing that may be
//! wrong. Here text is parsed in one place and a mistake has no message, for nobody would read it. What serde_json has
//! written reads back the same.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde_json::{Value, map};
use std::fmt::{self, Display};

/// The text is no JSON, or not that of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not readable")
    }
}

impl std::error::Error for Unreadable {}

/// Each kind by itself, so that no message is put together only to be dropped.
impl Error for Unreadable {
    fn custom<T: Display>(_: T) -> Self {
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

pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    read_value(&parse(text)?)
}

pub(crate) fn parse(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_slice(text.as_bytes()).map_err(|_| Unreadable)
}

pub(crate) fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Unreadable> {
    T::deserialize(Plain(value))
}

/// A value that a type reads itself from.
#[derive(Clone, Copy)]
struct Plain<'a>(&'a Value);

/// Forwards to the method of the visitor if the value is of its kind.
macro_rules! of_kind {
    ($($method:ident, $as:ident => $visit:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.$visit(self.0.$as().ok_or(Unreadable)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Plain<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is) => visitor.visit_bool(*is),
            Value::Number(_) if self.0.is_u64() => self.deserialize_u64(visitor),
            Value::Number(_) if self.0.is_i64() => self.deserialize_i64(visitor),
            Value::Number(_) => self.deserialize_f64(visitor),
            Value::String(text) => visitor.visit_str(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    of_kind! {
        deserialize_bool, as_bool => visit_bool;
        deserialize_u8, as_u64 => visit_u64;
        deserialize_u16, as_u64 => visit_u64;
        deserialize_u32, as_u64 => visit_u64;
        deserialize_u64, as_u64 => visit_u64;
        deserialize_i8, as_i64 => visit_i64;
        deserialize_i16, as_i64 => visit_i64;
        deserialize_i32, as_i64 => visit_i64;
        deserialize_i64, as_i64 => visit_i64;
        deserialize_f32, as_f64 => visit_f64;
        deserialize_f64, as_f64 => visit_f64;
        deserialize_char, as_str => visit_str;
        deserialize_str, as_str => visit_str;
        deserialize_string, as_str => visit_str;
        deserialize_identifier, as_str => visit_str;
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_unit() } else { Err(Unreadable) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(Items(self.0.as_array().ok_or(Unreadable)?.iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let fields = self.0.as_object().ok_or(Unreadable)?;
        visitor.visit_map(Fields { fields: fields.iter(), value: &Value::Null })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let (name, content) = match self.0 {
            Value::String(name) => (name, None),
            Value::Object(fields) if fields.len() == 1 => {
                let (name, content) = fields.iter().next().ok_or(Unreadable)?;
                (name, Some(content))
            }
            _ => return Err(Unreadable),
        };
        visitor.visit_enum(Variant { name, content })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit_struct tuple_struct }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        self.0.next().map(|item| seed.deserialize(Plain(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Fields<'a> {
    fields: map::Iter<'a>,
    /// Of the field whose name was read last.
    value: &'a Value,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Unreadable;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unreadable> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(Name(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unreadable> {
        seed.deserialize(Plain(self.value))
    }
}

/// A key of an object, or the name of a variant.
struct Name<'a>(&'a str);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

struct Variant<'a> {
    name: &'a str,
    content: Option<&'a Value>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Unreadable> {
        Ok((seed.deserialize(Name(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        if self.content.is_none() { Ok(()) } else { Err(Unreadable) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Unreadable> {
        seed.deserialize(Plain(self.content.ok_or(Unreadable)?))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        Plain(self.content.ok_or(Unreadable)?).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        Plain(self.content.ok_or(Unreadable)?).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Inner {
        count: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<f64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        Plain,
        Of(i64),
        With { name: String },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        at_least: i32,
        kinds: Vec<Kind>,
        pairs: Vec<(String, u16)>,
        named: BTreeMap<String, Option<bool>>,
        failed: Result<(), String>,
        any: Value,
    }

    #[test]
    fn what_was_written_reads_back() {
        let outer = Outer {
            inner: Inner { count: u64::MAX, rate: Some(0.5) },
            at_least: -3,
            kinds: vec![Kind::Plain, Kind::Of(-1), Kind::With { name: "a\"ü".into() }],
            pairs: vec![("a".into(), 1)],
            named: [("x".to_owned(), None), ("y".to_owned(), Some(true))].into(),
            failed: Err("no".into()),
            any: json!({ "deep": [1, -1, 1.5, null, "text"] }),
        };
        assert_eq!(read(&serde_json::to_string(&outer).unwrap()), Ok(outer));
    }

    #[test]
    fn it_refuses_what_serde_json_refuses() {
        for text in
            ["", "{", "[]", "null", "{}", r#"{"count":-1}"#, r#"{"count":1,"rate":"x"}"#, r#"{"count":1} x"#]
        {
            assert_eq!(read::<Inner>(text).ok(), serde_json::from_str::<Inner>(text).ok(), "{text}");
        }
        for text in [r#""other""#, r#"{"of":1,"with":2}"#, r#"{"plain":1}"#, r#""of""#, "7"] {
            assert_eq!(read::<Kind>(text).ok(), serde_json::from_str::<Kind>(text).ok(), "{text}");
        }
        assert_eq!(read::<u8>("256"), Err(Unreadable));
        assert_eq!(read::<f64>("3"), Ok(3.0));
        assert_eq!(read::<Inner>(r#"{"count":1,"more":[]}"#), Ok(Inner { count: 1, rate: None }));
    }
}
