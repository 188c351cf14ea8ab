//! Networks trained together.

mod alone;
mod ensembles;
mod folds;
mod replays;
mod told;

use burn::tensor::Device;
use dropwise::config::CheckedExperiment;
use dropwise::train::{End, Replica, Replicas, Trainer};
use dropwise::{Dataset, LayerWeights};

/// The weights of all replicas after their last step.
pub fn together(
    experiment: &CheckedExperiment,
    replicas: &[Replica],
    data: &Dataset,
    device: &Device,
) -> Vec<Vec<LayerWeights>> {
    let mut networks =
        Replicas::new(experiment, replicas.to_vec(), data, None, device).expect("replicas");
    assert_eq!(networks.run(&mut ()).expect("a good end"), End::Finished);
    let weights = |r| networks.network(r).and_then(|network| network.weights());
    let all = (0..networks.len()).map(weights);
    all.collect::<Result<_, _>>().expect("weights")
}

/// The weights of one replica, trained by itself.
fn alone(
    experiment: &CheckedExperiment,
    replica: &Replica,
    data: &Dataset,
    device: &Device,
) -> Vec<LayerWeights> {
    let experiment = replica.experiment(experiment).expect("a good replica");
    let mut trainer = Trainer::new(&experiment, data, None, device).expect("a trainer");
    let _end = trainer.run(&mut ()).expect("a good end");
    trainer.network().weights().expect("weights")
}
