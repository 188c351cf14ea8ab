//! `dropwise train` as a process: what it keeps, prints, takes and refuses.

mod arguments;
#[cfg(unix)]
mod disk;
mod diverged;
mod ensemble;
mod existing_folder;
mod folder;
mod linear;
mod output;
mod processes;
mod resume_finished;

/// Three short epochs with dropout, validation and test rows.
const DIGITS: &str = r#"
    seed = 5
    [data]
    source = "digits"
    split = { validation = 0.1, test = 0.2 }
    [network]
    hidden = [12]
    activation = "relu"
    [dropout]
    hidden = 0.2
    [train]
    optimizer = "adam"
    learning_rate = 0.01
    batch_size = 100
    epochs = 3
"#;

/// `DIGITS` with some text replaced.
fn digits_with(from: &str, to: &str) -> String {
    assert!(DIGITS.contains(from), "`{from}`");
    DIGITS.replacen(from, to, 1)
}
