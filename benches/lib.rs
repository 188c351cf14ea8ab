//! Benchmarks of dropwise: a file each. `cargo bench -p dropwise-benches --bench mnist_step`
