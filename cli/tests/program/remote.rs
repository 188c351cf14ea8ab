//! `--backend remote:ws://...`: a Burn server in another process, the example `remote_server`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::runs::{Place, Running, assert_has, bad, checkpoints_of, good, json, resume};

/// A server on this machine, which is killed with its test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// On this port; 0 takes a free one.
    fn start(port: &str) -> Self {
        let folder = Path::new(env!("CARGO_BIN_EXE_dropwise"))
            .parent()
            .expect("a folder");
        let mut process = Command::new(folder.join("examples/remote_server"))
            .args(["--port", port, "--backend", "flex"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the example `remote_server`, built");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("its first line");
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("ws://"));
        Server {
            address: address
                .unwrap_or_else(|| panic!("an address in {line}"))
                .to_owned(),
            process,
        }
    }

    fn backend(&self) -> String {
        format!("remote:{}", self.address)
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().expect("a port")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const DIGITS: &str = "[data]\nsource = 'digits'\nsplit = { test = 0.2, validation = 0.1 }\n\
    [network]\nhidden = [32]\nactivation = 'relu'\n[dropout]\nhidden = 0.3\n\
    [train]\noptimizer = 'adam'\nlearning_rate = 0.003\nbatch_size = 128\nepochs = 30\n";

#[test]
fn xor_is_learned_through_a_server() {
    let server = Server::start("0");
    let place = Place::with(
        "[data]\nsource = 'xor'\n[network]\nhidden = [8]\nbias = false\n[dropout]\nhidden = 0.1\n\
         [train]\nlearning_rate = 0.5\nsteps = 6000\nloss = 'squared-error'\n",
    );
    good(place.train_in("run").args(["--backend", &server.backend()]));
    let report = json(place.path("run/report.json"));
    assert_eq!(report["train"]["errors"], 0, "{report}");
}

#[test]
fn a_server_that_is_killed_ends_the_training_with_a_clear_error_and_the_run_goes_on_with_another() {
    let server = Server::start("0");
    let place = Place::with(DIGITS);
    let run = place.path("run");
    let backend = server.backend();
    let arguments = ["--backend", &backend, "--checkpoint-every", "0"];
    let mut process = Running::start(place.train_in("run").args(arguments));
    process.wait_until(|| {
        checkpoints_of(&run)
            .last()
            .is_some_and(|(step, _)| *step > 20)
    });
    let port = server.port().to_owned();
    drop(server);
    let ended = process.end();
    assert_eq!(ended.status, Some(1), "{}", ended.errors);
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
    assert_has(
        &ended.errors,
        &format!("the server of `{backend}` does not answer any more"),
    );
    assert_has(&ended.errors, "resume with: dropwise train --resume");

    // Nobody answers: an error, and not a wait without end.
    let errors = bad(&mut resume(&run), 1);
    assert_has(&errors, &backend);

    let again = Server::start(&port);
    assert_eq!(again.backend(), backend);
    good(&mut resume(&run));
    let report = json(run.join("report.json"));
    let errors = report["test"]["error_rate"].as_f64();
    assert!(errors.is_some_and(|rate| rate < 0.1), "{report}");
}
