use super::memory::Rows;
use super::{Dataset, Preprocessing, Splits, Task, split};
use crate::config::SplitConfig;
use crate::error::Result;

const INPUTS: [[f64; 3]; 4] = [[0., 0., 1.], [0., 1., 1.], [1., 0., 1.], [1., 1., 1.]];
const TARGETS: [f64; 4] = [0., 1., 1., 0.];

/// XOR, as the tutorial lays it out: the third input column is one, and so stands in for a
/// bias. Inputs `[4, 3]`, targets `[4, 1]`.
#[must_use]
pub fn xor() -> Dataset {
    Dataset::new(Rows {
        task: Task::Binary {
            classes: ["0", "1"].map(str::to_owned),
        },
        d_input: 3,
        inputs: INPUTS.as_flattened().to_vec(),
        targets: TARGETS.to_vec(),
    })
}

pub(super) fn load(split: Option<&SplitConfig>, seed: u64) -> Result<Splits> {
    let preprocessing = Preprocessing::numbers(["a", "b", "one"]);
    split::built_in(
        split,
        seed,
        xor(),
        preprocessing,
        format!("{INPUTS:?}{TARGETS:?}").as_bytes(),
    )
}
