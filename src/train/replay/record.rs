//! What a training step consists of, as Burn's capture backend sees it.

use std::sync::{Mutex, PoisonError};

use burn::backend::ir::{OperationIr, TensorId};
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Autodiff, AutodiffBackend, BackendTypes, Capture};
use burn::tensor::Tensor;

use crate::config::Loss;
use crate::model::{LayerTensors, Mlp};
use crate::train::pass::Batch;

/// Burn's autodiff over the backend that writes down what it is asked to compute.
type Recorder = Autodiff<Capture>;

type Device = <Capture as BackendTypes>::Device;

/// The operations of a step, in order.
pub(super) struct Recording {
    pub(super) operations: Vec<OperationIr>,
    /// The weights and the biases layer by layer, then the tensors of the batch.
    pub(super) inputs: Vec<TensorId>,
    /// The loss, then the gradients in the order of the inputs.
    pub(super) outputs: Vec<TensorId>,
}

/// Capture devices are numbered and never freed, so that one serves the whole process, a step at a time.
static DEVICE: Mutex<Option<Device>> = Mutex::new(None);

/// Records a step of a network on batches such as this one.
pub(super) fn record(network: &Mlp, loss: Loss, batch: &Batch) -> Option<Recording> {
    let mut device = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let device = device.get_or_insert_default();
    let mut ends = None;
    let captured = device.capture_scope(|scope| {
        ends = step(network, loss, batch, device);
        scope.complete([], [])
    });
    let (inputs, outputs) = ends?;
    Some(Recording {
        operations: captured.ok()?.graph.operations,
        inputs,
        outputs,
    })
}

/// The step itself.
fn step(
    network: &Mlp,
    loss: Loss,
    batch: &Batch,
    device: &Device,
) -> Option<(Vec<TensorId>, Vec<TensorId>)> {
    let mut inputs = Vec::new();
    let mut parameters = Vec::new();
    let mut layers = Vec::new();
    for layer in network.tensors() {
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
    let network = network.with_tensors(layers);
    let batch = batch.map(|tensor| stand_in(tensor, device, &mut inputs));

    let loss = batch.loss(&network, loss);
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
