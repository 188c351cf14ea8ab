//! A TOML file, and the place and the words of a mistake in it.
//!
//! The crate `toml` parses. What it has parsed is read from here on by a deserializer whose errors keep apart what
//! `toml`'s own put into one English sentence: the key, the place, what is wrong and how to fix it.

use std::fmt;
use std::ops::Range;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, Expected, IntoDeserializer,
    MapAccess, Unexpected, VariantAccess, Visitor,
};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Error, KeyPath, Result};

/// Reads the text of a TOML file; `file` is its name in messages.
///
/// # Errors
/// [`Error::Config`], with `file`, line, column, what was expected and what was found.
pub fn from_toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    Document::parse(file, text)?.read(|root| T::deserialize(root))
}

/// A parsed file.
pub(super) struct Document<'a> {
    file: &'a str,
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(file: &'a str, text: &'a str) -> Result<Self> {
        let root = DeTable::parse(text).map_err(|error| {
            let place = Place {
                key: KeyPath::default(),
                is_key: false,
                span: error.span().unwrap_or_default(),
            };
            config_error((file, text), place, error.message().to_owned(), None)
        })?;
        Ok(Document { file, text, root })
    }

    pub(super) fn root_mut(&mut self) -> &mut DeTable<'a> {
        self.root.get_mut()
    }

    /// Reads the whole document with `read`.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(Table<'_>) -> std::result::Result<T, Mistake>,
    ) -> Result<T> {
        let root = Table {
            table: self.root.get_ref(),
            span: 0..0,
            only: None,
            text: self.text,
        };
        read(root).map_err(|mistake| {
            let place = Place {
                key: mistake.key(),
                is_key: mistake.is_key,
                span: mistake.span.clone().unwrap_or_default(),
            };
            let (problem, help) = mistake.words(&place.key);
            config_error((self.file, self.text), place, problem, help)
        })
    }

    /// An error about the value of a key, with the place of that value; of the table around it if it is not written.
    pub(super) fn place(&self, error: Error) -> Error {
        let key = match &error {
            Error::InvalidValue { key, .. } | Error::Inapplicable { key, .. } => key.clone(),
            Error::Backend { .. } => "backend".into(),
            _ => return error,
        };
        let place = Place {
            span: span_of(self.root.get_ref(), &key).unwrap_or_default(),
            is_key: false,
            key,
        };
        config_error((self.file, self.text), place, error.to_string(), None)
    }
}

struct Place {
    key: KeyPath,
    is_key: bool,
    span: Range<usize>,
}

fn config_error(
    (file, text): (&str, &str),
    place: Place,
    problem: String,
    help: Option<String>,
) -> Error {
    Error::Config(Box::new(ConfigError {
        file: file.to_owned(),
        text: text.to_owned(),
        span: clamp(place.span, text),
        key: place.key,
        is_key: place.is_key,
        problem,
        help,
    }))
}

/// What keeps a document from being read as a type.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The names of the key, the innermost first.
    names: Vec<String>,
    span: Option<Range<usize>>,
    is_key: bool,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// There is no such key or value; these there are.
    Unknown {
        kind: &'static str,
        found: String,
        known: Vec<&'static str>,
    },
    /// The key means nothing beside another one.
    Inapplicable {
        only: String,
        found: String,
    },
    Other(String),
}

impl Mistake {
    fn new(problem: Problem) -> Self {
        Mistake {
            names: Vec::new(),
            span: None,
            is_key: false,
            problem,
        }
    }

    /// The mistake is in the value that stands here, unless its place is known more precisely.
    fn at(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// The mistake is in the value of `key`.
    fn in_value_of(mut self, key: &str) -> Self {
        self.names.push(key.to_owned());
        self
    }

    fn key(&self) -> KeyPath {
        self.names.iter().rev().cloned().collect()
    }

    /// What is wrong with the key, and how to fix it.
    fn words(&self, key: &KeyPath) -> (String, Option<String>) {
        let about = |problem: &str| match key.is_empty() {
            true => problem.to_owned(),
            false => format!("{key}: {problem}"),
        };
        match &self.problem {
            Problem::Other(problem) => (about(problem), None),
            Problem::Inapplicable { only, found } => {
                let error = Error::inapplicable(key.clone(), only, found);
                (error.to_string(), None)
            }
            Problem::Unknown { kind, found, known } => {
                let help = suggestion(found, known);
                (about(&format!("unknown {kind} `{found}`")), Some(help))
            }
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(&self.key()).0)
    }
}

impl std::error::Error for Mistake {}

impl serde::de::Error for Mistake {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Mistake::new(Problem::Other(problem.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let expected = in_words_of_toml(&expected);
        Mistake::custom(format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Mistake::invalid_type(found, expected)
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Mistake::new(Problem::Unknown {
            kind: "key",
            found: found.to_owned(),
            known: known.to_vec(),
        })
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Mistake::new(Problem::Unknown {
            kind: "value",
            found: found.to_owned(),
            known: known.to_vec(),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Mistake::custom(format_args!("the key `{field}` is missing"))
    }
}

/// What serde calls by Rust's names.
fn in_words_of_toml(expected: &str) -> &str {
    match expected {
        "usize" | "u64" => "a whole number of at least 0",
        "a nonzero u64" => "a whole number of at least 1",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array, such as [4]",
        "path string" => "a path in quotes",
        "unit" => "no value",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn suggestion(found: &str, known: &[&str]) -> String {
    let listed = listed(known);
    match nearest(found, known) {
        Some(name) if known.len() > 1 => {
            format!("did you mean `{name}`? Expected one of {listed}")
        }
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("expected one of {listed}"),
    }
}

/// The known word that a misspelled one is most like, if it is like any.
pub(crate) fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), *name))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Reads a table.
#[derive(Clone)]
pub(super) struct Table<'a> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    /// The keys to be read; all of them without such a list.
    only: Option<&'a [&'a str]>,
    text: &'a str,
}

impl<'a> Table<'a> {
    /// The keys, where they stand, and their values.
    fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, Node<'a>)> + use<'a> {
        let (text, only) = (self.text, self.only);
        let entries = self.table.iter().map(move |(key, value)| {
            let name: &str = key.get_ref();
            (name, key.span(), Node { value, text })
        });
        entries.filter(move |(name, ..)| only.is_none_or(|only| only.contains(name)))
    }

    fn access(
        &self,
    ) -> Entries<'a, impl Iterator<Item = (&'a str, Range<usize>, Node<'a>)> + use<'a>> {
        Entries {
            entries: self.entries(),
            value: None,
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.entries().map(|(name, ..)| name)
    }

    fn entry(&self, key: &str) -> Option<(Range<usize>, Node<'a>)> {
        let mut entries = self.entries().filter(|(name, ..)| *name == key);
        entries.next().map(|(_, span, value)| (span, value))
    }

    /// The value of a key, if it is written.
    pub(super) fn value<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> std::result::Result<Option<T>, Mistake> {
        let Some((_, node)) = self.entry(key) else {
            return Ok(None);
        };
        let value = T::deserialize(node).map_err(|mistake| mistake.in_value_of(key))?;
        Ok(Some(value))
    }

    /// The table of a key, read with `read`.
    pub(super) fn inner<T>(
        &self,
        key: &str,
        read: impl FnOnce(Table<'a>) -> std::result::Result<T, Mistake>,
    ) -> std::result::Result<T, Mistake> {
        let Some((_, node)) = self.entry(key) else {
            let problem = format_args!("the key `{key}` is missing");
            return Err(Mistake::custom(problem).at(self.span.clone()));
        };
        let inner = match node.value.get_ref() {
            DeValue::Table(table) => read(node.table(table)),
            _ => {
                let problem = format_args!("expected a table, found `{}`", node.written());
                Err(Mistake::custom(problem).at(node.value.span()))
            }
        };
        inner.map_err(|mistake| mistake.in_value_of(key))
    }

    /// What these keys make.
    pub(super) fn part<T: DeserializeOwned>(
        &self,
        keys: &[&str],
    ) -> std::result::Result<T, Mistake> {
        T::deserialize(Table {
            only: Some(keys),
            ..self.clone()
        })
    }

    /// Says of a key that it is none of those that are known.
    pub(super) fn unknown(&self, key: &str, known: Vec<&'static str>) -> Mistake {
        let span = self.entry(key).map(|(span, _)| span);
        Mistake {
            is_key: true,
            span,
            names: vec![key.to_owned()],
            problem: Problem::Unknown {
                kind: "key",
                found: key.to_owned(),
                known,
            },
        }
    }

    /// Says of a key that it means nothing beside another one.
    pub(super) fn inapplicable(&self, key: &str, only: String, found: String) -> Mistake {
        let span = self.entry(key).map(|(_, node)| node.value.span());
        Mistake {
            is_key: false,
            span,
            names: vec![key.to_owned()],
            problem: Problem::Inapplicable { only, found },
        }
    }
}

/// The keys of a structure that takes no others.
pub(super) fn keys_of<T: DeserializeOwned>() -> Vec<&'static str> {
    let unknown = MapDeserializer::<_, Mistake>::new([("", ())].into_iter());
    match T::deserialize(unknown) {
        Err(Mistake {
            problem: Problem::Unknown { known, .. },
            ..
        }) => known,
        _ => vec![],
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

/// Reads a value.
#[derive(Clone, Copy)]
struct Node<'a> {
    value: &'a Spanned<DeValue<'a>>,
    text: &'a str,
}

impl<'a> Node<'a> {
    /// The value, which is this table.
    fn table(self, table: &'a DeTable<'a>) -> Table<'a> {
        Table {
            table,
            span: self.value.span(),
            only: None,
            text: self.text,
        }
    }

    /// The value as it is written.
    fn written(self) -> &'a str {
        &self.text[clamp(self.value.span(), self.text)]
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

/// Where the value of a key stands; where the innermost table stands if it is not written.
fn span_of(root: &DeTable<'_>, key: &KeyPath) -> Option<Range<usize>> {
    let mut table = root;
    let mut span = None;
    for name in key.names() {
        let Some(value) = table.get(name.as_str()) else {
            break;
        };
        span = Some(value.span());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    span
}

/// Where the key at the end of a path of names, and of places in arrays, is written, or its value if `is_value`.
pub fn written_at(text: &str, path: &[&str], is_value: bool) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let (last, outer) = path.split_last()?;
    let mut table = document.get_ref();
    let mut array: Option<&[Spanned<DeValue<'_>>]> = None;
    for name in outer {
        let value = match array.take() {
            Some(items) => items.get(name.parse::<usize>().ok()?)?,
            None => table.get(*name)?,
        };
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            DeValue::Array(items) => array = Some(items),
            _ => return None,
        }
    }
    let (key, value) = table.get_key_value(*last).filter(|_| array.is_none())?;
    let span = if is_value { value.span() } else { key.span() };
    Some(clamp(span, text))
}

/// Keeps a span inside the text and on character boundaries, so that it can be used to slice.
fn clamp(span: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.floor_char_boundary(span.end).max(start)
}
