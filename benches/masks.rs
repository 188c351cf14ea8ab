//! The time that a dropout mask takes, by the framework's layer and as a seeded mask: divan prints the time of a
//! mask and the values a second.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench masks
//! ```

use std::fmt;

use burn::tensor::Tensor;
use divan::Bencher;
use divan::counter::ItemsCount;
use dropwise::Backend;
use dropwise::dropout::{SeededMasks, layer};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Rows and width of a mask.
#[derive(Clone, Copy)]
struct Shape(usize, usize);

impl Shape {
    fn values(self) -> usize {
        self.0 * self.1
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0, self.1)
    }
}

const SHAPES: [Shape; 3] = [Shape(4, 4), Shape(128, 784), Shape(128, 1024)];
const RATE: f64 = 0.5;

/// The masks themselves, step after step, in memory that is there already.
#[divan::bench(args = SHAPES)]
fn seeded_values(bencher: Bencher, shape: &Shape) {
    let mut masks = SeededMasks::new(42).layer(0, shape.values());
    let mut mask = vec![0.0_f32; shape.values()];
    let mut step = 0;
    bencher
        .counter(ItemsCount::new(shape.values()))
        .bench_local(|| {
            step += 1;
            masks.fill(step, RATE, &mut mask);
        });
}

/// A layer's outputs with dropout, on the default backend without autodiff: mask and multiplication.
#[divan::bench(args = SHAPES)]
fn seeded_dropout(bencher: Bencher, shape: &Shape) {
    let device = Backend::default().device().expect("a device");
    let x = Tensor::<2>::ones([shape.0, shape.1], &device);
    let mut masks = SeededMasks::new(42).layer(0, shape.values());
    let mut step = 0;
    bencher
        .counter(ItemsCount::new(shape.values()))
        .bench_local(|| {
            step += 1;
            masks.apply(step, RATE, x.clone())
        });
}

/// The same by the framework's layer, which acts on a device with autodiff only.
#[divan::bench(args = SHAPES)]
fn framework_dropout(bencher: Bencher, shape: &Shape) {
    let device = Backend::default().device().expect("a device").autodiff();
    let x = Tensor::<2>::ones([shape.0, shape.1], &device);
    let dropout = layer("rate", RATE).expect("a rate");
    bencher
        .counter(ItemsCount::new(shape.values()))
        .bench_local(|| dropout.forward(x.clone()));
}

/// The multiplication alone.
#[divan::bench(args = SHAPES)]
fn multiplication(bencher: Bencher, shape: &Shape) {
    let device = Backend::default().device().expect("a device");
    let x = Tensor::<2>::ones([shape.0, shape.1], &device);
    bencher
        .counter(ItemsCount::new(shape.values()))
        .bench_local(|| x.clone() * x.clone());
}
