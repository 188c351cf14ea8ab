//! Values that may be written in two forms.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// A number, or something of more parts.
pub(super) enum NumberOr<T> {
    Number(f64),
    Other(T),
}

/// Reads a number, or a `T`, which is an array or a table.
pub(super) fn number_or<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
) -> Result<NumberOr<T>, D::Error> {
    struct Form<T>(&'static str, std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Form<T> {
        type Value = NumberOr<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_f64<E>(self, number: f64) -> Result<NumberOr<T>, E> {
            Ok(NumberOr::Number(number))
        }

        fn visit_i64<E>(self, number: i64) -> Result<NumberOr<T>, E> {
            Ok(NumberOr::Number(number as f64))
        }

        fn visit_u64<E>(self, number: u64) -> Result<NumberOr<T>, E> {
            Ok(NumberOr::Number(number as f64))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<NumberOr<T>, A::Error> {
            T::deserialize(SeqAccessDeserializer::new(items)).map(NumberOr::Other)
        }

        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<NumberOr<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(entries)).map(NumberOr::Other)
        }
    }

    deserializer.deserialize_any(Form(expecting, std::marker::PhantomData))
}

/// Reads a whole number of at least 1, or a text that `text` makes something of.
pub(super) fn count_or<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    count: fn(usize) -> T,
    text: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Form<T> {
        expecting: &'static str,
        count: fn(usize) -> T,
        text: fn(&str) -> Option<T>,
    }

    impl<T> Visitor<'_> for Form<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expecting)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.text)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            match usize::try_from(number) {
                Ok(count @ 1..) => Ok((self.count)(count)),
                _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
            }
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            match usize::try_from(number) {
                Ok(count @ 1..) => Ok((self.count)(count)),
                _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            }
        }
    }

    deserializer.deserialize_any(Form {
        expecting,
        count,
        text,
    })
}

/// Reads a text that `text` makes something of, or a table of `T`, which `table` does.
pub(super) fn word_or<'de, T: Deserialize<'de>, V, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    text: fn(&str) -> Option<V>,
    table: fn(T) -> V,
) -> Result<V, D::Error> {
    struct Form<T, V> {
        expecting: &'static str,
        text: fn(&str) -> Option<V>,
        table: fn(T) -> V,
    }

    impl<'de, T: Deserialize<'de>, V> Visitor<'de> for Form<T, V> {
        type Value = V;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expecting)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
            (self.text)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V, A::Error> {
            T::deserialize(MapAccessDeserializer::new(entries)).map(self.table)
        }
    }

    deserializer.deserialize_any(Form {
        expecting,
        text,
        table,
    })
}
