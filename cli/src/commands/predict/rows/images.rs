//! Rows of an IDX file of images.

use dropwise::data::{Preprocessing, RowError, idx};
use dropwise::{Error, Result};

use super::{Input, Sink};

/// Sends the images; `sink` prepares images.
pub(super) fn read(input: Input, sink: &Sink) -> Result<()> {
    let Preprocessing::Images {
        height,
        width,
        largest,
    } = sink.preprocessing
    else {
        return Ok(());
    };
    if !sink.keep.is_empty() {
        let found = "an IDX file, which has images alone";
        return Err(Error::invalid("--keep", "rows with columns", found));
    }
    let images = idx::parse(&sink.input, input.source, input.size)?;
    let fits = match images.dims[1..] {
        [found_height, found_width] => (found_height, found_width) == (height, width),
        [pixels] => pixels == height * width,
        _ => false,
    };
    if !fits {
        let found: Vec<String> = images.dims[1..].iter().map(usize::to_string).collect();
        let found = match &found[..] {
            [] => "labels".to_owned(),
            dims => format!("images of {}", dims.join(" x ")),
        };
        return Err(mistake(
            sink,
            "header",
            format!("expected images of {height} x {width}, found {found}"),
            "give images like those that the network was trained on",
        ));
    }
    for (number, image) in images.values.chunks_exact(height * width).enumerate() {
        if let Some(pixel) = image.iter().position(|pixel| *pixel > largest) {
            let error = mistake(
                sink,
                &format!("image {}, pixel{pixel}", number + 1),
                format!("expected 0 to {largest}, found {}", image[pixel]),
                "give pixels of the range that the network was trained on",
            );
            sink.send_row(Vec::new(), Err(error))?;
            continue;
        }
        let input = |pixel: &u8| f64::from(*pixel) / f64::from(largest);
        sink.send_row(Vec::new(), Ok(image.iter().map(input).collect()))?;
    }
    Ok(())
}

fn mistake(sink: &Sink, place: &str, problem: String, fix: &str) -> Error {
    RowError::new("", problem, fix).at(&sink.input, place)
}
