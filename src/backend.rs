//! Which backend computes: the one seam between this crate and Burn's devices.
//!
//! A backend is compiled in by a feature of the same name and chosen at run time by its name:
//! `flex`, `ndarray`, `wgpu`, `cuda` or `cuda:1` (the second card), `remote:ws://host:3000` (a Burn
//! server elsewhere).

use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, Device, Element, Tensor, TensorCreationOptions, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[cfg(not(any(
    feature = "flex",
    feature = "ndarray",
    feature = "wgpu",
    feature = "cuda",
    feature = "remote"
)))]
compile_error!(
    "dropwise needs a backend: enable at least one of the features \
     `flex`, `ndarray`, `wgpu`, `cuda`, `remote` (for example `--features flex`)"
);

/// Every backend there is, the fastest first, and whether it is compiled in.
const BACKENDS: [(&str, bool); 5] = [
    ("cuda", cfg!(feature = "cuda")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("flex", cfg!(feature = "flex")),
    ("ndarray", cfg!(feature = "ndarray")),
    ("remote", cfg!(feature = "remote")),
];

/// A backend that is compiled in, by name, with the device of it that is meant.
///
/// The default is the fastest one compiled in. `Display` and `FromStr` are each other's inverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    name: &'static str,
    /// What stands behind the colon: a card's index, or a server's address.
    address: Option<String>,
}

impl Backend {
    /// The backends compiled in, the fastest first, `remote` left out (it needs an address).
    pub fn compiled() -> impl Iterator<Item = Backend> {
        BACKENDS
            .iter()
            .filter(|(name, compiled)| *compiled && *name != "remote")
            .map(|(name, _)| Backend {
                name,
                address: None,
            })
    }

    /// The backend's name without a device, `flex` for example.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Opens the device, without autodiff: call `.autodiff()` on it to train.
    ///
    /// # Errors
    /// [`Error::Backend`] if it does not start: no such card, no driver, no server.
    pub fn device(&self) -> Result<Device> {
        match self.name {
            #[cfg(feature = "flex")]
            "flex" => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            // Burn 0.22 is the last line with this backend; what is deprecated is named here alone.
            "ndarray" => Ok(
                #[allow(deprecated)]
                Device::ndarray(),
            ),
            #[cfg(feature = "wgpu")]
            "wgpu" => self.probed(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            "cuda" => self.probed(Device::cuda(self.index()?)),
            #[cfg(feature = "remote")]
            "remote" => self.remote(),
            _ => Err(self.error("it is not compiled in")),
        }
    }

    /// Burn panics where a GPU or its driver is missing; a first small tensor finds that out here.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    fn probed(&self, device: Device) -> Result<Device> {
        let probe = std::panic::AssertUnwindSafe(|| {
            Tensor::<1>::ones([1], &device).try_into_data().is_ok()
        });
        match std::panic::catch_unwind(probe) {
            Ok(true) => Ok(device),
            _ => Err(self.error("no such device or driver answers on this machine")),
        }
    }

    #[cfg(feature = "cuda")]
    fn index(&self) -> Result<usize> {
        let address = self.address.as_deref().unwrap_or("0");
        address
            .parse()
            .map_err(|_| self.error("the part behind the colon must be a card's index"))
    }

    #[cfg(feature = "remote")]
    fn remote(&self) -> Result<Device> {
        let Some(address) = &self.address else {
            return Err(self.error("it needs a server's address, `remote:ws://host:3000`"));
        };
        let host = burn::tensor::remote::RemoteHost::websocket(address);
        Device::remote_options(&host)
            .init()
            .map_err(|cause| self.error(&format!("no server answers: {cause}")))
    }

    fn error(&self, reason: &str) -> Error {
        backend_error(&self.to_string(), reason)
    }
}

/// Burn's type for the backend `ndarray`.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
pub(crate) type NdArray = burn::backend::NdArray;

impl Default for Backend {
    fn default() -> Self {
        Backend::compiled().next().unwrap_or(Backend {
            name: "remote",
            address: None,
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{}:{address}", self.name),
            None => f.write_str(self.name),
        }
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, address) = match text.split_once(':') {
            Some((name, address)) => (name, Some(address.to_owned())),
            None => (text, None),
        };
        match BACKENDS.iter().find(|(known, _)| *known == name) {
            Some((name, true)) if address.is_none() || ["cuda", "remote"].contains(name) => {
                Ok(Backend { name, address })
            }
            Some((_, true)) => Err(backend_error(text, "it takes nothing behind a colon")),
            Some((name, false)) => Err(backend_error(
                text,
                &format!("it is not compiled in; add it with `--features {name}`"),
            )),
            None => Err(backend_error(text, "there is no backend of this name")),
        }
    }
}

fn backend_error(name: &str, reason: &str) -> Error {
    let here = |wanted: bool| {
        let names: Vec<_> = BACKENDS
            .iter()
            .filter(|(_, compiled)| *compiled == wanted)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        names.join(", ")
    };
    let mut fix = format!("compiled in: {}", here(true));
    if !here(false).is_empty() {
        fix += &format!("; a feature of the same name adds: {}", here(false));
    }
    Error::Backend {
        name: name.to_owned(),
        reason: reason.to_owned(),
        fix,
    }
}

/// The floating-point type of weights and arithmetic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits, about 7 decimal digits; every backend has it.
    #[default]
    Float32,
    /// 64 bits, about 16 decimal digits; the CPU backends and CUDA have it.
    Float64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::Float32 => "float32",
            Precision::Float64 => "float64",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "float32" => Ok(Precision::Float32),
            "float64" => Ok(Precision::Float64),
            _ => Err(Error::invalid(
                "precision",
                "`float32` or `float64`",
                format!("`{text}`"),
            )),
        }
    }
}

impl Precision {
    /// Burn's name for the type.
    #[must_use]
    #[doc(hidden)]
    pub fn dtype(self) -> DType {
        match self {
            Precision::Float32 => DType::F32,
            Precision::Float64 => DType::F64,
        }
    }

    /// The finest precision that `device` can compute in.
    #[must_use]
    #[doc(hidden)]
    pub fn finest(device: &Device) -> Self {
        Precision::Float64
            .check(device)
            .unwrap_or(Precision::Float32)
    }

    /// Checks that `device` can compute in this precision.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where it cannot: most GPUs behind `wgpu` have no `float64`.
    #[doc(hidden)]
    pub fn check(self, device: &Device) -> Result<Self> {
        if device.supports_dtype(self.dtype()) && computes(device, self.dtype()) {
            Ok(self)
        } else {
            Err(Error::invalid(
                "precision",
                "one that the backend can compute in, such as `float32`",
                format!("`{self}`"),
            ))
        }
    }
}

/// Whether the device gets one value right. Burn's wgpu claims 64-bit numbers where the GPU can store
/// them, and then returns garbage, because its shaders have no 64-bit `exp`.
fn computes(device: &Device, dtype: DType) -> bool {
    let x = Tensor::<1>::from_data([0.5], (device, dtype));
    let expected = 0.5_f64.tanh().exp();
    read(x.tanh().exp()).is_ok_and(|found| (found[0] - expected).abs() < 1e-5)
}

/// Whether the tensors of `device` lie in the memory of this process, so that they hand over their buffers and
/// take them back without a copy.
pub(crate) fn in_process(device: &Device) -> bool {
    let on_cpu = Backend::compiled().filter(|backend| ["flex", "ndarray"].contains(&backend.name));
    on_cpu
        .filter_map(|backend| backend.device().ok())
        .any(|cpu| cpu == *device)
}

/// Whether `device` is a GPU of this machine, to which every copy is on its way for as long as many operations take.
pub(crate) fn is_gpu(device: &Device) -> bool {
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    return device.identity().is_some();
    #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
    return {
        let _ = device;
        false
    };
}

/// Numbers as a tensor, in the precision of `options`.
#[doc(hidden)]
pub fn write<E: Element, const D: usize>(
    values: &[E],
    shape: [usize; D],
    options: &TensorCreationOptions,
) -> Tensor<D> {
    // Burn would convert them too, one call through a pointer for each.
    let data = match options.dtype {
        Some(DType::F64) => TensorData::new(converted::<E, f64>(values), shape),
        _ => TensorData::new(converted::<E, f32>(values), shape),
    };
    Tensor::from_data(data, options.clone())
}

fn converted<E: Element, F: Element>(values: &[E]) -> Vec<F> {
    values.iter().map(|value| value.elem()).collect()
}

/// A number that tensors hold.
pub(crate) trait ToMemory: Element {}

impl ToMemory for f32 {}

impl ToMemory for f64 {}

/// Reads a tensor of these numbers back into memory, row after row.
pub(crate) fn to_memory<E: ToMemory, const D: usize>(tensor: Tensor<D>) -> Result<Vec<E>> {
    tensor
        .try_into_data()
        .map_err(|cause| Error::Compute(cause.to_string()))?
        .try_into_vec::<E>()
        .map_err(|cause| Error::Compute(cause.to_string()))
}

/// Reads a tensor back into memory, row after row, as 64-bit numbers whatever its precision.
///
/// # Errors
/// [`Error::Compute`] if the backend fails to deliver it: a lost GPU or connection.
#[doc(hidden)]
pub fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>> {
    tensor
        .try_into_data()
        .map_err(|cause| Error::Compute(cause.to_string()))?
        .try_to_vec_as::<f64>()
        .map_err(|cause| Error::Compute(cause.to_string()))
}
