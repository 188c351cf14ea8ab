//! Any text as a configuration: an experiment that passes its check again, or an error; never a panic.

#![no_main]

use dropwise::Experiment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Experiment::parse("fuzz.toml", text) {
        Ok(experiment) => {
            let _ = experiment.warnings();
            let unchecked: Experiment = experiment.clone().into_inner();
            assert_eq!(unchecked.check().expect("checked once"), experiment);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
