//! What is wrong with a file, and how to say so.

use std::fmt;
use std::ops::Range;

use serde::de::{Expected, Unexpected};

use crate::error::{Error, KeyPath};

/// What keeps a document from being read as a type.
#[derive(Debug)]
pub(in crate::config) struct Mistake {
    /// The names of the key, the innermost first.
    pub(super) names: Vec<String>,
    pub(super) span: Option<Range<usize>>,
    pub(super) is_key: bool,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
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
    pub(super) fn at(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// The mistake is in the value of `key`.
    pub(super) fn in_value_of(mut self, key: &str) -> Self {
        self.names.push(key.to_owned());
        self
    }

    pub(super) fn key(&self) -> KeyPath {
        self.names.iter().rev().cloned().collect()
    }

    /// What is wrong with the key, and how to fix it.
    pub(super) fn words(&self, key: &KeyPath) -> (String, Option<String>) {
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
                // The key's path ends with its name.
                let problem = match *kind {
                    "key" => about("unknown key"),
                    _ => about(&format!("unknown {kind} `{found}`")),
                };
                (problem, Some(help))
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

pub(super) fn listed(names: &[&str]) -> String {
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
#[must_use]
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), *name))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
