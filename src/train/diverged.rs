//! What to do about a training that diverged.

use super::Trainer;
use crate::error::Error;

impl Trainer<'_> {
    /// The error of a training that diverged in step `step`, counted from 1.
    pub(super) fn diverged(&self, what: impl Into<String>, step: usize) -> Error {
        let train = &self.experiment.train;
        let advice = if self.step == 0 {
            "nothing is learned yet, so that the inputs or the initial weights are too large: \
             standardize the inputs, or use a smaller initializer"
                .to_owned()
        } else {
            let rate = self.plan.learning_rate(train.learning_rate, step - 1);
            let bounded = train.clip.is_some() || train.max_norm.is_some();
            let or = if bounded {
                ""
            } else {
                ", or bound the gradients with `train.clip`"
            };
            format!(
                "the usual cause is a learning rate that is too high (it is {rate}): try a tenth of it{or}"
            )
        };
        Error::Diverged {
            what: what.into(),
            step,
            advice,
        }
    }
}
