//! From what a table looks like to what its configuration should say.

use dropwise::config::{ColumnName, Delimiter, TableConfig, TaskKind};
use dropwise::data::Almost;
use dropwise::data::csv::Format;
use dropwise::{Error, Result};

use super::survey::{Holds, Survey};
use super::target::{Ranking, names_an_amount};
use super::toml::quoted;
use super::{giveaway, invalid, layout};

/// Fewer rows than this choose no step, not even by folds: each would have a few rows, see docs/BOOSTING.md.
const FEWEST_TO_VALIDATE: usize = 40;

/// Of fewer rows than this, networks of an ensemble leave out a fold each, in place of validation rows that all leave out: a tenth of so
/// few rows chooses by luck, see docs/BOOSTING.md.
pub(super) const FEWEST_TO_HOLD_OUT: usize = 1_000;

/// Fewer rows than this are too few for a test set of a fifth to say anything.
const FEWEST_TO_SPLIT: usize = 20;

/// A split without validation rows.
const TEST: &str = "test = 0.2";

/// The fewest rows of each value for whole numbers as a target to be taken for classes.
const FEWEST_OF_A_CLASS: usize = 5;

/// Codes of digits are classes up to this many, and up to this many digits: 01, but no account.
const MOST_CODES: usize = 10;
const LONGEST_CODE: usize = 4;

/// A category that occurs less often may well be missing from the training rows.
const RARE: usize = 10;

/// What the configuration of a table should say, and what was seen that says so.
pub(super) struct Guess {
    pub(super) rows: usize,
    /// How many of them were looked at.
    pub(super) looked_at: usize,
    pub(super) columns: Vec<Survey>,
    /// What stands before decimals, and between groups of three digits.
    pub(super) style: (char, Option<char>),
    /// Whether `NA` is a code in some column, and no mark of a missing value.
    pub(super) na_is_a_word: bool,
    /// Columns that look like numbers and are categories.
    pub(super) categorical: Vec<usize>,
    /// Columns of dates that become inputs.
    pub(super) dates: Vec<usize>,
    pub(super) format: Format,
    /// The name of the encoding, if it is not UTF-8.
    pub(super) encoding: Option<&'static str>,
    /// Columns that give the target away, and how.
    pub(super) giveaways: Vec<(Vec<usize>, &'static str)>,
    /// The target as the configuration names it.
    pub(super) target: ColumnName,
    /// Whether the target is guessed, and the column that would have been guessed next.
    pub(super) guessed: Option<Option<usize>>,
    /// The target's place among the columns, if it is there.
    pub(super) target_column: Option<usize>,
    pub(super) task: TaskKind,
    /// Places of columns to leave out, each with the reason.
    pub(super) left_out: Vec<(usize, &'static str)>,
    /// Whether the target is missing in some rows.
    pub(super) misses_targets: bool,
    /// Marks of missing values besides those by default.
    pub(super) marks: Vec<&'static str>,
    /// Whether a column has categories so rare that a part of the rows may lack them.
    pub(super) rare_categories: bool,
}

impl Guess {
    /// From the bytes of a file, or from a part of them, where `times` says how many times as many there are in all.
    pub(super) fn new(
        file: &str,
        bytes: &[u8],
        times: Option<f64>,
        target: Option<&str>,
    ) -> Result<Self> {
        let layout = layout::find(file, bytes)?;
        let (table, header) = (layout.table, layout.format.header);

        let mut missing_values = TableConfig::MISSING_VALUES.map(str::to_owned).to_vec();
        let survey = |missing_values: &[String], style| -> Vec<Survey> {
            let all = 0..table.columns().len();
            all.map(|column| Survey::new(&table, column, missing_values, style))
                .collect()
        };
        let mut columns = survey(&missing_values, ('.', None));
        let style = style(&columns, layout.format.delimiter);
        // `missing_values` is one list for the whole table: a column where NA is no code keeps it a mark.
        let mut with_na = columns.iter().filter(|column| column.na > 0).peekable();
        let na_is_a_word =
            with_na.peek().is_some() && with_na.all(|column| column.na_may_be_a_code);
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
        let giveaways = target_column
            .map(|target| giveaway::find(&table, &columns, target, style))
            .unwrap_or_default();
        let why = |column: usize| {
            let is_target = |(columns, _): &&(Vec<usize>, &str)| columns[..] == [column];
            let giveaway = giveaways.iter().find(is_target).map(|(_, why)| *why);
            let equals = giveaway.filter(|why| *why == giveaway::EQUALS);
            let unnamed = layout.is_first_unnamed && column == 0 && columns[0].all_different();
            let unnamed = unnamed
                .then_some("has no name, and all its values differ: the index of a data frame");
            equals
                .or(unnamed)
                .or_else(|| why_leave_out(&columns[column], table.rows()))
        };
        let left_out = left_out(columns.len(), target_column, why);
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
            rows: (table.rows() as f64 * times.unwrap_or(1.0)).round() as usize,
            looked_at: table.rows(),
            style,
            na_is_a_word,
            categorical: used
                .iter()
                .filter(is_input)
                .filter(|&&column| columns[column].is_categorical())
                .copied()
                .collect(),
            dates: used
                .iter()
                .filter(is_input)
                .filter(|&&column| columns[column].holds_dates())
                .copied()
                .collect(),
            format: layout.format,
            encoding: layout.encoding,
            giveaways: giveaways
                .into_iter()
                .filter(|(named, _)| named.iter().all(|column| used.contains(column)))
                .collect(),
            task: target_column.map_or(TaskKind::Regression, |target| task(&columns[target])),
            misses_targets: target_column.is_some_and(|target| columns[target].missing > 0),
            marks,
            rare_categories: used.iter().filter(is_input).any(|&column| {
                let column = &columns[column];
                let categories = column.holds_words() || column.is_categorical();
                categories && column.rarest < RARE
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

    pub(super) fn is_of_a_part(&self) -> bool {
        self.looked_at < self.rows
    }

    /// Outputs of the network, at most: one for each class.
    pub(super) fn outputs(&self) -> usize {
        match (self.task, self.target_column) {
            (TaskKind::Regression | TaskKind::Binary, _) => 1,
            (TaskKind::Classification, Some(target)) => self.columns[target].distinct,
            (TaskKind::Classification, None) => usize::MAX,
        }
    }

    /// Whether rows can be spared for validation.
    pub(super) fn validates(&self) -> bool {
        self.rows >= FEWEST_TO_VALIDATE
    }

    /// Whether each network of an ensemble leaves out another fold of the rows, and none is held out from all.
    pub(super) fn cross_validates(&self) -> bool {
        self.validates() && self.rows < FEWEST_TO_HOLD_OUT
    }

    /// How rows are split; none where none can be spared.
    pub(super) fn split(&self) -> Option<&'static str> {
        match self.cross_validates() {
            true => Some(TEST),
            false => self.split_by_column(),
        }
    }

    /// The same where a column says which rows belong together, so that there are no folds.
    pub(super) fn split_by_column(&self) -> Option<&'static str> {
        match self.rows {
            0..FEWEST_TO_SPLIT => None,
            FEWEST_TO_SPLIT..FEWEST_TO_VALIDATE => Some(TEST),
            _ => Some("validation = 0.1, test = 0.2"),
        }
    }

    /// What has to go with a split by a column.
    pub(super) fn instead_of_folds(&self) -> &'static str {
        match self.cross_validates() {
            true => ", without train.cross_validation",
            false => "",
        }
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
        if self.format.header {
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

/// Whether a column can be the target: no row's name, no date and no code of many digits, and not the same in all rows. What would
/// be numbers but for a sign may be it, so that nothing else is taken in its place.
fn may_be_predicted(column: &Survey, rows: usize) -> bool {
    let is_name =
        column.digits_are_names && (column.distinct > MOST_CODES || column.longest > LONGEST_CODE);
    let may_be = column.distinct > 1 && !column.holds_dates() && !is_name;
    let names_rows =
        rows >= FEWEST_TO_SPLIT && column.almost.is_none() && why_leave_out(column, rows).is_some();
    may_be && !names_rows
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

/// Columns that are left out for a reason, unless nothing would be left.
fn left_out(
    columns: usize,
    target: Option<usize>,
    why: impl Fn(usize) -> Option<&'static str>,
) -> Vec<(usize, &'static str)> {
    let inputs = (0..columns).filter(|column| Some(*column) != target);
    let out: Vec<_> = inputs
        .filter_map(|column| why(column).map(|why| (column, why)))
        .collect();
    let inputs = columns - usize::from(target.is_some());
    if out.len() < inputs { out } else { Vec::new() }
}

fn why_leave_out(column: &Survey, rows: usize) -> Option<&'static str> {
    if rows < 2 {
        return None;
    }
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
    } else if column.digits_are_names && column.distinct > Survey::MOST_NAMES {
        Some("holds digits that are names, too many of them for categories")
    } else if column.all_different()
        && is_named_like_an_id(&column.name)
        && (column.holds_whole_numbers() || column.holds_words())
    {
        Some("is named like an id, and all its values differ")
    } else if column.holds == Holds::Counting && column.missing == 0 && rows >= FEWEST_TO_SPLIT {
        Some("counts the rows")
    } else if column.numbers_rows && rows >= FEWEST_TO_SPLIT {
        Some("numbers the rows, in another order")
    } else if let Some(why) = column.looks_like {
        Some(why)
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

/// How the numbers of a table are written: what stands before decimals and between groups of three digits, as the columns that
/// are no plain numbers have it; the plain style where they disagree.
fn style(columns: &[Survey], delimiter: Delimiter) -> (char, Option<char>) {
    let has_points = columns.iter().any(|column| column.holds == Holds::Numbers);
    let kinds = columns.iter().filter_map(|column| column.almost.as_ref());
    let kinds: Vec<Almost> = kinds.map(|(kind, _)| *kind).collect();
    let has = |kind: Almost| kinds.contains(&kind);
    // Where 1,188 may be either, values with semicolons between them come from where a comma stands before decimals.
    let may_be_decimal = delimiter == Delimiter::Byte(b';') && has(Almost::Thousands(','));
    let comma = has(Almost::DecimalComma) || has(Almost::ThousandsAndComma) || may_be_decimal;
    if comma && !has_points {
        let groups = has(Almost::ThousandsAndComma) || has(Almost::Thousands('.'));
        return (',', groups.then_some('.'));
    }
    let mut separators = [',', ' ', '\''].into_iter();
    let thousands = separators.find(|separator| has(Almost::Thousands(*separator)));
    ('.', thousands.filter(|_| !comma))
}

pub(super) fn is_named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["id", "index", "idx", "key", "no", "nr", "row", "uuid"].contains(&lower.as_str())
        || ["_id", "-id", " id", "_index"]
            .iter()
            .any(|end| lower.ends_with(end))
        || name.ends_with("Id")
        || name.ends_with("ID")
}

fn task(target: &Survey) -> TaskKind {
    let whole = target.holds_whole_numbers();
    // The numbers of classes stand close to each other; 100, 200 and 500 are amounts.
    let close = target.span < 3.0 * target.distinct as f64;
    let few = close
        && target.distinct <= 10
        && target.rarest >= FEWEST_OF_A_CLASS
        && !names_an_amount(&target.name);
    match target.holds {
        Holds::Words if target.distinct == 2 => TaskKind::Binary,
        Holds::Words => TaskKind::Classification,
        _ if whole && target.distinct == 2 => TaskKind::Binary,
        _ if whole && few && target.distinct > 2 => TaskKind::Classification,
        _ => TaskKind::Regression,
    }
}
