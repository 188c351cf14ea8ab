//! A part of a table too large to be looked at as a whole.

use std::borrow::Cow;

/// From how many bytes on a part is looked at.
const WHOLE: usize = 1 << 26;

/// How many pieces that part has, and the bytes of each.
const PIECES: usize = 32;
const PIECE: usize = 1 << 20;

/// The bytes to look at: all of them, or lines from the beginning and from places evenly over the file. Beside them how many
/// times as many there are in all, where these are a part.
pub(super) fn of(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<f64>) {
    // Lines of two bytes a letter are not looked for.
    if bytes.len() <= WHOLE || bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
    {
        return (Cow::Borrowed(bytes), None);
    }
    let is_end = |byte: &u8| *byte == b'\n';
    let mut part = Vec::with_capacity(PIECES * PIECE);
    for piece in 0..PIECES {
        let start = piece * (bytes.len() / PIECES);
        let piece = &bytes[start..start + PIECE];
        // Where a piece begins within quotes its lines may be none: the whole is taken then.
        let Some(last) = piece.iter().rposition(is_end) else {
            return (Cow::Borrowed(bytes), None);
        };
        let first = match start {
            0 => 0,
            _ => piece.iter().position(is_end).unwrap_or(last) + 1,
        };
        part.extend_from_slice(&piece[first.min(last + 1)..=last]);
    }
    let times = bytes.len() as f64 / part.len() as f64;
    (Cow::Owned(part), Some(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_whole_lines_from_all_over_a_large_file() {
        let line = |k: usize| format!("{k},{:0>40}\n", k % 7);
        let text: String = (0..2_000_000).map(line).collect();
        let (part, times) = of(text.as_bytes());
        let part = String::from_utf8(part.into_owned()).expect("text");
        let lines = part.lines().count() as f64 * times.expect("a part");
        assert!((lines / 2e6 - 1.0).abs() < 0.02, "{lines}");
        assert!(part.starts_with(&line(0)) && part.len() < text.len() / 2);
        let numbers = part.lines().map(|line| {
            let (number, rest) = line.split_once(',').expect("two values");
            assert_eq!(rest.len(), 40);
            number.parse::<usize>().expect("a number")
        });
        let numbers: Vec<usize> = numbers.collect();
        assert!(numbers.is_sorted() && numbers.last() > Some(&1_900_000));
        assert!(matches!(
            of(&text.as_bytes()[..1_000]),
            (Cow::Borrowed(_), None)
        ));
    }
}
