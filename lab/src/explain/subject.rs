//! What is to be explained, and how.

use dropwise::config::{Loss, ResolvedExperiment};
use dropwise::data::{Part, Preprocessing, Splits, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::Samples;
use dropwise::model::Mlp;

use super::{Curves, LandscapeOptions, Trail};

/// A trained network with all that is known of it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// What to call it beside others.
    pub name: &'a str,
    /// The network, or the members of an ensemble, at least one: predictions are the mean of theirs, and what is shown of
    /// weights and units is the first's.
    pub members: &'a [Mlp],
    /// The experiment that it comes from.
    pub experiment: &'a ResolvedExperiment,
    /// How a row from outside becomes inputs.
    pub preprocessing: &'a Preprocessing,
    /// What is learned.
    pub task: &'a Task,
    /// The data; none if they cannot be read any more.
    pub splits: Option<&'a Splits>,
    /// SHA-256 of the data that the network was trained on, in hexadecimal.
    pub data_sha256: &'a str,
    /// Loss and error while it was trained.
    pub curves: Curves,
    /// Some of its weights while it was trained, where they were recorded.
    pub trail: Option<&'a Trail>,
    /// Which of a training's networks it is, `best` or `last`, and the step that it comes from.
    pub model: (&'a str, usize),
    /// Name and value of all else that is known.
    pub facts: Vec<(String, String)>,
    /// What is known to be missing already, a sentence each.
    pub notes: Vec<String>,
}

/// What to look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExplainOptions {
    /// The weight of the landscape: an input and a hidden unit of the first layer, both counted from 0. Without it
    /// the one that moved most while it was recorded, else the largest.
    pub weight: Option<(usize, usize)>,
    /// The part of the data that predictions and activations are of; without it the test rows, else the validation
    /// rows, else the training rows.
    pub part: Option<Part>,
    /// How many thinned networks are asked how sure they are; none for not to ask.
    pub samples: Option<Samples>,
    /// A row of that part, counted from 0, whose image is turned.
    pub rotate: Option<usize>,
    /// How the landscape is looked at.
    pub landscape: LandscapeOptions,
}

impl<'a> Subject<'a> {
    /// The network that a training on `splits` has come to after `step` steps, of which nothing else is known.
    #[must_use]
    pub fn new(
        name: &'a str,
        (network, step): (&'a Mlp, usize),
        experiment: &'a ResolvedExperiment,
        splits: &'a Splits,
    ) -> Self {
        Subject {
            name,
            members: network.as_ref(),
            experiment,
            preprocessing: &splits.preprocessing,
            task: splits.train.task(),
            splits: Some(splits),
            data_sha256: &splits.hash,
            curves: Curves::default(),
            trail: None,
            model: ("last", step),
            facts: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The network whose weights and units are shown.
    pub(super) fn network(&self) -> &'a Mlp {
        &self.members[0]
    }

    /// The loss that the network was trained with.
    pub(super) fn loss(&self) -> Loss {
        self.experiment.loss()
    }

    /// The name of an input, counted from 0.
    pub(super) fn input_name(&self, input: usize) -> String {
        let mut names = self.preprocessing.input_names().into_iter();
        names.nth(input).unwrap_or_else(|| format!("input {input}"))
    }

    /// Units of the first hidden layer; 0 where there is none.
    pub(super) fn first_units(&self) -> usize {
        self.network().widths().nth(1).unwrap_or_default()
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.members.is_empty() {
            let (what, expected) = ("the networks to explain", "at least one");
            return Err(Error::invalid(what, expected, "none"));
        }
        let [d_input, d_output] = self.network().dims();
        let found = vec![self.preprocessing.d_input(), self.task.d_output()];
        if found != [d_input, d_output] {
            return Err(Error::Shape {
                what: "the inputs and outputs of what is explained".to_owned(),
                expected: vec![d_input, d_output],
                found,
            });
        }
        for network in self.members {
            if network.is_finite()? {
                continue;
            }
            let what = "the weights of what is explained";
            return Err(Error::invalid(what, "finite numbers", "others"));
        }
        match self.trail {
            Some(trail) => trail.check(d_input, self.first_units()),
            None => Ok(()),
        }
    }
}

impl ExplainOptions {
    /// Most values of the weight, and most thinned networks.
    const MOST_POINTS: usize = 2_001;
    const MOST_NETWORKS: usize = 200;

    pub(super) fn check(&self, subject: &Subject<'_>) -> Result<()> {
        let landscape = &self.landscape;
        check_range("landscape points", landscape.points, 2, Self::MOST_POINTS)?;
        check_range(
            "thinned networks",
            landscape.networks,
            0,
            Self::MOST_NETWORKS,
        )?;
        if let Some((input, unit)) = self.weight {
            let ([d_input, _], units) = (subject.network().dims(), subject.first_units());
            if units == 0 {
                let (what, found) = ("the weight to look at", format!("{input}:{unit}"));
                let expected = "none, since the network has no hidden layer";
                return Err(Error::invalid(what, expected, found));
            }
            check_range("the weight's input", input, 0, d_input - 1)?;
            check_range("the weight's hidden unit", unit, 0, units - 1)?;
        }
        match (self.part, subject.splits) {
            (Some(part), Some(splits)) if splits.part(part).is_none_or(|rows| rows.is_empty()) => {
                let expected = "a part of the data that has rows";
                Err(Error::invalid("the rows to look at", expected, part.word()))
            }
            _ => Ok(()),
        }
    }
}

fn check_range(what: &str, found: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&found) {
        return Ok(());
    }
    Err(Error::invalid(what, format!("{low} to {high}"), found))
}
