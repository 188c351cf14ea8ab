//! The masks of many networks at once.

use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};

use super::Replica;
use super::layout::Layout;
use crate::backend::is_gpu;
use crate::dropout::{LayerMasks, Noise, SeededMasks};
use crate::model::MlpConfig;

/// The masks of one layer's inputs, or of its weights, of every network.
pub(super) struct Masks {
    /// A generator and the noise of each network.
    networks: Vec<(LayerMasks, Noise)>,
    width: usize,
    layout: Layout,
}

/// The noise of the kind that is asked for, if a noise is of it.
type OfKind = fn(Noise) -> Option<Noise>;

impl Masks {
    /// Those of inputs, one a layer, for batches of up to `rows` rows; none where no network drops anything.
    pub(super) fn of_inputs(
        replicas: &[Replica],
        shape: &MlpConfig,
        rows: usize,
        layout: Layout,
    ) -> Vec<Option<Self>> {
        let layers = shape.layer_sizes().enumerate();
        let layers = layers.map(|(k, (width, _))| {
            Masks::new(replicas, (k, Noise::on_inputs), [rows, width], layout)
        });
        layers.collect()
    }

    /// Those of weights, one a layer; none where no network drops any.
    pub(super) fn of_weights(
        replicas: &[Replica],
        shape: &MlpConfig,
        layout: Layout,
    ) -> Vec<Option<Self>> {
        let layers = shape.layer_sizes().enumerate();
        let layers = layers.map(|(k, (d_input, d_output))| {
            Masks::new(
                replicas,
                (k, Noise::on_weights),
                [d_input, d_output],
                layout,
            )
        });
        layers.collect()
    }

    fn new(
        replicas: &[Replica],
        (k, of_kind): (usize, OfKind),
        [rows, width]: [usize; 2],
        layout: Layout,
    ) -> Option<Self> {
        let network = |replica: &Replica| {
            let masks = SeededMasks::new(replica.seed).layer(k, rows * width);
            (masks, of_kind(replica.noise(k)).unwrap_or_default())
        };
        let networks: Vec<_> = replicas.iter().map(network).collect();
        let drops = networks.iter().any(|(_, noise)| !noise.is_off());
        drops.then_some(Masks {
            networks,
            width,
            layout,
        })
    }

    /// Whether alpha dropout of any network adds something to its inputs.
    pub(super) fn adds(&self) -> bool {
        let mut networks = self.networks.iter();
        networks.any(|(_, noise)| noise.offset().is_some())
    }

    /// What alpha dropout adds to its inputs, where this is the mask.
    ///
    /// # Shapes
    /// - `mask`, output: the same
    pub(super) fn added(
        &self,
        mask: Tensor<2>,
        factor: f64,
        options: &TensorCreationOptions,
    ) -> Tensor<2> {
        let offsets = self.networks.iter();
        let offsets = offsets.map(|(_, noise)| noise.times(factor).offset().unwrap_or_default());
        let (slopes, constants): (Vec<f64>, Vec<f64>) = offsets.unzip();
        let [slopes, constants] =
            [slopes, constants].map(|numbers| self.layout.numbers(&numbers, options));
        self.layout.each(mask, |mask| mask * slopes + constants)
    }

    /// The masks of step `step`, counted from 1, the rates times `factor`: 0, or what a kept value is multiplied by.
    ///
    /// # Shapes
    /// - output: as of `[rows, width]` for one network
    pub(super) fn draw(
        &mut self,
        (step, factor): (usize, f64),
        rows: usize,
        options: TensorCreationOptions,
    ) -> Tensor<2> {
        if is_gpu(&options.device) {
            return self.draw_on_device((step, factor), rows, options);
        }
        let data = match options.dtype {
            Some(DType::F64) => self.data::<f64>((step, factor), rows),
            _ => self.data::<f32>((step, factor), rows),
        };
        Tensor::from_data(data, options)
    }

    /// The same bits, drawn on the GPU, so that nothing is copied to it.
    fn draw_on_device(
        &mut self,
        (step, factor): (usize, f64),
        rows: usize,
        options: TensorCreationOptions,
    ) -> Tensor<2> {
        let (device, shape) = (&options.device, [rows, self.width]);
        let dtype = options.dtype.unwrap_or(DType::F32);
        let networks = self.networks.iter_mut().map(|(masks, noise)| {
            if noise.is_off() {
                Tensor::ones(shape, (device, dtype))
            } else {
                masks.mask_on_device(step, noise.times(factor), shape, (device, dtype))
            }
        });
        self.layout.join(networks.collect())
    }

    fn data<E: Element>(&mut self, (step, factor): (usize, f64), rows: usize) -> TensorData {
        let count = rows * self.width;
        let mut drawn = vec![E::default(); count * self.networks.len()];
        for ((masks, noise), into) in self.networks.iter_mut().zip(drawn.chunks_exact_mut(count)) {
            masks.fill(step, noise.times(factor), into);
        }
        let mut packed = Vec::with_capacity(drawn.len());
        self.layout.pack(&drawn, &mut packed);
        TensorData::new(packed, self.layout.shape(rows, self.width))
    }
}
