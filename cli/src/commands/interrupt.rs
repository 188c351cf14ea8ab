//! Ctrl-C: finish the current step, then stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of an interrupted program: 128 plus the number of SIGINT.
pub(crate) const STATUS: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C (and SIGTERM) only sets a flag; the second one ends the program at once.
pub(super) fn watch() {
    let handler = || {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(STATUS));
        }
    };
    if ctrlc::set_handler(handler).is_err() {
        eprintln!("warning: Ctrl-C will end the program without a checkpoint");
    }
}

/// From now on SIGUSR1, which Slurm sends before a job's time is over, asks for a checkpoint and no end; none on systems without
/// such signals.
pub(super) fn watch_for_checkpoints() -> Arc<AtomicBool> {
    let requested = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    if signal_hook::flag::register(signal_hook::consts::SIGUSR1, requested.clone()).is_err() {
        eprintln!("warning: SIGUSR1 will end the program without a checkpoint");
    }
    requested
}

/// Whether an end was requested.
pub(super) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
