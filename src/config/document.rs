//! A TOML file, and the place and the words of a mistake in it.
//!
//! The crate `toml` parses. What it has parsed is read from here on by a deserializer whose errors keep apart what
//! `toml`'s own put into one English sentence: the key, the place, what is wrong and how to fix it.

mod deserialize;
mod mistake;

use std::ops::Range;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Error, KeyPath, Result};

use mistake::Problem;

pub(super) use mistake::Mistake;
pub use mistake::nearest;

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
