//! The digits in Burn's own training loop: a newtype makes a learner's model of `Mlp`, with its checkpoints, metrics and
//! dashboard. dropwise's trainer is faster and repeats to the bit; this is for who has a loop on burn-train already.
use burn::data::dataloader::{DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::lr_scheduler::constant::ConstantLr;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::AdamConfig;
use burn::prelude::*;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};
use dropwise::config::{DataConfig, DataSource, SplitConfig};
use dropwise::{Backend, Dataset, Mlp, MlpConfig, data};

#[derive(Module, Debug)]
struct Digits {
    network: Mlp,
}

type Row = (Vec<f32>, i32);

/// Inputs `[batch, 64]` and classes `[batch]`.
#[derive(Clone, Debug)]
struct Batch(Tensor<2>, Tensor<1, Int>);

struct Rows;

impl Batcher<Row, Batch> for Rows {
    fn batch(&self, rows: Vec<Row>, device: &Device) -> Batch {
        let (count, width) = (rows.len(), rows[0].0.len());
        let classes: Vec<i32> = rows.iter().map(|row| row.1).collect();
        let inputs: Vec<f32> = rows.into_iter().flat_map(|row| row.0).collect();
        let inputs = TensorData::new(inputs, [count, width]);
        Batch(Tensor::from_data(inputs, device), Tensor::from_data(&classes[..], device))
    }
}

impl Digits {
    fn classify(&self, Batch(inputs, targets): Batch) -> ClassificationOutput {
        let output = self.network.forward(inputs); // dropout is on while training alone
        let loss = CrossEntropyLossConfig::new().init(&output.device());
        let loss = loss.forward(output.clone(), targets.clone());
        ClassificationOutput { loss, output, targets }
    }
}

impl TrainStep for Digits {
    type Input = Batch;
    type Output = ClassificationOutput;
    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Digits {
    type Input = Batch;
    type Output = ClassificationOutput;
    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.classify(batch)
    }
}

fn main() -> dropwise::Result<()> {
    let mut digits = DataConfig::new(DataSource::Digits);
    digits.split = Some(SplitConfig { test: 0.2, ..SplitConfig::default() });
    let splits = data::load(&digits, 42)?;
    let test = splits.test.as_ref().unwrap_or(&splits.train);
    let device = Backend::default().device()?.autodiff();
    device.seed(42); // for the dropout masks
    let shape = MlpConfig::new(64, [128], 10).with_activation(dropwise::config::Activation::Relu);
    let shape = shape.with_output(dropwise::config::Activation::Identity).with_hidden_dropout(0.3);
    let model = Digits { network: shape.init(42, &device)? };

    let loader = |data: &Dataset| DataLoaderBuilder::new(Rows).batch_size(64).shuffle(42).build(InMemDataset::new(rows(data)));
    let training = SupervisedTraining::new("target/learner/run", loader(&splits.train), loader(test))
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .num_epochs(10)
        .summary();
    let learner = Learner::new(model, AdamConfig::new().init(), ConstantLr::new(0.003));
    let trained = training.launch(learner).model.network;
    println!("{}", dropwise::evaluate(&trained, dropwise::config::Loss::CrossEntropy, test)?.metrics);
    Ok(())
}

fn rows(data: &Dataset) -> Vec<Row> {
    let class = |row| data.target_row(row).iter().position(|share| *share == 1.0).unwrap_or(0);
    let row = |row| (data.input_row(row).iter().map(|x| *x as f32).collect(), class(row) as i32);
    (0..data.len()).map(row).collect()
}
