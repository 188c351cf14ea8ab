//! From "something is wrong" to the place in the file and words for the person who wrote it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Error};

/// Explains why the file could not be read, at the place the parser names.
pub(super) fn explain(file: &str, text: &str, error: &toml::de::Error) -> Error {
    let span = clamp(error.span().unwrap_or(0..0), text);
    let message = error.message();
    let field = field_at(text, &span);
    let (problem, help) = in_plain_words(message, &text[span.clone()]);
    let problem = match field {
        Some(field) => format!("{field}: {problem}"),
        None => problem,
    };
    config_error(file, text, span, problem, help)
}

/// Places an error of [`Experiment::check`](super::Experiment::check) at the field that it names.
pub(super) fn place(file: &str, text: &str, error: Error) -> Error {
    let (field, problem) = match &error {
        Error::InvalidValue { what, .. } => (what.as_str(), error.to_string()),
        Error::Backend { .. } => ("backend", error.to_string()),
        _ => return error,
    };
    let span = clamp(span_of(text, field).unwrap_or(0..0), text);
    config_error(file, text, span, problem, None)
}

fn config_error(
    file: &str,
    text: &str,
    span: Range<usize>,
    problem: String,
    help: Option<String>,
) -> Error {
    Error::Config(Box::new(ConfigError {
        file: file.to_owned(),
        text: text.to_owned(),
        span,
        problem,
        help,
    }))
}

/// Serde names an unknown key or word and lists the known ones, all in backticks; types are named
/// as Rust does. Both are put into the words of the file, and the nearest known word is found.
/// `written` is what stands in the file.
fn in_plain_words(message: &str, written: &str) -> (String, Option<String>) {
    if let Some(problem) = word_with_a_value(message, written) {
        return (problem, None);
    }
    if let Some((found, known)) = message
        .strip_prefix("unexpected keys in table: ")
        .and_then(|rest| rest.split_once(", available keys: "))
    {
        let found = found.split(", ").next().unwrap_or_default();
        let known: Vec<&str> = known.split(", ").collect();
        return unknown("key", found, &known);
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    for (prefix, kind) in [("unknown field", "key"), ("unknown variant", "word")] {
        if message.starts_with(prefix) {
            let found = quoted.next().unwrap_or_default();
            let known: Vec<&str> = quoted.collect();
            return unknown(kind, found, &known);
        }
    }
    if message.starts_with("missing field") {
        let field = quoted.next().unwrap_or_default();
        return (format!("the key `{field}` is missing"), None);
    }
    for prefix in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = message
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once(", expected "))
        {
            let expected = type_in_plain_words(expected);
            return (format!("expected {expected}, found {found}"), None);
        }
    }
    (message.to_owned(), None)
}

/// Mistakes with a word that may have a value, such as `"cosine"` and `{ exponential = 0.9 }`.
fn word_with_a_value(message: &str, written: &str) -> Option<String> {
    let word = written.trim_matches(['"', '\'']);
    Some(match message {
        "wanted string or table" => {
            format!("expected a word, or a table with a word and its value, found `{written}`")
        }
        "wanted exactly 1 element, found 0 elements" => {
            "expected a table with one word and its value, found none".to_owned()
        }
        "wanted exactly 1 element, more than 1 element" => {
            "expected a table with one word and its value, found several".to_owned()
        }
        _ if message.starts_with("invalid type: unit variant") => {
            format!("expected the word with a value, {{ {word} = ... }}, found `{word}` alone")
        }
        _ => return None,
    })
}

fn unknown(kind: &str, found: &str, known: &[&str]) -> (String, Option<String>) {
    let problem = format!("unknown {kind} `{found}`");
    (problem, Some(suggestion(found, known)))
}

fn suggestion(found: &str, known: &[&str]) -> String {
    let listed = known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match nearest(found, known) {
        Some(name) if known.len() > 1 => {
            format!("did you mean `{name}`? Known here: {listed}")
        }
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known here: {listed}"),
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

fn type_in_plain_words(expected: &str) -> &str {
    match expected {
        "usize" | "u64" => "a whole number of at least 0",
        "a nonzero u64" => "a whole number of at least 1",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array, such as [4]",
        "path string" => "a path in quotes",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// The dotted name of the innermost key or value that holds `span`, if it lies within one.
fn field_at(text: &str, span: &Range<usize>) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let mut names = Vec::new();
    let mut table = document.get_ref();
    loop {
        let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let inside = |(key, value): &(&Spanned<_>, &Spanned<DeValue<'_>>)| {
            holds(key.span()) || holds(value.span()) || spans_inside(value, span)
        };
        let Some((key, value)) = table.iter().find(inside) else {
            break;
        };
        names.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    (!names.is_empty()).then(|| names.join("."))
}

/// Whether `span` lies inside some entry of the table `value`; a `[header]`'s own span covers only
/// the header.
fn spans_inside(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let DeValue::Table(table) = value.get_ref() else {
        return false;
    };
    table.iter().any(|(key, value)| {
        [key.span(), value.span()]
            .iter()
            .any(|outer| outer.start <= span.start && span.end <= outer.end)
            || spans_inside(value, span)
    })
}

/// Where the value of a dotted field stands; where the innermost table stands if it is not written.
fn span_of(text: &str, field: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut span = None;
    for name in field.split('.') {
        let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
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
    let floor = |at: usize| {
        let at = at.min(text.len());
        (0..=at)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0)
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}
