//! Which column people would want predicted: a guess from names, kinds and places.

use std::path::Path;

use super::survey::{Holds, Survey};

/// Names that say it themselves, names of what becomes of something, and amounts that people often predict. Compared word by
/// word, in lower case.
const SURE: [&str; 13] = [
    "target",
    "label",
    "labels",
    "class",
    "classes",
    "y",
    "outcome",
    "output",
    "response",
    "result",
    "dependent",
    "classification",
    "diagnosis",
];
const EVENTS: [&str; 44] = [
    "species",
    "survived",
    "survival",
    "churn",
    "churned",
    "attrition",
    "default",
    "defaulted",
    "fraud",
    "spam",
    "status",
    "approved",
    "purchase",
    "purchased",
    "readmitted",
    "disease",
    "severity",
    "vote",
    "clicked",
    "converted",
    "subscribed",
    "deposit",
    "won",
    "winner",
    "success",
    "passed",
    "failure",
    "failed",
    "risk",
    "sentiment",
    "variety",
    "smoker",
    "hired",
    "accepted",
    "admitted",
    "cancelled",
    "canceled",
    "deceased",
    "exited",
    "dropout",
    "quality",
    "grade",
    "decision",
    "verdict",
];
/// Of the amounts those that are never classes, however few values there are.
const NEVER_CLASSES: [&str; 15] = [
    "price", "prices", "salary", "wage", "wages", "income", "cost", "costs", "charges", "revenue",
    "sales", "sold", "rent", "profit", "premium",
];
const AMOUNTS: [&str; 30] = [
    "type",
    "sold",
    "price",
    "prices",
    "salary",
    "wage",
    "wages",
    "income",
    "cost",
    "costs",
    "charges",
    "rating",
    "score",
    "strength",
    "yield",
    "demand",
    "revenue",
    "sales",
    "medv",
    "mpg",
    "rent",
    "expenditure",
    "expenses",
    "consumption",
    "count",
    "cnt",
    "progression",
    "profit",
    "premium",
    "emissions",
];
/// When something was, which is rarely what is to be predicted.
const TIMES: [&str; 10] = [
    "day",
    "month",
    "year",
    "date",
    "time",
    "week",
    "weekday",
    "hour",
    "quarter",
    "timestamp",
];
/// Words around them that change nothing: "final grade", "is churned", "sale price".
const FILLERS: [&str; 16] = [
    "is", "has", "was", "final", "total", "sale", "selling", "loan", "the", "of", "log", "ln",
    "value", "amount", "per", "unit",
];

/// How far the best guess has to be before the next one for nobody to be asked.
const MARGIN: f64 = 1.0;

/// Columns that may be the target, the likeliest first, each with its score.
pub(super) struct Ranking(Vec<(usize, f64)>);

impl Ranking {
    /// Of the columns of a table in `file`; `may_be` says which of them can be predicted at all.
    pub(super) fn new(file: &str, columns: &[Survey], may_be: impl Fn(usize) -> bool) -> Self {
        let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
        let file = words(stem.unwrap_or_default());
        // Beside an `x`, a `y` is a coordinate.
        let is_plane = columns
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case("x"))
            && columns.len() > 2;
        let candidates: Vec<usize> = (0..columns.len())
            .filter(|column| may_be(*column))
            .collect();
        let score = |(place, column): (usize, &usize)| {
            let name = &columns[*column].name;
            let of_name = match is_plane && name.eq_ignore_ascii_case("y") {
                true => 0.0,
                false => of_name(name, &file),
            };
            let of_place = match place {
                last if last + 1 == candidates.len() => 2.5,
                0 => 1.0,
                _ => 0.0,
            };
            (*column, of_name + of_kind(&columns[*column]) + of_place)
        };
        let mut scores: Vec<(usize, f64)> = candidates.iter().enumerate().map(score).collect();
        scores.sort_by(|one, other| other.1.total_cmp(&one.1));
        Ranking(scores)
    }

    /// The likeliest column, and the next one.
    pub(super) fn best(&self) -> Option<(usize, Option<usize>)> {
        let (first, _) = self.0.first()?;
        Some((*first, self.0.get(1).map(|(second, _)| *second)))
    }

    /// The columns that are about as likely as the best, if there are several.
    pub(super) fn toss(&self) -> Option<Vec<usize>> {
        let (_, best) = self.0.first()?;
        let close = self.0.iter().take_while(|(_, score)| best - score < MARGIN);
        let close: Vec<usize> = close.map(|(column, _)| *column).collect();
        (close.len() > 1).then_some(close)
    }
}

/// The words of a name: `SalePrice`, `sale_price` and `Sale price` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before.is_lowercase();
        if !letter.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn of_name(name: &str, file: &[String]) -> f64 {
    let words = words(name);
    let is_filler = |word: &&String| FILLERS.contains(&word.as_str());
    let said: Vec<&String> = words.iter().filter(|word| !is_filler(word)).collect();
    let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
    let ends = |list: &[&str]| {
        said.last()
            .is_some_and(|word| list.contains(&word.as_str()))
    };
    let of_words = match said.len() {
        // Alone, or with words that change nothing; among others it says less: "passengerClass", "type of room".
        1 if has(&SURE) => 8.0,
        1 if has(&EVENTS) => 6.0,
        1 if has(&AMOUNTS) => 3.5,
        _ if ends(&TIMES) => -3.0,
        _ if ends(&EVENTS) => 3.0,
        _ if ends(&SURE) || ends(&AMOUNTS) => 2.0,
        _ if has(&SURE) || has(&EVENTS) => 1.0,
        _ => 0.0,
    };
    let of_file = file
        .iter()
        .any(|word| said.iter().any(|said| is_like(said, word)));
    of_words + if of_file { 3.0 } else { 0.0 }
}

/// Whether two words are the same but for a plural.
fn is_like(one: &str, other: &str) -> bool {
    one.len() > 2 && (one == other || format!("{one}s") == other || format!("{other}s") == one)
}

/// Whether a name says that a column holds amounts and no classes.
pub(super) fn names_an_amount(name: &str) -> bool {
    let is_amount = |word: &String| NEVER_CLASSES.contains(&word.as_str());
    words(name).iter().any(is_amount)
}

fn of_kind(column: &Survey) -> f64 {
    let of_values = match column.holds {
        Holds::Words if column.distinct == 2 => 1.5,
        Holds::Words if column.distinct <= 10 => 0.5,
        Holds::Words if column.distinct <= 30 => 0.0,
        Holds::Words => -2.0,
        Holds::Numbers => 0.5,
        Holds::WholeNumbers if column.distinct == 2 => 1.0,
        Holds::WholeNumbers => 0.0,
        Holds::Counting | Holds::Dates(_) => -4.0,
    };
    let misses = column.missing as f64 / (column.missing + column.present).max(1) as f64;
    of_values - if misses > 0.3 { 2.0 } else { 0.0 }
}
