//! The exchange of gradients through MPI.

use std::time::{Duration, Instant};

use dropwise::train::Exchange;
use dropwise::{Error, Result};
use mpi::environment::Universe;
use mpi::request::{Request, Scope, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};

/// MPI, from when it is started to when it is ended.
pub(super) struct World {
    universe: Option<Universe>,
    timeout: Duration,
}

impl World {
    pub(super) fn start(timeout: f64) -> Result<Self> {
        let Some(universe) = mpi::initialize() else {
            let problem = "MPI cannot be started a second time".to_owned();
            return Err(Error::Compute(problem));
        };
        let world = World {
            universe: Some(universe),
            timeout: Duration::from_secs_f64(timeout),
        };
        let size = world.exchange().size();
        if !size.is_power_of_two() {
            return Err(Error::invalid("processes", "a power of two", size));
        }
        Ok(world)
    }

    pub(super) fn rank(&self) -> usize {
        SimpleCommunicator::world().rank() as usize
    }

    pub(super) fn exchange(&self) -> MpiExchange {
        MpiExchange {
            world: SimpleCommunicator::world(),
            timeout: self.timeout,
            eager: eager(),
        }
    }

    pub(super) fn end(&mut self) {
        drop(self.universe.take());
    }
}

/// To end MPI is to wait for all processes. After an error that would be to wait for some that wait for this one; without it,
/// `mpirun` ends them all.
impl Drop for World {
    fn drop(&mut self) {
        std::mem::forget(self.universe.take());
    }
}

/// The processes of `MPI_COMM_WORLD`.
pub(super) struct MpiExchange {
    world: SimpleCommunicator,
    timeout: Duration,
    eager: Duration,
}

/// Bytes in a message; MPI counts them in 32 bits.
const MESSAGE: usize = 1 << 30;

/// A process looks for an answer without a pause for so long, and then now and then. On a machine with more processes than cores it
/// pauses at once: the others need them.
const EAGER: Duration = Duration::from_micros(200);
const PAUSE: Duration = Duration::from_micros(50);

fn eager() -> Duration {
    let here = std::env::var("OMPI_COMM_WORLD_LOCAL_SIZE").or(std::env::var("MPI_LOCALNRANKS"));
    let here = here.ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    match std::thread::available_parallelism() {
        Ok(cores) if here > cores.get() => Duration::ZERO,
        _ => EAGER,
    }
}

impl Exchange for MpiExchange {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn swap(&mut self, other: usize, bytes: &[u8], into: &mut [u8]) -> Result<()> {
        let process = self.world.process_at_rank(other as i32);
        let messages = bytes
            .len()
            .div_ceil(MESSAGE)
            .max(into.len().div_ceil(MESSAGE));
        let mut bytes = bytes.chunks(MESSAGE);
        let mut into = into.chunks_mut(MESSAGE);
        for _ in 0..messages.max(1) {
            let (bytes, into) = (bytes.next().unwrap_or(&[]), into.next().unwrap_or(&mut []));
            scope(|scope| {
                let mut send = Some(process.immediate_send(scope, bytes));
                self.wait(other, true, || process.immediate_probe().is_some());
                // Both are here now. A long message goes in parts, each of which takes a look from both.
                let mut receive = Some(process.immediate_receive_into(scope, into));
                self.wait(other, false, || is_done(&mut receive));
                self.wait(other, false, || is_done(&mut send));
            });
        }
        Ok(())
    }
}

impl MpiExchange {
    /// Waits until something is done, with pauses or without. MPI takes no buffer back from a message that is under way, so that after
    /// the timeout all processes end here.
    fn wait(&self, other: usize, pauses: bool, mut is_done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_done() {
            let waited = began.elapsed();
            if waited > self.timeout {
                let (rank, seconds) = (self.rank(), self.timeout.as_secs_f64());
                eprintln!(
                    "error: rank {other} has not answered rank {rank} for {seconds} s: it is lost, or the network between them; all \
                     processes end; resume with: dropwise train --resume DIR"
                );
                self.world.abort(1);
            }
            if pauses && waited > self.eager {
                std::thread::sleep(PAUSE);
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Whether a message has gone through.
fn is_done<'a, D: ?Sized, S: Scope<'a>>(message: &mut Option<Request<'a, D, S>>) -> bool {
    *message = message.take().and_then(|request| request.test().err());
    message.is_none()
}
