//! The one error type. Every message says where, what was expected, what was found and the fix.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, each message a sentence for the person who has to fix it.
///
/// `Debug` prints the same sentence as `Display`, so that a program whose `main` returns
/// `Result<(), dropwise::Error>` shows it as it is meant to be read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration file is not valid: a syntax error, an unknown key, a wrong type or a value
    /// out of range.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),

    /// A file cannot be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        cause: std::io::Error,
    },

    /// A data file is not what it has to be.
    #[error(transparent)]
    Data(#[from] Box<DataError>),

    /// A file cannot be written: a full disk, a folder without permission.
    #[error("{}: cannot be written: {cause}", path.display())]
    WriteFile {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: std::io::Error,
    },

    /// A run directory, checkpoint or model is not what it has to be, or is in use.
    #[error("{}: {problem}; {fix}", path.display())]
    Store {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// How to fix it.
        fix: String,
    },

    /// A file cannot be downloaded, or another one stands in its place.
    #[error("{}: {problem}; {fix}", path.display())]
    Download {
        /// The file or folder on this machine.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// How to fix it.
        fix: String,
    },

    /// Output cannot be written: a full disk, a closed pipe.
    #[error("output cannot be written: {0}")]
    Write(#[from] std::io::Error),

    /// A value that a caller gave is out of its range.
    #[error("{key}: expected {expected}, found {found}")]
    InvalidValue {
        /// Which value: a key of an experiment, or the name of an argument.
        key: KeyPath,
        /// The range or form it must have.
        expected: String,
        /// What was given.
        found: String,
    },

    /// A key of an experiment means nothing beside another one.
    #[error("{key} applies only to {only}, not {found}; remove it")]
    Inapplicable {
        /// The key.
        key: KeyPath,
        /// What it applies to, such as `optimizer = "sgd"`.
        only: String,
        /// What was given, such as `"adam"`.
        found: String,
    },

    /// Two things that must agree in shape do not.
    #[error("{what}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Which array.
        what: String,
        /// The shape that fits.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },

    /// A backend is unknown, not compiled in, or does not start.
    #[error("backend `{name}`: {reason}; {fix}")]
    Backend {
        /// The name as it was given.
        name: String,
        /// Why it cannot be used.
        reason: String,
        /// What can be used, or how to add it.
        fix: String,
    },

    /// Whoever waits for the data did not want to wait any longer: see [`data::load_as`](crate::data::load_as).
    #[error("interrupted while reading {0}; nothing is written")]
    Interrupted(String),

    /// The backend failed in the middle of a computation: a lost GPU or connection.
    #[error("the backend failed while computing: {0}")]
    Compute(String),

    /// Training met a loss or a weight that is infinite or not a number.
    #[error("training diverged: {what} at step {step}; {advice}")]
    Diverged {
        /// What is not finite.
        what: String,
        /// The step, counted from 1, at which that was found.
        step: usize,
        /// The likely cause, and what to try.
        advice: String,
    },
}

/// A key of a configuration by the names on the way to it: `train.momentum.from` is three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The names, the outermost first.
    #[must_use]
    #[doc(hidden)]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether there is no name.
    #[must_use]
    #[doc(hidden)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `key` is this key or within the table that it names.
    #[must_use]
    #[doc(hidden)]
    pub fn holds(&self, key: &KeyPath) -> bool {
        key.0.starts_with(&self.0)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl FromIterator<String> for KeyPath {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        KeyPath(names.into_iter().collect())
    }
}

impl From<&str> for KeyPath {
    fn from(dotted: &str) -> Self {
        dotted.split('.').map(str::to_owned).collect()
    }
}

impl From<String> for KeyPath {
    fn from(dotted: String) -> Self {
        dotted.as_str().into()
    }
}

/// A mistake in a configuration file: where it is, what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name, as it was given.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// The bytes of `text` that are wrong.
    pub span: Range<usize>,
    /// The key that is wrong or whose value is; empty for a mistake of the whole file.
    pub key: KeyPath,
    /// Whether the key itself is wrong, such as a misspelled one, and not its value.
    pub is_key: bool,
    /// What is wrong, in a sentence that names the key.
    pub problem: String,
    /// How to fix it, where that is known.
    pub help: Option<String>,
}

impl ConfigError {
    /// Line and column of the mistake, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = &self.text[..self.span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}: {}", self.file, self.problem)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// A mistake in a data file: where it is, what is wrong and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The file, as it was named.
    pub file: String,
    /// The place in the file in its user's words, such as `line 3, column `age``; empty for the whole
    /// file.
    pub place: String,
    /// What was expected, and what was found.
    pub problem: String,
    /// How to fix it, where that is known; else empty.
    pub fix: String,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DataError {
            file,
            place,
            problem,
            fix,
        } = self;
        f.write_str(file)?;
        if !place.is_empty() {
            write!(f, ": {place}")?;
        }
        write!(f, ": {problem}")?;
        if !fix.is_empty() {
            write!(f, "; {fix}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DataError {}

impl Error {
    /// An [`Error::InvalidValue`] of a value that prints itself.
    #[doc(hidden)]
    pub fn invalid(
        key: impl Into<KeyPath>,
        expected: impl Into<String>,
        found: impl fmt::Display,
    ) -> Self {
        Error::InvalidValue {
            key: key.into(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    /// An [`Error::Inapplicable`].
    pub(crate) fn inapplicable(
        key: impl Into<KeyPath>,
        only: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Error::Inapplicable {
            key: key.into(),
            only: only.into(),
            found: found.into(),
        }
    }

    /// An [`Error::Data`]; an empty place means the whole file.
    pub(crate) fn data(
        file: impl Into<String>,
        place: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Error::Data(Box::new(DataError {
            file: file.into(),
            place: place.into(),
            problem: problem.into(),
            fix: fix.into(),
        }))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
