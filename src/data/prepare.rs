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
    /// An image: whole numbers from 0 to `largest`, divided by `largest`. The columns are `pixel0`,
    /// `pixel1` and so on, line after line.
    Images {
        /// Lines an image; 1 where the file says nothing of lines.
        height: usize,
        /// Pixels a line.
        width: usize,
        /// The value of a full pixel, at least 1.
        largest: u8,
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
