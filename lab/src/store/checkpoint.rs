//! A checkpoint: all that training needs to go on, in one file with a checksum.
//!
//! The first line is `dropwise checkpoint 1 SHA256`, with the format's version and the SHA-256, in
//! lower-case hexadecimal digits, of all that follows. What follows is a safetensors file.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::refused;
use super::tensors::{self, Array};
use dropwise::error::{Error, Result};

const VERSION: &str = "1";

/// No first line is longer, in bytes, whatever the version.
const MAX_LINE: usize = 128;

/// The content of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Weights, the optimizer's state and other numbers.
    pub arrays: Vec<Array>,
    /// Everything else, as text.
    pub metadata: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The same with the configuration of the run that it is taken of.
    #[must_use]
    pub fn with_config(mut self, config_text: &str) -> Self {
        let key = super::CONFIG.to_owned();
        self.metadata.insert(key, config_text.to_owned());
        self
    }

    /// The configuration of the run that it was taken of; none in a checkpoint of an older version.
    #[must_use]
    pub fn config_text(&self) -> Option<&str> {
        self.metadata.get(super::CONFIG).map(String::as_str)
    }
}

/// A checkpoint file. The same content gives the same bytes.
///
/// # Errors
/// Those of [`tensors::encode`].
pub fn encode(arrays: &[Array], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let content = tensors::encode(arrays, metadata)?;
    let line = format!("dropwise checkpoint {VERSION} {}\n", sha256(&content));
    let mut bytes = Vec::with_capacity(line.len() + content.len());
    bytes.extend(line.into_bytes());
    bytes.extend(content);
    Ok(bytes)
}

/// The content of a checkpoint file, its arrays in order of their names. The checksum is verified
/// before anything else is read. `path` is named in errors.
///
/// # Errors
/// [`Error::Store`] if the file is no checkpoint, is of another version, is damaged or cut short.
pub fn decode(path: &Path, bytes: &[u8]) -> Result<Checkpoint> {
    let (expected, content) = split(path, bytes)?;
    let found = sha256(content);
    if found != expected {
        let problem = format!(
            "expected a content of SHA-256 {expected}, found {} bytes of SHA-256 {found}: the file is \
             damaged or cut short",
            content.len()
        );
        return Err(damaged(path, problem));
    }
    let (arrays, metadata) = tensors::decode(path, content)?;
    Ok(Checkpoint { arrays, metadata })
}

/// The SHA-256 that the first line names, and what follows that line.
fn split<'a>(path: &Path, bytes: &'a [u8]) -> Result<(&'a str, &'a [u8])> {
    let head = &bytes[..bytes.len().min(MAX_LINE)];
    let whole = head.iter().position(|byte| *byte == b'\n');
    let line = &head[..whole.unwrap_or(head.len())];
    let words = str::from_utf8(line)
        .ok()
        .and_then(|line| line.strip_prefix("dropwise checkpoint ")?.split_once(' '));
    match (words, whole) {
        (Some((VERSION, hash)), Some(end)) => Ok((hash, &bytes[end + 1..])),
        (Some((version, _)), _) if version != VERSION && version.parse::<u32>().is_ok() => {
            let problem =
                format!("expected a checkpoint of version {VERSION}, found version {version}");
            let fix = "use the version of dropwise that wrote it";
            Err(refused(path, problem, fix))
        }
        _ => {
            let found = String::from_utf8_lossy(line);
            let problem = format!(
                "expected a first line `dropwise checkpoint {VERSION} SHA256`, found {found:?}: the \
                 file is damaged or cut short, or no checkpoint"
            );
            Err(damaged(path, problem))
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(path: &Path, problem: String) -> Error {
    let fix = "delete it, and training goes on from the checkpoint before it";
    refused(path, problem, fix)
}
