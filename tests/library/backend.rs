//! Backends are chosen by name, and a wrong name is answered with the right ones.

use crate::common::backends;
use dropwise::Backend;

#[track_caller]
fn refused(name: &str) -> String {
    let error = name.parse::<Backend>().expect_err("no backend");
    error.to_string()
}

#[test]
fn every_backend_compiled_in_has_a_name_that_opens_it() {
    for (backend, device) in backends() {
        let again: Backend = backend.to_string().parse().expect("its own name");
        assert_eq!(again, backend);
        assert_eq!(again.device().expect("a device").autodiff(), device);
    }
}

#[test]
fn the_default_is_the_fastest_one_compiled_in() {
    let fastest = ["cuda", "wgpu", "flex", "ndarray"]
        .into_iter()
        .find(|name| name.parse::<Backend>().is_ok());
    assert_eq!(fastest, Some(Backend::default().name()));
}

#[test]
fn a_name_that_means_nothing_is_answered_with_those_that_do() {
    let error = refused("torch");
    assert!(error.starts_with("backend `torch`: there is no backend of this name; compiled in: `"));
    for (backend, _) in backends() {
        assert!(error.contains(&format!("`{backend}`")), "{error}");
    }
    for name in ["", ":", "Flex", "flex ", "flex,ndarray"] {
        assert!(
            refused(name).contains("there is no backend of this name"),
            "{name}"
        );
    }
}

#[test]
fn a_backend_that_is_not_compiled_in_is_answered_with_its_feature() {
    let all = [
        ("cuda", cfg!(feature = "cuda")),
        ("wgpu", cfg!(feature = "wgpu")),
        ("flex", cfg!(feature = "flex")),
        ("ndarray", cfg!(feature = "ndarray")),
        ("remote", cfg!(feature = "remote")),
    ];
    for (name, _) in all.iter().filter(|(_, compiled)| !compiled) {
        let error = refused(name);
        let fix = format!("it is not compiled in; add it with `--features {name}`");
        assert!(error.contains(&fix), "{error}");
    }
}

#[test]
fn a_cpu_takes_no_device_behind_a_colon() {
    for (backend, _) in backends()
        .iter()
        .filter(|(backend, _)| backend.name() != "cuda")
    {
        let error = refused(&format!("{backend}:1"));
        assert!(error.contains("it takes nothing behind a colon"), "{error}");
    }
}
