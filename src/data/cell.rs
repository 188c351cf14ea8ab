//! A cell of a table: where its text becomes a number, and how a message shows it.

use std::ops::Range;

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
            let short = Decimal::read(text, b'.').and_then(Decimal::number);
            return short.or_else(|| text.parse().ok());
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

/// A number as most cells have it: a sign or none, and at most 19 digits with a point or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    pub(super) is_negative: bool,
    /// Its digits as a whole number.
    pub(super) digits: u64,
    /// How many of them stand after the point.
    pub(super) decimals: u8,
}

impl Decimal {
    /// All that fits a whole number of 64 bits, whatever its digits are.
    const MOST_DIGITS: usize = 19;

    /// `None` for all else, such as numbers with an exponent. `point` stands before the decimals.
    fn read(text: &str, point: u8) -> Option<Self> {
        Self::read_in(text.as_bytes(), 0..text.len(), point)
    }

    /// The same of a text that stands in others.
    #[inline(always)]
    fn read_in(whole: &[u8], place: Range<usize>, point: u8) -> Option<Self> {
        let length = place.len();
        if let Some(window) = whole[place.start..].first_chunk() {
            return Self::at_start(window, length, point);
        }
        let text = &whole[place];
        let text = &text[..length.min(WINDOW)];
        let mut window = [0; WINDOW];
        window[..text.len()].copy_from_slice(text);
        Self::at_start(&window, length, point)
    }

    /// The same of the first so many letters of some.
    #[inline(always)]
    fn at_start(window: &[u8; WINDOW], length: usize, point: u8) -> Option<Self> {
        const UNSIGNED: usize = WINDOW - 1;
        let is_negative = window[0] == b'-';
        let unsigned: Option<&[u8; UNSIGNED]> = match is_negative {
            true => window.last_chunk(),
            false => window.first_chunk(),
        };
        let unsigned = unsigned?;
        let length = length.checked_sub(usize::from(is_negative))?;
        // With a point one more than digits.
        if length > Self::MOST_DIGITS + 1 {
            return None;
        }
        // Eight letters as one number, the first one its lowest byte.
        let eight = |start: usize| {
            let letters = unsigned[start..].first_chunk();
            letters.map_or(0, |letters| u64::from_le_bytes(*letters))
        };
        let mut whole = first_of(eight(0), point);
        let digits = if whole < 8 && whole < length {
            // What is after the point, to where the point is.
            let before = firsts(whole);
            [eight(0) & before | eight(1) & !before, eight(9), eight(17)]
        } else {
            let mut digits = [eight(0), eight(8), eight(16)];
            if whole == 8 && length > 8 {
                whole = match first_of(eight(8), point) {
                    8 => 16 + first_of(eight(16), point),
                    more => 8 + more,
                };
                for (k, digits) in digits.iter_mut().enumerate() {
                    let before = firsts(whole.saturating_sub(8 * k).min(8));
                    *digits = *digits & before | eight(8 * k + 1) & !before;
                }
            }
            digits
        };
        let has_point = whole < length;
        let count = length - usize::from(has_point);
        if !(1..=Self::MOST_DIGITS).contains(&count) {
            return None;
        }
        let digits = digits.map(|letters| letters ^ (0x30 * EACH));
        let (mut number, mut others) = (0, 0);
        let last = match count / 8 {
            0 => digits[0],
            1 => {
                (number, others) = (eight_digits(digits[0]), other_than_digits(digits[0]));
                digits[1]
            }
            _ => {
                others = other_than_digits(digits[0]) | other_than_digits(digits[1]);
                number = 100_000_000 * eight_digits(digits[0]) + eight_digits(digits[1]);
                digits[2]
            }
        };
        // The last ones after as many zeros as there are other letters.
        let rest = count % 8;
        let last = last.checked_shl(u64::BITS - 8 * rest as u32).unwrap_or(0);
        others |= other_than_digits(last);
        (others == 0).then(|| Decimal {
            is_negative,
            digits: number
                .wrapping_mul(TENS[rest])
                .wrapping_add(eight_digits(last)),
            decimals: if has_point { length - whole - 1 } else { 0 } as u8,
        })
    }

    /// The number that a text in others stands for, if [`text`](Self::text) writes it as it is.
    #[inline]
    pub(super) fn read_exact(whole: &[u8], place: Range<usize>, point: u8) -> Option<Self> {
        let letters = place.len();
        let (start, end) = (place.start, place.end);
        let number = Decimal::read_in(whole, place, point)?;
        let first = start + usize::from(number.is_negative);
        let whole_digits = letters
            - usize::from(number.is_negative)
            - usize::from(number.decimals)
            - usize::from(number.decimals > 0);
        let is_exact = whole_digits == 1 || whole_digits > 1 && whole[first] != b'0';
        let ends_with_point = whole[end - 1] == point;
        (is_exact && !ends_with_point).then_some(number)
    }

    /// Its text, with a digit at least before the point.
    pub(super) fn text(self, point: char) -> String {
        let decimals = usize::from(self.decimals);
        let sign = if self.is_negative { "-" } else { "" };
        let digits = format!("{:0>1$}", self.digits, decimals + 1);
        let (whole, after) = digits.split_at(digits.len() - decimals);
        match after {
            "" => format!("{sign}{whole}"),
            after => format!("{sign}{whole}{point}{after}"),
        }
    }

    /// The closest number of 64 bits.
    #[inline]
    pub(super) fn value(self) -> f64 {
        let number = self.number();
        number.unwrap_or_else(|| self.read_again())
    }

    #[cold]
    fn read_again(self) -> f64 {
        self.text('.').parse().unwrap_or(f64::NAN)
    }

    /// The closest number of 64 bits; `None` where that takes more than one multiplication to tell.
    #[inline]
    fn number(self) -> Option<f64> {
        let decimals = usize::from(self.decimals);
        let size = if self.digits < 1 << f64::MANTISSA_DIGITS || decimals == 0 {
            // A whole number below 2^53 and a power of ten up to 10^22 are exact in 64 bits, so that one division rounds as reading the
            // digits would (Clinger 1990).
            self.digits as f64 / POWERS[decimals]
        } else {
            // `digits * 2^zeros * reciprocal / 2^64`, rounded down, is less than 2 below what it would be of the exact reciprocal.
            let zeros = self.digits.leading_zeros();
            let product = u128::from(self.digits << zeros) * u128::from(RECIPROCALS[decimals]);
            let product = (product >> 64) as u64;
            let dropped = u64::BITS - f64::MANTISSA_DIGITS - product.leading_zeros();
            let (kept, rest) = (product >> dropped, product & ((1 << dropped) - 1));
            let half = 1 << (dropped - 1);
            if rest <= half && rest + 2 > half {
                return None;
            }
            // Which of the two is as good as random, so that a jump would cost more than all the rest.
            let rounded = kept + u64::from(rest > half);
            let bits_of_power = u64::BITS - TENS[decimals].leading_zeros();
            let exponent = i64::from(dropped) + 1 - i64::from(zeros) - i64::from(bits_of_power);
            rounded as f64 * f64::from_bits(((1_023 + exponent) as u64) << 52)
        };
        // Signs are as good as random too.
        let sign = u64::from(self.is_negative) << (u64::BITS - 1);
        Some(f64::from_bits(size.to_bits() | sign))
    }
}

/// Letters that are looked at to read a number: as many as it may have, and some after them.
const WINDOW: usize = 32;

/// Powers of ten, and as numbers of 64 bits that they are exact in.
const TENS: [u64; Decimal::MOST_DIGITS + 1] = {
    let mut powers = [1; Decimal::MOST_DIGITS + 1];
    let mut k = 1;
    while k < powers.len() {
        powers[k] = 10 * powers[k - 1];
        k += 1;
    }
    powers
};
const POWERS: [f64; Decimal::MOST_DIGITS + 1] = {
    let mut powers = [1.0; Decimal::MOST_DIGITS + 1];
    let mut k = 1;
    while k < powers.len() {
        powers[k] = TENS[k] as f64;
        k += 1;
    }
    powers
};

/// `2^(63 + bits) / 10^k`, rounded down, where 10^k has so many bits: 64 bits, the first of which is set. Of 10^0 there is none.
const RECIPROCALS: [u64; Decimal::MOST_DIGITS + 1] = {
    let mut reciprocals = [0; Decimal::MOST_DIGITS + 1];
    let mut k = 1;
    while k < reciprocals.len() {
        let bits = u64::BITS - TENS[k].leading_zeros();
        reciprocals[k] = ((1_u128 << (63 + bits)) / TENS[k] as u128) as u64;
        k += 1;
    }
    reciprocals
};

/// One in each of eight bytes.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The place of the first of eight letters that is this one; 8 if none is.
#[inline(always)]
fn first_of(letters: u64, letter: u8) -> usize {
    let others = letters ^ (u64::from(letter) * EACH);
    // Bits are right up to that of the first one.
    let same = others.wrapping_sub(EACH) & !others & (0x80 * EACH);
    same.trailing_zeros() as usize / 8
}

/// All ones in the first so many of eight bytes.
#[inline(always)]
fn firsts(count: usize) -> u64 {
    !u64::MAX.checked_shl(8 * count as u32).unwrap_or(0)
}

/// Not 0 if one of eight bytes is no digit.
#[inline(always)]
fn other_than_digits(bytes: u64) -> u64 {
    (bytes.wrapping_add(0x76 * EACH) | bytes) & (0x80 * EACH)
}

/// The number that eight digits are: pairs of digits become numbers, then pairs of those, then both.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    let twos = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
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
            digits in any::<u64>(),
            (shift, width, point, sign, noise) in (0..64_u32, 0..20_usize, 0..21_usize, any::<bool>(), 0..40_usize),
        ) {
            let digits = digits >> shift;
            let mut text = format!("{digits:0>width$}");
            if point <= text.len() {
                text.insert(point, '.');
            }
            if sign {
                text.insert(0, '-');
            }
            if let Some(letter) = [".", "-", "e", " ", "+", "/", ":", ","].get(noise) {
                text.insert_str(text.len() / 2, letter);
            }
            let expected = text.parse::<f64>().ok().map(f64::to_bits);
            let found = Decimal::read(&text, b'.');
            prop_assert!(found.is_none() || expected.is_some(), "{}", text);
            if let Some(found) = found.and_then(Decimal::number) {
                prop_assert_eq!(Some(found.to_bits()), expected, "{}", text);
            }
            for text in ["", "-", ".", "-.", "1e5", "inf", "nan", "12345678901234567890"] {
                prop_assert_eq!(Decimal::read(text, b'.'), None);
            }
        }

        #[test]
        fn numbers_as_they_are_printed_are_read_back(bits in any::<u64>(), exponent in -12..20_i32) {
            // Of all sizes that have no exponent.
            let mantissa = f64::from_bits(bits >> 12 | 1_023 << 52) - 1.5;
            let number = mantissa * 10_f64.powi(exponent);
            let read = NumberStyle::default().parse(&number.to_string());
            prop_assert_eq!(read.map(f64::to_bits), Some(number.to_bits()));
        }
    }
}
