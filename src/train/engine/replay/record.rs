//! What a training step consists of, as Burn's capture backend sees it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use burn::backend::ir::{CustomOpIr, OperationIr, TensorId, TensorIr, TensorStatus};
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Autodiff, AutodiffBackend, BackendTypes, Capture};
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::model::LayerTensors;
use crate::train::engine::sigmoid::line;
use crate::train::pass::{Forward, Operands, Sigmoids};

/// Burn's autodiff over the backend that writes down what it is asked to compute.
type Recorder = Autodiff<Capture>;

type Device = <Capture as BackendTypes>::Device;

/// The name of the one operation that is not Burn's:
/// [`values_and_slopes`](crate::train::engine::sigmoid::values_and_slopes).
pub(super) const SIGMOID: &str = "sigmoid";

/// The operations of a step, in order.
pub(super) struct Recording {
    pub(super) operations: Vec<OperationIr>,
    /// The weights and the biases layer by layer, then the other operands.
    pub(super) inputs: Vec<TensorId>,
    /// The loss, then the gradients in the order of the inputs.
    pub(super) outputs: Vec<TensorId>,
    /// Tensors that are others to the last bit, which are known first.
    pub(super) same: HashMap<TensorId, TensorId>,
}

/// Capture devices are numbered and never freed, so that one serves the whole process, a step at a time.
static DEVICE: Mutex<Option<Device>> = Mutex::new(None);

/// Records a step on operands such as these.
pub(super) fn record<const D: usize>(
    step: &impl Forward<D>,
    operands: &Operands,
) -> Option<Recording> {
    let mut device = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let device = device.get_or_insert_default();
    let mut scribe = Scribe {
        device,
        sigmoids: HashMap::new(),
        same: HashMap::new(),
    };
    let mut ends = None;
    let captured = device.capture_scope(|scope| {
        ends = write_down(step, operands, &mut scribe);
        scope.complete([], [])
    });
    let (inputs, outputs) = ends?;
    let Scribe {
        mut sigmoids, same, ..
    } = scribe;
    let mut operations = captured.ok()?.graph.operations;
    for operation in &mut operations {
        let stand_in = operation.outputs().map(|tensor| tensor.id).next();
        if let Some(sigmoid) = stand_in.and_then(|id| sigmoids.remove(&id)) {
            *operation = OperationIr::Custom(sigmoid);
        }
    }
    Some(Recording {
        operations,
        inputs,
        outputs,
        same,
    })
}

/// The step itself.
fn write_down<const D: usize>(
    step: &impl Forward<D>,
    operands: &Operands,
    scribe: &mut Scribe,
) -> Option<(Vec<TensorId>, Vec<TensorId>)> {
    let device = scribe.device;
    let mut inputs = Vec::new();
    let mut parameters = Vec::new();
    let mut layers = Vec::new();
    for layer in operands.layers.iter().cloned() {
        let weight = stand_in(&layer.weight, device, &mut inputs).require_grad();
        parameters.push(weight.clone().try_into_primitive::<Recorder>().ok()?);
        let bias = layer
            .bias
            .map(|bias| stand_in(&bias, device, &mut inputs).require_grad());
        if let Some(bias) = &bias {
            parameters.push(bias.clone().try_into_primitive::<Recorder>().ok()?);
        }
        layers.push(LayerTensors { weight, bias });
    }
    let tensors = operands.tensors.iter();
    let tensors = tensors.map(|tensor| stand_in(tensor, device, &mut inputs));
    let operands = Operands {
        layers,
        tensors: tensors.collect(),
    };

    let loss = step.loss(operands, Some(scribe)).ok()?;
    let loss = loss.try_into_primitive::<Recorder>().ok()?;
    let mut outputs = vec![loss.primitive().id()];
    let gradients = Recorder::backward(loss);
    for parameter in &parameters {
        outputs.push(Recorder::grad(parameter, &gradients)?.id());
    }
    Some((inputs, outputs))
}

/// A tensor of the same shape and type on the recording device. It is the next of the inputs.
fn stand_in<const D: usize>(
    like: &Tensor<D>,
    device: &Device,
    inputs: &mut Vec<TensorId>,
) -> Tensor<D> {
    let primitive = Capture::float_zeros(like.shape(), device, like.dtype().into());
    inputs.push(primitive.id());
    Tensor::from_primitive::<Recorder>(Recorder::from_inner(primitive))
}

/// Writes down sigmoids as one operation each.
struct Scribe<'a> {
    device: &'a Device,
    /// To be put where their first result, the values, stands in the recording as zeros.
    sigmoids: HashMap<TensorId, CustomOpIr>,
    same: HashMap<TensorId, TensorId>,
}

impl Sigmoids for Scribe<'_> {
    fn sigmoid(&mut self, z: Tensor<2>, mask: Option<Tensor<2>>) -> Result<Tensor<2>> {
        let (shape, dtype) = (z.shape(), z.dtype());
        let mut read = Vec::new();
        for tensor in [Some(&z), mask.as_ref()].into_iter().flatten() {
            read.push(TensorIr {
                status: TensorStatus::ReadOnly,
                ..TensorIr::uninit(id(tensor)?, shape.clone(), dtype)
            });
        }
        let mut results = Vec::new();
        let [values, slopes] = [(); 2].map(|()| stand_in(&z, self.device, &mut results));
        let written: Vec<TensorIr> = results
            .iter()
            .map(|id| TensorIr::uninit(*id, shape.clone(), dtype))
            .collect();
        let operation = CustomOpIr::new(SIGMOID, &read, &written);
        self.sigmoids.insert(results[0], operation);
        let z0 = without_graph(&z)?;
        let h = line(z, z0, values, slopes);
        self.same.insert(id(&h)?, results[0]);
        Ok(h)
    }
}

fn id(tensor: &Tensor<2>) -> Result<TensorId> {
    Ok(written(tensor)?.id())
}

/// The tensor without its graph. Burn's own way to it, `inner`, is not for the backend that records.
fn without_graph(tensor: &Tensor<2>) -> Result<Tensor<2>> {
    let written = written(tensor)?;
    Ok(Tensor::from_primitive::<Recorder>(Recorder::from_inner(
        written,
    )))
}

fn written(tensor: &Tensor<2>) -> Result<<Capture as BackendTypes>::FloatTensorPrimitive> {
    let tracked = tensor.clone().try_into_primitive::<Recorder>();
    let tracked = tracked.map_err(|_| Error::Compute("not on the recorder".to_owned()))?;
    Ok(tracked.primitive().clone())
}
