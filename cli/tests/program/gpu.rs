//! `--backend wgpu`, on any card or on Mesa's software Vulkan. The laws of dropout, the gradients and what is killed and
//! resumed are tested on it where they are tested on every backend.

use crate::runs::{Place, assert_same_run, checkpoints_of, dropwise, good, json, resume, signal};
use crate::runs::{Running, assert_has};

const DIGITS: &str = "[data]\nsource = 'digits'\nsplit = { test = 0.2, validation = 0.1 }\n\
    [network]\nhidden = [48]\nactivation = 'relu'\n[dropout]\ninput = 0.1\nhidden = 0.3\n\
    [train]\noptimizer = 'adam'\nlearning_rate = 0.003\nbatch_size = 128\nepochs = 2\n";

/// Options of a training on a backend.
fn on(backend: &str) -> [&str; 4] {
    ["--backend", backend, "--checkpoint-every", "0"]
}

#[test]
fn the_digits_are_learned_on_a_gpu_as_on_a_cpu() {
    let place = Place::with(DIGITS);
    let loss = |backend: &str| {
        good(place.train_in(backend).args(on(backend)));
        let report = json(place.path(backend).join("report.json"));
        let loss = report["test"]["loss"].as_f64();
        loss.unwrap_or_else(|| panic!("a loss in {report}"))
    };
    // The masks have the same bits, so that nothing but rounding sets the two apart.
    let (gpu, cpu) = (loss("wgpu"), loss("flex"));
    assert!((gpu / cpu - 1.0).abs() < 1e-3, "{gpu} beside {cpu}");
}

#[test]
fn networks_of_a_study_are_trained_on_a_gpu_as_on_a_cpu() {
    // In lanes, and in blocks.
    for (hidden, steps) in [(4, 20), (64, 4)] {
        let study = format!(
            "[data]\nsource = 'xor'\n[network]\nhidden = [{hidden}, {hidden}]\n[dropout]\nhidden = 0.4\n\
             [train]\noptimizer = 'adam'\nlearning_rate = 0.01\nepochs = {steps}\n"
        );
        let place = Place::with(&study);
        let error = |backend: &str| {
            let mut command = dropwise(["study", "experiment.toml", "--replicas", "3"]);
            command.args([
                "--backend",
                backend,
                "--select",
                "loss",
                "--quiet",
                "--out",
                backend,
            ]);
            good(command.current_dir(place.path("")));
            let summary = json(place.path(backend).join("study.json"));
            summary["settings"][0]["error"]["mean"]
                .as_f64()
                .expect("a loss")
        };
        let (gpu, cpu) = (error("wgpu"), error("flex"));
        assert!((gpu / cpu - 1.0).abs() < 1e-3, "{gpu} beside {cpu}");
    }
}

#[test]
fn a_training_on_a_gpu_that_is_interrupted_ends_with_the_same_bytes() {
    let place = Place::with(DIGITS);
    good(place.train_in("whole").args(on("wgpu")));
    let run = place.path("part");
    let mut process = Running::start(place.train_in("part").args(on("wgpu")));
    process.wait_until(|| {
        checkpoints_of(&run)
            .last()
            .is_some_and(|(step, _)| *step > 3)
    });
    signal(&mut process, "-INT");
    assert_has(&process.end().errors, "resume with");
    good(&mut resume(&run));
    assert_same_run(&run, &place.path("whole"));
}
