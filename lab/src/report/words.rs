//! Numbers as sentences hold them.

use super::escape::printable;
pub(super) use super::tune::capital;

/// Three significant digits, or all digits before the point; powers of ten only far from 1.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&size) {
        return format!("{value:.2e}");
    }
    let digits = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.digits$}")
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", decimals(100.0 * share))
}

/// A number that is to be read beside others of its kind: at most two decimals.
fn decimals(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    match text
        .trim_start_matches('-')
        .trim_matches(['0', '.'])
        .is_empty()
    {
        true => "0".to_owned(),
        false => text,
    }
}

/// A share in percent, or a number.
pub(super) fn value(value: f64, is_share: bool) -> String {
    if is_share {
        percent(value)
    } else {
        number(value)
    }
}

/// A whole number, its thousands parted.
pub(super) fn count(count: usize) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&digits[start..start + 3]);
    }
    text
}

/// A count and its noun.
pub(super) fn several(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A name for files and places in a page: letters, digits and dashes.
pub(super) fn slug(name: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
        _ => '-',
    };
    let slug: String = name.chars().map(plain).collect();
    let parts: Vec<_> = slug.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "run".to_owned()
    } else {
        parts.join("-").chars().take(60).collect()
    }
}

/// Broken between words; a word that is longer than a line is cut.
pub(super) fn wrapped(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in printable(text).split_whitespace() {
        let word: String = word.chars().take(columns).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{count, number, percent, slug};

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let found = [
            0.0,
            1.0,
            -0.012_345,
            12.345,
            123_456.7,
            1e-7,
            2.5e9,
            f64::NAN,
        ]
        .map(number);
        let expected = [
            "0",
            "1.00",
            "-0.0123",
            "12.3",
            "123457",
            "1.00e-7",
            "2.50e9",
            "not a number",
        ];
        assert_eq!(found, expected);
        assert_eq!(
            [0.0, 0.0111, 0.25, 1.0, 0.000_01].map(percent),
            ["0 %", "1.11 %", "25.0 %", "100 %", "0 %"]
        );
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_name_becomes_one_that_every_file_system_takes() {
        assert_eq!(slug("runs/Digits 0.5 <&>"), "runs-digits-0-5");
        assert_eq!(slug("../\u{fc}\n"), "run");
    }
}
