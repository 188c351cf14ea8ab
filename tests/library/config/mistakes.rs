//! A good file, to which tests add a mistake.

use dropwise::config::Experiment;

pub(crate) const GOOD: &str = "seed = 1
[data]
source = \"xor\"
[network]
hidden = [4, 3]
[train]
learning_rate = 0.5
epochs = 10
[dropout]
";

/// Asserts the error, with line and column, of a good file with `lines` added under `header`.
#[track_caller]
pub(crate) fn assert_error(header: &str, lines: &str, expected: &str) {
    let text = GOOD.replacen(header, &format!("{header}\n{lines}"), 1);
    assert_ne!(text, GOOD, "the file has no {header}");
    match Experiment::parse("x.toml", &text) {
        Ok(_) => panic!("`{lines}` was accepted"),
        Err(error) => assert_eq!(error.to_string(), format!("x.toml:{expected}")),
    }
}

#[track_caller]
pub(crate) fn assert_good(header: &str, lines: &str) {
    let text = GOOD.replacen(header, &format!("{header}\n{lines}"), 1);
    if let Err(error) = Experiment::parse("x.toml", &text) {
        panic!("`{lines}`: {error}");
    }
}

#[test]
fn the_file_that_mistakes_are_added_to_is_good() {
    assert!(Experiment::parse("x.toml", GOOD).is_ok());
}
