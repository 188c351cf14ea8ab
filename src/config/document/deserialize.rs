//! Reads a parsed file as any type that serde can read, and keeps the place of each mistake.

use std::ops::Range;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, Unexpected,
    VariantAccess, Visitor,
};
use toml::de::DeValue;

use super::mistake::{Mistake, listed};
use super::{Node, Table};

impl<'a> Table<'a> {
    fn access(
        &self,
    ) -> Entries<'a, impl Iterator<Item = (&'a str, Range<usize>, Node<'a>)> + use<'a>> {
        Entries {
            entries: self.entries(),
            value: None,
        }
    }
}

impl<'de> Deserializer<'de> for Table<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        let read = visitor.visit_map(self.access());
        read.map_err(|mistake| mistake.at(self.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Entries<'a, I> {
    entries: I,
    /// The value that comes next, and its key.
    value: Option<(&'a str, Node<'a>)>,
}

impl<'a, 'de, I: Iterator<Item = (&'a str, Range<usize>, Node<'a>)>> MapAccess<'de>
    for Entries<'a, I>
{
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> std::result::Result<Option<K::Value>, Mistake> {
        let Some((name, span, node)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some((name, node));
        let key: StrDeserializer<'_, Mistake> = name.into_deserializer();
        seed.deserialize(key).map(Some).map_err(|mistake| Mistake {
            is_key: true,
            ..mistake.at(span).in_value_of(name)
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> std::result::Result<S::Value, Mistake> {
        let (name, node) = self
            .value
            .take()
            .ok_or_else(|| Mistake::custom("a value without a key"))?;
        seed.deserialize(node)
            .map_err(|mistake| mistake.at(node.value.span()).in_value_of(name))
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        let text = self.text;
        let read = match self.value.get_ref() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(number) => {
                let (digits, radix) = (number.as_str(), number.radix());
                if let Ok(number) = i64::from_str_radix(digits, radix) {
                    visitor.visit_i64(number)
                } else if let Ok(number) = u64::from_str_radix(digits, radix) {
                    visitor.visit_u64(number)
                } else {
                    Err(Mistake::custom(format_args!(
                        "{number} is too large a number"
                    )))
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(Mistake::custom(format_args!(
                    "{} is no number",
                    number.as_str()
                ))),
            },
            DeValue::Boolean(flag) => visitor.visit_bool(*flag),
            DeValue::Datetime(_) => Err(Mistake::invalid_type(
                Unexpected::Other("a date or time"),
                &visitor,
            )),
            DeValue::Array(items) => visitor.visit_seq(SeqDeserializer::new(
                items.iter().map(|value| Node { value, text }),
            )),
            DeValue::Table(table) => return self.table(table).deserialize_any(visitor),
        };
        read.map_err(|mistake| mistake.at(self.value.span()))
    }

    fn deserialize_option<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    /// A name such as `"cosine"`, or a table of one such as `{ exponential = 0.9 }`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        let read = match self.value.get_ref() {
            DeValue::String(name) => visitor.visit_enum(Name(name)),
            DeValue::Table(table) if table.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(self.table(table).access()))
            }
            _ => {
                let (names, written) = (listed(variants), self.written());
                let problem = format_args!("expected one of {names}, found `{written}`");
                Err(Mistake::custom(problem))
            }
        };
        read.map_err(|mistake| mistake.at(self.value.span()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Mistake> for Node<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A name alone, which has no value.
struct Name<'a>(&'a str);

impl Name<'_> {
    fn needs_value<T>(&self) -> std::result::Result<T, Mistake> {
        let Name(name) = self;
        Err(Mistake::custom(format_args!(
            "`{name}` needs a value: {{ {name} = ... }}"
        )))
    }
}

impl<'de> EnumAccess<'de> for Name<'_> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> std::result::Result<(V::Value, Self), Mistake> {
        let name: StrDeserializer<'_, Mistake> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Name<'_> {
    type Error = Mistake;

    fn unit_variant(self) -> std::result::Result<(), Mistake> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        _seed: T,
    ) -> std::result::Result<T::Value, Mistake> {
        self.needs_value()
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        _visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        self.needs_value()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> std::result::Result<V::Value, Mistake> {
        self.needs_value()
    }
}
