//! A state dictionary as `torch.save` writes one.

use dropwise::error::{Error, Result};

use super::zip;
use crate::store::{Array, ArrayValues};

/// A file that `torch.load(FILE, weights_only=True)` reads, with the arrays in their order as a state dictionary.
///
/// # Errors
/// [`Error::InvalidValue`] if it would have more than 4 GB, or 65,000 arrays.
pub(crate) fn save(arrays: &[Array]) -> Result<Vec<u8>> {
    let mut pickle = Instructions(vec![0x80, 2]);
    pickle.dictionary();
    pickle.0.push(b'(');
    let mut entries = Vec::new();
    for (k, array) in arrays.iter().enumerate() {
        let (class, numbers) = match &array.values {
            ArrayValues::F32(values) => (
                "FloatStorage",
                bytes_of(values, |value| value.to_le_bytes()),
            ),
            ArrayValues::F64(values) => (
                "DoubleStorage",
                bytes_of(values, |value| value.to_le_bytes()),
            ),
            ArrayValues::Bytes(values) => ("ByteStorage", values.clone()),
        };
        let key = k.to_string();
        pickle.text(&array.name);
        pickle.global("torch._utils", "_rebuild_tensor_v2");
        pickle.0.extend(b"((");
        pickle.text("storage");
        pickle.global("torch", class);
        pickle.text(&key);
        pickle.text("cpu");
        pickle.number(array.shape.iter().product());
        pickle.0.extend(b"tQ");
        pickle.number(0);
        pickle.tuple(&array.shape);
        let strides = (1..=array.shape.len()).map(|k| array.shape[k..].iter().product());
        pickle.tuple(&strides.collect::<Vec<_>>());
        // No gradient, no hooks.
        pickle.0.push(0x89);
        pickle.dictionary();
        pickle.0.extend(b"tR");
        entries.push((format!("archive/data/{key}"), numbers));
    }
    pickle.0.extend(b"u.");
    let size = |(_, content): &(String, Vec<u8>)| content.len();
    let total = pickle.0.len() + entries.iter().map(size).sum::<usize>();
    if total >= 1 << 31 || entries.len() > 65_000 {
        let expected = "at most 2 GB of numbers for a file of `torch.save`";
        return Err(Error::invalid(
            "--format",
            expected,
            format!("{total} bytes"),
        ));
    }
    let mut all = vec![
        ("archive/data.pkl".to_owned(), pickle.0),
        ("archive/byteorder".to_owned(), b"little".to_vec()),
    ];
    all.extend(entries);
    all.push(("archive/version".to_owned(), b"3\n".to_vec()));
    Ok(zip::write(&all))
}

fn bytes_of<T, const N: usize>(values: &[T], bytes: fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(bytes).collect()
}

/// The instructions of a pickle.
struct Instructions(Vec<u8>);

impl Instructions {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
    }

    /// A new `OrderedDict`.
    fn dictionary(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend(b")R");
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        self.0.push(b'J');
        self.0.extend((number as i32).to_le_bytes());
    }

    fn tuple(&mut self, numbers: &[usize]) {
        self.0.push(b'(');
        numbers.iter().for_each(|number| self.number(*number));
        self.0.push(b't');
    }
}
