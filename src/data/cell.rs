//! A cell of a table: where its text becomes a number, and how a message shows it.

use serde::{Deserialize, Serialize};

use crate::config::TableConfig;

/// How numbers are written in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NumberStyle {
    /// What stands before the decimals.
    pub(super) decimal: char,
    /// What stands between groups of three digits before that, where anything does.
    pub(super) thousands: Option<char>,
}

impl Default for NumberStyle {
    fn default() -> Self {
        NumberStyle {
            decimal: '.',
            thousands: None,
        }
    }
}

impl NumberStyle {
    pub(super) fn of(config: &TableConfig) -> Self {
        NumberStyle {
            decimal: config.decimal,
            thousands: config.thousands,
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == NumberStyle::default()
    }

    /// The number that a text stands for, which may be infinite or NaN; `None` if it is no number.
    pub(super) fn parse(self, text: &str) -> Option<f64> {
        if self.is_default() {
            return short(text).or_else(|| text.parse().ok());
        }
        let (whole, decimals) = match text.split_once(self.decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let mut plain = self.without_groups(whole)?;
        // What is left of the other convention is no number in this one.
        if plain.contains('.') || decimals.is_some_and(|decimals| decimals.contains('.')) {
            return None;
        }
        if let Some(decimals) = decimals {
            plain.push('.');
            plain.push_str(decimals);
        }
        plain.parse().ok()
    }

    /// Digits without what stands between their groups, each of which but the first has three.
    fn without_groups(self, whole: &str) -> Option<String> {
        let Some(separator) = self.thousands else {
            return Some(whole.to_owned());
        };
        let mut groups = whole.split(|letter| is_same(letter, separator));
        let mut plain = groups.next()?.to_owned();
        let first = plain.trim_start_matches(['+', '-']);
        // 0,123 has no groups: nobody begins a thousand with a zero.
        let begins = (1..=3).contains(&first.len()) && !first.starts_with('0');
        for group in groups {
            let is_group = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
            if !is_group || !begins {
                return None;
            }
            plain.push_str(group);
        }
        Some(plain)
    }
}

/// A number of few digits with a point or none, as most cells hold; `None` for all else. A whole number below 2^53 and a power of ten up
/// to 10^22 are exact in 64 bits, so that one division rounds as reading the digits would (Clinger 1990).
fn short(text: &str) -> Option<f64> {
    const POWERS: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let (digits, is_negative) = match text.as_bytes() {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    // With a point one more.
    if digits.len() > 16 {
        return None;
    }
    let (mut whole, mut count, mut decimals) = (0_u64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                whole = 10 * whole + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if decimals.is_none() => decimals = Some(count),
            _ => return None,
        }
    }
    if count == 0 || count > 15 {
        return None;
    }
    let number = whole as f64 / POWERS[count - decimals.unwrap_or(count)];
    Some(if is_negative { -number } else { number })
}

/// Spaces that do not break a line, and apostrophes of either form, are the same.
fn is_same(letter: char, separator: char) -> bool {
    let plain = |letter: char| match letter {
        '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        '\u{2019}' => '\'',
        other => other,
    };
    plain(letter) == plain(separator)
}

/// What keeps a text from being a number, where it would be one but for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Almost {
    /// `1,5`: a comma before the decimals.
    DecimalComma,
    /// `1,188` or `1.234.567`: groups of three digits, and what stands between them. One group may be decimals as well.
    Thousands(char),
    /// `1.234,56`: groups of three digits, and a comma before the decimals.
    ThousandsAndComma,
    /// `5 %`.
    Percent,
    /// `$5` or `5 EUR`.
    Currency,
}

impl Almost {
    /// How a text misses being a number; `None` for numbers, and for what is far from one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if parse_number(text).is_some() {
            return None;
        }
        let read = |decimal, thousands| {
            let style = NumberStyle { decimal, thousands };
            style.parse(text).is_some_and(f64::is_finite)
        };
        let number = text.bytes().any(|byte| byte.is_ascii_digit());
        if !number {
            return None;
        }
        for separator in [',', ' ', '\''] {
            if read('.', Some(separator)) {
                return Some(Almost::Thousands(separator));
            }
        }
        if read('.', Some('.')) {
            return Some(Almost::Thousands('.'));
        }
        if read(',', None) {
            return Some(Almost::DecimalComma);
        }
        if ['.', ' ', '\'']
            .into_iter()
            .any(|separator| read(',', Some(separator)))
        {
            return Some(Almost::ThousandsAndComma);
        }
        let is_number = |text: &str| parse_number(text).is_some() || Almost::of(text).is_some();
        if let Some(rest) = text.strip_suffix('%') {
            return is_number(rest).then_some(Almost::Percent);
        }
        let rest = text.trim_start_matches(['+', '-']);
        let signs = ['$', '\u{20ac}', '\u{a3}', '\u{a5}', '\u{20b9}', '\u{20a9}'];
        let codes = ["USD", "EUR", "GBP", "CHF", "JPY", "Rs", "kr"];
        let bare = codes
            .into_iter()
            .fold(rest.trim_matches(signs), |rest, code| {
                rest.strip_prefix(code)
                    .or(rest.strip_suffix(code))
                    .unwrap_or(rest)
            });
        (bare.len() < rest.len() && is_number(bare)).then_some(Almost::Currency)
    }

    /// What it is called, and what can be done about it.
    #[must_use]
    pub fn words(self) -> (String, String) {
        match self {
            Almost::DecimalComma => (
                "has a decimal comma".to_owned(),
                "say `decimal = \",\"` in `[data]`".to_owned(),
            ),
            Almost::Thousands(separator) => {
                let other = match separator {
                    ',' => "; if it stands before decimals, `decimal = \",\"`",
                    _ => "",
                };
                (
                    format!("has `{separator}` between groups of three digits"),
                    format!("say `thousands = \"{separator}\"` in `[data]`{other}"),
                )
            }
            Almost::ThousandsAndComma => (
                "has groups of three digits and a decimal comma".to_owned(),
                "say `decimal = \",\"` and `thousands = \".\"` in `[data]`".to_owned(),
            ),
            Almost::Percent => (
                "has a percent sign".to_owned(),
                "take the signs away; the heading can say what the numbers are".to_owned(),
            ),
            Almost::Currency => (
                "has a currency".to_owned(),
                "take the signs away; the heading can say what the numbers are".to_owned(),
            ),
        }
    }
}

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
    pub(super) fn read(text: &str, missing_values: &[String], style: NumberStyle) -> Self {
        // Most texts differ in their first letter.
        let is_same = |value: &String| {
            value.len() == text.len()
                && value.bytes().next() == text.bytes().next()
                && value == text
        };
        if missing_values.iter().any(is_same) {
            return Cell::Missing;
        }
        match style.parse(text) {
            Some(number) if number.is_finite() => Cell::Number(number),
            Some(_) => Cell::NotFinite,
            None => Cell::Text,
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
    Cell::read(text.trim(), &[], NumberStyle::default()).number()
}

/// As [`parse_number`], of a table that is written with these (`decimal` and `thousands` of a configuration).
#[must_use]
pub fn parse_number_in(text: &str, decimal: char, thousands: Option<char>) -> Option<f64> {
    let style = NumberStyle { decimal, thousands };
    Cell::read(text.trim(), &[], style).number()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_numbers_are_read_as_the_standard_library_reads_them(
            digits in 0..10_000_000_000_000_000_u64,
            (width, point, sign, noise) in (0..17_usize, 0..18_usize, any::<bool>(), 0..40_usize),
        ) {
            let mut text = format!("{digits:0>width$}");
            if point <= text.len() {
                text.insert(point, '.');
            }
            if sign {
                text.insert(0, '-');
            }
            if let Some(letter) = [".", "-", "e", " ", "+"].get(noise) {
                text.insert_str(text.len() / 2, letter);
            }
            let expected = text.parse::<f64>().ok().map(f64::to_bits);
            if let Some(found) = short(&text) {
                prop_assert_eq!(Some(found.to_bits()), expected, "{}", text);
            }
            for text in ["", "-", ".", "-.", "1e5", "inf", "nan"] {
                prop_assert_eq!(short(text), None);
            }
        }
    }
}
