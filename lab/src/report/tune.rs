//! What tuning came to, in words.

use super::{Strip, Strips};
use crate::statistics::Interval;
use crate::tune::{Arm, ArmSummary, DropoutEffect, TrialSetting, TuneSummary};

/// What grew, what each search found, what the test rows say, and what to take.
#[must_use]
pub fn tune_words(summary: &TuneSummary) -> String {
    let mut lines = vec![grown(summary)];
    lines.extend(summary.arms.iter().map(|arm| searched(summary, arm)));
    lines.extend(summary.arms.iter().map(|arm| tested(summary, arm)));
    lines.push(verdict(summary));
    lines.push(recommendation(summary));
    lines.join("\n")
}

/// A strip of dots for the networks with dropout, and one for those without: their errors on the test rows.
#[must_use]
pub fn tune_figure(summary: &TuneSummary) -> Strips {
    let strip = |arm: &ArmSummary| Strip {
        label: arm.arm.words().to_owned(),
        note: String::new(),
        values: arm.test.errors.clone(),
        published: None,
    };
    let seeds = summary
        .arms
        .iter()
        .map(|arm| arm.test.errors.len() + arm.test.diverged);
    Strips {
        title: format!(
            "{} on the test rows of the best setting of each search, {} networks each",
            capital(summary.measure.name()),
            seeds.max().unwrap_or(0)
        ),
        subtitle: "dots: networks; box: quartiles and median; diamond: mean with its 95 % interval"
            .to_owned(),
        value_label: summary.measure.name().to_owned(),
        strip_label: String::new(),
        note_label: String::new(),
        strips: summary.arms.iter().map(strip).collect(),
    }
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn grown(summary: &TuneSummary) -> String {
    let widths = summary.grown.iter().map(|grown| {
        let score = grown.score.map_or("diverged".to_owned(), |score| {
            summary.measure.text(score.error)
        });
        format!("{} {score}", grown.width)
    });
    let curve = widths.collect::<Vec<_>>().join(", ");
    let width = summary.width;
    let says = if summary.fits {
        format!("Grown to {width} units a layer, which fit the training rows")
    } else {
        format!(
            "No width fits the training rows in these epochs: going on with {width} units a layer, the best of them \
             (more epochs, or a larger --max-width, may fit)"
        )
    };
    format!("{says}; error on the training rows by width: {curve}.")
}

fn searched(summary: &TuneSummary, arm: &ArmSummary) -> String {
    format!(
        "With {}, best of {} trials ({} given up, {} diverged) on the validation rows, mean of {} networks: {}, {}.",
        arm.arm.words(),
        arm.trials,
        arm.pruned,
        arm.diverged,
        arm.test.errors.len() + arm.test.diverged,
        summary.measure.text(arm.validation.error),
        setting(&arm.setting)
    )
}

fn setting(setting: &TrialSetting) -> String {
    let mut words = format!("width {}", setting.width);
    if setting.hidden_rate > 0.0 || setting.input_rate > 0.0 {
        let (hidden, input) = (setting.hidden_rate, setting.input_rate);
        words += &format!(", dropout {hidden} hidden / {input} input");
    }
    words += &format!(", learning rate {}", setting.learning_rate);
    if let Some(momentum) = setting.momentum {
        words += &format!(", momentum {momentum}");
    }
    let more = [
        ("max-norm", setting.max_norm),
        ("L1", setting.l1),
        ("beta2", setting.beta2),
    ];
    for (name, value) in more {
        words += &value.map_or(String::new(), |value| format!(", {name} {value}"));
    }
    words
}

fn tested(summary: &TuneSummary, arm: &ArmSummary) -> String {
    let (name, test) = (arm.arm.words(), &arm.test);
    let diverged = match test.diverged {
        0 => String::new(),
        count => format!(" ({count} more diverged)"),
    };
    let Some(found) = &test.error else {
        return format!("On the test rows, {name}: all networks diverged.");
    };
    let deviation = found.standard_deviation.map_or(String::new(), |deviation| {
        format!(", standard deviation {}", summary.measure.text(deviation))
    });
    format!(
        "On the test rows, {name}: mean {} of {} {}{deviation}{diverged}.",
        summary.measure.name(),
        found.count,
        match found.count {
            1 => format!("network {}", summary.measure.text(found.mean)),
            _ => format!("networks {}", summary.measure.text(found.mean)),
        },
    )
}

fn verdict(summary: &TuneSummary) -> String {
    let interval = |interval: Interval| {
        let (low, high) = (interval.low, interval.high);
        format!(
            "95 % interval {} to {}",
            summary.measure.text(low),
            summary.measure.text(high)
        )
    };
    let difference = match (summary.difference, summary.difference_interval) {
        (Some(difference), Some(found)) => {
            format!(
                "a difference of {}, {}",
                summary.measure.text(difference),
                interval(found)
            )
        }
        _ => "there are too few networks to compare".to_owned(),
    };
    match summary.verdict {
        DropoutEffect::Helps => format!("Dropout helps on these data: {difference}."),
        DropoutEffect::Hurts => {
            format!("Dropout does not help on these data, it hurts: {difference}.")
        }
        DropoutEffect::Inconclusive => {
            format!(
                "Dropout does not help on these data beyond what luck could explain: {difference}."
            )
        }
    }
}

fn recommendation(summary: &TuneSummary) -> String {
    let Some(arm) = summary.arm(summary.recommended) else {
        return "There is nothing to recommend.".to_owned();
    };
    let but = match (summary.recommended, summary.verdict) {
        (Arm::Dropout, DropoutEffect::Hurts) | (Arm::NoDropout, DropoutEffect::Helps) => {
            " The test rows say otherwise; they are not for choosing, so measure again on new rows before changing it."
        }
        _ => "",
    };
    format!(
        "Recommended, as the validation rows choose: {}: {}.{but}",
        arm.arm.words(),
        setting(&arm.setting)
    )
}
