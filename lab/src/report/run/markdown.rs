//! The report as Markdown, with its pictures beside it as files.

use super::{Figure, Report, Section};
use crate::report::escape::printable;

impl Report {
    /// The report as Markdown. `path` says where the file of a picture is, by its name in [`Report::pictures`].
    #[must_use]
    pub fn to_markdown(&self, path: impl Fn(&str) -> String) -> String {
        let mut text = format!(
            "# {}\n\n{}\n\n",
            words(&self.title()),
            words(&self.summary())
        );
        for section in self.sections() {
            text += &format!(
                "## {}\n\n{}\n\n",
                words(&section.title),
                words(&section.lead)
            );
            for (run, figure) in section.figures() {
                text += &self.figure(section, run, figure, &path);
            }
        }
        let notes: String = self
            .all_notes()
            .iter()
            .map(|note| format!("- {}\n", words(note)))
            .collect();
        if notes.is_empty() {
            text.trim_end().to_owned() + "\n"
        } else {
            format!("{text}## What is not shown\n\n{notes}")
        }
    }

    fn figure(
        &self,
        section: &Section,
        run: Option<usize>,
        figure: &Figure,
        path: &impl Fn(&str) -> String,
    ) -> String {
        let mut text = String::new();
        if let Some(run) = run.filter(|_| self.runs().len() > 1) {
            text += &format!("### {}\n\n", words(&self.runs()[run].name));
        }
        for drawing in &figure.drawings {
            let file = path(&self.picture_name(section, run, drawing));
            let title = words(drawing.picture.title()).replace(['[', ']'], "");
            text += &format!("![{title}]({})\n\n", file.replace(' ', "%20"));
        }
        for values in figure.values.iter().filter(|values| values.is_figure) {
            text += &format!("{}\n", values.table.to_markdown());
        }
        if !figure.caption.is_empty() {
            for line in figure.caption.lines() {
                text += &format!("{}\n\n", words(line));
            }
        }
        for values in figure.values.iter().filter(|values| !values.is_figure) {
            let (title, table) = (words(&values.title), values.table.to_markdown());
            text += &format!("<details><summary>{title}</summary>\n\n{table}\n</details>\n\n");
        }
        if let ("card", Some(run)) = (section.name, run) {
            let config = self.runs()[run].card.config.trim_end();
            text += &format!(
                "<details><summary>Configuration</summary>\n\n~~~~toml\n{config}\n~~~~\n\n</details>\n\n"
            );
        }
        text
    }
}

/// A line of text, of which nothing is taken for HTML.
fn words(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;")
}
