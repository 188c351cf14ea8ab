//! What follows from the data and from other values: loss, output layer, initializer, masks.

use dropwise::config::{Activation, CheckedExperiment, Experiment, Initializer, Loss, Masks};
use dropwise::data::{Target, Task};

fn experiment(network: &str, train: &str) -> CheckedExperiment {
    let text = format!(
        "[data]\nsource = 'xor'\n[network]\nhidden = [4]\n{network}\n[train]\nlearning_rate = 1\n\
         epochs = 1\n{train}\n"
    );
    Experiment::parse("x.toml", &text).expect("a good file")
}

fn classes() -> Task {
    Task::Classification {
        classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
    }
}

fn two_classes() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

fn number() -> Task {
    let target = |name: &str| Target {
        name: name.to_owned(),
        mean: 0.0,
        deviation: 1.0,
    };
    Task::Regression {
        targets: vec![target("price"), target("weight")],
    }
}

#[test]
fn the_loss_and_the_output_follow_from_the_task() {
    for (task, loss) in [
        (classes(), Loss::CrossEntropy),
        (two_classes(), Loss::BinaryCrossEntropy),
        (number(), Loss::MeanSquaredError),
    ] {
        let resolved = experiment("", "").resolve(&task).expect("a loss that fits");
        assert_eq!(resolved.loss(), loss, "{task}");
        assert_eq!(resolved.output(), Activation::Identity, "{task}");
    }
}

#[test]
fn a_squared_error_on_classes_has_a_sigmoid_before_it_and_on_numbers_nothing() {
    for loss in ["squared-error", "mean-squared-error"] {
        let experiment = experiment("", &format!("loss = '{loss}'"));
        for (task, output) in [
            (classes(), Activation::Sigmoid),
            (two_classes(), Activation::Sigmoid),
            (number(), Activation::Identity),
        ] {
            let resolved = experiment.resolve(&task).expect("a loss that fits");
            assert_eq!(resolved.output(), output, "{loss}, {task}");
            assert_eq!(resolved.train.loss, experiment.train.loss, "{loss}, {task}");
        }
    }
}

#[test]
fn the_initializer_follows_from_the_activation() {
    for (activation, initializer) in [
        ("sigmoid", Initializer::Xavier),
        ("tanh", Initializer::Xavier),
        ("identity", Initializer::Xavier),
        ("relu", Initializer::He),
        ("gelu", Initializer::He),
        ("silu", Initializer::He),
        ("selu", Initializer::Lecun),
    ] {
        let experiment = experiment(&format!("activation = '{activation}'"), "");
        let resolved = experiment.resolve(&classes()).expect("an experiment");
        assert_eq!(resolved.initializer(), initializer, "{activation}");
    }
}

#[test]
fn masks_are_seeded_at_every_depth_unless_named() {
    for hidden in ["[]", "[4]", "[4, 3]", "[4, 3, 2]"] {
        for (named, masks) in [
            ("", Masks::Seeded),
            ("masks = 'framework'", Masks::Framework),
            ("masks = 'seeded'", Masks::Seeded),
        ] {
            let text = format!(
                "[data]\nsource = 'xor'\n[network]\nhidden = {hidden}\n[dropout]\n{named}\n\
                 [train]\nlearning_rate = 0.1\nsteps = 1\n"
            );
            let experiment = Experiment::parse("test.toml", &text).expect("an experiment");
            assert_eq!(experiment.dropout.masks, masks, "{hidden} {named}");
        }
    }
}

#[test]
fn what_is_resolved_is_what_is_written() {
    for task in [classes(), two_classes(), number()] {
        let resolved = experiment("", "").resolve(&task).expect("an experiment");
        assert_eq!(resolved.d_output(), task.d_output(), "{task}");
        assert_eq!(resolved.train.loss, Some(resolved.loss()), "{task}");
        assert_eq!(resolved.network.output, Some(resolved.output()), "{task}");
        let initializer = Some(resolved.initializer());
        assert_eq!(resolved.network.initializer, initializer, "{task}");
    }
}

#[test]
fn what_is_named_stays_and_resolving_twice_changes_nothing() {
    let named = experiment(
        "activation = 'relu'\noutput = 'tanh'\ninitializer = { normal = 0.01 }",
        "loss = 'squared-error'\n[dropout]\nmasks = 'seeded'",
    );
    for task in [classes(), two_classes(), number()] {
        let resolved = named.resolve(&task).expect("an experiment");
        assert_eq!(*resolved, named, "{task}");
        let once = experiment("", "").resolve(&task).expect("an experiment");
        assert_eq!(once.resolve(&task).expect("an experiment"), once, "{task}");
    }
}

#[test]
fn a_loss_that_does_not_fit_the_data_is_an_error_that_names_both() {
    for (loss, task, expected) in [
        (
            "cross-entropy",
            two_classes(),
            "train.loss: expected a loss for two classes, no and yes, found `cross-entropy`",
        ),
        (
            "cross-entropy",
            number(),
            "train.loss: expected a loss for regression of price, weight, found `cross-entropy`",
        ),
        (
            "binary-cross-entropy",
            number(),
            "train.loss: expected a loss for regression of price, weight, found `binary-cross-entropy`",
        ),
    ] {
        let experiment = experiment("", &format!("loss = '{loss}'"));
        let error = experiment.resolve(&task).expect_err("no fit");
        assert_eq!(error.to_string(), expected);
    }
    // A probability for each class by itself is a loss for classes too.
    let each = experiment("", "loss = 'binary-cross-entropy'");
    assert!(each.resolve(&classes()).is_ok());
}

#[test]
fn many_targets_are_counted_in_messages_and_few_are_named() {
    let task = |count: usize| {
        let target = |k: usize| Target {
            name: format!("y{k}"),
            mean: 0.0,
            deviation: 1.0,
        };
        let targets = (0..count).map(target).collect();
        Task::Regression { targets }.to_string()
    };
    assert_eq!(task(5), "regression of y0, y1, y2, y3, y4");
    assert_eq!(task(784), "regression of 784 targets");
}

#[test]
fn an_output_layer_that_the_tasks_loss_cannot_take_is_an_error() {
    let error = experiment("output = 'sigmoid'", "")
        .resolve(&classes())
        .expect_err("a loss on logits");
    assert_eq!(
        error.to_string(),
        "network.output: expected `identity` with the loss `cross-entropy`, which takes logits, \
         found `sigmoid`"
    );
}
