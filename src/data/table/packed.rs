//! Cells as text, packed: in few bytes, and each as it was to the last letter.
//!
//! A plain number is kept as its digits and the place of its point, all else as one of the column's texts. Nothing is rounded, so that
//! whatever is made of a cell is the same as if it was read from its file again.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::raw::{Head, RawTable};
use crate::data::cell::{Cell, Decimal, NumberStyle};

/// Rows of a table that stand together in their file.
#[derive(Debug)]
pub(super) struct Block {
    head: Arc<Head>,
    lines: Lines,
    rows: usize,
    /// Of each column; none of those that are not wanted.
    cells: Vec<Option<Cells>>,
    /// The bytes of the file that the rows are of, where that is known.
    pub(super) bytes: usize,
}

/// The number of each row in its file.
#[derive(Debug)]
enum Lines {
    /// One after the other, from this one on.
    From(usize),
    Each(Vec<usize>),
}

/// What cells are looked at with as they are packed.
pub(super) struct Form {
    /// What stands before the decimals of a plain number; none if texts are kept as they are.
    point: Option<char>,
    /// Texts that are missing values, though they may look like numbers.
    missing_values: HashSet<String>,
}

impl Form {
    pub(super) fn new(style: NumberStyle, missing_values: &[String]) -> Self {
        Form {
            point: (style.thousands.is_none() && style.decimal.is_ascii()).then_some(style.decimal),
            missing_values: missing_values.iter().cloned().collect(),
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
    pub(super) fn pack(table: &RawTable, form: &Form, is_wanted: impl Fn(usize) -> bool) -> Self {
        let has_numeric_mark = form
            .missing_values
            .iter()
            .any(|mark| mark.contains(|letter: char| letter.is_ascii_digit()));
        let pack = |column: usize| {
            let texts = table.texts(column).filter(|_| is_wanted(column))?;
            Some(Cells::pack(texts, table.rows(), form, has_numeric_mark))
        };
        Block {
            head: Arc::clone(table.shared_head()),
            lines: Lines::of(table.numbers()),
            rows: table.rows(),
            cells: (0..table.columns().len()).map(pack).collect(),
            bytes: table.bytes,
        }
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The number of a row in its file.
    pub(super) fn line(&self, row: usize) -> usize {
        match &self.lines {
            Lines::From(first) => first + row,
            Lines::Each(lines) => lines[row],
        }
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

    pub(super) fn text(&self, row: usize, column: usize) -> Cow<'_, str> {
        self.cells(column).text(row)
    }

    /// Forgets the columns that are not wanted.
    pub(super) fn keep(&mut self, is_wanted: impl Fn(usize) -> bool) {
        let cells = self.cells.iter_mut().enumerate();
        cells
            .filter(|(column, _)| !is_wanted(*column))
            .for_each(|(_, cells)| *cells = None);
    }

    /// The bytes of the columns that are wanted.
    pub(super) fn size(&self, is_wanted: impl Fn(usize) -> bool) -> usize {
        let cells = self.cells.iter().enumerate();
        let wanted = cells.filter(|(column, _)| is_wanted(*column));
        wanted
            .filter_map(|(_, cells)| Some(cells.as_ref()?.size()))
            .sum()
    }
}

impl Lines {
    fn of(numbers: &[usize]) -> Self {
        let first = numbers.first().copied().unwrap_or(0);
        match numbers
            .iter()
            .zip(first..)
            .all(|(number, expected)| *number == expected)
        {
            true => Lines::From(first),
            false => Lines::Each(numbers.to_vec()),
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

/// A cell as it is packed: the number of its text, counted from 0, or the digits of a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Code {
    Text(usize),
    Number(Decimal),
}

/// Two bits of a code say what the others are.
const TEXT: u64 = 1;
const NEGATIVE: u64 = 2;
const MOST_DIGITS: u64 = u64::MAX >> 2;

/// Whole numbers in as few bytes as the largest needs.
#[derive(Debug)]
enum Codes {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
    Eight(Vec<u64>),
}

#[derive(Debug)]
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

    fn pack<'a>(
        texts: impl Iterator<Item = &'a str>,
        rows: usize,
        form: &Form,
        has_numeric_mark: bool,
    ) -> Self {
        let point = form.point.and_then(|point| u8::try_from(point).ok());
        let mut cells = Cells {
            codes: Codes::One(Vec::with_capacity(rows)),
            point: form.point.unwrap_or('.'),
            ..Cells::NONE
        };
        let mut known = Known::default();
        for text in texts {
            let number = point.and_then(|point| Decimal::read_exact(text, point));
            let number = number.filter(|number| {
                let is_mark = has_numeric_mark && form.missing_values.contains(text);
                number.digits <= MOST_DIGITS && !is_mark
            });
            match number {
                Some(number) => {
                    let sign = if number.is_negative { NEGATIVE } else { 0 };
                    cells.codes.push(number.digits << 2 | sign);
                    cells.decimals.push(number.decimals, cells.codes.len());
                }
                None => {
                    let place = known.find(text, &mut cells);
                    cells.codes.push((place as u64) << 2 | TEXT);
                    if let Decimals::Each(decimals) = &mut cells.decimals {
                        decimals.push(0);
                    }
                }
            }
        }
        cells.texts.shrink_to_fit();
        cells.ends.shrink_to_fit();
        cells.codes.shrink_to_fit();
        cells
    }

    #[inline]
    pub(super) fn code(&self, row: usize) -> Code {
        let code = self.codes.get(row);
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

    pub(super) fn text(&self, row: usize) -> Cow<'_, str> {
        self.text_of(self.code(row))
    }

    pub(super) fn text_of(&self, code: Code) -> Cow<'_, str> {
        match code {
            Code::Text(place) => Cow::Borrowed(self.text_at(place)),
            Code::Number(number) => Cow::Owned(number.text(self.point)),
        }
    }

    /// The text of a cell that is no plain number.
    pub(super) fn odd_text(&self, row: usize) -> Option<&str> {
        match self.code(row) {
            Code::Text(place) => Some(self.text_at(place)),
            Code::Number(_) => None,
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

/// What a cell says, of `read` texts.
pub(super) fn cell(code: Code, read: &[Cell]) -> Cell {
    match code {
        Code::Text(place) => read[place],
        Code::Number(number) => Cell::Number(number.value()),
    }
}

/// Finds texts that were packed before.
#[derive(Default)]
struct Known {
    places: HashMap<String, usize>,
    /// One more than the place of a text that ended like this.
    recent: Vec<usize>,
}

impl Known {
    fn find(&mut self, text: &str, cells: &mut Cells) -> usize {
        const RECENT: usize = 1 << 8;
        if self.recent.is_empty() {
            self.recent = vec![0; RECENT];
        }
        let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
        let bytes = text.as_bytes();
        let hash = 31 * byte(bytes.first()) + 7 * byte(bytes.last()) + bytes.len();
        let slot = hash % RECENT;
        if let Some(place) = self.recent[slot].checked_sub(1)
            && cells.text_at(place) == text
        {
            return place;
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
        self.recent[slot] = place + 1;
        place
    }
}

impl Decimals {
    /// Adds those of the last of `count` cells.
    fn push(&mut self, decimals: u8, count: usize) {
        match self {
            Decimals::Each(each) => each.push(decimals),
            Decimals::Same(same) if *same == decimals => {}
            // Texts before the first number may have any.
            Decimals::None => *self = Decimals::Same(decimals),
            Decimals::Same(same) => {
                let mut each = Vec::with_capacity(count);
                each.resize(count - 1, *same);
                each.push(decimals);
                *self = Decimals::Each(each);
            }
        }
    }
}

impl Codes {
    #[inline]
    fn push(&mut self, code: u64) {
        match self {
            Codes::One(codes) if let Ok(code) = u8::try_from(code) => codes.push(code),
            Codes::Two(codes) if let Ok(code) = u16::try_from(code) => codes.push(code),
            Codes::Four(codes) if let Ok(code) = u32::try_from(code) => codes.push(code),
            Codes::Eight(codes) => codes.push(code),
            _ => {
                self.widen();
                self.push(code);
            }
        }
    }

    fn widen(&mut self) {
        fn wide<N: Copy, W: From<N>>(codes: &Vec<N>) -> Vec<W> {
            let mut wide = Vec::with_capacity(codes.capacity());
            wide.extend(codes.iter().map(|code| W::from(*code)));
            wide
        }
        *self = match self {
            Codes::One(codes) => Codes::Two(wide(codes)),
            Codes::Two(codes) => Codes::Four(wide(codes)),
            Codes::Four(codes) => Codes::Eight(wide(codes)),
            Codes::Eight(_) => return,
        };
    }

    #[inline]
    fn get(&self, row: usize) -> u64 {
        match self {
            Codes::One(codes) => codes[row].into(),
            Codes::Two(codes) => codes[row].into(),
            Codes::Four(codes) => codes[row].into(),
            Codes::Eight(codes) => codes[row],
        }
    }

    fn len(&self) -> usize {
        match self {
            Codes::One(codes) => codes.len(),
            Codes::Two(codes) => codes.len(),
            Codes::Four(codes) => codes.len(),
            Codes::Eight(codes) => codes.len(),
        }
    }

    fn size(&self) -> usize {
        self.len()
            * match self {
                Codes::One(_) => 1,
                Codes::Two(_) => 2,
                Codes::Four(_) => 4,
                Codes::Eight(_) => 8,
            }
    }

    fn shrink_to_fit(&mut self) {
        match self {
            Codes::One(codes) => codes.shrink_to_fit(),
            Codes::Two(codes) => codes.shrink_to_fit(),
            Codes::Four(codes) => codes.shrink_to_fit(),
            Codes::Eight(codes) => codes.shrink_to_fit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            let cells = Cells::pack(column.iter().map(String::as_str), column.len(), &form, true);
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
            Cells::pack(many, 10_000, &form, false).size()
        };
        assert!((10_000..10_100).contains(&pack(&["red", "green", "", "0", "1"])));
        assert!((20_000..20_100).contains(&pack(&["-1000", "999", "-1"])));
        assert!((20_000..20_100).contains(&pack(&["12.5", "-99.9", "0.0"])));
        assert!((90_000..90_100).contains(&pack(&["0.1234567890123456", "-0.12345678901234567"])));
    }
}
