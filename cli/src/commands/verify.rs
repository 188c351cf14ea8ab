//! `dropwise verify`: the gradient certificate of a backend.

use std::io::Write;
use std::num::NonZeroUsize;

use dropwise::Result;
use dropwise::backend::Backend;
use dropwise::config::Precision;
use dropwise::verify::{bounds, certify};

use super::Outcome;

/// Prove the gradients of a backend: autodiff against a hand-derived gradient and finite differences
#[derive(clap::Args)]
pub(super) struct Args {
    /// flex, ndarray, wgpu, cuda[:CARD], remote:ws://HOST:PORT [default: the fastest compiled in]
    #[arg(long, value_name = "NAME")]
    backend: Option<Backend>,
    /// Number of random networks
    #[arg(long, value_name = "N", default_value = "100")]
    cases: NonZeroUsize,
    /// Seed of the random networks, batches and masks
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// float32 or float64 [default: float64 where the backend has it]
    #[arg(long, value_name = "TYPE")]
    precision: Option<Precision>,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let backend = self.backend.clone().unwrap_or_default();
        let device = backend.device()?;
        let precision = match self.precision {
            Some(precision) => precision,
            None => Precision::finest(&device),
        };
        let found = certify(&device, precision, self.cases.get(), self.seed)?;
        let bounds = bounds(&backend, precision);

        let cases = found.cases;
        let seed = self.seed;
        writeln!(out, "gradient certificate of {backend} in {precision}")?;
        writeln!(
            out,
            "{cases} random networks (seed {seed}): {} partial derivatives, {} of them by finite \
             differences, {} left out at a kink",
            found.compared, found.finite, found.kinks
        )?;
        writeln!(
            out,
            "largest difference, relative to the size of the terms in the layer's gradients:"
        )?;
        for ((name, worst), (_, bound)) in found.worst.named().into_iter().zip(bounds.named()) {
            let verdict = if worst <= bound { "ok  " } else { "FAIL" };
            writeln!(
                out,
                "{verdict}  {name:<48} {worst:.1e}  (bound {bound:.1e})"
            )?;
        }
        if found.worst.within(&bounds) {
            Ok(Outcome::Success)
        } else {
            Ok(Outcome::Failed)
        }
    }
}
