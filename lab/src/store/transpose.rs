//! Weights lie in files as `[d_output, d_input]` and in memory as `[d_input, d_output]`.
//!
//! They are transposed a band of rows at a time. What a band writes to one column lies together, and a band of a
//! file is still in the processor's cache when it is transposed: the file as a whole is never in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Rows of a band: as many as a cache of eight ways holds where they lie a power of two apart.
const BAND: usize = 8;

/// `[rows, columns]` to `[columns, rows]`.
pub(super) fn transposed<T: Copy, N: Copy + Default>(
    values: &[T],
    (rows, columns): (usize, usize),
    read: impl Fn(T) -> N,
) -> Vec<N> {
    let mut transposed = vec![N::default(); values.len()];
    // A file may claim any number of rows without columns.
    if values.is_empty() {
        return transposed;
    }
    for (band, values) in values.chunks(BAND * columns).enumerate() {
        transpose_band(values, &mut transposed, (band * BAND, rows, columns), &read);
    }
    transposed
}

/// The numbers of `BYTES` bytes each that lie in `file` from the byte `start` on, `[rows, columns]`, as
/// `[columns, rows]`. The file has been found to be as long.
pub(super) fn transposed_from<const BYTES: usize, N: Copy + Default>(
    mut file: &File,
    start: u64,
    (rows, columns): (usize, usize),
    read: impl Fn([u8; BYTES]) -> N,
) -> io::Result<Vec<N>> {
    let mut transposed = vec![N::default(); rows * columns];
    if transposed.is_empty() {
        return Ok(transposed);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut values = vec![[0; BYTES]; BAND.min(rows) * columns];
    for top in (0..rows).step_by(BAND) {
        let band = &mut values[..BAND.min(rows - top) * columns];
        file.read_exact(band.as_flattened_mut())?;
        transpose_band(band, &mut transposed, (top, rows, columns), &read);
    }
    Ok(transposed)
}

/// Writes the rows of a band, which begins with row `top`, as columns.
fn transpose_band<T: Copy, N>(
    band: &[T],
    transposed: &mut [N],
    (top, rows, columns): (usize, usize, usize),
    read: &impl Fn(T) -> N,
) {
    let below = top + band.len() / columns;
    for (column, transposed) in transposed.chunks_exact_mut(rows).enumerate() {
        let transposed = &mut transposed[top..below];
        // A number of rows that is known beforehand takes half the time.
        if let Ok(whole) = <&mut [N; BAND]>::try_from(&mut *transposed) {
            for (row, value) in whole.iter_mut().enumerate() {
                *value = read(band[row * columns + column]);
            }
        } else {
            for (row, value) in transposed.iter_mut().enumerate() {
                *value = read(band[row * columns + column]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{transposed, transposed_from};

    /// The definition, number by number.
    fn expected(values: &[f64], (rows, columns): (usize, usize)) -> Vec<f64> {
        let of_column = |column| (0..rows).map(move |row| values[row * columns + column]);
        (0..columns).flat_map(of_column).collect()
    }

    #[test]
    fn rows_become_columns_whatever_their_number_in_memory_and_in_a_file() {
        for rows in [0, 1, 2, 7, 8, 9, 16, 31] {
            for columns in [0, 1, 3, 8, 17] {
                let size = (rows, columns);
                let values: Vec<f64> = (0..rows * columns).map(|k| k as f64).collect();
                let expected = expected(&values, size);
                assert_eq!(
                    transposed(&values, size, |value| value),
                    expected,
                    "{size:?}"
                );

                let mut file = tempfile::tempfile().expect("a file");
                file.write_all(b"head").expect("a file");
                for value in &values {
                    file.write_all(&value.to_le_bytes()).expect("a file");
                }
                let found =
                    transposed_from(&file, 4, size, f64::from_le_bytes).expect("a whole file");
                assert_eq!(found, expected, "{size:?}");
            }
        }
    }

    #[test]
    fn rows_without_columns_take_no_time() {
        let none: [f32; 0] = [];
        assert!(transposed(&none, (usize::MAX, 0), |value| value).is_empty());
        let file = tempfile::tempfile().expect("a file");
        let found = transposed_from(&file, 0, (usize::MAX, 0), f32::from_le_bytes);
        assert!(found.expect("nothing to read").is_empty());
    }

    #[test]
    fn a_file_that_ends_too_early_is_an_error() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[0; 4 * 9 - 1]).expect("a file");
        assert!(transposed_from(&file, 0, (9, 1), f32::from_le_bytes).is_err());
    }
}
