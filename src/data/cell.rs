//! A cell of a table: where its text becomes a number, and how a message shows it.

/// What a cell says, read once, when nothing is known yet of the other cells of its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// One of the marks of a missing value.
    Missing,
    /// A finite number.
    Number(f64),
    /// An infinite number, `NaN`, or one too large for 64 bits.
    NotFinite,
    /// Anything else.
    Text,
}

impl Cell {
    /// Reads a cell that has no white space around it.
    pub(super) fn read(text: &str, missing_values: &[String]) -> Self {
        if missing_values.iter().any(|value| value == text) {
            return Cell::Missing;
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Cell::Number(number),
            Ok(_) => Cell::NotFinite,
            Err(_) => Cell::Text,
        }
    }

    pub(super) fn number(self) -> Option<f64> {
        match self {
            Cell::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// The finite number that the text of a cell stands for, as training reads it; `None` if it is no such number.
/// White space around it does not count.
///
/// ```
/// use dropwise::data::parse_number;
///
/// assert_eq!(parse_number(" -1.5e3 "), Some(-1500.0));
/// assert_eq!([parse_number("1,5"), parse_number("inf"), parse_number("")], [None; 3]);
/// ```
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    Cell::read(text.trim(), &[]).number()
}

/// A cell as it is shown in a message, which is one line and not as long as a cell can be.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}
