//! Which rows train, validate and test.

use super::columns::Columns;
use super::raw::RawTable;
use super::rows::{Row, is_missing};
use super::target;
use crate::config::{DataConfig, Missing, SplitConfig};
use crate::data::split::split;
use crate::error::{Error, Result};

/// Rows of each part; none where a part was not asked for.
pub(super) struct Parts<'a> {
    pub(super) train: Vec<Row<'a>>,
    pub(super) validation: Option<Vec<Row<'a>>>,
    pub(super) test: Option<Vec<Row<'a>>>,
}

/// Splits the rows that can be used, and says whether the target holds classes.
pub(super) fn parts<'a>(
    table: &'a RawTable,
    tests: Option<&'a RawTable>,
    columns: &Columns,
    config: &DataConfig,
    seed: u64,
) -> Result<(Parts<'a>, bool)> {
    let usable = usable_rows(table, columns, config)?;
    let classes = target::holds_classes(&usable, columns.target, config)?;
    let class_numbers = classes.then(|| target::class_numbers(&usable, columns.target));
    let mut parts = split_rows(table, &usable, class_numbers.as_deref(), config, seed)?;
    if let Some(tests) = tests {
        check_no_other_tests(config.split.as_ref())?;
        parts.test = Some(usable_rows(tests, columns, config)?);
    }
    Ok((parts, classes))
}

fn check_no_other_tests(split: Option<&SplitConfig>) -> Result<()> {
    let key = match split {
        Some(split) if split.test > 0.0 => "data.split.test",
        Some(split) if split.test_rows.is_some() => "data.split.test_rows",
        _ => return Ok(()),
    };
    Err(Error::invalid(
        key,
        "nothing, with a `test_path` that has the test rows",
        "a value",
    ))
}

/// All rows; with the policy `drop`, those without a missing value.
fn usable_rows<'a>(
    table: &'a RawTable,
    columns: &Columns,
    config: &DataConfig,
) -> Result<Vec<Row<'a>>> {
    let missing_values = config.missing_values();
    let drops = config.missing == Some(Missing::Drop);
    let mut usable = Vec::with_capacity(table.rows());
    for row in (0..table.rows()).map(|row| Row { table, row }) {
        let misses = |column: usize| is_missing(row.cell(column), &missing_values);
        if drops {
            if !misses(columns.target) && !columns.inputs.iter().any(|&column| misses(column)) {
                usable.push(row);
            }
        } else if misses(columns.target) {
            let fix = "give it, or set `missing` in `[data]` to `drop`, which leaves the row out";
            return Err(row.error(columns.target, "the target is missing", fix));
        } else {
            usable.push(row);
        }
    }
    if usable.is_empty() {
        return Err(table.error(
            "every row has a missing value, and `missing = \"drop\"` leaves them all out",
            "leave out the columns that miss values, or set `missing` to `mean` or `mode`",
        ));
    }
    Ok(usable)
}

/// Fractions are of the usable rows. Files of row numbers count all of the table's; a row they list that
/// is not usable is left out.
fn split_rows<'a>(
    table: &'a RawTable,
    usable: &[Row<'a>],
    classes: Option<&[usize]>,
    config: &DataConfig,
    seed: u64,
) -> Result<Parts<'a>> {
    let by_files = config.split.as_ref().is_some_and(|split| {
        [&split.train_rows, &split.validation_rows, &split.test_rows]
            .iter()
            .any(|path| path.is_some())
    });
    let parts = if by_files && usable.len() < table.rows() {
        let place = places(usable, table.rows());
        // The rows left out are a class of their own, so that they do not change the shares of the others.
        let all = classes.map(|classes| {
            let left_out = 1 + classes.iter().max().copied().unwrap_or(0);
            let class = |place: &Option<usize>| place.map_or(left_out, |k| classes[k]);
            place.iter().map(class).collect::<Vec<_>>()
        });
        let usable_row = |row: usize| place[row].is_some();
        let split_config = config.split.as_ref();
        let parts = split(split_config, seed, table.rows(), all.as_deref(), usable_row)?;
        let keep = |rows: Vec<usize>| rows.iter().filter_map(|&row| place[row]).collect();
        Parts::of(
            usable,
            keep(parts.train),
            parts.validation.map(keep),
            parts.test.map(keep),
        )
    } else {
        let parts = split(config.split.as_ref(), seed, usable.len(), classes, |_| true)?;
        Parts::of(usable, parts.train, parts.validation, parts.test)
    };
    let sizes = [
        Some(&parts.train),
        parts.validation.as_ref(),
        parts.test.as_ref(),
    ];
    for (name, rows) in ["training", "validation", "test"].iter().zip(sizes) {
        if rows.is_some_and(Vec::is_empty) {
            return Err(table.error(
                format!("no {name} row is left"),
                "change `split` in `[data]`, or what leaves rows out",
            ));
        }
    }
    Ok(parts)
}

/// For each of a table's rows its place among the usable ones.
fn places(usable: &[Row], rows: usize) -> Vec<Option<usize>> {
    let mut places = vec![None; rows];
    for (place, row) in usable.iter().enumerate() {
        places[row.row] = Some(place);
    }
    places
}

impl<'a> Parts<'a> {
    fn of(
        rows: &[Row<'a>],
        train: Vec<usize>,
        validation: Option<Vec<usize>>,
        test: Option<Vec<usize>>,
    ) -> Self {
        let pick = |places: Vec<usize>| places.into_iter().map(|place| rows[place]).collect();
        Parts {
            train: pick(train),
            validation: validation.map(pick),
            test: test.map(pick),
        }
    }
}
