//! Lines of TOML with comments.

use dropwise::config::ColumnName;

pub(super) fn column_name(name: &ColumnName) -> String {
    match name {
        ColumnName::Number(number) => number.to_string(),
        ColumnName::Name(name) => quoted(name),
    }
}

/// A TOML string. It has no line end, so that it can stand in a comment too.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A number with commas between thousands.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The lines of the configuration.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Where the comments beside keys begin.
    const COMMENTS: usize = 35;

    pub(super) fn key(&mut self, key: &str, value: &str, comment: &str) {
        let line = format!("{key} = {value}");
        if comment.is_empty() {
            self.0.push_str(&line);
        } else {
            self.0.push_str(&format!(
                "{line:<width$} # {comment}",
                width = Self::COMMENTS
            ));
        }
        self.0.push('\n');
    }

    pub(super) fn comment(&mut self, comment: &str) {
        self.0.push_str(&format!("# {comment}\n"));
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn section(&mut self, name: &str) {
        self.0.push_str(&format!("\n[{name}]\n"));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
