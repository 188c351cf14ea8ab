//! What to download: names, sizes and SHA-256 of files, and the mirrors that have them.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::str::FromStr;

use dropwise::{Error, config};
use serde::de::{Deserialize, Deserializer, Error as _};
use ureq::http::Uri;

/// The files of a data set, as a TOML file lists them.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Where the files are, the first choice first.
    #[serde(default)]
    pub(super) mirrors: Vec<Mirror>,
    #[serde(rename = "file")]
    pub(super) files: Vec<DataFile>,
}

/// A file, identified by its size and hash.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataFile {
    #[serde(deserialize_with = "file_name")]
    pub(super) name: String,
    pub(super) bytes: NonZeroU64,
    /// 64 hexadecimal digits in lower case.
    #[serde(deserialize_with = "sha256")]
    pub(super) sha256: String,
}

/// The address of a folder with the files, without a slash at its end.
#[derive(Clone, serde::Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Mirror(String);

impl Manifest {
    pub(super) fn parse(file: &str, text: &str) -> dropwise::Result<Self> {
        let manifest: Manifest = config::from_toml(file, text)?;
        let mut seen = HashSet::new();
        let mut names = manifest.files.iter().map(|file| &file.name);
        match names.find(|name| !seen.insert(*name)) {
            None => Ok(manifest),
            Some(name) => Err(Error::invalid(
                format!("{file}: file.name"),
                "each name once",
                format!("`{name}` twice"),
            )),
        }
    }
}

/// A plain name: no folder, and nothing that an address or a file system would read differently.
fn file_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(D::Error::custom(format!(
            "expected a file name of letters, digits, `-`, `_` and `.` (not first), found `{name}`"
        )));
    }
    if name.ends_with(".part") {
        return Err(D::Error::custom(format!(
            "expected a file name without the ending `.part` of unfinished downloads, found `{name}`"
        )));
    }
    Ok(name)
}

fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let hash = String::deserialize(deserializer)?;
    if hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(hash.to_ascii_lowercase());
    }
    Err(D::Error::custom(format!(
        "expected a SHA-256, 64 hexadecimal digits, found `{hash}`"
    )))
}

impl Mirror {
    pub(super) fn url_of(&self, file: &DataFile) -> String {
        format!("{}/{}", self.0, file.name)
    }
}

impl FromStr for Mirror {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Uri>() {
            Ok(uri)
                if matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none() =>
            {
                Ok(Mirror(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(format!(
                "expected an address such as https://host/folder, found `{text}`"
            )),
        }
    }
}

impl TryFrom<String> for Mirror {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
