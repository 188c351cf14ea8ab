//! A module of the library uses only modules that stand left of it.

use crate::common::layers::against_the_order;
use crate::common::repository;

#[test]
fn no_module_uses_one_that_stands_right_of_it() {
    let order: &[&[&str]] = &[
        &["error"],
        &["check"],
        &["backend"],
        &["seed"],
        &["threads"],
        &["task"],
        &["loss"],
        &["initializer"],
        &["activation"],
        &["normal"],
        &["dropout"],
        &["config"],
        &["data"],
        &["model"],
        &["evaluate"],
        &["train"],
        &["verify"],
    ];
    let found = against_the_order(&repository().join("src"), order);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
