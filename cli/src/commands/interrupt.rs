//! Ctrl-C: finish what must be finished, then stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a program that was interrupted: 128 and the number of the signal.
pub(crate) const STATUS: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C (and a request to terminate) only sets a mark; the second one ends the program
/// at once.
pub(super) fn watch() {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(STATUS));
        }
    };
    if ctrlc::set_handler(handler).is_err() {
        eprintln!("warning: Ctrl-C will end the program without a checkpoint");
    }
}

/// Whether somebody asked for an end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
