//! Any bytes as a table, the first of them choosing how it is read: a table or an error, never a panic.

#![no_main]

use dropwise::config::Delimiter;
use dropwise::data::csv::{Format, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((choice, bytes)) = input.split_first() {
        let delimiters = [
            Delimiter::Byte(b','),
            Delimiter::Byte(b';'),
            Delimiter::Byte(b'\t'),
            Delimiter::Whitespace,
        ];
        let delimiter = delimiters[usize::from(choice & 3)];
        let _ = parse("fuzz.csv", bytes, Format::new(delimiter, choice & 4 != 0));
    }
});
