//! Keys that older versions wrote, under their names of today.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a key was, and where it is now.
const RENAMED: [([&str; 2], [&str; 2]); 2] = [
    (["train", "dampened"], ["train", "dampening"]),
    (["train", "replicas"], ["study", "replicas"]),
];

/// Renames the keys of an experiment. Each keeps its place in the file; beside the key of today it stays, and is unknown.
pub(super) fn rename(root: &mut DeTable<'_>) {
    if let Some(data) = table(root, "data") {
        rename_learn(data);
    }
    for ([old_table, old], [new_table, new]) in RENAMED {
        if table(root, new_table).is_some_and(|table| table.contains_key(new)) {
            continue;
        }
        let moved = table(root, old_table).and_then(|table| table.remove_entry(old));
        if let Some((key, value)) = moved {
            let span = key.span();
            if table(root, new_table).is_none() {
                let empty = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
                root.insert(Spanned::new(span.clone(), new_table.into()), empty);
            }
            if let Some(table) = table(root, new_table) {
                table.insert(Spanned::new(span, new.into()), value);
            }
        }
    }
}

fn table<'a, 'i>(root: &'a mut DeTable<'i>, name: &str) -> Option<&'a mut DeTable<'i>> {
    match root.get_mut(name)?.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// `learn` was "targets" or "inputs"; `autoencoder` is whether it was the latter.
fn rename_learn(data: &mut DeTable<'_>) {
    let learned = data.get("learn").and_then(|value| value.get_ref().as_str());
    let Some(autoencoder) = learned.and_then(|learned| match learned {
        "targets" => Some(false),
        "inputs" => Some(true),
        _ => None,
    }) else {
        return;
    };
    if let Some((key, value)) = data.remove_entry("learn") {
        let value = Spanned::new(value.span(), DeValue::Boolean(autoencoder));
        data.insert(Spanned::new(key.span(), "autoencoder".into()), value);
    }
}
