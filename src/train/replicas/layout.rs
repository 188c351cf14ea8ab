//! How the numbers of many networks lie in one tensor, and what follows from it for products and sums.
//!
//! Every tensor has two dimensions, as it has for one network, so that activations, masks, losses and the
//! optimizers' steps are the same operations for many networks as for one. With `R` replicas:
//!
//! | | lanes | blocks |
//! |---|---|---|
//! | activations, targets, masks | `[rows, units * R]` | `[R * rows, units]` |
//! | weights | `[d_input, d_output * R]` | `[R * d_input, d_output]` |
//! | biases | `[d_output * R]` | `[R * d_output]` |
//!
//! In lanes, the same number of all networks stands side by side. A product is one pass that multiplies
//! and one that adds up, each over long runs of memory: good where a matrix is so small that calling a
//! matrix product for it costs more than computing it. In blocks, each network's numbers stand together,
//! and a product is one batched matrix product: good for all others.

use burn::tensor::{Tensor, TensorCreationOptions, activation};

use crate::backend::write;
use crate::model::{LayerTensors, MlpConfig};

/// The largest `d_input * d_output` of a layer in lanes.
const LARGEST_IN_LANES: usize = 256;

/// Which numbers stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The same number of all networks.
    Lanes,
    /// The numbers of one network.
    Blocks,
}

impl Order {
    /// The faster one. `shared` says that all networks have the same inputs, so that the first layer is one
    /// matrix product in either order.
    pub(super) fn of(shape: &MlpConfig, shared: bool) -> Self {
        let own = shape.layer_sizes().skip(usize::from(shared));
        let largest = own.map(|(d_input, d_output)| d_input * d_output).max();
        if largest.unwrap_or(0) <= LARGEST_IN_LANES {
            Order::Lanes
        } else {
            Order::Blocks
        }
    }
}

/// An order, and the number of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) order: Order,
    pub(super) replicas: usize,
}

/// A layer's inputs.
#[derive(Debug, Clone)]
pub(super) enum Inputs {
    /// `[rows, d_input]`, the same for all networks.
    Shared(Tensor<2>),
    /// Each network has its own.
    Own(Tensor<2>),
}

impl Inputs {
    pub(super) fn into_tensor(self) -> Tensor<2> {
        match self {
            Inputs::Shared(x) | Inputs::Own(x) => x,
        }
    }
}

impl Layout {
    /// The shape of a tensor that is `[rows, columns]` for one network.
    pub(super) fn shape(&self, rows: usize, columns: usize) -> [usize; 2] {
        match self.order {
            Order::Lanes => [rows, columns * self.replicas],
            Order::Blocks => [self.replicas * rows, columns],
        }
    }

    /// The numbers of all networks, network after network, as they lie in a tensor.
    pub(super) fn pack<T: Copy>(&self, numbers: &[T], into: &mut Vec<T>) {
        let (replicas, count) = (self.replicas, numbers.len() / self.replicas);
        into.clear();
        match self.order {
            Order::Lanes => {
                for i in 0..count {
                    into.extend((0..replicas).map(|r| numbers[r * count + i]));
                }
            }
            Order::Blocks => into.extend_from_slice(numbers),
        }
    }

    /// The numbers of network `r`, in the shape that they have for one network.
    pub(super) fn part<const D: usize>(&self, x: &Tensor<D>, r: usize) -> Tensor<D> {
        let mut shape = x.dims();
        let count = x.shape().num_elements() / self.replicas;
        match self.order {
            Order::Lanes => {
                shape[D - 1] /= self.replicas;
                let columns: Tensor<2> = x.clone().reshape([count, self.replicas]);
                columns.narrow(1, r, 1).reshape(shape)
            }
            Order::Blocks => {
                shape[0] /= self.replicas;
                x.clone().narrow(0, r * shape[0], shape[0])
            }
        }
    }

    /// The numbers of all networks, network after network, in one tensor: the inverse of [`part`](Self::part).
    pub(super) fn join<const D: usize>(&self, parts: Vec<Tensor<D>>) -> Tensor<D> {
        let Order::Lanes = self.order else {
            return Tensor::cat(parts, 0);
        };
        let mut shape = parts[0].dims();
        shape[D - 1] *= self.replicas;
        let count = parts[0].shape().num_elements();
        let column = |part: Tensor<D>| -> Tensor<2> { part.reshape([count, 1]) };
        Tensor::cat(parts.into_iter().map(column).collect(), 1).reshape(shape)
    }

    /// Inputs that are the same for all networks, once for each.
    ///
    /// # Shapes
    /// - `x`: `[rows, width]`
    /// - output: as of `[rows, width]` for one network
    pub(super) fn repeat(&self, x: Tensor<2>) -> Tensor<2> {
        let [rows, width] = x.dims();
        match self.order {
            Order::Lanes => x
                .reshape([rows * width, 1])
                .repeat_dim(1, self.replicas)
                .reshape([rows, width * self.replicas]),
            Order::Blocks => x.repeat_dim(0, self.replicas),
        }
    }

    /// The places in a batch of which the rows are looked up, as [`arrange`](Self::arrange) wants them:
    /// `row(r, place)` for every network and place.
    pub(super) fn rows(&self, batch: usize, row: impl Fn(usize, usize) -> u32) -> Vec<u32> {
        match self.order {
            Order::Lanes => (0..batch)
                .flat_map(|place| (0..self.replicas).map(move |r| (r, place)))
                .map(|(r, place)| row(r, place))
                .collect(),
            Order::Blocks => (0..self.replicas)
                .flat_map(|r| (0..batch).map(move |place| (r, place)))
                .map(|(r, place)| row(r, place))
                .collect(),
        }
    }

    /// Rows that were looked up in the order of [`rows`](Self::rows), `[R * batch, width]`.
    pub(super) fn arrange(&self, x: Tensor<2>) -> Tensor<2> {
        let [all, width] = x.dims();
        match self.order {
            Order::Lanes => x
                .reshape([all / self.replicas, self.replicas, width])
                .swap_dims(1, 2)
                .reshape([all / self.replicas, width * self.replicas]),
            Order::Blocks => x,
        }
    }

    /// The weighted sums of a layer.
    ///
    /// # Shapes
    /// - `layer`: weights and biases as of `[d_input, d_output]` and `[d_output]` for one network
    /// - output: as of `[rows, d_output]`
    pub(super) fn linear(&self, x: Inputs, layer: &LayerTensors) -> Tensor<2> {
        let weight = layer.weight.clone();
        match self.order {
            Order::Lanes => self.linear_in_lanes(x, weight, layer.bias.clone()),
            Order::Blocks => self.linear_in_blocks(x, weight, layer.bias.clone()),
        }
    }

    fn linear_in_lanes(&self, x: Inputs, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
        let replicas = self.replicas;
        let [d_input, all] = weight.dims();
        let z = match x {
            Inputs::Shared(x) => x.matmul(weight),
            Inputs::Own(x) => {
                let [rows, _] = x.dims();
                let x = x.reshape([rows, d_input, 1, replicas]);
                let weight = weight.reshape([1, d_input, all / replicas, replicas]);
                (x * weight).sum_dim(1).reshape([rows, all])
            }
        };
        match bias {
            Some(bias) => z + bias.unsqueeze(),
            None => z,
        }
    }

    fn linear_in_blocks(&self, x: Inputs, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
        let replicas = self.replicas;
        let [all, d_output] = weight.dims();
        let weight: Tensor<3> = weight.reshape([replicas, all / replicas, d_output]);
        let x: Tensor<3> = match x {
            Inputs::Shared(x) => x.unsqueeze(),
            Inputs::Own(x) => {
                let [rows, d_input] = x.dims();
                x.reshape([replicas, rows / replicas, d_input])
            }
        };
        let rows = x.dims()[1];
        let z = x.matmul(weight); // [R, rows, d_output]
        let z = match bias {
            Some(bias) => z + bias.reshape([replicas, 1, d_output]),
            None => z,
        };
        z.reshape([replicas * rows, d_output])
    }

    /// The logarithm of the softmax over the outputs of a row.
    ///
    /// # Shapes
    /// - `z`, output: as of `[rows, d_output]` for one network
    pub(super) fn log_softmax(&self, z: Tensor<2>) -> Tensor<2> {
        match self.order {
            Order::Blocks => activation::log_softmax(z, 1),
            Order::Lanes => {
                let [rows, all] = z.dims();
                let z = z.reshape([rows, all / self.replicas, self.replicas]);
                activation::log_softmax(z, 1).reshape([rows, all])
            }
        }
    }

    /// The sum of all numbers of each network, `[1, R]` in lanes and `[R, 1]` in blocks.
    pub(super) fn sums<const D: usize>(&self, x: Tensor<D>) -> Tensor<2> {
        let count = x.shape().num_elements() / self.replicas;
        match self.order {
            Order::Lanes => x.reshape([count, self.replicas]).sum_dim(0),
            Order::Blocks => x.reshape([self.replicas, count]).sum_dim(1),
        }
    }

    /// Multiplies all numbers of each network by a factor of its own, of the shape that
    /// [`sums`](Self::sums) gives.
    pub(super) fn scale<const D: usize>(&self, x: Tensor<D>, factors: Tensor<2>) -> Tensor<D> {
        self.each(x, |numbers| numbers * factors)
    }

    /// A function of all numbers and of one of each network, of the shape that [`sums`](Self::sums) gives: what it is handed has a
    /// column for each network in lanes, and a row in blocks.
    pub(super) fn each<const D: usize>(
        &self,
        x: Tensor<D>,
        change: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Tensor<D> {
        let shape = x.dims();
        let count = x.shape().num_elements() / self.replicas;
        let matrix = match self.order {
            Order::Lanes => [count, self.replicas],
            Order::Blocks => [self.replicas, count],
        };
        change(x.reshape(matrix)).reshape(shape)
    }

    /// One number of each network, in the shape that [`sums`](Self::sums) gives.
    pub(super) fn numbers(&self, numbers: &[f64], options: &TensorCreationOptions) -> Tensor<2> {
        let shape = match self.order {
            Order::Lanes => [1, self.replicas],
            Order::Blocks => [self.replicas, 1],
        };
        write(numbers, shape, options)
    }

    /// A function of the weights in which a column is what enters one unit of one network.
    pub(super) fn by_column(
        &self,
        weight: Tensor<2>,
        change: impl FnOnce(Tensor<3>) -> Tensor<3>,
    ) -> Tensor<2> {
        let [all, columns] = weight.dims();
        let matrices = match self.order {
            Order::Lanes => 1,
            Order::Blocks => self.replicas,
        };
        let weight = weight.reshape([matrices, all / matrices, columns]);
        change(weight).reshape([all, columns])
    }
}
