use super::Dataset;

/// Exclusive or, as the tutorial lays it out: the third input column is one, and so stands in for a
/// bias. Inputs `[4, 3]`, targets `[4, 1]`.
#[must_use]
pub fn xor() -> Dataset {
    Dataset::from_rows(
        [[0., 0., 1.], [0., 1., 1.], [1., 0., 1.], [1., 1., 1.]],
        [[0.], [1.], [1.], [0.]],
    )
}
