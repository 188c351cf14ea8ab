//! What the cells of each column look like.

use std::collections::{BTreeSet, HashMap};

use dropwise::data::{Almost, RawTable, date_parts, parse_number, parse_number_in};

/// Marks of a missing value that are none by default, but are where all else in a column is numbers.
const MARKS: [&str; 12] = [
    "N/A", "n/a", "na", "nan", "NULL", "Null", "null", "None", "none", "-", "--", ".",
];

/// What a column looks like.
pub(super) struct Survey {
    pub(super) name: String,
    /// Cells that are not missing.
    pub(super) present: usize,
    pub(super) missing: usize,
    /// Different values, those that are missing left out.
    pub(super) distinct: usize,
    /// How often the rarest value occurs; 0 if there is none.
    pub(super) rarest: usize,
    pub(super) holds: Holds,
    /// Whole numbers that are those of the rows in some order.
    pub(super) numbers_rows: bool,
    /// Bytes of the longest value.
    pub(super) longest: usize,
    /// Digits that are names: with leading zeros, or more of them than a number keeps.
    pub(super) digits_are_names: bool,
    /// Numbers but for a few words that are no marks, an example of which this is.
    pub(super) word_among_numbers: Option<String>,
    /// What keeps nearly all values from being numbers, and an example.
    pub(super) almost: Option<(Almost, String)>,
    /// How often `NA` occurs.
    pub(super) na: usize,
    /// All else in the column are codes of two letters, so that `NA` may well be one of them.
    pub(super) na_may_be_a_code: bool,
    /// Marks in this column that stand for missing values and do not by default.
    pub(super) marks: BTreeSet<&'static str>,
    /// The largest number less the smallest; 0 where there is none.
    pub(super) span: f64,
    /// How many values are numbers, and an example of those that are none.
    pub(super) numbers: usize,
    pub(super) word: Option<String>,
    /// A value that occurs once while most recur.
    pub(super) once: Option<String>,
    /// What words look like that are no use as they are.
    pub(super) looks_like: Option<&'static str>,
    /// Two values that differ in capital letters alone, if there are such.
    pub(super) respelled: Option<(String, String)>,
}

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Each number is 1 more than the one in the row before.
    Counting,
    WholeNumbers,
    Numbers,
    Words,
    /// Dates, and how those with slashes are to be read.
    Dates(Slashes),
}

/// What stands first in dates with slashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slashes {
    /// There are none.
    None,
    Day,
    Month,
    /// Nobody can know: no number is above 12.
    Either,
}

impl Survey {
    /// The most digits that are names, or values of a column of numbers with words among them, that become categories.
    pub(super) const MOST_NAMES: usize = 50;

    /// Of a table whose numbers are written in `style`: what stands before decimals, and between groups of three digits.
    pub(super) fn new(
        table: &RawTable,
        column: usize,
        missing_values: &[String],
        style: (char, Option<char>),
    ) -> Self {
        let is_missing = |cell: &&str| missing_values.iter().any(|value| value == cell);
        let number = |cell: &str| parse_number_in(cell, style.0, style.1);
        let mut cells: Vec<&str> = (0..table.rows())
            .map(|row| table.cell(row, column))
            .collect();
        let na = cells.iter().filter(|cell| **cell == "NA").count();
        let na_may_be_a_code = na > 0 && holds_codes(&cells);
        cells.retain(|cell| !is_missing(cell));
        let marks = marks_among_numbers(&cells, number);
        cells.retain(|cell| !marks.contains(cell));
        let holds = dates(&cells).map_or_else(|| held(&cells, number), Holds::Dates);

        let mut counts = HashMap::new();
        for cell in &cells {
            *counts.entry(*cell).or_insert(0_usize) += 1;
        }
        Survey {
            name: table.columns()[column].clone(),
            present: cells.len(),
            missing: table.rows() - cells.len(),
            distinct: counts.len(),
            rarest: counts.values().copied().min().unwrap_or(0),
            numbers_rows: number_rows(&cells, table.rows()),
            longest: cells.iter().map(|cell| cell.len()).max().unwrap_or(0),
            digits_are_names: are_names(&cells),
            word_among_numbers: word_among_numbers(&cells, holds, number),
            almost: almost(&cells, holds),
            na,
            na_may_be_a_code,
            numbers: cells.iter().filter(|cell| number(cell).is_some()).count(),
            word: cells
                .iter()
                .find(|cell| number(cell).is_none())
                .map(|cell| (*cell).to_owned()),
            once: once(&counts),
            looks_like: match holds {
                Holds::Words => looks_like(&cells, counts.len()),
                _ => None,
            },
            span: span(cells.iter().filter_map(|cell| number(cell))),
            respelled: respelled(counts.keys().copied(), holds),
            holds,
            marks,
        }
    }

    pub(super) fn holds_words(&self) -> bool {
        self.holds == Holds::Words
    }

    pub(super) fn holds_dates(&self) -> bool {
        matches!(self.holds, Holds::Dates(_))
    }

    pub(super) fn holds_whole_numbers(&self) -> bool {
        matches!(self.holds, Holds::Counting | Holds::WholeNumbers)
    }

    /// Whether its values are categories though they look like numbers: digits that are names, and numbers among which are a few
    /// words.
    pub(super) fn is_categorical(&self) -> bool {
        let has_words = self.word_among_numbers.is_some();
        self.digits_are_names || has_words && self.distinct <= Self::MOST_NAMES
    }

    /// Whether no value occurs twice and none is missing.
    pub(super) fn all_different(&self) -> bool {
        self.missing == 0 && self.distinct == self.present
    }
}

/// The marks in a column where all else is numbers; none in other columns, where they may be words.
fn marks_among_numbers(
    cells: &[&str],
    number: impl Fn(&str) -> Option<f64>,
) -> BTreeSet<&'static str> {
    let mark = |cell: &&str| MARKS.into_iter().find(|mark| mark == cell);
    let (numbers, others): (Vec<&str>, Vec<&str>) =
        cells.iter().partition(|cell| number(cell).is_some());
    match others.iter().map(mark).collect::<Option<BTreeSet<_>>>() {
        Some(marks) if !numbers.is_empty() => marks,
        _ => BTreeSet::new(),
    }
}

/// Whether all values but `NA` are codes of two capital letters, such as those of countries, and several of them.
fn holds_codes(cells: &[&str]) -> bool {
    let is_code =
        |cell: &&str| cell.len() == 2 && cell.bytes().all(|letter| letter.is_ascii_uppercase());
    let others = cells
        .iter()
        .filter(|cell| !cell.is_empty() && **cell != "NA");
    let kinds: BTreeSet<&str> = others.copied().collect();
    kinds.iter().all(is_code) && kinds.len() > 1
}

/// Whether whole numbers are n, n + 1, ... in some order, one for each row.
fn number_rows(cells: &[&str], rows: usize) -> bool {
    let numbers: Option<BTreeSet<i64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() == rows && rows > 1) else {
        return false;
    };
    let ends = numbers.first().zip(numbers.last());
    ends.is_some_and(|(first, last)| last.abs_diff(*first) + 1 == rows as u64)
}

/// Whether all are digits that a number would lose: zeros at the front of texts of one length, or 16 digits and more.
fn are_names(cells: &[&str]) -> bool {
    let digits = |cell: &&str| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    if cells.is_empty() || !cells.iter().all(digits) {
        return false;
    }
    let alike = cells
        .iter()
        .all(|cell| cell.len() == cells[0].len() && cell.len() > 1);
    let zeros = cells.iter().any(|cell| cell.starts_with('0'));
    alike && zeros
        || cells
            .iter()
            .any(|cell| cell.trim_start_matches('0').len() >= 16)
}

/// A word in a column that is taken for numbers.
fn word_among_numbers(
    cells: &[&str],
    holds: Holds,
    number: impl Fn(&str) -> Option<f64>,
) -> Option<String> {
    let mut words = cells.iter().filter(|cell| number(cell).is_none());
    let is_numeric = !matches!(holds, Holds::Words | Holds::Dates(_));
    is_numeric.then(|| words.next().map(|word| (*word).to_owned()))?
}

/// What keeps nearly all cells of a column of words from being numbers; decimals decide over groups of three digits.
fn almost(cells: &[&str], holds: Holds) -> Option<(Almost, String)> {
    let found: Vec<(Almost, &str)> = cells
        .iter()
        .filter_map(|cell| Almost::of(cell).map(|kind| (kind, *cell)))
        .collect();
    let numbers = cells
        .iter()
        .filter(|cell| parse_number(cell).is_some())
        .count();
    let nearly_all = found.len() + numbers >= cells.len() - cells.len() / 10;
    if found.is_empty() || holds != Holds::Words || !nearly_all {
        return None;
    }
    let is_decimal =
        |kind: &Almost| matches!(kind, Almost::DecimalComma | Almost::ThousandsAndComma);
    let first = found.iter().find(|(kind, _)| is_decimal(kind));
    let (kind, example) = first.unwrap_or(&found[0]);
    Some((*kind, (*example).to_owned()))
}

/// Whether all cells are dates, and how those with slashes are to be read.
fn dates(cells: &[&str]) -> Option<Slashes> {
    let all = |day_first| {
        cells
            .iter()
            .all(|cell| date_parts(cell, day_first).is_some())
    };
    let has_slashes = cells
        .iter()
        .any(|cell| cell.find('/').is_some_and(|place| place < 4));
    if cells.is_empty() {
        return None;
    }
    match (all(true), all(false)) {
        (true, true) if has_slashes => Some(Slashes::Either),
        (true, true) => Some(Slashes::None),
        (true, false) => Some(Slashes::Day),
        (false, true) => Some(Slashes::Month),
        (false, false) => None,
    }
}

/// A value that occurs once, where others occur ten times and more on average.
fn once(counts: &HashMap<&str, usize>) -> Option<String> {
    let rows: usize = counts.values().sum();
    let mut once: Vec<&str> = counts
        .iter()
        .filter(|(_, count)| **count == 1)
        .map(|(text, _)| *text)
        .collect();
    once.sort_unstable();
    once.first()
        .filter(|_| rows >= 10 * counts.len())
        .map(|text| (*text).to_owned())
}

/// What nearly all cells look like: times of day, dates in a form that is not read, numbers with a unit behind them.
fn looks_like(cells: &[&str], distinct: usize) -> Option<&'static str> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let nearly_all = |is: &dyn Fn(&str) -> bool| {
        let count = cells.iter().filter(|cell| is(cell)).count();
        count > 0 && count >= cells.len() - cells.len() / 10
    };
    let is_time = |cell: &str| date_parts(&format!("1970-01-01 {cell}"), false).is_some();
    let is_date = |cell: &str| {
        let lower = cell.to_lowercase();
        let parts: Vec<&str> = lower
            .split(['-', '/', '.', ',', ' '])
            .filter(|part| !part.is_empty())
            .collect();
        let is_number = |part: &&&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_month = |part: &&str| {
            // In full, or its first three letters.
            let is = |month: &&str| *part == *month || *part == &month[..3] || *part == "sept";
            MONTHS.iter().any(is)
        };
        let numbers = parts.iter().filter(is_number).count();
        let has_month =
            parts.iter().any(is_month) && (1..=3).contains(&numbers) && parts.len() <= 5;
        let slashes = cell.matches('/').count() == 2 && numbers == 3 && parts.len() == 3;
        has_month || slashes
    };
    let has_unit = |cell: &str| {
        let end = cell
            .find(|letter: char| letter.is_alphabetic())
            .unwrap_or(0);
        let (number, unit) = cell.split_at(end);
        unit.chars().count() <= 4 && parse_number(number).is_some()
    };
    if nearly_all(&is_time) {
        Some("holds times of day; write them as numbers, such as hours, to use them")
    } else if nearly_all(&is_date) {
        Some(
            "looks like dates in a form that is not read; write them as 2024-01-31 and name the column in dates",
        )
    } else if 2 * distinct > cells.len() && nearly_all(&has_unit) {
        Some("has numbers with a unit behind them; take the unit away to use it")
    } else {
        None
    }
}

fn span(numbers: impl Iterator<Item = f64>) -> f64 {
    let ends = numbers.fold(None, |ends: Option<(f64, f64)>, number| {
        let (low, high) = ends.unwrap_or((number, number));
        Some((low.min(number), high.max(number)))
    });
    ends.map_or(0.0, |(low, high)| high - low)
}

/// Two of a few words that differ in capital letters alone.
fn respelled<'a>(words: impl Iterator<Item = &'a str>, holds: Holds) -> Option<(String, String)> {
    let mut known: HashMap<String, &str> = HashMap::new();
    let mut words: Vec<&str> = words.filter(|_| holds == Holds::Words).collect();
    words.sort_unstable();
    words.into_iter().find_map(|word| {
        let folded = word.to_lowercase();
        // `true` and `TRUE` are the same anyway.
        let other = known.insert(folded.clone(), word)?;
        let is_truth = folded == "true" || folded == "false";
        (!is_truth).then(|| (other.to_owned(), word.to_owned()))
    })
}

/// Whether each number is 1 more than the one before; of many numbers, which may be a part of the rows, nearly each.
fn counts(numbers: &[f64]) -> bool {
    let steps = numbers
        .windows(2)
        .filter(|pair| pair[1] - pair[0] == 1.0)
        .count();
    numbers.len() > 1 && steps + 1 + numbers.len() / 1_000 >= numbers.len()
}

fn held(cells: &[&str], number: impl Fn(&str) -> Option<f64>) -> Holds {
    let numbers: Vec<f64> = cells.iter().filter_map(|cell| number(cell)).collect();
    // As in the library: where nearly all are numbers, the others are mistakes to be reported.
    if numbers.len() < cells.len() - cells.len() / 10 {
        Holds::Words
    } else if numbers.iter().any(|number| number.fract() != 0.0) {
        Holds::Numbers
    } else if counts(&numbers) {
        Holds::Counting
    } else {
        Holds::WholeNumbers
    }
}
