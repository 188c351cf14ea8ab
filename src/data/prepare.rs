//! How a row from outside becomes inputs.

use serde::{Deserialize, Serialize};

/// How a row from outside becomes inputs. Learned on the training rows and saved with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Preparation {
    /// Numbers, taken as they are.
    Numbers {
        /// The names of the columns.
        columns: Vec<String>,
    },
}

impl Preparation {
    /// Numbers, taken as they are, in columns of these names.
    pub(super) fn numbers<const N: usize>(columns: [&str; N]) -> Self {
        Preparation::Numbers {
            columns: columns.map(str::to_owned).to_vec(),
        }
    }
}
