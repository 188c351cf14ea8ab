//! Burn's operations, run from their descriptions on a backend of Burn.

use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, BinaryOpIr, CustomOpIr, FloatOperationIr, MatmulOpIr,
    NumericOperationIr, OperationIr, ReduceDimOpIr, ScalarOpIr, TensorId, TensorIr, TensorStatus,
    UnaryOpIr,
};
use burn::backend::{Backend, DispatchKindConversion, DispatchTensor, Scalar};
use burn::tensor::Tensor;

use super::matmul::in_halves;
use super::record::SIGMOID;
use crate::train::engine::sigmoid::values_and_slopes;

pub(super) type Float<B> = <B as burn::backend::BackendTypes>::FloatTensorPrimitive;

/// The results of a program's operations.
pub(super) struct Slots<B: Backend> {
    results: Vec<Option<Float<B>>>,
    /// Which of them are transposed: read by columns from memory that holds rows.
    transposed: Vec<bool>,
    /// Whether a product with a transposed matrix gains by being computed in halves.
    in_halves: bool,
}

impl<B: Backend> Slots<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    /// For `count` results. The products of `flex` gain by being computed [`in_halves`].
    pub(super) fn new(count: usize, in_halves: bool) -> Self {
        Slots {
            results: vec![None; count],
            transposed: vec![false; count],
            in_halves,
        }
    }

    pub(super) fn put(&mut self, slot: TensorId, tensor: Float<B>) {
        self.results[slot.value() as usize] = Some(tensor);
    }

    pub(super) fn take(&mut self, slot: TensorId) -> Option<Float<B>> {
        self.results[slot.value() as usize].take()
    }

    /// The product of what `op` reads, or of other rows of it.
    pub(super) fn product(&self, op: &MatmulOpIr, a: Float<B>, b: Float<B>) -> Float<B> {
        if self.in_halves && self.transposed[op.rhs.id.value() as usize] {
            in_halves::<B>(a, b)
        } else {
            B::float_matmul(a, b)
        }
    }

    /// What an operation reads; taken out of its slot if nothing reads it later.
    pub(super) fn get(&mut self, tensor: &TensorIr) -> Option<Float<B>> {
        let slot = self.results.get_mut(tensor.id.value() as usize)?;
        match tensor.status {
            TensorStatus::ReadWrite => slot.take(),
            _ => slot.clone(),
        }
    }

    /// Runs an operation on what is in the slots. None if it is not one of those below, which are all
    /// that the losses and the layers of this crate come down to.
    pub(super) fn run(&mut self, operation: &OperationIr) -> Option<()> {
        match operation {
            OperationIr::NumericFloat(_, operation) => self.numeric(operation),
            OperationIr::BaseFloat(operation) => self.base(operation),
            OperationIr::Float(_, operation) => self.float(operation),
            OperationIr::Activation(operation) => self.activation(operation),
            OperationIr::Custom(operation) if operation.id == SIGMOID => self.sigmoid(operation),
            _ => None,
        }
    }

    fn sigmoid(&mut self, op: &CustomOpIr) -> Option<()> {
        let ([z, mask @ ..], [values, slopes]) = (&op.inputs[..], &op.outputs[..]) else {
            return None;
        };
        let z = Tensor::from_primitive::<B>(self.get(z)?);
        let mask = match mask {
            [] => None,
            [mask, ..] => Some(Tensor::from_primitive::<B>(self.get(mask)?)),
        };
        let (v, c) = values_and_slopes(z, mask).ok()?;
        self.put(values.id, v.try_into_primitive::<B>().ok()?);
        self.put(slopes.id, c.try_into_primitive::<B>().ok()?);
        Some(())
    }

    fn numeric(&mut self, operation: &NumericOperationIr) -> Option<()> {
        use NumericOperationIr as Op;
        match operation {
            Op::Add(op) => self.binary(op, B::float_add),
            Op::Sub(op) => self.binary(op, B::float_sub),
            Op::Mul(op) => self.binary(op, B::float_mul),
            Op::Div(op) => self.binary(op, B::float_div),
            Op::AddScalar(op) => self.scalar(op, B::float_add_scalar),
            Op::SubScalar(op) => self.scalar(op, B::float_sub_scalar),
            Op::MulScalar(op) => self.scalar(op, B::float_mul_scalar),
            Op::DivScalar(op) => self.scalar(op, B::float_div_scalar),
            Op::PowiScalar(op) => self.scalar(op, B::float_powi_scalar),
            Op::Abs(op) => self.unary(op, B::float_abs),
            Op::Neg(op) => self.unary(op, B::float_neg),
            Op::Sign(op) => self.unary(op, B::float_sign),
            Op::Sum(op) => self.one(&op.input, &op.out, B::float_sum),
            Op::Mean(op) => self.one(&op.input, &op.out, B::float_mean),
            Op::SumDim(op) => self.along(op, B::float_sum_dim),
            Op::MeanDim(op) => self.along(op, B::float_mean_dim),
            Op::MaxDim(op) => self.along(op, B::float_max_dim),
            Op::Full(op) => {
                let (shape, dtype) = (op.out.shape.clone(), op.out.dtype.into());
                let full = B::float_full(shape, op.value.into(), &B::Device::default(), dtype);
                self.put(op.out.id, full);
                Some(())
            }
            _ => None,
        }
    }

    fn base(&mut self, operation: &BaseOperationIr) -> Option<()> {
        use BaseOperationIr as Op;
        match operation {
            Op::Reshape(op) => {
                let shape = op.out.shape.clone();
                self.one(&op.input, &op.out, |x| B::float_reshape(x, shape))
            }
            Op::Expand(op) => {
                let shape = op.out.shape.clone();
                self.one(&op.input, &op.out, |x| B::float_expand(x, shape))
            }
            Op::SwapDims(op) => {
                self.transposed[op.out.id.value() as usize] = true;
                self.one(&op.input, &op.out, |x| {
                    B::float_swap_dims(x, op.dim1, op.dim2)
                })
            }
            Op::Ones(op) => {
                let (shape, dtype) = (op.out.shape.clone(), op.out.dtype.into());
                self.put(
                    op.out.id,
                    B::float_ones(shape, &B::Device::default(), dtype),
                );
                Some(())
            }
            Op::Zeros(op) => {
                let (shape, dtype) = (op.out.shape.clone(), op.out.dtype.into());
                self.put(
                    op.out.id,
                    B::float_zeros(shape, &B::Device::default(), dtype),
                );
                Some(())
            }
            _ => None,
        }
    }

    fn float(&mut self, operation: &FloatOperationIr) -> Option<()> {
        use FloatOperationIr as Op;
        match operation {
            Op::Exp(op) => self.unary(op, B::float_exp),
            Op::Log(op) => self.unary(op, B::float_log),
            Op::Log1p(op) => self.unary(op, B::float_log1p),
            Op::Erf(op) => self.unary(op, B::float_erf),
            Op::Tanh(op) => self.unary(op, B::float_tanh),
            Op::Recip(op) => self.unary(op, B::float_recip),
            Op::PowfScalar(op) => self.scalar(op, B::float_powf_scalar),
            Op::Matmul(op) => {
                let (a, b) = (self.get(&op.lhs)?, self.get(&op.rhs)?);
                let product = self.product(op, a, b);
                self.put(op.out.id, product);
                Some(())
            }
            Op::Random(op) => {
                let (shape, dtype) = (op.out.shape.clone(), op.out.dtype.into());
                let device = B::Device::default();
                let drawn = B::float_random(shape, op.distribution, &device, dtype);
                self.put(op.out.id, drawn);
                Some(())
            }
            _ => None,
        }
    }

    fn activation(&mut self, operation: &ActivationOperationIr) -> Option<()> {
        use ActivationOperationIr as Op;
        match operation {
            Op::Sigmoid(op) => self.unary(op, B::sigmoid),
            Op::SigmoidBackward(op) => self.binary(op, B::sigmoid_backward),
            Op::Relu(op) => self.unary(op, B::relu),
            Op::ReluBackward(op) => self.binary(op, B::relu_backward),
            _ => None,
        }
    }

    fn one(
        &mut self,
        input: &TensorIr,
        out: &TensorIr,
        f: impl FnOnce(Float<B>) -> Float<B>,
    ) -> Option<()> {
        let input = self.get(input)?;
        self.put(out.id, f(input));
        Some(())
    }

    fn unary(&mut self, op: &UnaryOpIr, f: fn(Float<B>) -> Float<B>) -> Option<()> {
        self.one(&op.input, &op.out, f)
    }

    fn along(&mut self, op: &ReduceDimOpIr, f: fn(Float<B>, usize) -> Float<B>) -> Option<()> {
        self.one(&op.input, &op.out, |x| f(x, op.axis))
    }

    fn scalar(&mut self, op: &ScalarOpIr, f: fn(Float<B>, Scalar) -> Float<B>) -> Option<()> {
        self.one(&op.lhs, &op.out, |x| f(x, op.rhs.into()))
    }

    fn binary(&mut self, op: &BinaryOpIr, f: fn(Float<B>, Float<B>) -> Float<B>) -> Option<()> {
        let (a, b) = (self.get(&op.lhs)?, self.get(&op.rhs)?);
        self.put(op.out.id, f(a, b));
        Some(())
    }
}
