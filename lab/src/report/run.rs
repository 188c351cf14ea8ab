//! A report of one run, or of several side by side: what a network has become, in pictures.
//!
//! An [`Explanation`] is drawn in [`Section`]s: one subject each, with a [`Figure`] for each run. All formats are
//! made of these, a file a format.

mod activity;
mod calibration;
mod card;
mod confusion;
mod curves;
mod diagram;
mod features;
mod fit;
mod html;
mod importance;
mod landscape;
mod markdown;
mod mistakes;
mod paths;
mod ranking;
mod redundancy;
mod rotation;
mod sure;
mod terminal;

use std::collections::HashSet;

use super::picture::Picture;
use super::table::Table;
use super::words::slug;
use crate::explain::Explanation;
use dropwise::error::{Error, Result};

pub use landscape::landscape_figure;

/// A report of runs, ready for every format.
#[derive(Debug)]
pub struct Report {
    runs: Vec<Explanation>,
    sections: Vec<Section>,
}

/// One subject of a report.
#[derive(Debug)]
pub struct Section {
    /// One word, for files and links.
    pub name: &'static str,
    /// Its heading.
    pub title: String,
    /// What is shown, and how to read it.
    pub lead: String,
    /// All runs in one figure, where that says more than one beside the other.
    pub combined: Option<Figure>,
    /// A figure for each run; none where a run has nothing to show.
    pub runs: Vec<Option<Figure>>,
}

/// What is shown of one subject.
#[derive(Debug, Default)]
pub struct Figure {
    /// The pictures, side by side.
    pub drawings: Vec<Drawing>,
    /// What is seen and what it means, with the numbers of this run; a line a paragraph.
    pub caption: String,
    /// What is drawn, as tables.
    pub values: Vec<FigureTable>,
}

/// A picture and its name.
#[derive(Debug)]
pub struct Drawing {
    /// One word, unique in its section and run; it is a part of the names of files.
    pub name: String,
    /// The picture.
    pub picture: Picture,
}

/// A table of values.
#[derive(Debug)]
pub struct FigureTable {
    /// What the values are.
    pub title: String,
    /// The values.
    pub table: Table,
    /// Whether the table is the figure, rather than what a picture is made of.
    pub is_figure: bool,
}

/// Draws a section, if a run has what it shows.
type Maker = fn(&[Explanation]) -> Option<Section>;

impl Report {
    /// Draws the runs. Runs of the same name get a number behind it.
    #[must_use]
    pub fn new(mut runs: Vec<Explanation>) -> Self {
        tell_apart(&mut runs);
        // First what it predicts and how well, then how it came to that, then what is inside.
        let makers: [Maker; 15] = [
            confusion::section,
            ranking::section,
            fit::section,
            calibration::section,
            sure::section,
            rotation::section,
            importance::section,
            mistakes::section,
            curves::section,
            landscape::section,
            paths::section,
            redundancy::section,
            features::section,
            activity::section,
            diagram::section,
        ];
        let sections = std::iter::once(card::section(&runs))
            .chain(makers.iter().filter_map(|make| make(&runs)))
            .collect();
        Report { runs, sections }
    }

    /// The data of all runs.
    #[must_use]
    pub fn runs(&self) -> &[Explanation] {
        &self.runs
    }

    /// What is shown, in order. Each section has as many figures as there are runs.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// All pictures, each with a name that no other has, made of run, section and picture: it is fit for a file.
    #[must_use]
    pub fn pictures(&self) -> Vec<(String, &Picture)> {
        let mut pictures = Vec::new();
        for section in &self.sections {
            for (run, figure) in section.figures() {
                for drawing in &figure.drawings {
                    let name = self.picture_name(section, run, drawing);
                    pictures.push((name, &drawing.picture));
                }
            }
        }
        pictures
    }

    /// The data of all runs as a JSON array with a line break at its end.
    ///
    /// # Errors
    /// [`Error::Compute`] if a number cannot be written, which does not happen.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string(&self.runs);
        text.map(|text| text + "\n").map_err(|cause| {
            Error::Compute(format!("the report cannot be written as JSON: {cause}"))
        })
    }

    /// What the report is of.
    fn title(&self) -> String {
        let names: Vec<_> = self.runs.iter().map(|run| run.name.as_str()).collect();
        match names.split_last() {
            None => "No run".to_owned(),
            Some((only, [])) => (*only).to_owned(),
            Some((last, others)) => format!("{} beside {last}", others.join(", ")),
        }
    }

    /// The preferred metrics, in a sentence.
    fn summary(&self) -> String {
        let networks = self.runs.iter().map(|run| run.card.network.as_str());
        match self.runs.len() {
            1 => format!(
                "{}. {}",
                networks.collect::<String>(),
                card::caption(&self.runs)
            ),
            _ => card::caption(&self.runs),
        }
    }

    /// What is not shown, and why, with the names of runs where there are several.
    fn all_notes(&self) -> Vec<String> {
        let named = |run: &Explanation, note: &String| match self.runs.len() {
            1 => note.clone(),
            _ => format!("{}: {note}", run.name),
        };
        let notes = self
            .runs
            .iter()
            .flat_map(|run| run.notes.iter().map(move |note| named(run, note)));
        notes.collect()
    }

    fn picture_name(&self, section: &Section, run: Option<usize>, drawing: &Drawing) -> String {
        let name = format!("{}-{}", section.name, drawing.name);
        match run.and_then(|run| self.slugs().into_iter().nth(run)) {
            Some(run) => format!("{run}-{name}"),
            None => format!("all-{name}"),
        }
    }

    /// A name for each run that is fit for files and links.
    fn slugs(&self) -> Vec<String> {
        let mut taken = HashSet::from(["all".to_owned()]);
        let names = self.runs.iter().map(|run| slug(&run.name));
        names.map(|name| free(&mut taken, &name, "-")).collect()
    }
}

impl Section {
    /// The figures with the run that each is of; none for that of all runs.
    pub(super) fn figures(&self) -> impl Iterator<Item = (Option<usize>, &Figure)> {
        let combined = self.combined.iter().map(|figure| (None, figure));
        let runs = self.runs.iter().enumerate();
        combined.chain(runs.filter_map(|(run, figure)| Some((Some(run), figure.as_ref()?))))
    }
}

/// A section of what some runs have; none if no run has it.
fn section_of<T>(
    (name, title, lead): (&'static str, &str, &str),
    runs: &[Explanation],
    found: impl Fn(&Explanation) -> Option<T>,
    mut draw: impl FnMut(T) -> Figure,
) -> Option<Section> {
    let figures: Vec<_> = runs.iter().map(|run| found(run).map(&mut draw)).collect();
    figures.iter().any(Option::is_some).then(|| Section {
        name,
        title: title.to_owned(),
        lead: lead.to_owned(),
        combined: None,
        runs: figures,
    })
}

impl Drawing {
    fn new(name: impl Into<String>, picture: Picture) -> Self {
        Drawing {
            name: name.into(),
            picture,
        }
    }
}

impl FigureTable {
    /// What a picture is made of.
    fn new(title: impl Into<String>, table: Table) -> Self {
        FigureTable {
            title: title.into(),
            table,
            is_figure: false,
        }
    }
}

fn tell_apart(runs: &mut [Explanation]) {
    let mut taken = HashSet::new();
    for run in runs {
        run.name = free(&mut taken, &run.name, " ");
    }
}

/// The name, or the name with the first number behind it that is not taken; it is taken then.
fn free(taken: &mut HashSet<String>, name: &str, gap: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}{gap}{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}
