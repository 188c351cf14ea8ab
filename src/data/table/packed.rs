//! Cells as text, packed: in few bytes, and each as it was to the last letter.
//!
//! A plain number is kept as its digits and the place of its point, all else as one of the column's texts. Nothing is rounded, so that
//! whatever is made of a cell is the same as if it was read from its file again. But of a large table, numbers of many digits are kept as
//! differences: see [`anchors`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::anchors::{self, Anchors};
use super::raw::{Head, RawTable};
use crate::data::cell::{Cell, Decimal, NumberStyle};

/// Rows of a table that stand together in their file.
#[derive(Debug)]
pub(in crate::data) struct Block {
    head: Arc<Head>,
    numbers: LineNumbers,
    rows: usize,
    /// Of each column; none of those that are not wanted.
    cells: Vec<Option<Cells>>,
    is_anchored: bool,
    /// Row after row.
    differences: Arc<Vec<u8>>,
    /// The bytes of the file that the rows are of, where that is known.
    pub(super) bytes: usize,
}

/// The number of each row in its file.
#[derive(Debug)]
pub(super) enum LineNumbers {
    /// One after the other, from this one on.
    From(usize),
    /// Those that 32 bits do not hold are the largest that they do.
    Each(Vec<u32>),
}

/// What cells are looked at with as they are packed.
pub(in crate::data) struct Form {
    /// What stands before the decimals of a plain number; none if texts are kept as they are.
    point: Option<char>,
    /// Texts that are missing values, though they may look like numbers.
    missing_values: HashSet<String>,
}

impl Form {
    pub(in crate::data) fn new(style: NumberStyle, missing_values: &[String]) -> Self {
        Form {
            point: (style.thousands.is_none() && style.decimal.is_ascii()).then_some(style.decimal),
            missing_values: missing_values.iter().cloned().collect(),
        }
    }

    /// For cells that are kept as they are.
    pub(super) fn of_texts() -> Self {
        Form {
            point: None,
            missing_values: HashSet::new(),
        }
    }

    /// The same for cells that are looked at in another form too.
    pub(super) fn and(mut self, other: Form) -> Self {
        self.point = self.point.filter(|_| self.point == other.point);
        self.missing_values.extend(other.missing_values);
        self
    }
}

impl Block {
    /// The wanted columns of a table.
    #[cfg_attr(not(any(feature = "parquet", test)), expect(dead_code))]
    pub(in crate::data) fn pack(table: &RawTable, form: &Form) -> Self {
        let mut packer = Packer::new(table.shared_head(), form, table.rows());
        for row in 0..table.rows() {
            for (column, place) in table.shared_head().places().iter().enumerate() {
                if let Some(place) = place {
                    let text = table.cell(row, *place);
                    packer.cell(column, text, 0..text.len());
                }
            }
            packer.end_row(table.line(row));
        }
        packer.finish()
    }

    pub(in crate::data) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn shared_head(&self) -> Arc<Head> {
        Arc::clone(&self.head)
    }

    pub(in crate::data) fn rows(&self) -> usize {
        self.rows
    }

    /// The number of a row in its file.
    pub(in crate::data) fn line(&self, row: usize) -> usize {
        self.numbers.get(row)
    }

    /// Where a row is in its file: `line 3`.
    pub(super) fn place(&self, row: usize) -> String {
        self.head.place(self.line(row))
    }

    /// The cells of a column that is wanted.
    pub(super) fn cells(&self, column: usize) -> &Cells {
        static NONE: Cells = Cells::NONE;
        self.cells[column].as_ref().unwrap_or(&NONE)
    }

    pub(in crate::data) fn text(&self, row: usize, column: usize) -> Cow<'_, str> {
        self.cells(column).text(row)
    }

    /// Forgets the columns that are not wanted.
    pub(super) fn keep(&mut self, is_wanted: impl Fn(usize) -> bool) {
        let cells = self.cells.iter_mut().enumerate();
        cells
            .filter(|(column, _)| !is_wanted(*column))
            .for_each(|(_, cells)| *cells = None);
        if !self.cells.iter().flatten().any(Cells::are_rounded) {
            self.differences = Arc::default();
        }
    }

    /// Keeps numbers as their differences from anchors, in the place of the inputs that they become.
    pub(super) fn anchor(&mut self, anchors: &Anchors) {
        self.is_anchored = true;
        if self.rows == 0 {
            return;
        }
        let of_column = |(column, cells): (usize, &Option<Cells>)| {
            let numbers = cells.as_ref()?.differences(anchors.get(column)?, anchors)?;
            Some((column, numbers))
        };
        let found = self.cells.iter().enumerate().filter_map(of_column);
        let found: Vec<(usize, Vec<f32>)> = found.collect();
        let width = anchors.width();
        let rows = if found.is_empty() { 0 } else { self.rows };
        // With room for what the cells become.
        let mut all = Vec::with_capacity(rows * anchors.bytes());
        all.resize(rows * width * size_of::<f32>(), 0);
        let (places, _) = all.as_chunks_mut();
        for (column, differences) in &found {
            let places = places[anchors.place(*column)..].iter_mut().step_by(width);
            let pairs = places.zip(differences);
            pairs.for_each(|(place, difference)| *place = difference.to_le_bytes());
        }
        let all = Arc::new(all);
        let mut anchored = found.into_iter().map(|(column, _)| column).peekable();
        // All cells move, for one column's that stayed would keep the memory around those that left it.
        let cells = std::mem::take(&mut self.cells).into_iter().enumerate();
        let moved = cells.map(|(column, cells)| {
            let cells = cells?;
            let (codes, decimals) = match anchored.next_if_eq(&column) {
                None => (cells.codes.clone(), cells.decimals.clone()),
                Some(_) => {
                    let differences = Differences {
                        anchor: anchors.get(column)?,
                        all: Arc::clone(&all),
                        place: anchors.place(column),
                        width,
                    };
                    (Codes::From(differences), Decimals::None)
                }
            };
            Some(Cells {
                texts: cells.texts.clone(),
                ends: cells.ends.clone(),
                codes,
                decimals,
                point: cells.point,
            })
        });
        self.cells = moved.collect();
        self.differences = all;
    }

    /// The memory of differences, for what their cells became.
    pub(super) fn into_memory(mut self) -> Vec<u8> {
        self.cells.clear();
        Arc::try_unwrap(self.differences).unwrap_or_default()
    }

    pub(super) fn is_anchored(&self) -> bool {
        self.is_anchored
    }

    /// The bytes of the columns that are wanted.
    pub(super) fn size(&self, is_wanted: impl Fn(usize) -> bool) -> usize {
        let cells = self.cells.iter().enumerate();
        let wanted = cells.filter(|(column, _)| is_wanted(*column));
        let cells = wanted.filter_map(|(_, cells)| Some(cells.as_ref()?.size()));
        cells.sum::<usize>() + self.differences.capacity()
    }
}

impl LineNumbers {
    pub(super) fn of(numbers: Vec<usize>) -> Self {
        let first = numbers.first().copied().unwrap_or(0);
        match numbers
            .iter()
            .zip(first..)
            .all(|(number, expected)| *number == expected)
        {
            true => LineNumbers::From(first),
            false => {
                let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                LineNumbers::Each(numbers.into_iter().map(narrow).collect())
            }
        }
    }

    pub(super) fn get(&self, row: usize) -> usize {
        match self {
            LineNumbers::From(first) => first + row,
            LineNumbers::Each(numbers) => numbers[row] as usize,
        }
    }
}

/// The cells of a column.
#[derive(Debug)]
pub(super) struct Cells {
    /// Texts that are no plain numbers, one after the other, and where each ends.
    texts: String,
    ends: Vec<usize>,
    /// Of each cell, see [`Code`].
    codes: Codes,
    /// How many digits stand after the point of each plain number.
    decimals: Decimals,
    point: char,
}

/// A cell as it is packed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Code {
    /// The number of its text, counted from 0.
    Text(usize),
    /// The digits of a plain number.
    Number(Decimal),
    /// A number whose digits are not known any more.
    Rounded(f64),
}

/// Two bits of a code say what the others are.
const TEXT: u64 = 1;
const NEGATIVE: u64 = 2;
const MOST_DIGITS: u64 = u64::MAX >> 2;

#[derive(Debug, Clone)]
enum Codes {
    /// Whole numbers in as few bytes as the largest needs.
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
    Eight(Vec<u64>),
    From(Differences),
}

/// Differences from an anchor; of a text it is no number, and its last bits say which text.
#[derive(Debug, Clone)]
struct Differences {
    anchor: f64,
    /// With those of other columns.
    all: Arc<Vec<u8>>,
    place: usize,
    width: usize,
}

impl Differences {
    fn get(&self, row: usize) -> f32 {
        f32::from_le_bytes(self.numbers()[row * self.width + self.place])
    }

    fn iter(&self) -> impl Iterator<Item = f32> {
        let numbers = self.numbers()[self.place..].iter();
        numbers
            .step_by(self.width)
            .map(|bytes| f32::from_le_bytes(*bytes))
    }

    fn numbers(&self) -> &[[u8; size_of::<f32>()]] {
        self.all.as_chunks().0
    }
}

/// The bits of a difference that is none, and those of them that may say anything.
const NO_NUMBER: u32 = 0x7fc0_0000;
const OF_TEXT: u32 = 0x003f_ffff;

#[derive(Debug, Clone)]
enum Decimals {
    /// No cell is a number so far.
    None,
    Same(u8),
    Each(Vec<u8>),
}

/// So many texts of a column are known again; what comes after them is mostly not worth to be looked for.
const KNOWN: usize = 1 << 12;

impl Cells {
    const NONE: Cells = Cells {
        texts: String::new(),
        ends: Vec::new(),
        codes: Codes::One(Vec::new()),
        decimals: Decimals::None,
        point: '.',
    };

    #[inline(always)]
    pub(super) fn code(&self, row: usize) -> Code {
        match &self.codes {
            Codes::One(codes) => self.code_of(row, codes[row].into()),
            Codes::Two(codes) => self.code_of(row, codes[row].into()),
            Codes::Four(codes) => self.code_of(row, codes[row].into()),
            Codes::Eight(codes) => self.code_of(row, codes[row]),
            Codes::From(differences) => {
                let difference = differences.get(row);
                match text_of(difference) {
                    Some(place) => Code::Text(place),
                    None => Code::Rounded(differences.anchor + f64::from(difference)),
                }
            }
        }
    }

    #[inline(always)]
    fn code_of(&self, row: usize, code: u64) -> Code {
        if code & TEXT != 0 {
            return Code::Text((code >> 2) as usize);
        }
        Code::Number(Decimal {
            is_negative: code & NEGATIVE != 0,
            digits: code >> 2,
            decimals: match &self.decimals {
                Decimals::None => 0,
                Decimals::Same(decimals) => *decimals,
                Decimals::Each(decimals) => decimals[row],
            },
        })
    }

    /// The number of each cell, rounded to an anchor if there is one; NaN where a text was `read` as none.
    pub(super) fn numbers(&self, read: &[Cell], anchor: Option<f64>) -> Vec<f64> {
        let texts = read.iter().map(|cell| cell.number().unwrap_or(f64::NAN));
        let mut texts: Vec<f64> = texts.collect();
        let round = |numbers: &mut [f64]| {
            if let Some(anchor) = anchor {
                let numbers = numbers.iter_mut();
                numbers.for_each(|number| *number = anchors::rounded(*number, anchor));
            }
        };
        if let Codes::From(differences) = &self.codes {
            round(&mut texts);
            let number = |difference: f32| match text_of(difference) {
                Some(place) => texts[place],
                None => differences.anchor + f64::from(difference),
            };
            return differences.iter().map(number).collect();
        }
        let mut numbers = self.exact_numbers(&texts);
        round(&mut numbers);
        numbers
    }

    /// The number of each cell whose digits are known, and of texts what is given.
    fn exact_numbers(&self, of_texts: &[f64]) -> Vec<f64> {
        match &self.codes {
            Codes::One(codes) => self.each_number(codes, of_texts),
            Codes::Two(codes) => self.each_number(codes, of_texts),
            Codes::Four(codes) => self.each_number(codes, of_texts),
            Codes::Eight(codes) => self.each_number(codes, of_texts),
            Codes::From(_) => Vec::new(),
        }
    }

    /// In one loop that has all but the codes at hand: a [`Code`] for each would take longer to pass on than to look at.
    fn each_number<C: Copy + Into<u64>>(&self, codes: &[C], of_texts: &[f64]) -> Vec<f64> {
        let (same, each) = match &self.decimals {
            Decimals::None => (0, &[][..]),
            Decimals::Same(decimals) => (*decimals, &[][..]),
            Decimals::Each(decimals) => (0, &decimals[..]),
        };
        let number = |(row, code): (usize, &C)| {
            let code: u64 = (*code).into();
            if code & TEXT != 0 {
                return of_texts[(code >> 2) as usize];
            }
            let number = Decimal {
                is_negative: code & NEGATIVE != 0,
                digits: code >> 2,
                decimals: each.get(row).copied().unwrap_or(same),
            };
            number.value()
        };
        codes.iter().enumerate().map(number).collect()
    }

    /// Whether the digits of numbers are not known any more.
    pub(super) fn are_rounded(&self) -> bool {
        matches!(self.codes, Codes::From(_))
    }

    /// The difference of each number from an anchor; none if they do not hold all, or if there are words.
    fn differences(&self, anchor: f64, anchors: &Anchors) -> Option<Vec<f32>> {
        let mut texts = (0..self.ends.len()).map(|place| anchors.read(self.text_at(place)));
        if texts.any(|cell| matches!(cell, Cell::Text | Cell::NotFinite)) {
            return None;
        }
        let numbers = self.exact_numbers(&vec![f64::NAN; self.ends.len()]);
        let difference = |row: usize| {
            if !numbers[row].is_nan() {
                return anchors::difference(numbers[row], anchor);
            }
            let Code::Text(place) = self.code(row) else {
                return None;
            };
            let place = u32::try_from(place).ok();
            let place = place.filter(|place| *place <= OF_TEXT)?;
            Some(f32::from_bits(NO_NUMBER | place))
        };
        // In no more memory than they take, which collecting options would not see to.
        let mut differences = Vec::with_capacity(numbers.len());
        for row in 0..numbers.len() {
            differences.push(difference(row)?);
        }
        Some(differences)
    }

    pub(super) fn text(&self, row: usize) -> Cow<'_, str> {
        self.text_of(self.code(row))
    }

    pub(super) fn text_of(&self, code: Code) -> Cow<'_, str> {
        match code {
            Code::Text(place) => Cow::Borrowed(self.text_at(place)),
            Code::Number(number) => Cow::Owned(number.text(self.point)),
            Code::Rounded(number) => Cow::Owned(rounded_text(number, self.point)),
        }
    }

    /// The rows whose cells are no plain numbers, and the number of the text of each.
    pub(super) fn texts(&self) -> Vec<(usize, usize)> {
        fn of<C: Copy + Into<u64>>(codes: &[C]) -> Vec<(usize, usize)> {
            let codes = codes.iter().map(|code| (*code).into()).enumerate();
            let texts = codes.filter(|(_, code): &(usize, u64)| code & TEXT != 0);
            texts
                .map(|(row, code)| (row, (code >> 2) as usize))
                .collect()
        }
        match &self.codes {
            Codes::One(codes) => of(codes),
            Codes::Two(codes) => of(codes),
            Codes::Four(codes) => of(codes),
            Codes::Eight(codes) => of(codes),
            Codes::From(differences) => {
                let texts = differences.iter().map(text_of).enumerate();
                texts.filter_map(|(row, text)| Some((row, text?))).collect()
            }
        }
    }

    #[inline]
    fn text_at(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[place]]
    }

    /// What `make` makes of each text that is no plain number; some may be the same.
    pub(super) fn each_text<T>(&self, make: impl FnMut(&str) -> T) -> Vec<T> {
        let texts = (0..self.ends.len()).map(|place| self.text_at(place));
        texts.map(make).collect()
    }

    fn size(&self) -> usize {
        let decimals = match &self.decimals {
            Decimals::None | Decimals::Same(_) => 0,
            Decimals::Each(decimals) => decimals.len(),
        };
        self.texts.len() + size_of::<usize>() * self.ends.len() + self.codes.size() + decimals
    }
}

/// The text that a difference which is no number stands for.
#[inline(always)]
fn text_of(difference: f32) -> Option<usize> {
    (difference.is_nan()).then(|| (difference.to_bits() & OF_TEXT) as usize)
}

/// A number in as many digits as its difference from an anchor has.
fn rounded_text(number: f64, point: char) -> String {
    let digits = format!("{number:.6e}").parse().unwrap_or(number);
    digits
        .to_string()
        .replace('.', point.encode_utf8(&mut [0; 4]))
}

/// What a cell says, of `read` texts.
pub(super) fn cell(code: Code, read: &[Cell]) -> Cell {
    match code {
        Code::Text(place) => read[place],
        Code::Number(number) => Cell::Number(number.value()),
        Code::Rounded(number) => Cell::Number(number),
    }
}

/// Finds texts that were packed before.
#[derive(Default)]
struct Known {
    places: HashMap<String, usize>,
    /// One more than the place of a text that ended like this. All columns' tables are in use at once, so that each is small.
    recent: Vec<u32>,
}

impl Known {
    fn find(&mut self, text: &str, cells: &mut Cells) -> usize {
        const RECENT: usize = 1 << 6;
        if self.recent.is_empty() {
            self.recent = vec![0; RECENT];
        }
        let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
        let bytes = text.as_bytes();
        let hash = 31 * byte(bytes.first()) + 7 * byte(bytes.last()) + bytes.len();
        let slot = hash % RECENT;
        if let Some(place) = self.recent[slot].checked_sub(1)
            && cells.text_at(place as usize) == text
        {
            return place as usize;
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                let place = cells.ends.len();
                if self.places.len() < KNOWN {
                    self.places.insert(text.to_owned(), place);
                }
                cells.texts.push_str(text);
                cells.ends.push(cells.texts.len());
                place
            }
        };
        // A place that takes more bits is not known again.
        self.recent[slot] = u32::try_from(place + 1).unwrap_or(0);
        place
    }
}

/// Packs rows, cell by cell.
pub(in crate::data) struct Packer<'a> {
    head: Arc<Head>,
    form: &'a Form,
    point: Option<u8>,
    has_numeric_mark: bool,
    /// As the file counts them.
    columns: Vec<Option<Unpacked>>,
    numbers: Vec<usize>,
    /// The bytes of the file that the rows are of, where that is known.
    pub(in crate::data) bytes: usize,
}

impl<'a> Packer<'a> {
    /// For about so many rows.
    pub(in crate::data) fn new(head: &Arc<Head>, form: &'a Form, rows: usize) -> Self {
        let is_numeric = |mark: &String| mark.contains(|letter: char| letter.is_ascii_digit());
        let column = |place: &Option<usize>| place.map(|_| Unpacked::new(form, rows));
        Packer {
            columns: head.places().iter().map(column).collect(),
            head: Arc::clone(head),
            form,
            point: form.point.and_then(|point| u8::try_from(point).ok()),
            has_numeric_mark: form.missing_values.iter().any(is_numeric),
            numbers: Vec::with_capacity(rows),
            bytes: 0,
        }
    }

    /// Adds a cell that stands in a text, with white space around it or not; columns are counted as the file has them.
    #[inline(always)]
    pub(in crate::data) fn cell(&mut self, column: usize, text: &str, place: Range<usize>) {
        let Some(unpacked) = &mut self.columns[column] else {
            return;
        };
        let first = text.as_bytes().get(place.start).copied().unwrap_or(b' ');
        if let Some(point) = self.point
            && (first.is_ascii_digit() || first == b'-' || first == point)
            && let Some(number) = Decimal::read_exact(text.as_bytes(), place.clone(), point)
            && number.digits <= MOST_DIGITS
            && !(self.has_numeric_mark && self.form.missing_values.contains(&text[place.clone()]))
        {
            unpacked.push(number);
        } else {
            self.other(column, &text[place]);
        }
    }

    /// Adds a cell that is no plain number, but for white space around it.
    fn other(&mut self, column: usize, text: &str) {
        let trimmed = trimmed(text);
        if trimmed.len() < text.len() {
            return self.cell(column, trimmed, 0..trimmed.len());
        }
        if let Some(unpacked) = &mut self.columns[column] {
            unpacked.push_text(text);
        }
    }

    /// Ends a row, all wanted cells of which are added.
    pub(in crate::data) fn end_row(&mut self, number: usize) {
        self.numbers.push(number);
    }

    pub(in crate::data) fn finish(self) -> Block {
        let mut cells: Vec<Option<Cells>> = Vec::new();
        cells.resize_with(self.head.columns().len(), || None);
        for (place, unpacked) in self.head.places().iter().zip(self.columns) {
            if let (Some(place), Some(unpacked)) = (place, unpacked) {
                cells[*place] = Some(unpacked.packed());
            }
        }
        Block {
            rows: self.numbers.len(),
            numbers: LineNumbers::of(self.numbers),
            head: self.head,
            cells,
            is_anchored: false,
            differences: Arc::default(),
            bytes: self.bytes,
        }
    }
}

/// A cell without white space around it.
fn trimmed(cell: &str) -> &str {
    let is_letter = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_graphic());
    match is_letter(cell.as_bytes().first()) && is_letter(cell.as_bytes().last()) {
        true => cell,
        false => cell.trim(),
    }
}

/// The cells of a column before it is known how few bytes they take.
struct Unpacked {
    /// With the texts alone.
    cells: Cells,
    known: Known,
    codes: Vec<u64>,
    /// Of texts any.
    decimals: Vec<u8>,
    /// Those of the first number, and whether others have others.
    first: Option<u8>,
    differ: bool,
}

impl Unpacked {
    fn new(form: &Form, rows: usize) -> Self {
        Unpacked {
            cells: Cells {
                point: form.point.unwrap_or('.'),
                ..Cells::NONE
            },
            known: Known::default(),
            codes: Vec::with_capacity(rows),
            decimals: Vec::with_capacity(rows),
            first: None,
            differ: false,
        }
    }

    #[inline(always)]
    fn push(&mut self, number: Decimal) {
        let sign = if number.is_negative { NEGATIVE } else { 0 };
        self.codes.push(number.digits << 2 | sign);
        self.decimals.push(number.decimals);
        self.differ |= *self.first.get_or_insert(number.decimals) != number.decimals;
    }

    fn push_text(&mut self, text: &str) {
        let place = self.known.find(text, &mut self.cells);
        self.codes.push((place as u64) << 2 | TEXT);
        self.decimals.push(0);
    }

    fn packed(self) -> Cells {
        let mut cells = self.cells;
        cells.texts.shrink_to_fit();
        cells.ends.shrink_to_fit();
        cells.decimals = match self.first {
            None => Decimals::None,
            Some(same) if !self.differ => Decimals::Same(same),
            Some(_) => Decimals::Each(self.decimals),
        };
        let all = self.codes.iter().fold(0, |all, code| all | code);
        let codes = self.codes.iter().copied();
        cells.codes = match u64::BITS - all.leading_zeros() {
            ..=8 => Codes::One(codes.map(|code| code as u8).collect()),
            9..=16 => Codes::Two(codes.map(|code| code as u16).collect()),
            17..=32 => Codes::Four(codes.map(|code| code as u32).collect()),
            _ => Codes::Eight(self.codes),
        };
        cells
    }
}

impl Codes {
    fn len(&self) -> usize {
        match self {
            Codes::One(codes) => codes.len(),
            Codes::Two(codes) => codes.len(),
            Codes::Four(codes) => codes.len(),
            Codes::Eight(codes) => codes.len(),
            Codes::From(differences) => differences.numbers().len() / differences.width,
        }
    }

    fn size(&self) -> usize {
        self.len()
            * match self {
                Codes::One(_) => 1,
                Codes::Two(_) => 2,
                Codes::Four(_) => 4,
                Codes::Eight(_) => 8,
                // They are the block's.
                Codes::From(_) => 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cells that stand side by side in one text.
    fn pack_all<'a>(texts: impl Iterator<Item = &'a str>, form: &Form) -> Cells {
        let (mut whole, mut places) = (String::new(), Vec::new());
        for text in texts {
            places.push(whole.len()..whole.len() + text.len());
            whole.push_str(text);
            whole.push(',');
        }
        let head = Head::new("x.csv", vec!["x".to_owned()], "line", 1).expect("a head");
        let mut packer = Packer::new(&Arc::new(head), form, 1);
        for place in places {
            packer.cell(0, &whole, place);
            packer.end_row(0);
        }
        packer.finish().cells.remove(0).expect("a column")
    }

    fn texts() -> impl Strategy<Value = String> {
        let digits = || (any::<u64>(), 0..64_u32).prop_map(|(digits, shift)| digits >> shift);
        let sign = prop_oneof![3 => Just(""), 1 => Just("-")];
        let point = prop_oneof![4 => Just(""), 8 => Just("."), 4 => Just(","), 1 => Just("e"), 1 => Just(" ")];
        let number = (sign, digits(), point, digits(), 0..20_usize);
        let number = number.prop_map(|(sign, whole, point, after, zeros)| match point {
            "" => format!("{sign}{whole}"),
            _ => format!("{sign}{}{point}{after:0>zeros$}", whole % 100_000),
        });
        let texts = [
            "", "NA", "-999", "1e5", "+5", "-0", "007", "-07", "00.5", ".5", "5.", "-.5", ".", "-",
            "red", "inf", "\u{e9}",
        ];
        prop_oneof![3 => number, 1 => (0..texts.len()).prop_map(move |k| texts[k].to_owned())]
    }

    proptest! {
        #[test]
        fn a_cell_is_unpacked_as_it_was_and_says_the_same(
            column in prop::collection::vec(texts(), 0..60),
            (point, has_groups) in (prop_oneof![Just('.'), Just(',')], prop_oneof![9 => Just(false), 1 => Just(true)]),
        ) {
            let style = NumberStyle { decimal: point, thousands: has_groups.then_some(' ') };
            let missing = ["".to_owned(), "NA".to_owned(), "-999".to_owned()];
            let form = Form::new(style, &missing);
            let cells = pack_all(column.iter().map(String::as_str), &form);
            let read = cells.each_text(|text| Cell::read(text, &missing, style));
            for (row, text) in column.iter().enumerate() {
                let code = cells.code(row);
                prop_assert_eq!(&*cells.text(row), text);
                let (found, expected) = (cell(code, &read), Cell::read(text, &missing, style));
                let bits = |cell: Cell| cell.number().map(f64::to_bits);
                prop_assert!(found == expected && bits(found) == bits(expected), "{}", text);
            }
        }
    }

    #[test]
    fn words_and_small_numbers_take_a_byte_or_two() {
        let form = Form::new(NumberStyle::default(), &[]);
        let pack = |texts: &[&str]| {
            let many = texts.iter().copied().cycle().take(10_000);
            pack_all(many, &form).size()
        };
        assert!((10_000..10_100).contains(&pack(&["red", "green", "", "0", "1"])));
        assert!((20_000..20_100).contains(&pack(&["-1000", "999", "-1"])));
        assert!((20_000..20_100).contains(&pack(&["12.5", "-99.9", "0.0"])));
        assert!((90_000..90_100).contains(&pack(&["0.1234567890123456", "-0.12345678901234567"])));
    }
}
