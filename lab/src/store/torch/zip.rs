//! Zip archives whose entries are stored as they are, which is how PyTorch makes them.

use std::collections::BTreeMap;

use crate::checksum::{ZIP, checksum};

/// How an archive begins.
pub(super) const MARK: &[u8] = b"PK\x03\x04";
const ENTRY_MARK: &[u8] = b"PK\x01\x02";
const END_MARK: &[u8] = b"PK\x05\x06";
/// The bytes of an end without a comment, of an entry of the directory and of the head of a file, without its name.
const END: usize = 22;
const ENTRY: usize = 46;
const HEAD: usize = 30;
/// What is stored begins at multiples of this.
const ALIGNMENT: usize = 64;

/// The entries of an archive that are stored as they are, by their names, or why there are none.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, &[u8]>, String> {
    let cut_short = || "the archive is cut short or damaged".to_owned();
    let starts = (0..=bytes.len().saturating_sub(END)).rev().take(1 << 16);
    let mut starts = starts.filter(|start| bytes[*start..].starts_with(END_MARK));
    let end = starts.next().ok_or_else(cut_short)?;
    let (count, start) = (half(bytes, end + 10), word(bytes, end + 16));
    let (count, mut place) = (count.ok_or_else(cut_short)?, start.ok_or_else(cut_short)?);
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let entry =
            (bytes.get(place..).and_then(|entry| entry.get(..ENTRY))).ok_or_else(cut_short)?;
        if !entry.starts_with(ENTRY_MARK) {
            return Err(cut_short());
        }
        let at = |offset| half(entry, offset).unwrap_or_default();
        let size = |offset| word(entry, offset).unwrap_or_default();
        let (method, checked) = (at(10), size(16) as u32);
        let (packed, unpacked, head) = (size(20), size(24), size(42));
        let name = bytes
            .get(place + ENTRY..)
            .and_then(|name| name.get(..at(28)));
        let name = String::from_utf8_lossy(name.ok_or_else(cut_short)?).into_owned();
        place += ENTRY + at(28) + at(30) + at(32);
        // PyTorch compresses programs alone.
        if method != 0 || packed != unpacked {
            continue;
        }
        let names = half(bytes, head + 26).zip(half(bytes, head + 28));
        let (name_length, extra) = names.ok_or_else(cut_short)?;
        let start = head + HEAD + name_length + extra;
        let content = bytes.get(start..).and_then(|content| content.get(..packed));
        let content = content.ok_or_else(cut_short)?;
        // PyTorch may leave checksums out.
        if checked != 0 && checksum(ZIP, content) != checked {
            return Err(format!(
                "the entry `{name}` is damaged: its checksum is another"
            ));
        }
        entries.insert(name, content);
    }
    Ok(entries)
}

/// An archive. Sizes of more than 32 bits are the caller's to refuse.
pub(super) fn write(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let head = bytes.len();
        let start = head + HEAD + name.len() + 4;
        let padding = start.next_multiple_of(ALIGNMENT) - start;
        // Version, flags, method, time, date (1 January 1980), checksum, sizes, length of the name.
        let mut about = Vec::new();
        about.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        about.extend(checksum(ZIP, content).to_le_bytes());
        about.extend((content.len() as u32).to_le_bytes());
        about.extend((content.len() as u32).to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        bytes.extend(MARK);
        bytes.extend(&about);
        // A field of its own holds what moves the content to its place, as PyTorch does it.
        bytes.extend((padding as u16 + 4).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(b"FB");
        bytes.extend((padding as u16).to_le_bytes());
        bytes.resize(bytes.len() + padding, b'Z');
        bytes.extend(content);
        directory.extend(ENTRY_MARK);
        directory.extend([20, 0]);
        directory.extend(about);
        directory.extend([0; 12]);
        directory.extend((head as u32).to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = bytes.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    let length = directory.len() as u32;
    bytes.extend(directory);
    bytes.extend(END_MARK);
    bytes.extend([0; 4]);
    bytes.extend(count);
    bytes.extend(count);
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes).into())
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}
