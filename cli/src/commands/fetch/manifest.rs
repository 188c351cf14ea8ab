//! What to download: names, sizes and SHA-256 of files, and the mirrors that have them.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::str::FromStr;

use clap::ValueEnum;
use dropwise::{Error, Result, config};
use serde::Deserialize;
use ureq::http::Uri;

/// A data set that the program knows.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Known {
    Mnist,
    FashionMnist,
}

impl Known {
    /// The name of its folder under `data/`.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Known::Mnist => "mnist",
            Known::FashionMnist => "fashion-mnist",
        }
    }

    pub(super) fn manifest(self) -> Result<Manifest> {
        match self {
            Known::Mnist => Manifest::parse("mnist.toml", include_str!("mnist.toml")),
            Known::FashionMnist => {
                Manifest::parse("fashion-mnist.toml", include_str!("fashion-mnist.toml"))
            }
        }
    }
}

/// The files of a data set, as a TOML file lists them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Where the files are, the first choice first.
    #[serde(default)]
    pub(super) mirrors: Vec<Mirror>,
    #[serde(rename = "file")]
    pub(super) files: Vec<File>,
}

/// A file that can be told from every other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Name,
    /// Its size.
    pub(super) bytes: NonZeroU64,
    pub(super) sha256: Sha256Hex,
}

impl Manifest {
    pub(super) fn parse(file: &str, text: &str) -> Result<Self> {
        let manifest: Manifest = config::from_toml(file, text)?;
        let mut seen = HashSet::new();
        match manifest
            .files
            .iter()
            .find(|file| !seen.insert(&file.name.0))
        {
            None => Ok(manifest),
            Some(twice) => Err(Error::InvalidValue {
                key: format!("{file}: file.name").into(),
                expected: "each name once".to_owned(),
                found: format!("`{}` twice", twice.name.0),
            }),
        }
    }
}

/// The name of a file: no folder, and nothing that an address or a file system would read otherwise.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub(super) String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> std::result::Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(format!(
                "expected a file's name of letters, digits, `-`, `_` and `.` (not first), found `{name}`"
            ));
        }
        if name.ends_with(".part") {
            return Err(format!(
                "expected a name that does not end in `.part`, as unfinished files do, found `{name}`"
            ));
        }
        Ok(Name(name))
    }
}

/// A SHA-256 in hexadecimal, in lower case.
#[derive(Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct Sha256Hex(pub(super) String);

impl TryFrom<String> for Sha256Hex {
    type Error = String;

    fn try_from(hash: String) -> std::result::Result<Self, String> {
        if hash.len() != 64 || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(format!(
                "expected a SHA-256, 64 hexadecimal digits, found `{hash}`"
            ));
        }
        Ok(Sha256Hex(hash.to_ascii_lowercase()))
    }
}

/// The address of a folder with the files, without a slash at its end.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Mirror(String);

impl Mirror {
    pub(super) fn address_of(&self, file: &File) -> String {
        format!("{}/{}", self.0, file.name.0)
    }
}

impl FromStr for Mirror {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("expected an address such as https://host/folder, found `{text}`");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        if !known_scheme || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Mirror(text.trim_end_matches('/').to_owned()))
    }
}

impl TryFrom<String> for Mirror {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}
