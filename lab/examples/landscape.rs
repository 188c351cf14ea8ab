//! The tutorial's picture of dropout, from a real network: the error of XOR over the value of one weight, the
//! weight as a ball on it, the way it rolled while the network learned, and behind it the error of thinned networks.
//! `cargo run --example landscape` trains the network and writes `target/landscape.svg`.
use std::path::Path;

use dropwise::config::Experiment;
use dropwise::train::{Flow, Observer, Trainer};
use dropwise::{Backend, Result, data};
use dropwise_lab::explain::{ExplainOptions, Recorder, Subject, Trail, explain};
use dropwise_lab::report::landscape_figure;
use dropwise_lab::store::atomic;

/// Looks on while the network learns, and records where its weights are.
struct Watch {
    recorder: Recorder,
    trail: Trail,
}

impl Watch {
    fn record(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        if self.recorder.is_due(trainer.step())
            && let Some(weights) = self.recorder.record(trainer.network(), trainer.step())?
        {
            self.trail.push(weights)?;
        }
        Ok(())
    }
}

impl Observer for Watch {
    fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        self.record(trainer)
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        self.record(trainer)?;
        Ok(Flow::Continue)
    }
}

fn main() -> Result<()> {
    let experiment = Experiment::parse("xor.toml", include_str!("../../config/xor.toml"))?;
    let splits = data::load(&experiment.data, experiment.seed)?;
    let (train, device) = (&splits.train, Backend::default().device()?);
    let mut trainer = Trainer::new(&experiment, train, None, &device)?;
    let recorder = Recorder::new(train, trainer.network(), trainer.steps());
    let trail = Trail::default();
    let mut watch = Watch { recorder, trail };
    trainer.run(&mut watch)?;
    let network = (trainer.network(), trainer.step());
    let mut subject = Subject::new("xor", network, trainer.experiment(), &splits);
    subject.trail = Some(&watch.trail);
    let found = explain(&subject, &ExplainOptions::default())?;
    if let Some(landscape) = &found.landscape {
        let path = Path::new("target/landscape.svg");
        atomic::write(path, landscape_figure(landscape).to_svg().as_bytes())?;
    }
    Ok(())
}
