//! Columns of Parquet files as text.
//!
//! A value becomes the text that it has in a CSV file, so that a table trains the same from both: a number in the fewest digits that are
//! only its own, a date as 2024-01-31, a time of it as 2024-01-31 18:30:00.5, no value as an empty cell. What the file says of types
//! counts: columns of text are categories, whatever they look like, and columns of dates are dates.

use std::fmt::{Display, Write};
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{SerializedFileReader, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;

use crate::data::cell::shown;
use crate::data::date;
use crate::data::table::{Block, Files, Form, Head, Piece, Pieces, RawTable, Wanted};
use crate::error::{Error, Result};

/// Rows that are read at a time.
const ROWS: usize = 1 << 14;

/// A table in a Parquet file.
pub(super) struct ParquetFile {
    head: Head,
    metadata: Arc<ParquetMetaData>,
}

/// Some rows of it, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Part {
    group: usize,
    /// The first of them within the group, and in the file.
    start: usize,
    first: usize,
    pub(super) rows: usize,
}

impl ParquetFile {
    /// Opens a file; its columns are counted as those of `like` are. `read` is given all bytes of it.
    pub(super) fn open(path: &Path, like: Option<&Head>, read: impl FnMut(&[u8])) -> Result<Self> {
        let name = path.display().to_string();
        let unreadable = |cause| Error::Read {
            path: path.to_owned(),
            cause,
        };
        let file = File::open(path).map_err(unreadable)?;
        io::copy(&mut &file, &mut Bytes(read)).map_err(unreadable)?;
        let reader = guarded(&name, || SerializedFileReader::new(file))?;
        let metadata = Arc::new(reader.metadata().clone());
        let columns = metadata.file_metadata().schema_descr().columns();
        let names = columns.iter().map(|column| column.path().string());
        let mut head = Head::new(&name, names.collect(), "row", 0)?;
        for (k, column) in columns.iter().enumerate() {
            match Kind::of(column) {
                Kind::Text => _ = head.text.insert(k),
                Kind::Date | Kind::Timestamp(_) => _ = head.dates.insert(k),
                _ => {}
            }
        }
        let head = match like {
            Some(like) => head.in_order_of(like)?,
            None => head,
        };
        Ok(ParquetFile { head, metadata })
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let mut before = 0;
        let mut parts = Vec::new();
        for (group, about) in self.metadata.row_groups().iter().enumerate() {
            let rows = usize::try_from(about.num_rows()).unwrap_or(0);
            for start in (0..rows).step_by(ROWS) {
                parts.push(Part {
                    group,
                    start,
                    first: before + start,
                    rows: ROWS.min(rows - start),
                });
            }
            before += rows;
        }
        parts
    }

    /// Reads the columns of a part that `head` wants.
    pub(super) fn read(&self, head: &Arc<Head>, part: Part) -> Result<RawTable> {
        read(&self.metadata, head, part)
    }
}

impl Files for ParquetFile {
    fn head(&self) -> &Head {
        &self.head
    }

    fn pieces<'a>(&'a self, wanted: &Wanted) -> Result<Pieces<'a>> {
        let heads = wanted.heads(&self.head);
        let mut parts = self.parts().into_iter();
        Ok(Box::new(move || {
            let (heads, metadata) = (heads.clone(), Arc::clone(&self.metadata));
            let read = |part| -> Piece<'a> {
                let read = move |form: &Form| {
                    let table = read(&metadata, heads.now(), part)?;
                    Ok(Block::pack(&table, form))
                };
                Box::new(read)
            };
            Ok(parts.next().map(read))
        }))
    }
}

fn read(metadata: &ParquetMetaData, head: &Arc<Head>, part: Part) -> Result<RawTable> {
    let mut table = RawTable::new(head);
    guarded(head.file(), || {
        read_columns(&mut table, head, metadata, part)
    })?;
    (1..=part.rows).for_each(|row| table.end_row(part.first + row));
    Ok(table)
}

/// Reads the wanted columns of some rows of a row group.
fn read_columns(
    table: &mut RawTable,
    head: &Head,
    metadata: &ParquetMetaData,
    part: Part,
) -> std::result::Result<(), ParquetError> {
    // Threads that share an open file share the place in it.
    let file = Arc::new(File::open(head.file())?);
    let group = metadata.row_group(part.group);
    let rows = usize::try_from(group.num_rows()).unwrap_or(0);
    for (k, column) in group.columns().iter().enumerate() {
        if head.places()[k].is_none() {
            continue;
        }
        let pages = SerializedPageReader::new(Arc::clone(&file), column, rows, None)?;
        let about = column.column_descr_ptr();
        if about.max_rep_level() > 0 {
            let name = shown(&head.own_columns()[k]);
            return Err(ParquetError::General(format!(
                "the column `{name}` holds lists, which no network takes; leave it out with `leave_out` in `[data]`"
            )));
        }
        let kind = Kind::of(&about);
        let rows = (part.start, part.rows, about.max_def_level());
        match get_column_reader(about, Box::new(pages)) {
            ColumnReader::BoolColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    kind.plain(value, text)
                })
            }
            ColumnReader::Int32ColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    kind.whole(i64::from(*value), u64::from(*value as u32), text)
                })
            }
            ColumnReader::Int64ColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    kind.whole(*value, *value as u64, text)
                })
            }
            ColumnReader::Int96ColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    Kind::Timestamp(1_000_000_000).whole(value.to_nanos(), 0, text)
                })
            }
            ColumnReader::FloatColumnReader(values) => {
                each(values, rows, table, k, |value, text| decimal(*value, text))
            }
            ColumnReader::DoubleColumnReader(values) => {
                each(values, rows, table, k, |value, text| decimal(*value, text))
            }
            ColumnReader::ByteArrayColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    kind.bytes(value.data(), text)
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(values) => {
                each(values, rows, table, k, |value, text| {
                    kind.bytes(value.data(), text)
                })
            }
        }?;
    }
    Ok(())
}

/// Adds `count` cells after `start` others of a column; `write` writes a value's text.
fn each<T: DataType>(
    mut values: ColumnReaderImpl<T>,
    (start, count, present): (usize, usize, i16),
    table: &mut RawTable,
    column: usize,
    write: impl Fn(&T::T, &mut String) -> std::fmt::Result,
) -> std::result::Result<(), ParquetError> {
    let (mut read, mut levels) = (Vec::with_capacity(count), Vec::new());
    let skipped = values.skip_records(start)?;
    let (found, ..) = values.read_records(count, Some(&mut levels), None, &mut read)?;
    if (skipped, found) != (start, count) {
        return Err(ParquetError::EOF(
            "a column has fewer values than there are rows".to_owned(),
        ));
    }
    let mut read = read.iter();
    let mut text = String::new();
    for row in 0..count {
        text.clear();
        let is_present = levels.get(row).is_none_or(|level| *level == present);
        if let Some(value) = is_present.then(|| read.next()).flatten() {
            let failed = |_| ParquetError::General("a value has no text".to_owned());
            write(value, &mut text).map_err(failed)?;
        }
        table.push_cell(column, text.trim());
    }
    Ok(())
}

/// What the values of a column mean.
#[derive(Clone, Copy)]
enum Kind {
    /// Numbers and truth values as they are.
    Plain,
    Unsigned,
    /// Whole numbers, so many decimals of which stand behind the point.
    Decimal(usize),
    /// Days since 1970.
    Date,
    /// A time since 1970, or since midnight, so many to a second.
    Timestamp(i64),
    Time(i64),
    Text,
    /// 16 bits, the least significant byte first.
    Half,
}

impl Kind {
    fn of(column: &ColumnDescPtr) -> Self {
        let per_second = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        let scale = |scale: i32| usize::try_from(scale).unwrap_or(0);
        let is_bytes = matches!(
            column.physical_type(),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
        );
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Timestamp(kind)), _) => Kind::Timestamp(per_second(&kind.unit)),
            (Some(LogicalType::Time(kind)), _) => Kind::Time(per_second(&kind.unit)),
            (Some(LogicalType::Decimal(kind)), _) => Kind::Decimal(scale(kind.scale)),
            (Some(LogicalType::Integer(kind)), _) if !kind.is_signed => Kind::Unsigned,
            (Some(LogicalType::Float16), _) => Kind::Half,
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Kind::Date,
            (None, ConvertedType::TIMESTAMP_MILLIS) => Kind::Timestamp(1_000),
            (None, ConvertedType::TIMESTAMP_MICROS) => Kind::Timestamp(1_000_000),
            (None, ConvertedType::TIME_MILLIS) => Kind::Time(1_000),
            (None, ConvertedType::TIME_MICROS) => Kind::Time(1_000_000),
            (None, ConvertedType::DECIMAL) => Kind::Decimal(scale(column.type_scale())),
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => Kind::Unsigned,
            _ if column.physical_type() == Type::INT96 => Kind::Timestamp(1_000_000_000),
            _ if is_bytes => Kind::Text,
            _ => Kind::Plain,
        }
    }

    fn plain(self, value: &impl Display, text: &mut String) -> std::fmt::Result {
        write!(text, "{value}")
    }

    /// A whole number, also as its bits are one without a sign.
    fn whole(self, value: i64, unsigned: u64, text: &mut String) -> std::fmt::Result {
        match self {
            Kind::Unsigned => write!(text, "{unsigned}"),
            Kind::Decimal(scale) => scaled(i128::from(value), scale, text),
            Kind::Date => write!(text, "{}", date::text_of(value)),
            Kind::Timestamp(per_second) => {
                let day = 86_400 * per_second;
                write!(text, "{} ", date::text_of(value.div_euclid(day)))?;
                clock(value.rem_euclid(day), per_second, text)
            }
            Kind::Time(per_second) => clock(value, per_second, text),
            Kind::Plain | Kind::Text | Kind::Half => write!(text, "{value}"),
        }
    }

    fn bytes(self, bytes: &[u8], text: &mut String) -> std::fmt::Result {
        match (self, bytes) {
            (Kind::Decimal(scale), _) if (1..=16).contains(&bytes.len()) => {
                let sign = if bytes[0] < 128 { 0 } else { 255 };
                let mut wide = [sign; 16];
                wide[16 - bytes.len()..].copy_from_slice(bytes);
                scaled(i128::from_be_bytes(wide), scale, text)
            }
            (Kind::Half, [low, high]) => decimal(
                burn::tensor::f16::from_le_bytes([*low, *high]).to_f32(),
                text,
            ),
            (Kind::Decimal(_), _) => Err(std::fmt::Error),
            _ => text.write_str(std::str::from_utf8(bytes).map_err(|_| std::fmt::Error)?),
        }
    }
}

/// In the fewest digits that no other number has; of equally near ones the even one, as other programs have it and `Display` does not.
fn decimal(value: impl Display + serde::Serialize, text: &mut String) -> std::fmt::Result {
    match serde_json::to_string(&value) {
        Ok(digits) if digits != "null" => text.write_str(&digits),
        // Infinite, or no number.
        _ => write!(text, "{value}"),
    }
}

fn scaled(value: i128, scale: usize, text: &mut String) -> std::fmt::Result {
    let digits = format!("{:0>1$}", value.unsigned_abs(), scale + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    write!(text, "{sign}{whole}{point}{decimals}")
}

fn clock(time: i64, per_second: i64, text: &mut String) -> std::fmt::Result {
    let (seconds, rest) = (time / per_second, time % per_second);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    write!(text, "{hours:02}:{minutes:02}:{seconds:02}")?;
    if rest == 0 {
        return Ok(());
    }
    let digits = per_second.ilog10() as usize;
    let decimals = format!("{rest:0>digits$}");
    write!(text, ".{}", decimals.trim_end_matches('0'))
}

/// Hands all bytes on.
struct Bytes<F>(F);

impl<F: FnMut(&[u8])> io::Write for Bytes<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a reader of Parquet gives, which may also panic over damaged bytes.
fn guarded<T>(
    file: &str,
    work: impl FnOnce() -> std::result::Result<T, ParquetError>,
) -> Result<T> {
    let fix = "write the file again, or give the table as CSV";
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(ParquetError::General(problem))) if problem.contains("leave_out") => {
            let (problem, fix) = problem.split_once("; ").unwrap_or((&problem, ""));
            Err(Error::data(file, "", problem, fix))
        }
        Ok(Err(cause)) => {
            let problem = format!("the Parquet file cannot be read: {cause}");
            Err(Error::data(file, "", problem, fix))
        }
        Err(_) => Err(Error::data(file, "", "the Parquet file is damaged", fix)),
    }
}
