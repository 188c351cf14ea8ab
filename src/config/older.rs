//! Keys that older versions wrote, under their names of today.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Renames the keys of an experiment, each in its place in the file.
pub(super) fn rename(root: &mut DeTable<'_>) {
    if let Some(train) = table(root, "train") {
        rename_key(train, "dampened", "dampening");
    }
}

fn table<'a, 'i>(root: &'a mut DeTable<'i>, name: &str) -> Option<&'a mut DeTable<'i>> {
    match root.get_mut(name)?.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn rename_key(table: &mut DeTable<'_>, old: &str, new: &'static str) {
    if table.contains_key(new) {
        return; // and the old one is unknown
    }
    if let Some((key, value)) = table.remove_entry(old) {
        table.insert(Spanned::new(key.span(), new.into()), value);
    }
}
