//! What the preprocessing learns from the training rows, and the inputs that all rows become.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::MOST_CATEGORIES;
use super::columns::Columns;
use super::encoded::Store;
use super::keys::Keys;
use super::numbers::Numbers;
use super::numeric::Tally;
use super::packed::{Block, Cells, Code, Form, cell};
use super::raw::Head;
use super::rows::Spot;
use super::scan::{Files, Starts, Wanted, scan, stream};
use super::suspects::Extremes;
use crate::config::{Missing, Scaling, TableConfig};
use crate::data::cell::{Almost, Cell, Decimal, NumberStyle, shown};
use crate::data::date::Date;
use crate::data::preprocessing::{Column, ColumnKind, RowError, TablePreprocessing, not_a_date};
use crate::data::remarks::{Remark, Remarks};
use crate::data::spelling::Spellings;
use crate::error::{Error, Result};

/// The rows of a table, and what each is used for.
pub(super) struct Rows<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) starts: Starts,
    /// The place of each row among all that are used, training rows first; none of rows that are left out.
    pub(super) places: Vec<Option<Place>>,
    /// What is in memory of them; nothing if they are to be read again.
    pub(super) held: Vec<Block>,
}

impl<'a> Rows<'a> {
    /// The rows of a table whose keys are known. What they hold of the inputs stays in memory, and then nothing of the files themselves.
    pub(super) fn of(
        files: &'a dyn Files,
        keys: Keys,
        places: Vec<Option<Place>>,
        columns: &Columns,
    ) -> Self {
        let mut held = Vec::new();
        if keys.holds_inputs {
            let inputs: HashSet<usize> = columns.inputs.iter().copied().collect();
            held = keys.blocks;
            held.iter_mut()
                .for_each(|block| block.keep(|column| inputs.contains(&column)));
            files.forget();
        }
        Rows {
            files,
            starts: keys.starts,
            places,
            held,
        }
    }

    /// Goes through all rows: `work` has a block and the places of its rows, on any thread, and `then` what it made of them, in the order
    /// of the table. What is held of the rows stays in memory if it `stays`.
    fn each<T: Send>(
        &mut self,
        wanted: &HashSet<usize>,
        (form, stays): (&Form, bool),
        work: impl Fn(&Block, &[Option<Place>]) -> Result<T> + Sync,
        mut then: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let (starts, places) = (&self.starts, &self.places);
        let places = |first: usize, block: &Block| &places[first..][..block.rows()];
        if self.held.is_empty() {
            let read = |piece: usize, block: Block| {
                let first = starts.of(piece, &block)?;
                work(&block, places(first, &block))
            };
            let wanted = Wanted::all(wanted.clone());
            return scan(self.files, (&wanted, form), read, then);
        }
        self.files.again();
        let mut left = std::mem::take(&mut self.held).into_iter();
        let work = |piece: usize, block: Block| {
            let result = work(&block, places(starts.first(piece), &block))?;
            let (rows, bytes) = (block.rows(), block.bytes);
            Ok((result, rows, bytes, stays.then_some(block)))
        };
        let held = &mut self.held;
        stream(
            || Ok(left.next()),
            work,
            |(result, rows, bytes, block)| {
                held.extend(block);
                then(result)?;
                self.files.passed(rows, bytes)
            },
        )
    }
}

/// A place among the rows that are used, less 1.
pub(super) type Place = std::num::NonZeroU32;

/// Learns the preprocessing of a table's inputs from its training rows, those with the first `train` places; beside it, what is worth
/// a word.
pub(super) fn learn(
    tables: &mut [Rows],
    train: usize,
    columns: &Columns,
    (config, form): (&TableConfig, &Form),
) -> Result<(TablePreprocessing, Vec<String>)> {
    let files = tables[0].files;
    let head = files.head();
    let mut preprocessing = TablePreprocessing {
        columns: Vec::with_capacity(columns.inputs.len()),
        other_columns: columns
            .others(head)
            .map(|column| head.columns()[column].clone())
            .collect(),
        missing_values: config.missing_values.clone(),
        numbers: NumberStyle::of(config),
        missing: config.missing,
        new_category: config.new_category,
    };
    let mut looks: Vec<Look> = (columns.inputs.iter())
        .map(|column| Look::new(*column, columns, config))
        .collect();
    look_at(&mut looks, tables, (train, form), &preprocessing)?;
    // Columns that turned out to hold words late: their texts were not counted from the beginning.
    let late = looks.iter_mut().filter(|look| look.misses_texts());
    let (late, mut again): (Vec<&mut Look>, Vec<Look>) = late
        .map(|look| {
            let begun = Look::new(look.column, columns, config);
            let counted = Look {
                categorical: true,
                ..begun
            };
            (look, counted)
        })
        .unzip();
    if !again.is_empty() {
        look_at(&mut again, tables, (train, form), &preprocessing)?;
        for (look, counted) in late.into_iter().zip(again) {
            look.seen.texts = counted.seen.texts;
        }
    }
    let mut notes = Vec::new();
    for mut look in looks {
        let name = head.columns()[look.column].clone();
        let kind = look.kind(head, &name, config, &mut notes)?;
        notes.extend(look.notes(&name, &kind));
        preprocessing.columns.push(Column {
            name,
            kind,
            indicator: config.missing_indicator && look.seen.missing > 0,
        });
    }
    Ok((preprocessing, notes))
}

/// Looks at columns in all rows.
fn look_at(
    looks: &mut [Look],
    tables: &mut [Rows],
    (train, form): (usize, &Form),
    preprocessing: &TablePreprocessing,
) -> Result<()> {
    let wanted: HashSet<usize> = looks.iter().map(|look| look.column).collect();
    let has_words: Vec<AtomicBool> = looks.iter().map(|look| look.categorical.into()).collect();
    let asked: Vec<Asked> = looks.iter().map(|look| look.asked()).collect();
    for rows in tables {
        let see = |block: &Block, places: &[Option<Place>]| {
            let seen = asked.iter().zip(&has_words).map(|(asked, has_words)| {
                Seen::of(block, (places, train), asked, has_words, preprocessing)
            });
            Ok(seen.collect::<Vec<_>>())
        };
        rows.each(&wanted, (form, true), see, |seen| {
            for (look, seen) in looks.iter_mut().zip(seen) {
                look.extend(seen);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Turns all rows that are used into codes: see [`TablePreprocessing::encode`]; beside them, what is worth a word.
pub(super) fn encode(
    tables: Vec<Rows>,
    columns: &Columns,
    (preprocessing, form): (&TablePreprocessing, &Form),
    store: &mut Store,
) -> Result<Vec<String>> {
    let wanted: HashSet<usize> = columns.inputs.iter().copied().collect();
    let width = columns.inputs.len();
    let mut remarks = Remarks::default();
    for mut rows in tables {
        let encode = |block: &Block, places: &[Option<Place>]| {
            let used: Vec<(usize, usize)> = (places.iter().enumerate())
                .filter_map(|(row, place)| Some((row, index(*place)?)))
                .collect();
            let mut codes = vec![0.0; used.len() * width];
            let mut remarks = Remarks::default();
            let mut mistake: Option<(usize, Error)> = None;
            for (k, (fitted, column)) in preprocessing
                .columns
                .iter()
                .zip(&columns.inputs)
                .enumerate()
            {
                let mut encoder = Encoder::new(preprocessing, fitted, block.cells(*column));
                for (n, (row, _)) in used.iter().enumerate() {
                    if let Some(code) = encoder.plain(*row) {
                        codes[n * width + k] = code;
                        continue;
                    }
                    match encoder.encode(*row) {
                        Ok((code, remark)) => {
                            codes[n * width + k] = code;
                            if let Some(remark) = remark {
                                let text = block.text(*row, *column);
                                remarks.add(remark, &fitted.name, &text, || block.place(*row));
                            }
                        }
                        Err(error) => {
                            // The error is that of the first row with a mistake, whichever column it is in.
                            if mistake.as_ref().is_none_or(|(first, _)| row < first) {
                                let file = block.head().file();
                                mistake = Some((*row, error.at(file, block.place(*row))));
                            }
                            break;
                        }
                    }
                }
            }
            let places: Vec<usize> = used.into_iter().map(|(_, place)| place).collect();
            mistake.map_or(Ok((places, codes, remarks)), |(_, error)| Err(error))
        };
        rows.each(
            &wanted,
            (form, false),
            encode,
            |(places, read, of_piece)| {
                // By their places, which stand together for each part: a file is written from front to back.
                let mut rows: Vec<(usize, &[f64])> =
                    places.into_iter().zip(read.chunks_exact(width)).collect();
                rows.sort_unstable_by_key(|(place, _)| *place);
                for (place, read) in rows {
                    store.set(place, read)?;
                }
                remarks.extend(of_piece);
                Ok(())
            },
        )?;
    }
    Ok(remarks.notes())
}

/// What a cell becomes, and what is to be said of it.
type Encoded = (f64, Option<Remark>);

/// Encodes the cells of a column; what says the same is looked up once.
struct Encoder<'a> {
    preprocessing: &'a TablePreprocessing,
    fitted: &'a Column,
    cells: &'a Cells,
    read: Vec<Cell>,
    texts: Vec<Option<Encoded>>,
    numbers: HashMap<Decimal, Encoded>,
}

impl<'a> Encoder<'a> {
    fn new(preprocessing: &'a TablePreprocessing, fitted: &'a Column, cells: &'a Cells) -> Self {
        let read = cells.each_text(|text| preprocessing.cell(text));
        Encoder {
            preprocessing,
            fitted,
            cells,
            texts: vec![None; read.len()],
            read,
            numbers: HashMap::new(),
        }
    }

    /// What a plain number becomes that nothing is to be said of, as nearly all are.
    #[inline]
    fn plain(&self, row: usize) -> Option<f64> {
        match self.cells.code(row) {
            Code::Number(number) => self.fitted.plain_input(number.value()),
            Code::Text(_) => None,
        }
    }

    fn encode(&mut self, row: usize) -> std::result::Result<Encoded, RowError> {
        let code = self.cells.code(row);
        let known = match code {
            Code::Text(place) => self.texts[place],
            Code::Number(number) => match self.fitted.kind {
                ColumnKind::Numeric { .. } => {
                    // Its text is for an error alone.
                    let cell = Cell::Number(number.value());
                    let encoded = self.preprocessing.encode(self.fitted, "", cell);
                    return encoded.or_else(|_| {
                        let text = self.cells.text_of(code);
                        self.preprocessing.encode(self.fitted, &text, cell)
                    });
                }
                _ => self.numbers.get(&number).copied(),
            },
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let (text, cell) = (self.cells.text_of(code), cell(code, &self.read));
        let encoded = self.preprocessing.encode(self.fitted, &text, cell)?;
        match code {
            Code::Text(place) => self.texts[place] = Some(encoded),
            Code::Number(number) => _ = self.numbers.insert(number, encoded),
        }
        Ok(encoded)
    }
}

/// The place as a number, counted from 0.
pub(super) fn index(place: Option<Place>) -> Option<usize> {
    Some(place?.get() as usize - 1)
}

/// What is asked of a column.
struct Asked {
    column: usize,
    /// Whether the day stands before the month, if it holds dates.
    day_first: Option<bool>,
}

/// What a piece of a table has in one column.
#[derive(Default)]
struct Seen {
    /// Training rows, and those that miss the value.
    rows: usize,
    missing: usize,
    tally: Tally,
    /// The numbers of the training rows, or the days of their dates.
    numbers: Vec<f64>,
    has_time: bool,
    /// The first training row whose date is none.
    mistake: Option<Error>,
    /// How often each text occurs in the training rows; none if it was not counted.
    texts: Option<HashMap<String, usize>>,
    /// The text of the first training row.
    first: Option<String>,
    /// Of all rows.
    extremes: Extremes,
}

impl Seen {
    fn of(
        block: &Block,
        (places, train): (&[Option<Place>], usize),
        asked: &Asked,
        has_words: &AtomicBool,
        preprocessing: &TablePreprocessing,
    ) -> Self {
        let column = asked.column;
        let cells = block.cells(column);
        let read = cells.each_text(|text| preprocessing.cell(text));
        let mut almost: Vec<Option<Option<Almost>>> = vec![None; read.len()];
        let (mut seen, mut extremes) = (Seen::default(), Extremes::default());
        let is_training = |place: &Option<Place>| index(*place).is_some_and(|place| place < train);
        seen.numbers.reserve(places.len());
        for (row, place) in places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.is_some())
        {
            let code = cells.code(row);
            // As nearly all cells are.
            if let (Code::Number(number), None) = (code, asked.day_first) {
                let number = number.value();
                extremes.add(number, None, row);
                if is_training(place) {
                    seen.rows += 1;
                    seen.tally.add_number();
                    seen.numbers.push(number);
                }
                continue;
            }
            let cell = cell(code, &read);
            let spot = || Spot::of(block, row, column);
            if let (Some(number), None) = (cell.number(), asked.day_first) {
                extremes.add(number, cells.odd_text(row), row);
            }
            if !is_training(place) {
                continue;
            }
            seen.rows += 1;
            seen.missing += usize::from(cell == Cell::Missing);
            let Some(day_first) = asked.day_first else {
                let almost = || match code {
                    Code::Text(place) => {
                        *almost[place].get_or_insert_with(|| Almost::of(&cells.text_of(code)))
                    }
                    Code::Number(_) => None,
                };
                seen.tally.add(cell, almost, spot);
                seen.numbers.extend(cell.number());
                continue;
            };
            if cell == Cell::Missing {
                continue;
            }
            let text = cells.text_of(code);
            match Date::parse(&text, day_first) {
                Some(date) => {
                    seen.numbers.push(date.days);
                    seen.has_time |= date.has_time;
                }
                None => {
                    let error = || {
                        let error = not_a_date(&block.head().columns()[column], &text, day_first);
                        error.at(block.head().file(), block.place(row))
                    };
                    seen.mistake.get_or_insert_with(error);
                }
            }
        }
        let first = places.iter().position(is_training);
        seen.first = first.map(|row| cells.text(row).into_owned());
        seen.extremes = extremes.spotted(|row| Spot::of(block, row, column));
        if !seen.tally.are_numbers() {
            has_words.store(true, Ordering::Relaxed);
        }
        // Other columns most likely hold numbers, each another.
        if asked.day_first.is_none() && has_words.load(Ordering::Relaxed) {
            let mut counts = vec![0; read.len()];
            let mut numbers: HashMap<Decimal, usize> = HashMap::new();
            for (row, _) in places
                .iter()
                .enumerate()
                .filter(|(_, place)| is_training(place))
            {
                match cells.code(row) {
                    Code::Text(place) => counts[place] += 1,
                    Code::Number(number) => *numbers.entry(number).or_insert(0) += 1,
                }
            }
            let numbers = numbers.into_iter();
            let numbers = numbers.map(|(number, count)| (Code::Number(number), count));
            let counts = counts.into_iter().enumerate();
            let counts =
                counts.filter(|(place, count)| *count > 0 && read[*place] != Cell::Missing);
            let counts = counts.map(|(place, count)| (Code::Text(place), count));
            let mut texts = HashMap::new();
            for (code, count) in numbers.chain(counts) {
                // Of many texts the same may have two codes.
                *texts.entry(cells.text_of(code).into_owned()).or_insert(0) += count;
            }
            seen.texts = Some(texts);
        }
        seen
    }
}

/// A column that is looked at, piece by piece.
struct Look {
    column: usize,
    /// Whether it holds categories though they may look like numbers.
    categorical: bool,
    day_first: Option<bool>,
    /// What was seen so far.
    seen: Seen,
    numbers: Numbers,
}

impl Look {
    fn new(column: usize, columns: &Columns, config: &TableConfig) -> Self {
        let all = config.scaling == Scaling::Robust
            || matches!(config.missing, Missing::Median | Missing::Mode);
        Look {
            column,
            categorical: columns.categorical.contains(&column),
            day_first: columns.dates.contains(&column).then_some(config.day_first),
            seen: Seen {
                texts: Some(HashMap::new()),
                ..Seen::default()
            },
            numbers: Numbers::new(all),
        }
    }

    fn asked(&self) -> Asked {
        Asked {
            column: self.column,
            day_first: self.day_first,
        }
    }

    fn extend(&mut self, more: Seen) {
        let seen = &mut self.seen;
        seen.rows += more.rows;
        seen.missing += more.missing;
        seen.tally.extend(more.tally);
        if !self.categorical {
            self.numbers.extend(&more.numbers);
        }
        seen.has_time |= more.has_time;
        seen.mistake = seen.mistake.take().or(more.mistake);
        seen.first = seen.first.take().or(more.first);
        seen.extremes.extend(more.extremes);
        match (&mut seen.texts, more.texts) {
            (Some(texts), Some(more)) => {
                for (text, count) in more {
                    *texts.entry(text).or_insert(0) += count;
                }
            }
            // A piece without a training row has nothing to count.
            (_, None) if more.rows == 0 => {}
            (texts, _) => *texts = None,
        }
    }

    /// Whether it holds words, and their texts are not all counted.
    fn misses_texts(&self) -> bool {
        self.day_first.is_none() && !self.seen.tally.are_numbers() && self.seen.texts.is_none()
    }

    /// What the column's cells become.
    fn kind(
        &mut self,
        head: &Head,
        name: &str,
        config: &TableConfig,
        notes: &mut Vec<String>,
    ) -> Result<ColumnKind> {
        let seen = &self.seen;
        if config.missing.fills_in() && seen.missing == seen.rows {
            return Err(head.error(
                format!(
                    "column `{}` has no value in the training rows to fill in",
                    shown(name)
                ),
                "leave it out with `leave_out` in `[data]`",
            ));
        }
        if self.day_first.is_some() {
            return self.dates(config);
        }
        let if_words = "if the column holds categories, name it in `categorical`";
        if !self.categorical && seen.tally.holds_numbers(name, if_words)? {
            self.numeric(head, name, config)
        } else {
            self.categories(head, name, config, notes)
        }
    }

    /// Rows without a cell have the filled-in value in what is learned.
    fn numeric(&mut self, head: &Head, name: &str, config: &TableConfig) -> Result<ColumnKind> {
        let fill = self.fill(config);
        let clipped = config.scaling == Scaling::Robust;
        let (mean, deviation) = match config.standardize {
            true if clipped => self.numbers.median_and_range(),
            true => self.numbers.mean_and_deviation(),
            false => (0.0, 1.0),
        };
        let learned = [mean, deviation, fill.unwrap_or_default()];
        if learned.iter().any(|number| !number.is_finite()) {
            let problem = format!("the numbers of column `{}` are too large", shown(name));
            return Err(head.error(problem, "give them in a larger unit"));
        }
        Ok(ColumnKind::Numeric {
            mean,
            deviation,
            fill,
            clipped,
            constant: config.standardize && self.numbers.are_the_same(),
        })
    }

    /// Days since 1970, missing ones filled in.
    fn dates(&mut self, config: &TableConfig) -> Result<ColumnKind> {
        if let Some(mistake) = self.seen.mistake.take() {
            return Err(mistake);
        }
        let fill = self.fill(config);
        let (mean, deviation) = self.numbers.mean_and_deviation();
        Ok(ColumnKind::Date {
            mean,
            deviation,
            fill,
            has_time: self.seen.has_time,
            day_first: config.day_first,
        })
    }

    /// What stands for a missing number: by `missing`, and else their mean, for `predict --missing`. The numbers are filled in with
    /// it if missing ones are.
    fn fill(&mut self, config: &TableConfig) -> Option<f64> {
        if self.numbers.count() == 0 {
            return None;
        }
        let fill = match config.missing {
            Missing::Median => self.numbers.median(),
            Missing::Mode => self.numbers.most_frequent(),
            Missing::Mean => self.numbers.mean(),
            Missing::Error | Missing::Drop => {
                return Some(self.numbers.mean()).filter(|mean| mean.is_finite());
            }
        };
        self.numbers.fill(fill, self.seen.missing);
        Some(fill)
    }

    fn categories(
        &self,
        head: &Head,
        name: &str,
        config: &TableConfig,
        notes: &mut Vec<String>,
    ) -> Result<ColumnKind> {
        let none = HashMap::new();
        let texts = self.seen.texts.as_ref().unwrap_or(&none);
        let texts = texts.iter().map(|(text, count)| (text.as_str(), *count));
        let spellings = Spellings::counted(texts, NumberStyle::of(config));
        notes.extend(spellings.note(&shown(name)));
        let counts = spellings.counts;
        if counts.len() > MOST_CATEGORIES {
            return Err(head.error(
                format!(
                    "column `{}` has {} categories, and each would be an input: at most {MOST_CATEGORIES} are \
                     allowed",
                    shown(name),
                    counts.len()
                ),
                "leave it out with `leave_out` in `[data]` if it holds names or free text; if it holds dates, name it in `dates`",
            ));
        }
        // Of equals the first: `max_by_key` takes the last.
        let most_frequent = counts.iter().rev().max_by_key(|(_, count)| **count);
        Ok(ColumnKind::Categorical {
            fill: most_frequent.map(|(category, _)| (*category).to_owned()),
            categories: counts.into_keys().map(str::to_owned).collect(),
        })
    }

    /// What is odd about the column, a sentence each.
    fn notes(&self, name: &str, kind: &ColumnKind) -> Vec<String> {
        let Seen {
            rows,
            missing,
            extremes,
            ..
        } = &self.seen;
        let mut notes = Vec::new();
        if 2 * missing > *rows {
            let percent = 100.0 * *missing as f64 / *rows as f64;
            notes.push(format!(
                "`{}` is missing in {percent:.0} % of the training rows",
                shown(name)
            ));
        }
        let is_constant = match kind {
            ColumnKind::Numeric { constant, .. } => *constant && *missing == 0,
            ColumnKind::Categorical { categories, .. } => categories.len() == 1 && *missing == 0,
            ColumnKind::Date { .. } => false,
        };
        if is_constant {
            notes.push(format!(
                "`{}` has one value in the training rows, `{}`, and says nothing; `leave_out` in `[data]` leaves it out",
                shown(name),
                shown(self.seen.first.as_deref().unwrap_or_default())
            ));
        }
        if matches!(kind, ColumnKind::Numeric { .. }) {
            notes.extend(extremes.leading_zeros(name));
            notes.extend(extremes.far_off(name, self.numbers.sample()));
        }
        notes
    }
}
