//! Texts that say the same thing: `1`, `1.0` and `01`; `true` and `TRUE`; letters composed and decomposed.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::cell::NumberStyle;

/// A 64-bit number keeps this many digits, whatever they are; of more, two may become one.
const EXACT_DIGITS: usize = 15;

/// What a text says, where others may say the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Meaning {
    /// The bits of a number that is not -0.
    Number(u64),
    Truth(bool),
    Text(String),
}

impl Meaning {
    /// `None` for texts that nothing else is equal to. Without `numbers` digits are names.
    fn of(text: &str, style: NumberStyle, numbers: bool) -> Option<Self> {
        if numbers && let Some(number) = plain_number(text, style) {
            return Some(Meaning::Number((number + 0.0).to_bits()));
        }
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            return Some(Meaning::Truth(text.len() == "true".len()));
        }
        (!text.is_ascii()).then(|| Meaning::Text(composed(text)))
    }
}

/// The text with each letter and its marks as one character where there is one, as most programs write it (NFC).
#[must_use]
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// The number that a text is, if it is one by its form: `1e5` may be a name, `1e+05` is what R and Python write.
fn plain_number(text: &str, style: NumberStyle) -> Option<f64> {
    let mut last = ' ';
    let mut digits = 0;
    for letter in text.chars() {
        let fits = match letter {
            '0'..='9' => true,
            '+' | '-' => matches!(last, ' ' | 'e' | 'E'),
            'e' | 'E' => last.is_ascii_digit(),
            other => other == style.decimal || Some(other) == style.thousands,
        };
        let is_name = matches!(last, 'e' | 'E') && letter.is_ascii_digit();
        if !fits || is_name {
            return None;
        }
        digits += usize::from(letter.is_ascii_digit());
        last = letter;
    }
    let number = (digits <= EXACT_DIGITS).then(|| style.parse(text))??;
    number.is_finite().then_some(number)
}

/// Whether digits are names in a column that has these texts: all of one length, and some with a zero in front.
fn are_names<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut length, mut zeros) = (None, false);
    for text in texts {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        if *length.get_or_insert(text.len()) != text.len() {
            return false;
        }
        zeros |= text.len() > 1 && text.starts_with('0');
    }
    zeros
}

/// The place of a text among texts that differ in meaning, its own spelling first.
pub(super) fn find(known: &[String], text: &str, style: NumberStyle) -> Option<usize> {
    if let Some(place) = known.iter().position(|known| known == text) {
        return Some(place);
    }
    Meaning::of(text, style, true)?;
    let numbers = !are_names(known.iter().map(String::as_str));
    let meaning = Meaning::of(text, style, numbers)?;
    let same = |known: &String| Meaning::of(known, style, numbers).as_ref() == Some(&meaning);
    known.iter().position(same)
}

/// The different texts of a column, those that say the same thing taken together.
pub(super) struct Spellings<'a> {
    /// How often what is written like this occurs, in any spelling; the most frequent spelling names it.
    pub(super) counts: BTreeMap<&'a str, usize>,
    /// Other spellings, and the name.
    others: BTreeMap<&'a str, &'a str>,
}

impl<'a> Spellings<'a> {
    /// Of different texts and how often each occurs.
    pub(super) fn counted(
        texts: impl Iterator<Item = (&'a str, usize)>,
        style: NumberStyle,
    ) -> Self {
        // In an order of their own, so that of equals always the same is taken.
        let found: BTreeMap<&str, usize> = texts.collect();
        let numbers = !are_names(found.keys().copied());
        let mut counts = BTreeMap::new();
        let mut same: BTreeMap<Meaning, Vec<(&str, usize)>> = BTreeMap::new();
        for (text, count) in found {
            match Meaning::of(text, style, numbers) {
                Some(meaning) => same.entry(meaning).or_default().push((text, count)),
                None => _ = counts.insert(text, count),
            }
        }
        let mut others = BTreeMap::new();
        for spellings in same.into_values() {
            // Of equals the first: `max_by_key` takes the last.
            let most = spellings.iter().rev().max_by_key(|(_, count)| *count);
            let Some((name, _)) = most.copied() else {
                continue;
            };
            counts.insert(name, spellings.iter().map(|(_, count)| count).sum());
            let rest = spellings.iter().filter(|(text, _)| *text != name);
            others.extend(rest.map(|(text, _)| (*text, name)));
        }
        Spellings { counts, others }
    }

    /// The name of what a text says.
    pub(super) fn name(&self, text: &'a str) -> &'a str {
        self.others.get(text).copied().unwrap_or(text)
    }

    /// What is said of a column where several spellings are one.
    pub(super) fn note(&self, column: &str) -> Option<String> {
        const LISTED: usize = 5;
        let listed = self.others.iter().take(LISTED);
        let mut words: Vec<String> = listed
            .map(|(text, name)| format!("`{text}` as `{name}`"))
            .collect();
        let more = self.others.len().saturating_sub(LISTED);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        (!words.is_empty()).then(|| {
            format!(
                "in `{column}` values that say the same are one: {}",
                words.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(known: &[&str], text: &str) -> Option<usize> {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        find(&known, text, NumberStyle::default())
    }

    #[test]
    fn a_value_is_found_in_every_spelling_of_its_kind_and_its_own_comes_first() {
        for (known, text, place) in [
            (&["1", "2", "3"][..], "3.0", Some(2)),
            (&["1", "2", "3"], "03", Some(2)),
            (&["-1", "0"], "-0.0", Some(1)),
            (&["100000", "5"], "1e+05", Some(0)),
            (&["False", "True"], "true", Some(1)),
            (&["false", "true"], "TRUE", Some(1)),
            (&["cafe\u{301}", "tea"], "caf\u{e9}", Some(0)),
            (&["1", "1.0"], "1.0", Some(1)),
            (&["02139", "02140"], "2139", None),
            (&["1E5", "100000"], "100000", Some(1)),
            (&["1E5", "2B7"], "100000", None),
            (&["12345678901234567"], "12345678901234568", None),
            (&["red", "blue"], "Red", None),
        ] {
            assert_eq!(found(known, text), place, "{known:?} {text}");
        }
    }

    #[test]
    fn spellings_are_counted_together_under_the_most_frequent() {
        let texts = [("1.0", 2), ("1", 1), ("2", 1), ("true", 2), ("TRUE", 1)];
        let spellings = Spellings::counted(texts.into_iter(), NumberStyle::default());
        let counts: Vec<(&str, usize)> = spellings.counts.clone().into_iter().collect();
        assert_eq!(counts, [("1.0", 3), ("2", 1), ("true", 3)]);
        assert_eq!([spellings.name("1"), spellings.name("2")], ["1.0", "2"]);
        let note = "in `x` values that say the same are one: `1` as `1.0`, `TRUE` as `true`";
        assert_eq!(spellings.note("x").as_deref(), Some(note));
    }
}
