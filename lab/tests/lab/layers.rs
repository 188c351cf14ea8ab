//! A module of the lab uses only modules that stand left of it.

use crate::common::layers::against_the_order;
use crate::common::repository;

#[test]
fn no_module_uses_one_that_stands_right_of_it() {
    let order: &[&[&str]] = &[
        &["checksum"],
        &["statistics"],
        &["uncertainty"],
        &["baseline"],
        &["explain"],
        &["study"],
        &["tune"],
        &["reproduce"],
        &["report", "store"],
        &["export"],
    ];
    let found = against_the_order(&repository().join("lab/src"), order);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
