//! What the preprocessing learns from the training rows, and the inputs that all rows become.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::MOST_CATEGORIES;
use super::anchors::{self, Anchors};
use super::columns::Columns;
use super::encoded::{SomeRows, Store};
use super::keys::Keys;
use super::numbers::{Numbers, median_and_range};
use super::numeric::Tally;
use super::packed::{Block, Cells, Code, Form, cell};
use super::raw::Head;
use super::rows::Spot;
use super::scan::{Files, Starts, Wanted, scan, stream};
use super::suspects::{Extremes, loses_zeros};
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
    /// The rows of a table whose keys are known. What they hold of the inputs stays in memory.
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
        }
        Rows {
            files,
            starts: keys.starts,
            places,
            held,
        }
    }

    /// Goes through all rows: `work` has a block and the places of its rows, on any thread, and `then` what it made of them, in the order
    /// of the table. What is held of the rows stays in memory if `work` gives it back.
    fn each<T: Send>(
        &mut self,
        wanted: &HashSet<usize>,
        form: &Form,
        work: impl Fn(Block, &[Option<Place>]) -> Result<(T, Option<Block>)> + Sync,
        mut then: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let (starts, places) = (&self.starts, &self.places);
        let places = |first: usize, block: &Block| &places[first..][..block.rows()];
        if self.held.is_empty() {
            let read = |piece: usize, block: Block| {
                let first = starts.of(piece, &block)?;
                let places = places(first, &block);
                Ok(work(block, places)?.0)
            };
            let wanted = Wanted::all(wanted.clone());
            return scan(self.files, (&wanted, form), read, then);
        }
        self.files.again();
        let mut left = std::mem::take(&mut self.held).into_iter();
        let work = |piece: usize, block: Block| {
            let (rows, bytes) = (block.rows(), block.bytes);
            let places = places(starts.first(piece), &block);
            let (result, block) = work(block, places)?;
            Ok((result, rows, bytes, block))
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
/// a word. Anchors that turn out to be of no use are taken away.
pub(super) fn learn(
    tables: &mut [Rows],
    train: usize,
    (columns, anchors): (&Columns, &mut Anchors),
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
    let begun = |column: usize| Look::new(column, columns, config);
    let mut looks: Vec<Look> = columns.inputs.iter().map(|column| begun(*column)).collect();
    look_at(&mut looks, tables, (train, form), (&preprocessing, anchors))?;
    // Columns that turned out to hold words late, whose texts were not counted from the beginning; and those whose anchor is far from them.
    let mut again: Vec<(usize, Look)> = Vec::new();
    for (place, look) in looks.iter().enumerate() {
        let (column, is_far) = (look.column, look.is_far_from(anchors, config));
        if is_far || look.misses_texts() {
            let begun = Look {
                categorical: look.categorical || !is_far,
                ..begun(column)
            };
            again.push((place, begun));
        }
        if is_far {
            anchors.remove(column);
        }
    }
    if !again.is_empty() {
        let is_rounded = |block: &Block| {
            again
                .iter()
                .any(|(_, look)| block.cells(look.column).are_rounded())
        };
        for rows in &mut *tables {
            // They are read from their files again.
            if rows.held.iter().any(is_rounded) {
                rows.held.clear();
            }
        }
        let (places, mut again): (Vec<usize>, Vec<Look>) = again.into_iter().unzip();
        look_at(&mut again, tables, (train, form), (&preprocessing, anchors))?;
        for (place, look) in places.into_iter().zip(again) {
            match looks[place].misses_texts() {
                true => looks[place].seen.texts = look.seen.texts,
                false => looks[place] = look,
            }
        }
    }
    // No more than the encoding is left, of what is in memory if it is.
    let held = tables.iter().filter(|rows| !rows.held.is_empty());
    held.for_each(|rows| rows.files.forget());
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
    (preprocessing, anchors): (&TablePreprocessing, &Anchors),
) -> Result<()> {
    let wanted: HashSet<usize> = looks.iter().map(|look| look.column).collect();
    let has_words: Vec<AtomicBool> = looks.iter().map(|look| look.categorical.into()).collect();
    let asked: Vec<Asked> = looks.iter().map(|look| look.asked(anchors)).collect();
    for rows in tables {
        let see = |block: Block, places: &[Option<Place>]| {
            let uses = Uses::of(places, train);
            let asked = asked.iter().zip(&has_words);
            let seen = asked.map(|asked| Seen::of(&block, &uses, asked, preprocessing));
            Ok((seen.collect::<Vec<_>>(), Some(block)))
        };
        rows.each(&wanted, form, see, |seen| {
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
    (columns, anchors): (&Columns, &Anchors),
    (preprocessing, form): (&TablePreprocessing, &Form),
    store: &mut Store,
) -> Result<Vec<String>> {
    let wanted: HashSet<usize> = columns.inputs.iter().copied().collect();
    let layout = store.narrow();
    let mut remarks = Remarks::default();
    for mut rows in tables {
        let encode = |block: Block, places: &[Option<Place>]| {
            let used = places.iter().enumerate();
            let used = used.filter_map(|(row, place)| Some((row, index(*place)?)));
            let (used, places): (Vec<usize>, Vec<usize>) = used.unzip();
            let (codes, remarks) = encode_block(&block, &used, (columns, anchors), preprocessing)?;
            let some = SomeRows::new(places, codes, layout.as_ref(), block.into_memory());
            Ok(((some, remarks), None))
        };
        rows.each(&wanted, form, encode, |(some, of_piece)| {
            remarks.extend(of_piece);
            store.add(some)
        })?;
    }
    Ok(remarks.notes())
}

/// Turns some rows of a piece into codes, one row after the other.
pub(super) fn encode_block(
    block: &Block,
    used: &[usize],
    (columns, anchors): (&Columns, &Anchors),
    preprocessing: &TablePreprocessing,
) -> Result<(Vec<f64>, Remarks)> {
    let width = columns.inputs.len();
    let mut codes = vec![0.0; used.len() * width];
    let mut remarks = Remarks::default();
    let mut mistake: Option<(usize, Error)> = None;
    let fitted = preprocessing.columns.iter().zip(&columns.inputs);
    for (k, (fitted, column)) in fitted.enumerate() {
        let (cells, anchor) = (block.cells(*column), anchors.get(*column));
        let mut encoder = Encoder::new(preprocessing, (fitted, anchor), cells);
        for (n, row) in used.iter().enumerate() {
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
    match mistake {
        Some((_, error)) => Err(error),
        None => Ok((codes, remarks)),
    }
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
    digits: HashMap<Decimal, Encoded>,
    /// Of each row, if the column holds numbers; NaN where there is none.
    numbers: Option<Vec<f64>>,
}

impl<'a> Encoder<'a> {
    fn new(
        preprocessing: &'a TablePreprocessing,
        (fitted, anchor): (&'a Column, Option<f64>),
        cells: &'a Cells,
    ) -> Self {
        let read = cells.each_text(|text| preprocessing.cell(text));
        let holds_numbers = matches!(fitted.kind, ColumnKind::Numeric { .. });
        Encoder {
            preprocessing,
            fitted,
            cells,
            texts: vec![None; read.len()],
            digits: HashMap::new(),
            numbers: holds_numbers.then(|| cells.numbers(&read, anchor)),
            read,
        }
    }

    /// What a number becomes that nothing is to be said of, as nearly all are.
    #[inline]
    fn plain(&self, row: usize) -> Option<f64> {
        self.fitted.plain_input(self.numbers.as_ref()?[row])
    }

    fn encode(&mut self, row: usize) -> std::result::Result<Encoded, RowError> {
        let code = self.cells.code(row);
        let known = match (code, &self.numbers) {
            (Code::Text(text), _) => self.texts[text],
            (_, Some(numbers)) => {
                // Its text is for an error alone.
                let cell = Cell::Number(numbers[row]);
                let encoded = self.preprocessing.encode(self.fitted, "", cell);
                return encoded.or_else(|_| {
                    let text = self.cells.text_of(code);
                    self.preprocessing.encode(self.fitted, &text, cell)
                });
            }
            (Code::Number(digits), None) => self.digits.get(&digits).copied(),
            (Code::Rounded(_), None) => None,
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let number = self.numbers.as_ref().map(|numbers| numbers[row]);
        let cell = match number.filter(|number| !number.is_nan()) {
            Some(number) => Cell::Number(number),
            None => cell(code, &self.read),
        };
        let text = self.cells.text_of(code);
        let encoded = self.preprocessing.encode(self.fitted, &text, cell)?;
        match code {
            Code::Text(text) => self.texts[text] = Some(encoded),
            Code::Number(digits) => _ = self.digits.insert(digits, encoded),
            Code::Rounded(_) => {}
        }
        Ok(encoded)
    }
}

/// The place as a number, counted from 0.
pub(super) fn index(place: Option<Place>) -> Option<usize> {
    Some(place?.get() as usize - 1)
}

/// What is asked of a column.
#[derive(Clone, Copy)]
struct Asked {
    column: usize,
    /// Whether the day stands before the month, if it holds dates.
    day_first: Option<bool>,
    anchor: Option<f64>,
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

/// What the rows of a piece are used for.
struct Uses<'a> {
    places: &'a [Option<Place>],
    train: usize,
    used: Vec<usize>,
    training: Vec<usize>,
}

impl<'a> Uses<'a> {
    /// Rows with these places, of which the first `train` are to train on.
    fn of(places: &'a [Option<Place>], train: usize) -> Self {
        let mut uses = Uses {
            places,
            train,
            used: Vec::with_capacity(places.len()),
            training: Vec::with_capacity(places.len()),
        };
        for row in 0..places.len() {
            uses.used.extend(uses.is_used(row).then_some(row));
            uses.training.extend(uses.is_training(row).then_some(row));
        }
        uses
    }

    fn is_used(&self, row: usize) -> bool {
        self.places[row].is_some()
    }

    fn is_training(&self, row: usize) -> bool {
        index(self.places[row]).is_some_and(|place| place < self.train)
    }
}

impl Seen {
    fn of(
        block: &Block,
        uses: &Uses,
        (asked, has_words): (&Asked, &AtomicBool),
        preprocessing: &TablePreprocessing,
    ) -> Self {
        let column = asked.column;
        let cells = block.cells(column);
        let first = uses.training.first();
        let mut seen = Seen {
            rows: uses.training.len(),
            first: first.map(|row| cells.text(*row).into_owned()),
            ..Seen::default()
        };
        let read = cells.each_text(|text| preprocessing.cell(text));
        if let Some(day_first) = asked.day_first {
            seen.add_dates(block, uses, (column, day_first), &read);
            return seen;
        }
        let numbers = cells.numbers(&read, asked.anchor);
        let of_rows = |rows: &[usize]| rows.iter().map(|row| numbers[*row]).collect::<Vec<f64>>();
        // Nearly always all rows are used.
        let extremes = match uses.used.len() == numbers.len() {
            true => Extremes::of(&numbers),
            false => Extremes::of(&of_rows(&uses.used)),
        };
        seen.extremes = extremes.spotted(|place| Spot::of(block, uses.used[place], column));
        seen.numbers = of_rows(&uses.training);
        // The training rows of each text, and the first of them.
        let mut texts: Vec<(usize, usize)> = vec![(0, 0); read.len()];
        let mut with_text = 0;
        if !read.is_empty() {
            seen.numbers.retain(|number| !number.is_nan());
            let lose_zeros = cells.each_text(loses_zeros);
            for (row, text) in cells.texts() {
                if lose_zeros[text] && uses.is_used(row) && !numbers[row].is_nan() {
                    seen.extremes.add_zeros(|| Spot::of(block, row, column));
                }
                if uses.is_training(row) {
                    let (count, first) = &mut texts[text];
                    if *count == 0 {
                        *first = row;
                    }
                    (*count, with_text) = (*count + 1, with_text + 1);
                }
            }
        }
        seen.tally.add_numbers(uses.training.len() - with_text);
        let mut found: Vec<usize> = (0..texts.len()).filter(|text| texts[*text].0 > 0).collect();
        found.sort_unstable_by_key(|text| texts[*text].1);
        for text in &found {
            let (count, first) = texts[*text];
            let spot = || Spot::of(block, first, column);
            let almost = || Almost::of(&cells.text(first));
            seen.tally.add((read[*text], count), almost, spot);
            if read[*text] == Cell::Missing {
                seen.missing += count;
            }
        }
        if !seen.tally.are_numbers() {
            has_words.store(true, Ordering::Relaxed);
        }
        // Other columns most likely hold numbers, each another.
        if has_words.load(Ordering::Relaxed) && !cells.are_rounded() {
            let mut numbers: HashMap<Decimal, usize> = HashMap::new();
            for row in &uses.training {
                if let Code::Number(number) = cells.code(*row) {
                    *numbers.entry(number).or_insert(0) += 1;
                }
            }
            let numbers = numbers.into_iter();
            let numbers = numbers.map(|(number, count)| (Code::Number(number), count));
            let found = found
                .into_iter()
                .filter(|text| read[*text] != Cell::Missing);
            let found = found.map(|text| (Code::Text(text), texts[text].0));
            let mut counts = HashMap::new();
            for (code, count) in numbers.chain(found) {
                // Of many texts the same may have two codes.
                *counts.entry(cells.text_of(code).into_owned()).or_insert(0) += count;
            }
            seen.texts = Some(counts);
        }
        seen
    }

    /// Looks at the training rows of a column of dates.
    fn add_dates(
        &mut self,
        block: &Block,
        uses: &Uses,
        (column, day_first): (usize, bool),
        read: &[Cell],
    ) {
        let cells = block.cells(column);
        for row in &uses.training {
            let code = cells.code(*row);
            if cell(code, read) == Cell::Missing {
                self.missing += 1;
                continue;
            }
            let text = cells.text_of(code);
            match Date::parse(&text, day_first) {
                Some(date) => {
                    self.numbers.push(date.days);
                    self.has_time |= date.has_time;
                }
                None => {
                    let error = || {
                        let error = not_a_date(&block.head().columns()[column], &text, day_first);
                        error.at(block.head().file(), block.place(*row))
                    };
                    self.mistake.get_or_insert_with(error);
                }
            }
        }
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

    fn asked(&self, anchors: &Anchors) -> Asked {
        Asked {
            column: self.column,
            day_first: self.day_first,
            anchor: anchors.get(self.column),
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

    /// Whether it holds numbers whose anchor says too little of them.
    fn is_far_from(&self, anchors: &Anchors, config: &TableConfig) -> bool {
        let holds_numbers = !self.categorical && self.seen.tally.are_numbers();
        let Some(anchor) = anchors.get(self.column).filter(|_| holds_numbers) else {
            return false;
        };
        let (mean, deviation) = match config.scaling {
            Scaling::Robust => median_and_range(self.numbers.sample()),
            Scaling::Standard => self.numbers.mean_and_deviation(),
        };
        !anchors::is_near(anchor, mean, deviation)
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
