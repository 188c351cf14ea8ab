//! Files of PyTorch's `torch.save`: an archive (since version 1.6), or pickles with the numbers behind them (before, and on demand).
//!
//! Nothing in such a file is run, as with `torch.load(weights_only=True)`: modules are kept as what they hold.

mod pickle;
mod save;
mod zip;

use std::collections::BTreeMap;

use safetensors::tensor::Dtype;

use super::foreign::ForeignArray;
use pickle::{Id, Pickle, Value};
pub(crate) use save::save;

/// How a file of the older kind begins: a pickle of a number that nothing else has.
const OLD_MARK: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// What is nested deeper is no network.
const DEEPEST: usize = 64;

/// What has more parts is no network of fully-connected layers.
const MOST_PARTS: usize = 100_000;
const LONGEST_NAME: usize = 1_000;

/// Why a file cannot be used, and what to do.
type Refused = (String, &'static str);

const SAVE: &str = "save it again, or copy it again";
const STATE: &str = "save the state dictionary alone, `torch.save(network.state_dict(), FILE)`";

/// Whether the bytes are those of `torch.save`. A header of safetensors of 640 bytes begins like a pickle, since its length comes first;
/// the header itself follows as JSON.
pub(super) fn is_torch_file(bytes: &[u8]) -> bool {
    let is_safetensors = bytes.get(8) == Some(&b'{');
    bytes.starts_with(zip::MARK) || (bytes.starts_with(&OLD_MARK[..2]) && !is_safetensors)
}

/// The arrays of a file of `torch.save`: those of a state dictionary, of a module, or of the one of them that is in a checkpoint.
pub(super) fn arrays(bytes: &[u8]) -> Result<Vec<ForeignArray<'static>>, Refused> {
    let file = if bytes.starts_with(zip::MARK) {
        File::of_archive(bytes)?
    } else {
        File::of_pickles(bytes)?
    };
    file.arrays()
}

struct File<'a> {
    pickle: Pickle,
    /// The bytes of numbers by their keys.
    storages: BTreeMap<String, &'a [u8]>,
}

impl<'a> File<'a> {
    fn of_archive(bytes: &'a [u8]) -> Result<Self, Refused> {
        let entries = zip::read(bytes).map_err(|problem| (problem, SAVE))?;
        let is_pickle = |name: &&String| name.ends_with("data.pkl");
        let Some(name) = entries.keys().find(is_pickle) else {
            let problem =
                "expected an archive of `torch.save`, found another, which has no `data.pkl`";
            return Err((problem.to_owned(), STATE));
        };
        let folder = name.trim_end_matches("data.pkl");
        let entry = |name: &str| entries.get(&format!("{folder}{name}"));
        if entry("constants.pkl").is_some() {
            let problem = "expected an archive of `torch.save`, found one of TorchScript";
            return Err((problem.to_owned(), STATE));
        }
        if entry("byteorder").is_some_and(|order| *order != b"little") {
            let problem = "expected numbers with the lowest byte first, found others";
            return Err((problem.to_owned(), "save it on a machine of another kind"));
        }
        let read = Pickle::read(entries.get(name).copied().unwrap_or_default());
        let (pickle, _) = read.map_err(|problem| (problem, SAVE))?;
        let folder = format!("{folder}data/");
        let storages = entries.iter();
        let storages = storages
            .filter_map(|(name, bytes)| Some((name.strip_prefix(&folder)?.to_owned(), *bytes)));
        let storages = storages.collect();
        Ok(File { pickle, storages })
    }

    /// After the mark come the version, the machine, the object, the keys of the storages, and each storage behind the count of its
    /// numbers.
    fn of_pickles(bytes: &'a [u8]) -> Result<Self, Refused> {
        let Some(mut rest) = bytes.strip_prefix(OLD_MARK) else {
            let problem =
                "expected a file of `torch.save`, found another pickle, or one that is cut short";
            return Err((problem.to_owned(), STATE));
        };
        let mut pickles = Vec::new();
        for _ in 0..4 {
            let (pickle, length) = Pickle::read(rest).map_err(|problem| (problem, SAVE))?;
            rest = &rest[length..];
            pickles.push(pickle);
        }
        let (keys, pickle) = (pickles.pop(), pickles.pop());
        let (Some(keys), Some(pickle)) = (keys, pickle) else {
            return Err(("the file has no object".to_owned(), SAVE));
        };
        let cut_short = || ("the file is cut short or damaged".to_owned(), SAVE);
        let sizes = pickle.storage_sizes();
        let mut storages = BTreeMap::new();
        for key in keys.list(keys.root()).unwrap_or_default() {
            let key = keys.text(*key).unwrap_or_default();
            let (count, behind) = rest.split_first_chunk().ok_or_else(cut_short)?;
            let count = usize::try_from(u64::from_le_bytes(*count)).ok();
            let length = count
                .zip(sizes.get(key))
                .and_then(|(count, size)| count.checked_mul(*size));
            let numbers = length.and_then(|length| behind.split_at_checked(length));
            let (numbers, behind) = numbers.ok_or_else(cut_short)?;
            storages.insert(key.to_owned(), numbers);
            rest = behind;
        }
        Ok(File { pickle, storages })
    }

    fn arrays(&self) -> Result<Vec<ForeignArray<'static>>, Refused> {
        let network = self.network(self.pickle.root())?;
        let tensors = self.pickle.tensors(network)?.into_iter();
        let arrays = tensors.map(|(name, id)| {
            let array = self.array(name.clone(), id);
            array.map_err(|(problem, fix)| (format!("`{name}`: {problem}"), fix))
        });
        arrays.collect()
    }

    /// The state dictionary or module in an object: the object itself, or what a checkpoint has under one of its keys.
    fn network(&self, object: Id) -> Result<Id, Refused> {
        let mut object = object;
        for _ in 0..DEEPEST {
            let entries = self.pickle.entries(object);
            let is_weight = |name: &str| name.ends_with("weight");
            let mut own = entries.iter();
            let is_network =
                own.any(|(name, id)| is_weight(name) && self.pickle.tensor(*id).is_some());
            if is_network || self.pickle.is_module(object) {
                return Ok(object);
            }
            let mut parts = Vec::new();
            for (name, id) in entries {
                let within = self.pickle.tensors(id)?;
                if within.iter().any(|(name, _)| is_weight(name)) {
                    parts.push((name, id));
                }
            }
            match &parts[..] {
                [(_, id)] => object = *id,
                [] => {
                    let problem = "expected the weights of a network, found none";
                    return Err((problem.to_owned(), STATE));
                }
                several => {
                    let names: Vec<String> = several
                        .iter()
                        .map(|(name, _)| format!("`{name}`"))
                        .collect();
                    let names = names.join(", ");
                    let problem =
                        format!("expected the weights of one network, found several: {names}");
                    return Err((problem, STATE));
                }
            }
        }
        Err(too_large())
    }

    /// A tensor with its numbers in the order of its indices, the last running fastest.
    fn array(&self, name: String, tensor: Id) -> Result<ForeignArray<'static>, Refused> {
        let damaged = || ("what the file says of it is damaged".to_owned(), SAVE);
        let tensor = match self.pickle.tensor(tensor) {
            Some(Ok(tensor)) => tensor,
            Some(Err(function)) => {
                let problem =
                    format!("expected an array of plain numbers, found one of `{function}`");
                return Err((
                    problem,
                    "save it as one, `.dequantize()` or `.to_dense()` in PyTorch",
                ));
            }
            None => return Err(damaged()),
        };
        let storage = self.pickle.storage(tensor.storage).ok_or_else(damaged)?;
        let dtype = storage.dtype.ok_or_else(|| {
            let problem = format!("expected floating point, found `{}`", storage.class);
            (problem, "convert it, `.float()` in PyTorch")
        })?;
        let size = dtype.bitsize() / 8;
        let missing = || {
            (
                format!("its numbers are missing, `data/{}`", storage.key),
                SAVE,
            )
        };
        let numbers = self.storages.get(&storage.key).ok_or_else(missing)?;
        let count = tensor.shape.iter().copied().try_fold(1, usize::checked_mul);
        let count = count
            .filter(|count| *count <= numbers.len() / size)
            .ok_or_else(damaged)?;
        let mut bytes = Vec::with_capacity(count * size);
        let mut index = vec![0; tensor.shape.len()];
        for _ in 0..count {
            let offsets = index.iter().zip(&tensor.strides);
            let place = offsets.map(|(k, stride): (&usize, &usize)| k.checked_mul(*stride));
            let place = place
                .chain([Some(tensor.offset)])
                .try_fold(0_usize, |sum, term| sum.checked_add(term?));
            let number =
                place.and_then(|place| numbers.get(place.checked_mul(size)?..)?.get(..size));
            bytes.extend(number.ok_or_else(damaged)?);
            for (k, length) in index.iter_mut().zip(&tensor.shape).rev() {
                *k += 1;
                if *k < *length {
                    break;
                }
                *k = 0;
            }
        }
        Ok(ForeignArray {
            name,
            shape: tensor.shape,
            dtype,
            bytes: bytes.into(),
        })
    }
}

/// What is said of a tensor.
struct Tensor {
    storage: Id,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// Numbers that tensors share.
struct Storage<'a> {
    key: String,
    /// Its class in PyTorch, and the type of its numbers, if it is one that layers can have.
    class: &'a str,
    dtype: Option<Dtype>,
}

impl Pickle {
    /// What an object holds by names: the items of a dictionary, the parameters, buffers and modules of a module.
    fn entries(&self, object: Id) -> Vec<(String, Id)> {
        let parts = ["_parameters", "_buffers", "_modules"];
        let items = match self.value(object) {
            Value::Dict(items) => items.clone(),
            Value::Made {
                state: Some(state), ..
            } if self.is_module(object) => {
                let state = self.items(*state).iter();
                let parts = state
                    .filter(|(key, _)| self.text(*key).is_some_and(|key| parts.contains(&key)));
                parts
                    .flat_map(|(_, part)| self.items(*part))
                    .copied()
                    .collect()
            }
            Value::Made { items, .. } => items.clone(),
            _ => Vec::new(),
        };
        let name = |key| match self.value(key) {
            Value::Int(number) => Some(number.to_string()),
            _ => self.text(key).map(str::to_owned),
        };
        let named = items
            .into_iter()
            .filter_map(|(key, value)| Some((name(key)?, value)));
        named.collect()
    }

    fn items(&self, object: Id) -> &[(Id, Id)] {
        match self.value(object) {
            Value::Dict(items) | Value::Made { items, .. } => items,
            _ => &[],
        }
    }

    fn is_module(&self, object: Id) -> bool {
        let Value::Made {
            state: Some(state), ..
        } = self.value(object)
        else {
            return false;
        };
        let mut keys = self
            .items(*state)
            .iter()
            .filter_map(|(key, _)| self.text(*key));
        keys.any(|key| key == "_modules")
    }

    /// The tensors within an object, by their names.
    fn tensors(&self, object: Id) -> Result<Vec<(String, Id)>, Refused> {
        let mut tensors = Vec::new();
        let mut parts = 0;
        let mut left = vec![(String::new(), object, 0)];
        while let Some((name, id, depth)) = left.pop() {
            if self.tensor(id).is_some() {
                tensors.push((name, id));
                continue;
            }
            let entries = self.entries(id);
            parts += entries.len();
            // Objects may hold each other, and each more than once.
            if depth > DEEPEST || parts > MOST_PARTS || name.len() > LONGEST_NAME {
                return Err(too_large());
            }
            left.extend(entries.into_iter().map(|(key, id)| match name.as_str() {
                "" => (key, id, depth + 1),
                name => (format!("{name}.{key}"), id, depth + 1),
            }));
        }
        Ok(tensors)
    }

    /// A tensor, or the function that makes one of another kind; `None` for what is no tensor.
    fn tensor(&self, object: Id) -> Option<Result<Tensor, &str>> {
        let mut object = object;
        for _ in 0..DEEPEST {
            let Value::Made { by, arguments, .. } = self.value(object) else {
                return None;
            };
            let (mut by, mut arguments) = (*by, self.list(*arguments)?);
            if self.global(by) == Some("torch._tensor._rebuild_from_type_v2") {
                let [function, _, of, ..] = arguments else {
                    return None;
                };
                (by, arguments) = (*function, self.list(*of)?);
            }
            match self.global(by)? {
                "torch._utils._rebuild_parameter"
                | "torch._utils._rebuild_parameter_with_state" => {
                    object = *arguments.first()?;
                }
                "torch._utils._rebuild_tensor"
                | "torch._utils._rebuild_tensor_v2"
                | "torch._utils._rebuild_tensor_v3" => {
                    let [storage, offset, shape, strides, ..] = arguments else {
                        return None;
                    };
                    let counts = |list| -> Option<Vec<usize>> {
                        self.list(list)?.iter().map(|id| self.count(*id)).collect()
                    };
                    return Some(Ok(Tensor {
                        storage: *storage,
                        offset: self.count(*offset)?,
                        shape: counts(*shape)?,
                        strides: counts(*strides)?,
                    }));
                }
                other if other.starts_with("torch._utils._rebuild") => return Some(Err(other)),
                _ => return None,
            }
        }
        None
    }

    /// What stands for numbers: `("storage", class, key, device, count)`.
    fn storage(&self, object: Id) -> Option<Storage<'_>> {
        let Value::Persistent(id) = self.value(object) else {
            return None;
        };
        let [_, class, key, ..] = self.list(*id)? else {
            return None;
        };
        let class = self.global(*class)?;
        let dtype = match class.rsplit('.').next()? {
            "DoubleStorage" => Some(Dtype::F64),
            "FloatStorage" => Some(Dtype::F32),
            "HalfStorage" => Some(Dtype::F16),
            "BFloat16Storage" => Some(Dtype::BF16),
            _ => None,
        };
        let key = self.text(*key)?.to_owned();
        Some(Storage { key, class, dtype })
    }

    /// The bytes of a number of each storage, by its key.
    fn storage_sizes(&self) -> BTreeMap<String, usize> {
        let storages = self.ids().filter_map(|id| self.storage(id));
        let size = |storage: &Storage| match storage.class.rsplit('.').next() {
            Some("LongStorage") => 8,
            Some("IntStorage") => 4,
            Some("ShortStorage") => 2,
            _ => storage.dtype.map_or(1, |dtype| dtype.bitsize() / 8),
        };
        storages
            .map(|storage| (storage.key.clone(), size(&storage)))
            .collect()
    }
}

fn too_large() -> Refused {
    (
        "expected the weights of a network, found something far larger".to_owned(),
        STATE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safetensors_with_any_length_of_header_are_no_file_of_torch() {
        for length in [8_u64, 640, 0x0280, 0xff80_0280] {
            let bytes = [&length.to_le_bytes()[..], b"{\"__metadata__\":{}}"].concat();
            assert!(!is_torch_file(&bytes), "{length}");
        }
        assert!(is_torch_file(OLD_MARK) && is_torch_file(zip::MARK));
    }
}
