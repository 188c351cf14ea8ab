//! What is searched, and who says where to look next.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tpe::{TpeOptimizer, TpeOptimizerBuilder};

use super::setting::round;
use super::{Arm, TrialSetting};
use dropwise::config::CheckedExperiment;
use dropwise::error::{Error, Result};

/// The ranges of one search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Space {
    /// What is searched, by the keys of the configuration.
    pub dimensions: Vec<Dimension>,
}

/// The range of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Dimension {
    /// Units of each hidden layer, evenly in their logarithm.
    Width {
        /// What there is to choose from, each twice the one before.
        choices: Vec<usize>,
    },
    /// The learning rate over `1 - momentum`, which is what a step comes to in the long run, and what the paper
    /// calls the learning rate; for an optimizer without momentum the learning rate. Evenly in its logarithm.
    LongRunRate {
        /// The smallest.
        low: f64,
        /// The one that the network was grown with.
        grown: f64,
        /// The largest.
        high: f64,
    },
    /// The momentum, evenly in the logarithm of `1 - momentum`.
    Momentum {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// The bound on the norm of each unit's incoming weights.
    MaxNorm {
        /// What there is to choose from; none means no bound.
        choices: Vec<Option<f64>>,
    },
    /// The L1 penalty, where the experiment has one; evenly in its logarithm.
    L1 {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// The decay of Adam's second moment, where the experiment names one; evenly in the logarithm of `1 - beta2`.
    Beta2 {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// The dropout rate of the hidden layers.
    HiddenRate {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// The dropout rate of the input layer.
    InputRate {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
}

/// With fewer results than this, places are drawn uniformly.
const UNIFORM_BELOW: usize = 8;

/// The share of the trials that count as good.
const GOOD: f64 = 0.2;

impl Space {
    /// The space around a grown width and its learning rate.
    pub(super) fn new(
        base: &CheckedExperiment,
        widths: Vec<usize>,
        grown_rate: f64,
        arm: Arm,
    ) -> Self {
        let with_dropout = arm == Arm::Dropout;
        let has_momentum = base.train.optimizer.has_momentum();
        let rate = if has_momentum {
            grown_rate / (1.0 - base.train.momentum.at(usize::MAX))
        } else {
            grown_rate
        };
        // The paper's guide for dropout is 10 to 100 times; the plain network's own rate is in the middle of its
        // range.
        let (low, high) = if with_dropout {
            (0.3, 100.0)
        } else {
            (0.1, 10.0)
        };
        let mut dimensions = vec![
            Dimension::Width { choices: widths },
            Dimension::LongRunRate {
                low: round(low * rate, 3),
                grown: round(rate, 3),
                high: round(high * rate, 3),
            },
        ];
        if has_momentum {
            let (low, high) = (0.9, 0.99);
            dimensions.push(Dimension::Momentum { low, high });
        }
        let choices = vec![None, Some(2.0), Some(3.0), Some(4.0)];
        dimensions.push(Dimension::MaxNorm { choices });
        if base.train.l1 > 0.0 {
            dimensions.push(Dimension::L1 {
                low: round(0.1 * base.train.l1, 3),
                high: round(10.0 * base.train.l1, 3),
            });
        }
        if base.train.has_beta2() {
            let (low, high) = (0.9, 0.999);
            dimensions.push(Dimension::Beta2 { low, high });
        }
        if with_dropout {
            let (low, high) = (0.1, 0.7);
            dimensions.push(Dimension::HiddenRate { low, high });
            let (low, high) = (0.0, 0.25);
            dimensions.push(Dimension::InputRate { low, high });
        }
        Space { dimensions }
    }

    /// What is tried before anything is known. With dropout, what the paper advises (`n / p` units, rates 0.5 and
    /// 0.2, ten times the learning rate, momentum 0.95, max-norm 3), what the tutorial does (nothing but rates of
    /// 0.5 is changed), and the widest network at the rate it was grown with. Without, the network as it was grown,
    /// and the widest one with a bound and without.
    pub(super) fn advice(&self, start: &TrialSetting, arm: Arm) -> Vec<TrialSetting> {
        let (mut widths, mut grown, mut has_momentum) =
            (vec![start.width], start.learning_rate, false);
        for dimension in &self.dimensions {
            match dimension {
                Dimension::Width { choices } => widths.clone_from(choices),
                Dimension::LongRunRate { grown: rate, .. } => grown = *rate,
                Dimension::Momentum { .. } => has_momentum = true,
                _ => {}
            }
        }
        let with = |times: f64, momentum: f64| {
            let momentum = has_momentum.then_some(momentum);
            TrialSetting {
                learning_rate: round(times * grown * (1.0 - momentum.unwrap_or(0.0)), 3),
                momentum,
                ..start.clone()
            }
        };
        let widest = widths.iter().copied().max().unwrap_or(start.width);
        match arm {
            Arm::Dropout => vec![
                TrialSetting {
                    width: widest.min(2 * start.width),
                    hidden_rate: 0.5,
                    input_rate: 0.2,
                    max_norm: Some(3.0),
                    ..with(10.0, 0.95)
                },
                TrialSetting {
                    hidden_rate: 0.5,
                    ..with(1.0, 0.9)
                },
                TrialSetting {
                    width: widest,
                    hidden_rate: 0.5,
                    input_rate: 0.1,
                    max_norm: Some(3.0),
                    ..with(1.0, 0.9)
                },
            ],
            Arm::NoDropout => vec![
                with(1.0, 0.9),
                TrialSetting {
                    width: widest,
                    ..with(1.0, 0.9)
                },
                TrialSetting {
                    width: widest,
                    max_norm: Some(3.0),
                    ..with(1.0, 0.9)
                },
            ],
        }
    }

    /// The next `count` settings to try, where `known` are those with results, the best first: a function of its
    /// arguments and of the numbers in `random`. A value that is not searched stays as in `base`.
    ///
    /// Bergstra et al.'s tree of Parzen estimators (2011): places are drawn where good settings are dense, and
    /// those are taken that are densest relative to the others.
    pub(super) fn ask(
        &self,
        base: &TrialSetting,
        known: &[&TrialSetting],
        count: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Vec<TrialSetting>> {
        let mut samplers = Vec::new();
        if known.len() >= UNIFORM_BELOW {
            for dimension in &self.dimensions {
                samplers.push(dimension.sampler(known)?);
            }
        }
        let mut asked = Vec::new();
        for _ in 0..count {
            let mut setting = base.clone();
            let mut rate = setting.learning_rate;
            for (k, dimension) in self.dimensions.iter().enumerate() {
                let place = match samplers.get_mut(k) {
                    // Until it has ended it counts as the worst ("constant liar"), so that the next one differs.
                    Some(sampler) => {
                        let place = sampler.ask(random).unwrap_or_default();
                        tell(sampler, place, known.len())?;
                        place
                    }
                    None => random.random::<f64>() * dimension.end(),
                };
                dimension.put(place, &mut setting, &mut rate);
            }
            // The momentum is drawn after the rate that it belongs to.
            setting.learning_rate = round(rate * (1.0 - setting.momentum.unwrap_or(0.0)), 3);
            asked.push(setting);
        }
        Ok(asked)
    }
}

impl Dimension {
    /// Places are from 0 to here: the number of choices, or 1 for a range.
    fn end(&self) -> f64 {
        match self {
            Dimension::Width { choices } => choices.len() as f64,
            Dimension::MaxNorm { choices } => choices.len() as f64,
            _ => 1.0,
        }
    }

    /// Writes the value at a place.
    fn put(&self, place: f64, setting: &mut TrialSetting, rate: &mut f64) {
        let linear = |low: f64, high: f64| low + (high - low) * place;
        let cents = |value: f64| (100.0 * value).round() / 100.0;
        match self {
            Dimension::Width { choices } => {
                if let Some(width) = choices.get(place as usize) {
                    setting.width = *width;
                }
            }
            Dimension::LongRunRate { low, high, .. } => *rate = low * (high / low).powf(place),
            Dimension::Momentum { low, high } => {
                setting.momentum = Some(near_one(*low, *high, place));
            }
            Dimension::Beta2 { low, high } => setting.beta2 = Some(near_one(*low, *high, place)),
            Dimension::L1 { low, high } => {
                setting.l1 = Some(round(low * (high / low).powf(place), 3));
            }
            Dimension::MaxNorm { choices } => {
                setting.max_norm = choices.get(place as usize).copied().flatten();
            }
            Dimension::HiddenRate { low, high } => setting.hidden_rate = cents(linear(*low, *high)),
            Dimension::InputRate { low, high } => setting.input_rate = cents(linear(*low, *high)),
        }
    }

    /// The place of a setting's value.
    fn place(&self, setting: &TrialSetting) -> f64 {
        let linear = |low: f64, high: f64, value: f64| (value - low) / (high - low);
        let place = match self {
            // In the middle of its part of the range.
            Dimension::Width { choices } => index(choices, &setting.width) + 0.5,
            Dimension::MaxNorm { choices } => index(choices, &setting.max_norm),
            Dimension::LongRunRate { low, high, .. } => {
                let rate = setting.learning_rate / (1.0 - setting.momentum.unwrap_or(0.0));
                (rate / low).ln() / (high / low).ln()
            }
            Dimension::Momentum { low, high } => {
                place_near_one(*low, *high, setting.momentum.unwrap_or(*low))
            }
            Dimension::Beta2 { low, high } => {
                place_near_one(*low, *high, setting.beta2.unwrap_or(*high))
            }
            Dimension::L1 { low, high } => {
                // The experiment's own is in the middle.
                let own = (low * high).sqrt();
                (setting.l1.unwrap_or(own) / low).ln() / (high / low).ln()
            }
            Dimension::HiddenRate { low, high } => linear(*low, *high, setting.hidden_rate),
            Dimension::InputRate { low, high } => linear(*low, *high, setting.input_rate),
        };
        // What was rounded may lie a little outside; the end itself does not belong to the range.
        place.clamp(0.0, self.end() * (1.0 - 1e-12))
    }

    /// A sampler that knows where the good ones are.
    fn sampler(&self, known: &[&TrialSetting]) -> Result<TpeOptimizer> {
        let estimator = match self {
            Dimension::MaxNorm { .. } => tpe::histogram_estimator(),
            _ => tpe::parzen_estimator(),
        };
        let range = tpe::range(0.0, self.end()).map_err(|cause| failed(&cause))?;
        let mut sampler = TpeOptimizerBuilder::new()
            .gamma(GOOD)
            .build(estimator, range)
            .map_err(|cause| failed(&cause))?;
        for (rank, setting) in known.iter().enumerate() {
            tell(&mut sampler, self.place(setting), rank)?;
        }
        Ok(sampler)
    }
}

/// A value below 1, evenly in the logarithm of what is missing to 1; to three digits.
fn near_one(low: f64, high: f64, place: f64) -> f64 {
    let rest = (1.0 - low) * ((1.0 - high) / (1.0 - low)).powf(place);
    ((1.0 - rest) * 1000.0).round() / 1000.0
}

/// The place of such a value.
fn place_near_one(low: f64, high: f64, value: f64) -> f64 {
    ((1.0 - value) / (1.0 - low)).ln() / ((1.0 - high) / (1.0 - low)).ln()
}

fn index<T: PartialEq>(choices: &[T], value: &T) -> f64 {
    let place = choices.iter().position(|choice| choice == value);
    place.unwrap_or(0) as f64
}

fn tell(sampler: &mut TpeOptimizer, place: f64, rank: usize) -> Result<()> {
    sampler
        .tell(place, rank as f64)
        .map_err(|cause| failed(&cause))
}

fn failed(cause: &dyn std::error::Error) -> Error {
    Error::Compute(format!("the search: {cause}"))
}
