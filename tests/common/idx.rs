//! IDX files to be read by tests, written from the format's description alone.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A file of bytes.
pub fn file(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, u8::try_from(dims.len()).expect("few dimensions")];
    bytes.extend(dims.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// Images of so many pixels a line.
pub fn images<P: AsRef<[u8]>>(pixels: &[P], width: u32) -> Vec<u8> {
    let size = pixels[0].as_ref().len() as u32;
    let values: Vec<u8> = pixels
        .iter()
        .flat_map(|image| image.as_ref().to_vec())
        .collect();
    file(&[pixels.len() as u32, size / width, width], &values)
}

/// Labels.
pub fn labels(labels: &[u8]) -> Vec<u8> {
    file(&[labels.len() as u32], labels)
}

/// The same in gzip.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}
