//! The task: what is to be learned.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is to be learned: how many outputs the network has and what they mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Task {
    /// One of several classes; an output for each.
    Classification {
        /// The names of the classes, in the order of the outputs.
        classes: Vec<String>,
    },
    /// One of two classes; one output.
    Binary {
        /// The names of the classes whose targets are 0 and 1.
        classes: [String; 2],
    },
    /// Numbers; an output for each.
    Regression {
        /// What the numbers are, in the order of the outputs.
        targets: Vec<Target>,
    },
}

/// A number to be predicted. The network learns `(number - mean) / deviation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What is subtracted; 0 where the target is learned as it is.
    pub mean: f64,
    /// What the rest is divided by, above 0; 1 where the target is learned as it is.
    pub deviation: f64,
}

/// The most targets that messages name one by one.
const NAMED: usize = 5;

impl Task {
    /// Targets a row, which is the network's outputs.
    #[must_use]
    pub fn d_output(&self) -> usize {
        match self {
            Task::Classification { classes } => classes.len(),
            Task::Binary { .. } => 1,
            Task::Regression { targets } => targets.len(),
        }
    }

    /// The names of the classes; none for a regression.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        match self {
            Task::Classification { classes } => classes,
            Task::Binary { classes } => classes,
            Task::Regression { .. } => &[],
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Task::Classification { classes } => write!(f, "{} classes", classes.len()),
            Task::Binary { classes } => write!(f, "two classes, {} and {}", classes[0], classes[1]),
            Task::Regression { targets } if targets.len() > NAMED => {
                write!(f, "regression of {} targets", targets.len())
            }
            Task::Regression { targets } => {
                let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
                write!(f, "regression of {}", names.join(", "))
            }
        }
    }
}
