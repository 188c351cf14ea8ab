//! What a training step consists of, as Burn's capture backend sees it.

use std::sync::{Mutex, PoisonError};

use burn::backend::ir::{OperationIr, TensorId};
use burn::backend::{Autodiff, AutodiffBackend, Capture};
use burn::tensor::{Device, Tensor};

use crate::config::Loss;
use crate::model::{LayerTensors, Mlp};

/// Burn's autodiff over the backend that writes down what it is asked to compute.
type Recorder = Autodiff<Capture>;

/// The operations of a step, in order.
pub(super) struct Recording {
    pub(super) operations: Vec<OperationIr>,
    /// The weights and the biases layer by layer, the inputs of the batch, its targets.
    pub(super) inputs: Vec<TensorId>,
    /// The loss, then the gradients in the order of the inputs.
    pub(super) outputs: Vec<TensorId>,
}

/// Capture devices are numbered and never freed, so that one serves the whole process, a step at a time.
static DEVICE: Mutex<Option<Device>> = Mutex::new(None);

/// Records a step of a network on a batch of the shape of `x` and `y`.
pub(super) fn record(
    network: &Mlp,
    loss: Loss,
    (x, y): (&Tensor<2>, &Tensor<2>),
    dropout: bool,
) -> Option<Recording> {
    let mut device = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let device = device.get_or_insert_with(Device::capture);
    let mut ends = None;
    let captured = device.capture_scope(|scope| {
        ends = step(network, loss, (x, y), dropout, device);
        scope.complete([], [])
    });
    let (inputs, outputs) = ends?;
    Some(Recording {
        operations: captured.ok()?.graph.operations,
        inputs,
        outputs,
    })
}

/// The step itself, in the words of the training loop.
fn step(
    network: &Mlp,
    loss: Loss,
    (x, y): (&Tensor<2>, &Tensor<2>),
    dropout: bool,
    device: &Device,
) -> Option<(Vec<TensorId>, Vec<TensorId>)> {
    let mut inputs = Vec::new();
    let mut parameters = Vec::new();
    let mut layers = Vec::new();
    for layer in network.tensors() {
        let mut bias = None;
        let weight = stand_in(&layer.weight, device, &mut inputs)?.require_grad();
        parameters.push(weight.clone().try_into_primitive::<Recorder>().ok()?);
        if let Some(tensor) = &layer.bias {
            let tensor = stand_in(tensor, device, &mut inputs)?.require_grad();
            parameters.push(tensor.clone().try_into_primitive::<Recorder>().ok()?);
            bias = Some(tensor);
        }
        layers.push(LayerTensors { weight, bias });
    }
    let network = network.with_tensors(layers);
    let x = stand_in(x, device, &mut inputs)?;
    let y = stand_in(y, device, &mut inputs)?;

    let output = if dropout {
        network.forward(x)
    } else {
        network.forward_with(x, |_, h| h)
    };
    let loss = loss.forward(output, y);
    let loss = loss.try_into_primitive::<Recorder>().ok()?;
    let mut outputs = vec![loss.primitive().id()];
    let gradients = Recorder::backward(loss);
    for parameter in &parameters {
        outputs.push(Recorder::grad(parameter, &gradients)?.id());
    }
    Some((inputs, outputs))
}

/// A tensor of the same shape and type on the recording device, and its number among the inputs.
fn stand_in<const D: usize>(
    like: &Tensor<D>,
    device: &Device,
    inputs: &mut Vec<TensorId>,
) -> Option<Tensor<D>> {
    let tensor = Tensor::<D>::zeros(like.shape(), (device, like.dtype()));
    let primitive = tensor.try_into_primitive::<Capture>().ok()?;
    inputs.push(primitive.id());
    let primitive = Recorder::from_inner(primitive);
    Some(Tensor::from_primitive::<Recorder>(primitive))
}
