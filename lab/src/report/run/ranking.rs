//! How well probabilities rank rows, whatever threshold is chosen.

use super::{Drawing, Figure, FigureTable, Section};
use crate::explain::{ClassRanking, Explanation, Ranking};
use crate::report::axes::Axes;
use crate::report::chart::Chart;
use crate::report::ink::{BLUE, FAINT, Ink, VERMILLION};
use crate::report::picture::Picture;
use crate::report::table::Table;
use crate::report::words::{count, several};

const SIZE: (f64, f64) = (400.0, 400.0);

/// The curves of each run.
pub(super) fn section(runs: &[Explanation]) -> Option<Section> {
    let lead = "What every threshold on the probability would do. ROC: the share of a class that is found, over the share of \
                the other rows that is taken for it; chance is the diagonal. Precision-recall: the share of what is taken for \
                the class that is right, over the share that is found; it shows more where a class is rare, and chance is \
                that class's share of the rows.";
    let heading = ("ranking", "ROC and precision-recall", lead);
    let found = |run: &Explanation| {
        let ranking = run.ranking.clone();
        ranking.filter(|ranking| !ranking.classes.is_empty())
    };
    super::section_of(heading, runs, found, |ranking| figure(&ranking))
}

fn figure(ranking: &Ranking) -> Figure {
    Figure {
        drawings: vec![
            Drawing::new("roc", roc(ranking)),
            Drawing::new("precision-recall", precision_recall(ranking)),
        ],
        caption: caption(ranking),
        values: vec![FigureTable::new("Classes", table(ranking))],
    }
}

/// The class that is told worst from the others.
fn worst(ranking: &Ranking) -> &ClassRanking {
    let classes = ranking.classes.iter();
    let worst = classes.min_by(|a, b| a.roc_auc.total_cmp(&b.roc_auc));
    worst.unwrap_or(&ranking.classes[0])
}

/// All lines, of several classes the worst one last and in color.
fn lines<'a>(
    ranking: &'a Ranking,
    of: impl Fn(&'a ClassRanking) -> &'a [(f64, f64)],
) -> Vec<(&'a [(f64, f64)], Ink)> {
    let worst = worst(ranking);
    let is_single = ranking.classes.len() == 1;
    let others = ranking
        .classes
        .iter()
        .filter(|class| class.class != worst.class);
    let others = others.map(|class| (of(class), FAINT));
    others
        .chain([(of(worst), if is_single { BLUE } else { VERMILLION })])
        .collect()
}

fn roc(ranking: &Ranking) -> Picture {
    let title = format!("ROC, {} rows", ranking.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "false positive rate",
        y_label: "true positive rate",
        size: SIZE,
        ..Axes::default()
    });
    chart.dashed(&[(0.0, 0.0), (1.0, 1.0)], FAINT);
    for (points, ink) in lines(ranking, |class| &class.roc) {
        chart.line(points, ink, 1.8);
    }
    chart.into_picture(&title, &caption(ranking))
}

fn precision_recall(ranking: &Ranking) -> Picture {
    let title = format!("Precision-recall, {} rows", ranking.split);
    let mut chart = Chart::new(&Axes {
        title: &title,
        x_label: "recall",
        y_label: "precision",
        size: SIZE,
        ..Axes::default()
    });
    let class = worst(ranking);
    let share = class.positives as f64 / (class.positives + class.negatives) as f64;
    chart.dashed(&[(0.0, share), (1.0, share)], FAINT);
    for (points, ink) in lines(ranking, |class| &class.precision_recall) {
        // Precision falls and rises again between thresholds: steps, as scikit-learn draws them.
        let steps = points.iter().scan(0.0, |recall, (next, precision)| {
            let from = (*recall, *precision);
            *recall = *next;
            Some([from, (*next, *precision)])
        });
        chart.line(&steps.flatten().collect::<Vec<_>>(), ink, 1.8);
    }
    chart.into_picture(&title, &caption(ranking))
}

fn table(ranking: &Ranking) -> Table {
    let mut table = Table::new([
        "class",
        "rows",
        "other rows",
        "ROC AUC",
        "average precision",
    ]);
    for class in &ranking.classes {
        table.push(vec![
            class.class.clone(),
            count(class.positives),
            count(class.negatives),
            format!("{:.4}", class.roc_auc),
            format!("{:.4}", class.average_precision),
        ]);
    }
    table
}

fn caption(ranking: &Ranking) -> String {
    let worst = worst(ranking);
    let numbers = format!(
        "ROC AUC {:.4}, average precision {:.4}",
        worst.roc_auc, worst.average_precision
    );
    let rows = several(worst.positives, "row", "rows");
    match ranking.classes.len() {
        1 => format!("{numbers} for {}, which {rows} have.", worst.class),
        others => format!(
            "{others} classes, each against the rest; in color the one that is told worst from the others, {} ({rows}): {numbers}.",
            worst.class
        ),
    }
}
