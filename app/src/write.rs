//! Writes whatever can be serialised as a JSON [`Value`], small: the other half of [`crate::read`].
//!
//! A value is written into the place that it will have, and nothing that is written here can fail but for what JSON
//! cannot say at all. It makes of everything what serde_json makes of it.

use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Map, Value};
use std::fmt::{self, Display};

/// JSON has no word for it: a number too large, or a key that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unwritable;

impl Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not writable")
    }
}

impl std::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

pub(crate) fn write(what: &impl Serialize) -> Result<Value, Unwritable> {
    let mut value = Value::Null;
    what.serialize(Place(&mut value))?;
    Ok(value)
}

/// Where a value is written.
struct Place<'a>(&'a mut Value);

impl<'a> Place<'a> {
    fn put(self, value: impl Into<Value>) -> Result<(), Unwritable> {
        *self.0 = value.into();
        Ok(())
    }

    fn items(self) -> Items<'a> {
        *self.0 = Value::Array(Vec::new());
        match self.0 {
            Value::Array(items) => Items(items),
            _ => unreachable!("it was made an array just now"),
        }
    }

    fn fields(self) -> Fields<'a> {
        *self.0 = Value::Object(Map::new());
        match self.0 {
            Value::Object(fields) => Fields { fields, key: String::new() },
            _ => unreachable!("it was made an object just now"),
        }
    }

    /// The only field of an object: how a variant with content is written.
    fn variant(self, name: &str) -> Self {
        Self(self.fields().place(name.to_owned()))
    }
}

impl<'a> Serializer for Place<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    fn serialize_bool(self, is: bool) -> Result<(), Unwritable> {
        self.put(is)
    }

    fn serialize_i8(self, number: i8) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_i16(self, number: i16) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_i32(self, number: i32) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_i64(self, number: i64) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_u8(self, number: u8) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_u16(self, number: u16) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_u32(self, number: u32) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_u64(self, number: u64) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_f32(self, number: f32) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_f64(self, number: f64) -> Result<(), Unwritable> {
        self.put(number)
    }

    fn serialize_char(self, letter: char) -> Result<(), Unwritable> {
        self.put(letter.to_string())
    }

    fn serialize_str(self, text: &str) -> Result<(), Unwritable> {
        self.put(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Unwritable> {
        self.put(bytes)
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.put(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.put(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.put(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unwritable> {
        self.put(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self.variant(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unwritable> {
        Ok(self.items())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unwritable> {
        Ok(self.items())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unwritable> {
        Ok(self.items())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Unwritable> {
        Ok(self.variant(name).items())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, Unwritable> {
        Ok(self.fields())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, Unwritable> {
        Ok(self.fields())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Unwritable> {
        Ok(self.variant(name).fields())
    }
}

struct Items<'a>(&'a mut Vec<Value>);

impl Items<'_> {
    fn place(&mut self) -> Place<'_> {
        self.0.push(Value::Null);
        let last = self.0.len() - 1;
        Place(&mut self.0[last])
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self.place())
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

/// The three kinds of tuples are lists like any other.
macro_rules! as_a_list {
    ($($kind:ident $method:ident;)*) => {
        $(impl $kind for Items<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                value.serialize(self.place())
            }

            fn end(self) -> Result<(), Unwritable> {
                Ok(())
            }
        })*
    };
}

as_a_list! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

struct Fields<'a> {
    fields: &'a mut Map<String, Value>,
    /// Of the value that comes next, in a map.
    key: String,
}

impl<'a> Fields<'a> {
    fn place(self, name: String) -> &'a mut Value {
        self.fields.entry(name).or_insert(Value::Null)
    }

    fn next(&mut self, name: String) -> Place<'_> {
        Place(self.fields.entry(name).or_insert(Value::Null))
    }
}

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key = match write(&key)? {
            Value::String(key) => key,
            Value::Number(key) => key.to_string(),
            _ => return Err(Unwritable),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = std::mem::take(&mut self.key);
        value.serialize(self.next(key))
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self.next(name.to_owned()))
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

impl SerializeStructVariant for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self.next(name.to_owned()))
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    enum Kind {
        Plain,
        Of(i64),
        Pair(u8, char),
        With { name: &'static str },
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Flat {
        rate: f64,
        unknown: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<bool>,
    }

    #[derive(Serialize)]
    struct All {
        #[serde(flatten)]
        flat: Flat,
        none: Option<u32>,
        some: Option<(u16, i8)>,
        kinds: Vec<Kind>,
        unit: Unit,
        numbers: BTreeMap<i32, f32>,
        nothing: Vec<()>,
        most: u64,
        failed: Result<(), String>,
    }

    #[test]
    fn it_makes_of_everything_what_serde_json_makes_of_it() {
        let all = All {
            flat: Flat { rate: 40.0, unknown: f64::NAN, left_out: None },
            none: None,
            some: Some((7, -7)),
            kinds: vec![Kind::Plain, Kind::Of(-1), Kind::Pair(1, 'ü'), Kind::With { name: "a" }],
            unit: Unit,
            numbers: [(-1, 0.5), (2, 1.0)].into(),
            nothing: Vec::new(),
            most: u64::MAX,
            failed: Err("no".into()),
        };
        assert_eq!(write(&all), Ok(serde_json::to_value(&all).unwrap()));
        assert_eq!(write(&[("a", 1)]), Ok(serde_json::json!([["a", 1]])));
        assert_eq!(write(&BTreeMap::from([((), 1)])), Err(Unwritable));
    }
}
