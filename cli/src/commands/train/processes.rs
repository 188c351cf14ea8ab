//! The processes that train one network together, if `mpirun`, `srun` or their like started several.

#[cfg(feature = "mpi")]
mod world;

use std::path::Path;

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::Splits;
use dropwise::train::{Exchange, Trainer, broadcast, check_same};
use dropwise::{Error, Result};
use dropwise_lab::store::{checkpoint, snapshot};
use sha2::{Digest, Sha256};

use super::super::BURN_VERSION;
use super::super::overrides;
use super::job::Job;

#[cfg(feature = "mpi")]
use world::World;

/// Without the feature `mpi` there is one process.
#[cfg(not(feature = "mpi"))]
type World = std::convert::Infallible;

/// The processes that train together: one, unless a launcher of MPI started this one.
pub(super) struct Processes(Option<World>);

/// The number of shards where several processes train and the file says nothing: as many processes as most machines have use for.
const SHARDS: usize = 8;

/// What launchers of MPI say of the number of processes, or at least that they started this one.
const LAUNCHED: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "PMI_RANK"];

impl Processes {
    /// Meets the other processes. One that does not answer for `timeout` seconds is taken for lost.
    pub(super) fn start(timeout: f64) -> Result<Self> {
        let launched = LAUNCHED
            .iter()
            .find(|name| std::env::var_os(name).is_some());
        let Some(name) = launched else {
            return Ok(Processes(None));
        };
        Processes::of_launcher(name, timeout)
    }

    #[cfg(feature = "mpi")]
    fn of_launcher(_: &str, timeout: f64) -> Result<Self> {
        World::start(timeout).map(|world| Processes(Some(world)))
    }

    /// Several processes that know nothing of each other would each train the whole network.
    #[cfg(not(feature = "mpi"))]
    fn of_launcher(name: &str, _: f64) -> Result<Self> {
        let size = std::env::var("OMPI_COMM_WORLD_SIZE").or(std::env::var("PMI_SIZE"));
        match size.ok().and_then(|size| size.parse::<usize>().ok()) {
            Some(size @ 2..) => Err(Error::invalid(
                "processes",
                format!(
                    "one, since this program was built without the feature `mpi` ({name} is set)"
                ),
                format!("{size}; build it with: cargo build --release --features mpi"),
            )),
            _ => Ok(Processes(None)),
        }
    }

    /// Whether this is the one that prints and writes.
    pub(super) fn is_first(&self) -> bool {
        self.0.as_ref().is_none_or(|world| rank(world) == 0)
    }

    fn exchange(&self) -> Option<Box<dyn Exchange>> {
        self.0.as_ref().map(exchange)
    }

    /// Trains in shards, so that any number of processes comes to the same.
    pub(super) fn shard(&self, experiment: CheckedExperiment) -> Result<CheckedExperiment> {
        let Some(exchange) = self.exchange() else {
            return Ok(experiment);
        };
        match (experiment.train.ensemble, exchange.size()) {
            (1, _) if experiment.train.shards == 1 => {
                let mut experiment = experiment.into_inner();
                experiment.train.shards = SHARDS;
                experiment.check()
            }
            (2.., 2..) => {
                let expected = "1 with several processes, which train one network together";
                let found = experiment.train.ensemble;
                Err(Error::invalid("train.ensemble", expected, found))
            }
            _ => Ok(experiment),
        }
    }

    /// Hands the job of the first process, which resumes the run in `dir`, to the others: they need not see the folder, and none of
    /// them reads what the first one writes on.
    pub(super) fn share(&self, dir: &Path, job: impl FnOnce() -> Result<Job>) -> Result<Job> {
        let Some(mut exchange) = self.exchange() else {
            return job();
        };
        let mut bytes = Vec::new();
        let job = if exchange.rank() == 0 {
            let job = job()?;
            let text = overrides::write(&job.experiment)?;
            let checkpoint = match job.snapshot() {
                Some(found) => snapshot::to_checkpoint(found, job.experiment.precision)?,
                None => checkpoint::Checkpoint {
                    arrays: vec![],
                    metadata: Default::default(),
                },
            };
            let checkpoint = checkpoint.with_config(&text);
            bytes = checkpoint::encode(&checkpoint.arrays, &checkpoint.metadata)?;
            Some(job)
        } else {
            None
        };
        broadcast(&mut *exchange, &mut bytes)?;
        match job {
            Some(job) => Ok(job),
            None => Job::shared(dir, &checkpoint::decode(dir, &bytes)?),
        }
    }

    /// Checks that all processes are the same program with the same configuration, before any of them reads data or makes anything.
    pub(super) fn check_experiment(&self, experiment: &Experiment) -> Result<()> {
        let version = format!("{} {BURN_VERSION}", env!("CARGO_PKG_VERSION"));
        self.check_same("the program", &version)?;
        self.check_same("the kind of processor", &vector_instructions())?;
        let config = overrides::write(&overrides::without_paths(experiment)?)?;
        self.check_same("the configuration", &config)
    }

    /// Checks that all processes have read the same data.
    pub(super) fn check_data(&self, splits: &Splits) -> Result<()> {
        self.check_same("the data", &splits.hash)
    }

    fn check_same(&self, what: &str, text: &str) -> Result<()> {
        let Some(mut exchange) = self.exchange() else {
            return Ok(());
        };
        let hash = Sha256::digest(text.as_bytes());
        check_same(&mut *exchange, what, hash.into())
    }

    /// Lets `trainer` train with the others.
    pub(super) fn join<'a>(&self, trainer: Trainer<'a>) -> Result<Trainer<'a>> {
        let Some(exchange) = self.exchange() else {
            return Ok(trainer);
        };
        // With what follows from the data, and from flags.
        let config = overrides::write(&overrides::without_paths(trainer.experiment())?)?;
        self.check_same("the configuration", &config)?;
        self.check_same("the step to start at", &trainer.step().to_string())?;
        trainer.with_exchange(exchange)
    }

    /// Parts from the other processes, once all of them have done their work. Where this is not called, as after an error, the
    /// launcher ends them all.
    pub(super) fn end(&mut self) {
        if let Some(world) = &mut self.0 {
            end(world);
        }
    }
}

/// Products of matrices have other last bits with other vector instructions.
fn vector_instructions() -> String {
    #[cfg(target_arch = "x86_64")]
    return format!(
        "{} {} {}",
        is_x86_feature_detected!("avx512f"),
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("fma")
    );
    #[cfg(not(target_arch = "x86_64"))]
    return std::env::consts::ARCH.to_owned();
}

#[cfg(feature = "mpi")]
fn rank(world: &World) -> usize {
    world.rank()
}

#[cfg(feature = "mpi")]
fn exchange(world: &World) -> Box<dyn Exchange> {
    Box::new(world.exchange())
}

#[cfg(feature = "mpi")]
fn end(world: &mut World) {
    world.end();
}

#[cfg(not(feature = "mpi"))]
fn rank(world: &World) -> usize {
    match *world {}
}

#[cfg(not(feature = "mpi"))]
fn exchange(world: &World) -> Box<dyn Exchange> {
    match *world {}
}

#[cfg(not(feature = "mpi"))]
fn end(world: &mut World) {
    match *world {}
}
