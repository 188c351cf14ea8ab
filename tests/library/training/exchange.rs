//! One training over several processes, which here are threads: the same bits, however many there are.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use dropwise::config::CheckedExperiment;
use dropwise::dropout::{MaskAt, SeededMasks};
use dropwise::train::{End, Exchange, Flow, Observer, Report, Trainer, broadcast, check_same};
use dropwise::{Dataset, Error, LayerWeights, Result};
use proptest::prelude::*;

use super::{course, descended, device, gradients, trainer, weights};
use crate::common::assert_layers_close;
use crate::common::rows::{Rows, bits, experiment, experiment_with, with_seed};

/// One of several processes.
struct Process {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

impl Exchange for Process {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn swap(&mut self, other: usize, bytes: &[u8], into: &mut [u8]) -> Result<()> {
        let cut = |_| Error::Compute(format!("rank {other} does not answer rank {}", self.rank));
        // A process that has ended reads nothing any more.
        let _ = self.to[other].send(bytes.to_vec());
        let found = self.from[other].recv().map_err(cut)?;
        assert_eq!(
            found.len(),
            into.len(),
            "both know how much there is to send"
        );
        into.copy_from_slice(&found);
        Ok(())
    }
}

/// Runs `work` in so many processes, and returns what it comes to in each.
fn together<T: Send>(size: usize, work: impl Fn(Process) -> T + Sync) -> Vec<T> {
    let mut processes: Vec<Process> = (0..size)
        .map(|rank| Process {
            rank,
            to: vec![],
            from: vec![],
        })
        .collect();
    for from in 0..size {
        for to in 0..size {
            let (sender, receiver) = channel();
            processes[from].to.push(sender);
            processes[to].from.push(receiver);
        }
    }
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = processes
            .into_iter()
            .map(|process| scope.spawn(move || work(process)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

fn in_process<'a>(
    experiment: &CheckedExperiment,
    data: &'a Dataset,
    process: Process,
) -> Trainer<'a> {
    let trainer = trainer(experiment, data).with_exchange(process);
    trainer.expect("as many processes as can share the shards")
}

/// What makes a difference to how a batch is cut: batches that shards do not divide, a last one with fewer rows than shards, all rows
/// at once; and what comes after the sum.
const TRAININGS: [(&str, &str); 6] = [
    (
        "kind = 'dropconnect'\ninput = 0.1\nhidden = 0.3",
        "learning_rate = 0.1\nbatch_size = 13\nsteps = 6\nclip = { norm = 0.1 }",
    ),
    (
        "input = 0.1\nhidden = 0.5",
        "optimizer = 'adam'\nlearning_rate = 0.05\nbatch_size = 13\nepochs = 3",
    ),
    (
        "hidden = 0.2",
        "learning_rate = 0.1\nmomentum = 0.9\nsteps = 6\nclip = { norm = 0.1 }",
    ),
    (
        "",
        "learning_rate = 0.1\nbatch_size = 16\nepochs = 2\nmax_norm = 0.8\nweight_decay = 0.01",
    ),
    (
        "hidden = 0.3\nschedule = { early = 1 }",
        "learning_rate = 0.1\nbatch_size = 3\nsteps = 12",
    ),
    (
        "hidden = 0.5",
        "learning_rate = 0.1\nbatch_size = 29\nepochs = 3\nclip = { value = 0.01 }",
    ),
];

#[test]
fn any_number_of_processes_takes_the_same_steps_to_the_last_bit() {
    let data = Dataset::new(Rows::random(29, 1));
    for precision in ["float32", "float64"] {
        for (dropout, train) in TRAININGS {
            let experiment = experiment(precision, dropout, &format!("{train}\nshards = 8"));
            let bits = |course: Vec<Vec<LayerWeights>>| -> Vec<_> {
                course.iter().map(|weights| bits(weights)).collect()
            };
            let alone = bits(course(trainer(&experiment, &data)));
            assert!(alone.len() > 3 && alone[0] != alone[1]);
            for size in [1, 2, 4, 8] {
                let courses = together(size, |process| {
                    course(in_process(&experiment, &data, process))
                });
                for (rank, course) in courses.into_iter().enumerate() {
                    assert!(
                        bits(course) == alone,
                        "rank {rank} of {size}: {precision}\n{train}"
                    );
                }
            }
        }
    }
}

/// Wide enough for the rows of shards to be multiplied at once, for gradients to be made in blocks, and for a tensor to be sent in parts.
#[test]
fn any_number_of_processes_takes_the_same_steps_of_a_wide_network() {
    let data = Dataset::new(Rows::random(50, 1));
    for precision in ["float32", "float64"] {
        for batch in [32, 21] {
            let train = format!("learning_rate = 0.1\nbatch_size = {batch}\nsteps = 4\nshards = 8");
            let wide = ("hidden = [900, 600, 70]", "hidden = 0.5", train.as_str());
            let experiment = experiment_with(wide.0, (precision, wide.1, wide.2));
            let trained = |mut trainer: Trainer<'_>| {
                trainer.run(&mut ()).expect("a good end");
                bits(&weights(&trainer))
            };
            let alone = trained(trainer(&experiment, &data));
            let plain = trained(trainer(&experiment, &data).without_replay());
            assert!(plain == alone, "{precision}, a batch of {batch}");
            for size in [2, 4, 8] {
                let found = together(size, |process| {
                    trained(in_process(&experiment, &data, process))
                });
                let same = found.iter().all(|found| *found == alone);
                assert!(same, "{size} processes, {precision}, a batch of {batch}");
            }
        }
    }
}

/// What an observer is told at evaluations.
struct Reports(Vec<Report>);

impl Observer for Reports {
    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
        self.0.push(report.clone());
        Ok(())
    }
}

#[test]
fn each_process_evaluates_some_rows_and_knows_the_metrics_of_all_to_the_last_bit() {
    let train = "learning_rate = 0.1\nsteps = 6\nbatch_size = 10\nevaluate_every = 1\nshards = 8";
    let experiment = experiment("float32", "hidden = 0.5", train);
    let data = Dataset::new(Rows::random(29, 1));
    // Fewer batches of rows than processes, and as many batches as they do not divide.
    for rows in [30, 1_100, 2_750] {
        let reports = |trainer: Result<Trainer<'_>>| {
            let mut observer = Reports(vec![]);
            trainer.expect("one").run(&mut observer).expect("an end");
            observer.0
        };
        let all = Dataset::new(Rows::random(rows, 2));
        let alone = Trainer::new(&experiment, &data, Some(&all), &device());
        let alone = reports(alone);
        assert_eq!(alone.len(), 2);
        for size in [2, 4, 8] {
            let found = together(size, |process| {
                let validation = Rows::random(rows, 2);
                let seen = validation.seen();
                let validation = Dataset::new(validation);
                let own = Trainer::new(&experiment, &data, Some(&validation), &device());
                let found = reports(own.and_then(|own| own.with_exchange(process)));
                (found, seen.take())
            });
            let mut read = Vec::new();
            for (found, mut seen) in found {
                assert!(found == alone, "{size} processes, {rows} rows");
                assert!(rows < 1_000 || seen.len() < 2 * rows);
                read.append(&mut seen);
            }
            read.sort_unstable();
            let twice: Vec<usize> = (0..rows).flat_map(|row| [row, row]).collect();
            assert!(read == twice, "each row is read once an evaluation");
        }
    }
}

#[test]
fn a_step_in_shards_is_the_step_of_the_whole_batch_but_for_rounding() {
    let data = Dataset::new(Rows::random(29, 1));
    for (dropout, train) in TRAININGS {
        let whole = course(trainer(&experiment("float64", dropout, train), &data));
        for shards in [2, 8, 64] {
            let train = format!("{train}\nshards = {shards}");
            let shards = course(trainer(&experiment("float64", dropout, &train), &data));
            for (step, (shards, whole)) in shards.iter().zip(&whole).enumerate().skip(1) {
                assert_layers_close(&format!("step {step}: {train}"), shards, whole, 1e-9);
            }
        }
    }
}

#[test]
fn passes_of_shards_are_replayed() {
    let experiment = experiment(
        "float32",
        "hidden = 0.5",
        "learning_rate = 0.1\nsteps = 10\nshards = 4",
    );
    let data = Dataset::new(Rows::random(9, 1));
    let mut trainer = trainer(&experiment, &data);
    trainer.run(&mut ()).expect("a good end");
    // All but the first of each kind: shards of two rows and of three.
    assert_eq!(trainer.replayed_steps(), 4 * 10 - 2);
}

#[test]
fn the_sum_over_shards_is_the_gradient_by_hand() {
    let experiment = experiment("float64", "", "learning_rate = 0.1\nsteps = 4\nshards = 4");
    let rows = Rows::random(9, 1);
    let data = Dataset::new(Rows::random(9, 1));
    let courses = together(2, |process| course(in_process(&experiment, &data, process)));
    for course in courses {
        for step in course.windows(2) {
            let expected = descended(&step[0], &gradients(&step[0], &rows), 0.1);
            assert_layers_close("a step", &step[1], &expected, 1e-13);
        }
    }
}

/// Stops after a step.
struct StopAfter(Option<usize>);

impl Observer for StopAfter {
    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        Ok(match self.0 {
            Some(step) if trainer.step() >= step => Flow::Stop,
            _ => Flow::Continue,
        })
    }
}

#[test]
fn all_processes_end_when_one_is_asked_to_and_go_on_in_another_number() {
    let (dropout, train) = TRAININGS[0];
    let experiment = experiment("float32", dropout, &format!("{train}\nshards = 8"));
    let data = Dataset::new(Rows::random(29, 1));
    let mut whole = trainer(&experiment, &data);
    whole.run(&mut ()).expect("a good end");
    let snapshots = together(4, |process| {
        // One of them alone is told.
        let mut observer = StopAfter((process.rank == 2).then_some(4));
        let mut trainer = in_process(&experiment, &data, process);
        assert_eq!(
            trainer.run(&mut observer).expect("a stop"),
            End::Interrupted
        );
        trainer.snapshot().expect("numbers")
    });
    assert!(snapshots.iter().all(|snapshot| *snapshot == snapshots[0]));
    assert_eq!(
        snapshots[0].step, 5,
        "the step after the one that it was told at"
    );
    for size in [1, 2] {
        let ends = together(size, |process| {
            let resumed = Trainer::resume(&experiment, &data, None, &device(), &snapshots[0]);
            let mut trainer = resumed
                .expect("a trainer")
                .with_exchange(process)
                .expect("a size");
            assert_eq!(trainer.run(&mut ()).expect("a good end"), End::Finished);
            bits(&weights(&trainer))
        });
        assert!(
            ends.iter().all(|end| *end == bits(&weights(&whole))),
            "{size} processes"
        );
    }
}

#[test]
fn two_processes_whose_weights_differ_are_named() {
    let experiment = experiment("float32", "", "learning_rate = 0.1\nsteps = 3\nshards = 4");
    let data = Dataset::new(Rows::random(9, 1));
    let errors = together(4, |process| {
        let seed = if process.rank == 3 { 8 } else { 7 };
        let experiment = with_seed(&experiment, seed);
        let error = in_process(&experiment, &data, process).run(&mut ());
        error.expect_err("other weights").to_string()
    });
    let names = |error: &String| {
        error.contains("the weights after step 1 to be the same in all processes")
            && error.contains("rank 3 differ")
    };
    assert!(errors.iter().any(names), "{errors:?}");
}

#[test]
fn a_process_that_is_lost_ends_the_others_before_their_step() {
    let experiment = experiment("float32", "", "learning_rate = 0.1\nsteps = 3\nshards = 4");
    let data = Dataset::new(Rows::random(9, 1));
    let errors = together(2, |process| {
        if process.rank == 1 {
            return None;
        }
        let mut trainer = in_process(&experiment, &data, process);
        let before = bits(&weights(&trainer));
        let error = trainer.run(&mut ()).expect_err("nobody there");
        assert_eq!((trainer.step(), bits(&weights(&trainer))), (0, before));
        Some(error.to_string())
    });
    let error = errors[0].as_ref().expect("an error");
    assert!(error.contains("rank 1 does not answer rank 0"), "{error}");
}

#[test]
fn as_many_processes_as_cannot_share_the_shards_are_refused() {
    let data = Dataset::new(Rows::random(9, 1));
    for (shards, size, is_good) in [
        (8, 3, false),
        (4, 8, false),
        (1, 2, false),
        (8, 8, true),
        (1, 1, true),
    ] {
        let train = format!("learning_rate = 0.1\nsteps = 3\nshards = {shards}");
        let experiment = experiment("float32", "", &train);
        let found = together(size, |process| {
            trainer(&experiment, &data).with_exchange(process).is_ok()
        });
        assert!(
            found.iter().all(|found| *found == is_good),
            "{shards} shards, {size} processes"
        );
    }
}

#[test]
fn what_one_process_has_all_get_and_what_differs_is_named() {
    for size in [1, 2, 4, 8] {
        let found = together(size, |mut process| {
            let mut bytes = if process.rank == 0 {
                vec![1, 2, 3]
            } else {
                vec![9; process.rank]
            };
            broadcast(&mut process, &mut bytes).expect("all answer");
            let same = check_same(&mut process, "the bytes", [bytes[2]; 32]);
            same.expect("the same everywhere");
            let mine = [u8::from(process.rank == size - 1); 32];
            let found = check_same(&mut process, "the data", mine);
            (bytes, found.err().map(|error| error.to_string()))
        });
        assert!(found.iter().all(|(bytes, _)| *bytes == [1, 2, 3]));
        let named = format!("rank {} differ", size - 1);
        let says = |(_, error): &(_, Option<String>)| {
            error.as_ref().is_some_and(|error| error.contains(&named))
        };
        assert_eq!(found.iter().any(says), size > 1, "{size} processes");
    }
}

proptest! {
    #[test]
    fn the_mask_of_some_rows_is_that_part_of_the_mask_of_all(
        width in 1_usize..40,
        rows in 1_usize..30,
        first in 0_usize..30,
        step in 1_usize..5,
        rate in 0.0_f64..0.9,
    ) {
        let first = first % rows;
        let (stride, device) = (rows * width, device());
        let masks = SeededMasks::new(3);
        let mut all = vec![0.0_f64; rows * width];
        masks.fill(MaskAt { step, layer: 1, stride }, rate, &mut all);
        let options = (&device, burn::tensor::DType::F64);
        let part = masks.layer(1, stride).mask_from(first, step, rate, [rows - first, width], options);
        let part = part.into_data().try_to_vec::<f64>().expect("numbers");
        prop_assert_eq!(part, all[first * width..].to_vec());
    }
}
