//! From what a table looks like to what its configuration should say.

use dropwise::config::{ColumnName, Delimiter, Missing, TableConfig, TaskKind};
use dropwise::data::Almost;
use dropwise::data::csv::{Format, parse};
use dropwise::{Error, Result};

use super::invalid;
use super::layout;
use super::survey::{Holds, Survey};
use super::target::Ranking;
use super::toml::quoted;

/// Fewer rows than this are too few for a test set of a fifth to say anything.
const FEWEST_TO_SPLIT: usize = 20;

/// The fewest rows of each value for whole numbers as a target to be taken for classes.
const FEWEST_OF_A_CLASS: usize = 5;

/// The most digits that are names, or values of a column of numbers with words among them, that become categories.
const MOST_NAMES: usize = 50;

/// A category that occurs less often may well be missing from the training rows.
const RARE: usize = 10;

/// What the configuration of a table should say, and what was seen that says so.
pub(super) struct Guess {
    pub(super) rows: usize,
    pub(super) columns: Vec<Survey>,
    pub(super) delimiter: Delimiter,
    /// What stands before decimals, and between groups of three digits.
    pub(super) style: (char, Option<char>),
    /// Whether `NA` is a code in some column, and no mark of a missing value.
    pub(super) na_is_a_word: bool,
    /// Columns that look like numbers and are categories.
    pub(super) categorical: Vec<usize>,
    pub(super) header: bool,
    /// The target as the configuration names it.
    pub(super) target: ColumnName,
    /// Whether the target is guessed, and the column that would have been guessed next.
    pub(super) guessed: Option<Option<usize>>,
    /// The target's place among the columns, if it is there.
    pub(super) target_column: Option<usize>,
    pub(super) task: TaskKind,
    /// Places of columns to leave out, each with the reason.
    pub(super) left_out: Vec<(usize, &'static str)>,
    pub(super) missing: Option<Missing>,
    /// Marks of missing values besides those by default.
    pub(super) marks: Vec<&'static str>,
    /// Whether a column has categories so rare that a part of the rows may lack them.
    pub(super) rare_categories: bool,
}

impl Guess {
    pub(super) fn new(file: &str, bytes: &[u8], target: Option<&str>) -> Result<Self> {
        let (table, delimiter) = layout::without_header(file, bytes)?;
        let header = layout::first_row_is_header(&table);
        let table = if header {
            parse(file, bytes, Format::new(delimiter, true))?
        } else {
            table
        };

        let mut missing_values = TableConfig::MISSING_VALUES.map(str::to_owned).to_vec();
        let survey = |missing_values: &[String], style| -> Vec<Survey> {
            let all = 0..table.columns().len();
            all.map(|column| Survey::new(&table, column, missing_values, style))
                .collect()
        };
        let mut columns = survey(&missing_values, ('.', None));
        let style = style(&columns);
        let na_is_a_word = columns.iter().any(|column| column.na_codes > 0);
        if na_is_a_word {
            missing_values.retain(|value| value != "NA");
        }
        if na_is_a_word || style != ('.', None) {
            columns = survey(&missing_values, style);
        }
        let as_written = |column: usize| match header {
            true => ColumnName::Name(columns[column].name.clone()),
            false => ColumnName::Number(column + 1),
        };
        let (target, guessed) = match target {
            Some(name) => (existing(name, &columns)?, None),
            None => {
                let may_be = |column: usize| may_be_predicted(&columns[column], table.rows());
                let ranking = Ranking::new(file, &columns, may_be);
                if let Some(close) = ranking.toss() {
                    return Err(ambiguous(&close, &columns));
                }
                let (best, next) = ranking.best().unwrap_or((columns.len() - 1, None));
                (as_written(best), Some(next))
            }
        };
        let target_column = place(&target, &columns);
        if let Some((kind, example)) =
            target_column.and_then(|column| columns[column].almost.as_ref())
        {
            let (what, fix) = kind.words();
            let found = format!("{}, whose value `{example}` {what}; {fix}", target);
            return Err(invalid(
                "the target",
                "a column of numbers or classes",
                found,
            ));
        }
        let left_out = left_out(&columns, target_column, table.rows());
        let is_used = |column: &usize| left_out.iter().all(|(out, _)| out != column);
        let used: Vec<usize> = (0..columns.len()).filter(is_used).collect();
        let is_input = |column: &&usize| Some(**column) != target_column;
        let marks = used
            .iter()
            .flat_map(|&column| columns[column].marks.iter().copied());
        let mut marks: Vec<&str> = marks.collect();
        marks.sort_unstable();
        marks.dedup();
        Ok(Guess {
            rows: table.rows(),
            style,
            na_is_a_word,
            categorical: used
                .iter()
                .filter(is_input)
                .filter(|&&column| is_categorical(&columns[column]))
                .copied()
                .collect(),
            delimiter,
            header,
            task: target_column.map_or(TaskKind::Regression, |target| task(&columns[target])),
            missing: missing(&columns, &used, target_column),
            marks,
            rare_categories: used.iter().filter(is_input).any(|&column| {
                let categories = columns[column].holds_words() || is_categorical(&columns[column]);
                categories && columns[column].rarest < RARE
            }),
            columns,
            target,
            guessed,
            target_column,
            left_out,
        })
    }

    /// Which target was guessed, if it was, and what would have been the next guess.
    pub(super) fn guessed_target(&self) -> Option<String> {
        let next = self.guessed?;
        let target = &self.columns[self.target_column?].name;
        let next = next.map_or(String::new(), |next| {
            format!(", before {}", quoted(&self.columns[next].name))
        });
        Some(format!(
            "target: {} (guessed{next}); --target names another",
            quoted(target)
        ))
    }

    pub(super) fn splits(&self) -> bool {
        self.rows >= FEWEST_TO_SPLIT
    }

    /// The columns that become inputs.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Survey> {
        let is_input = |column: &usize| {
            Some(*column) != self.target_column
                && self.left_out.iter().all(|(out, _)| out != column)
        };
        (0..self.columns.len())
            .filter(is_input)
            .map(|column| &self.columns[column])
    }

    /// A column as the configuration names it.
    pub(super) fn name(&self, column: usize) -> ColumnName {
        if self.header {
            ColumnName::Name(self.columns[column].name.clone())
        } else {
            ColumnName::Number(column + 1)
        }
    }
}

/// The column that `--target` names.
fn existing(text: &str, columns: &[Survey]) -> Result<ColumnName> {
    let name = named(text, columns);
    if place(&name, columns).is_some() {
        return Ok(name);
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let nearest = dropwise::config::nearest(text, &names);
    let found = match nearest {
        Some(nearest) => format!("`{text}`; did you mean `{nearest}`?"),
        None => format!("`{text}`"),
    };
    let expected = format!("a column of the table, one of {}", listed(&names));
    Err(invalid("--target", &expected, found))
}

fn ambiguous(close: &[usize], columns: &[Survey]) -> Error {
    let names: Vec<&str> = close
        .iter()
        .map(|column| columns[*column].name.as_str())
        .collect();
    let found = format!("nothing, and it may be {}", listed(&names));
    invalid("--target", "the column to predict", found)
}

fn listed(names: &[&str]) -> String {
    const MOST: usize = 12;
    let first = names.iter().take(MOST).map(|name| format!("`{name}`"));
    let mut listed = first.collect::<Vec<String>>().join(", ");
    if names.len() > MOST {
        listed += &format!(" and {} more", names.len() - MOST);
    }
    listed
}

/// Whether a column can be the target: no row's name, and not the same in all rows.
fn may_be_predicted(column: &Survey, rows: usize) -> bool {
    column.distinct > 1 && (rows < FEWEST_TO_SPLIT || why_leave_out(column, rows).is_none())
}

/// A name is a column's name first, and else its number.
fn named(text: &str, columns: &[Survey]) -> ColumnName {
    match text.parse() {
        Ok(number) if number > 0 && columns.iter().all(|column| column.name != text) => {
            ColumnName::Number(number)
        }
        _ => ColumnName::Name(text.to_owned()),
    }
}

fn place(name: &ColumnName, columns: &[Survey]) -> Option<usize> {
    match name {
        ColumnName::Number(number) => (*number <= columns.len()).then(|| number - 1),
        ColumnName::Name(name) => columns.iter().position(|column| column.name == *name),
    }
}

/// Columns that name or number rows, unless nothing would be left.
fn left_out(columns: &[Survey], target: Option<usize>, rows: usize) -> Vec<(usize, &'static str)> {
    let inputs = (0..columns.len()).filter(|column| Some(*column) != target);
    let out: Vec<_> = inputs
        .filter_map(|column| why_leave_out(&columns[column], rows).map(|why| (column, why)))
        .collect();
    let inputs = columns.len() - usize::from(target.is_some());
    if out.len() < inputs { out } else { Vec::new() }
}

fn why_leave_out(column: &Survey, rows: usize) -> Option<&'static str> {
    if rows < 2 {
        return None;
    }
    let whole = matches!(column.holds, Holds::Counting | Holds::WholeNumbers);
    if column.present == 0 {
        Some("has no value")
    } else if column.distinct == 1 && column.missing == 0 {
        Some("has one value")
    } else if let Some((kind, _)) = &column.almost {
        Some(match kind {
            Almost::Percent => "has percent signs; take them away to use it",
            Almost::Currency => "has currencies; take them away to use it",
            _ => "has numbers in another style than the other columns",
        })
    } else if column.all_different() && is_named_like_an_index(&column.name) {
        Some("is named like the index of a data frame, and all its values differ")
    } else if column.digits_are_names && column.distinct > MOST_NAMES {
        Some("holds digits that are names, too many of them for categories")
    } else if column.all_different()
        && is_named_like_an_id(&column.name)
        && (whole || column.holds_words())
    {
        Some("is named like an id, and all its values differ")
    } else if column.holds == Holds::Counting && column.missing == 0 && rows >= FEWEST_TO_SPLIT {
        Some("counts the rows")
    } else if column.numbers_rows && rows >= FEWEST_TO_SPLIT {
        Some("numbers the rows, in another order")
    } else if column.holds_words() && column.distinct > 2 && column.distinct * 2 > column.present {
        Some("looks like names or free text: most of its values differ")
    } else {
        None
    }
}

/// The names that R and pandas give to a column without one.
fn is_named_like_an_index(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["rownames", "row.names", "unnamed: 0", "level_0", "index"].contains(&lower.as_str())
}

/// Digits that are names, and numbers among which are a few words.
fn is_categorical(column: &Survey) -> bool {
    let has_words = column.word_among_numbers.is_some();
    column.digits_are_names || has_words && column.distinct <= MOST_NAMES
}

/// How the numbers of a table are written: what stands before decimals and between groups of three digits, as the columns that
/// are no plain numbers have it; the plain style where they disagree.
fn style(columns: &[Survey]) -> (char, Option<char>) {
    let has_points = columns.iter().any(|column| column.holds == Holds::Numbers);
    let kinds = columns.iter().filter_map(|column| column.almost.as_ref());
    let kinds: Vec<Almost> = kinds.map(|(kind, _)| *kind).collect();
    let has = |kind: Almost| kinds.contains(&kind);
    let comma = has(Almost::DecimalComma) || has(Almost::ThousandsAndComma);
    if comma && !has_points {
        let groups = has(Almost::ThousandsAndComma) || has(Almost::Thousands('.'));
        return (',', groups.then_some('.'));
    }
    let mut separators = [',', ' ', '\''].into_iter();
    let thousands = separators.find(|separator| has(Almost::Thousands(*separator)));
    ('.', thousands.filter(|_| !comma))
}

fn is_named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["id", "index", "idx", "key", "no", "nr", "row", "uuid"].contains(&lower.as_str())
        || ["_id", "-id", " id", "_index"]
            .iter()
            .any(|end| lower.ends_with(end))
        || name.ends_with("Id")
        || name.ends_with("ID")
}

fn task(target: &Survey) -> TaskKind {
    let whole = matches!(target.holds, Holds::Counting | Holds::WholeNumbers);
    let few = target.distinct <= 10 && target.rarest >= FEWEST_OF_A_CLASS;
    match target.holds {
        Holds::Words if target.distinct == 2 => TaskKind::Binary,
        Holds::Words => TaskKind::Classification,
        _ if whole && target.distinct == 2 => TaskKind::Binary,
        _ if whole && few && target.distinct > 2 => TaskKind::Classification,
        _ => TaskKind::Regression,
    }
}

/// What to do about missing values, if there are any: a row without a target can only be left out.
fn missing(columns: &[Survey], used: &[usize], target: Option<usize>) -> Option<Missing> {
    let misses = |column: usize| columns[column].missing > 0;
    if target.is_some_and(misses) {
        Some(Missing::Drop)
    } else if used.iter().any(|&column| misses(column)) {
        Some(Missing::Mean)
    } else {
        None
    }
}
