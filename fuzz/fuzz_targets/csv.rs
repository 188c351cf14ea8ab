//! Any bytes as a table, the first of them choosing how it is read: a table or an error, never a panic.

#![no_main]

use dropwise::config::{ColumnName, DataConfig, Delimiter, Missing, SourceKind};
use dropwise::data::csv::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((choice, bytes)) = input.split_first() {
        let _ = parse("fuzz.csv", bytes, &config(*choice));
    }
});

fn config(choice: u8) -> DataConfig {
    let delimiters = [
        Delimiter::Byte(b','),
        Delimiter::Byte(b';'),
        Delimiter::Byte(b'\t'),
        Delimiter::Whitespace,
    ];
    let policies = [Missing::Error, Missing::Drop, Missing::Mean, Missing::Mode];
    DataConfig {
        delimiter: Some(delimiters[usize::from(choice & 3)]),
        missing: Some(policies[usize::from(choice >> 2 & 3)]),
        header: Some(choice & 16 != 0),
        standardize: Some(choice & 32 != 0),
        target: Some(ColumnName::Number(1)),
        ..DataConfig::new(SourceKind::Csv)
    }
}
