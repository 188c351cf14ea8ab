//! A small table of classes, with categories, missing values and a column that is left out.

use crate::folder::Folder;

pub const CONFIG: &str = r#"
[data]
source = "csv"
path = "pets.csv"
target = "size"
leave_out = ["id"]
missing = "mean"

[network]
hidden = [6]
activation = "tanh"

[train]
optimizer = "adam"
learning_rate = 0.05
epochs = 30
"#;

/// A row: id, kind, age (missing in every fifth row), weight, size.
pub struct Pet {
    pub id: usize,
    pub kind: &'static str,
    pub age: Option<f64>,
    pub weight: f64,
    pub size: &'static str,
}

pub const KINDS: [&str; 3] = ["cat", "dog", "fish"];
pub const SIZES: [&str; 3] = ["large", "medium", "small"];

pub fn pets() -> Vec<Pet> {
    let pet = |id: usize| {
        // More cats than others, so that the most frequent kind is one.
        let kind = KINDS[[0, 1, 0, 2, 0, 1, 2][id % 7]];
        let weight = f64::from((id as u32 * 37) % 50) / 2.0;
        let size = match weight {
            heavy if heavy > 16.0 => "large",
            middling if middling > 8.0 => "medium",
            _ => "small",
        };
        Pet {
            id,
            kind,
            age: (!id.is_multiple_of(5)).then_some((id * 13 % 17) as f64),
            weight,
            size,
        }
    };
    (0..60).map(pet).collect()
}

impl Pet {
    pub fn age(&self) -> String {
        self.age.map_or(String::new(), |age| age.to_string())
    }

    /// The inputs' columns: kind, age, weight.
    pub fn inputs(&self) -> String {
        format!("{},{},{}", self.kind, self.age(), self.weight)
    }
}

/// The table with all its columns.
pub fn table() -> String {
    let rows = pets();
    let row = |pet: &Pet| format!("{},{},{}\n", pet.id, pet.inputs(), pet.size);
    let rows: String = rows.iter().map(row).collect();
    format!("id,kind,age,weight,size\n{rows}")
}

/// The inputs' columns alone.
pub fn inputs() -> String {
    let rows: String = pets().iter().map(|pet| pet.inputs() + "\n").collect();
    format!("kind,age,weight\n{rows}")
}

pub fn trained() -> Folder {
    Folder::trained("pets.csv", table(), CONFIG)
}

/// A run with other keys in `[data]`.
pub fn trained_with(from: &str, to: &str) -> Folder {
    assert!(CONFIG.contains(from));
    Folder::trained("pets.csv", table(), &CONFIG.replacen(from, to, 1))
}
