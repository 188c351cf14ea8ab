//! The networks that are being trained, and how far they are: a status line.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dropwise_lab::reproduce::NetworkId;
use indicatif::ProgressBar;

/// Between two drawings.
const REDRAW: Duration = Duration::from_millis(500);

/// The networks that are being trained. Threads share it.
pub(super) struct InProgress {
    /// On a terminal.
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    ended: usize,
    all: usize,
    /// The share of its steps that each network has taken.
    shares: BTreeMap<NetworkId, f64>,
    drawn: Instant,
}

impl InProgress {
    pub(super) fn new(bar: Option<ProgressBar>) -> Self {
        InProgress {
            bar,
            state: Mutex::new(State {
                ended: 0,
                all: 0,
                shares: BTreeMap::new(),
                drawn: Instant::now(),
            }),
        }
    }

    /// Starts counting to `all` networks.
    pub(super) fn begins(&self, all: usize) {
        self.change(true, |state| (state.ended, state.all) = (0, all));
    }

    /// A network has taken this share of its steps.
    pub(super) fn stepped(&self, id: &NetworkId, share: f64) {
        if self.bar.is_some() {
            self.change(false, |state| {
                state.shares.insert(id.clone(), share);
            });
        }
    }

    /// A network has ended; `say` prints that while the status line is hidden.
    pub(super) fn ended<T>(&self, id: &NetworkId, say: impl FnOnce() -> T) -> T {
        let said = match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        };
        self.change(true, |state| {
            state.shares.remove(id);
            state.ended += 1;
        });
        said
    }

    fn change(&self, draws: bool, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if let Some(bar) = &self.bar
            && (draws || state.drawn.elapsed() >= REDRAW)
        {
            state.drawn = Instant::now();
            bar.set_message(state.words());
        }
    }
}

/// The line is cleared at the very end: one that was cleared does not come back.
impl Drop for InProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl State {
    fn words(&self) -> String {
        let State { ended, all, .. } = self;
        let shares = self.shares.iter();
        let shares = shares.map(|(id, share)| format!("; {id} {:.0} %", 100.0 * share));
        format!("{ended} of {all} networks{}", shares.collect::<String>())
    }
}
