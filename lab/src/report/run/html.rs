//! The report as one page of HTML that refers to nothing outside itself.

use super::{Figure, FigureTable, Report, Section};
use crate::report::escape::{escaped, printable};
use crate::report::ink::{self, of_run};
use crate::report::table::Table;

const STYLE: &str = include_str!("report.css");

impl Report {
    /// The report as one HTML file: nothing is fetched, and there are no scripts. The same data give the same
    /// bytes.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = self.title();
        let sections: String = self
            .sections()
            .iter()
            .map(|section| self.section(section))
            .collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"dropwise {}\">\n\
             <title>{}</title>\n<style>\n{STYLE}{}\n</style>\n</head>\n<body class=\"{}\">\n{}<main>\n{sections}{}</main>\n{}</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            words(&title),
            ink::style("svg ", &sections),
            if self.runs().len() > 1 {
                "several"
            } else {
                "one"
            },
            self.header(&title),
            self.notes(),
            footer()
        )
    }

    fn header(&self, title: &str) -> String {
        let links = self.sections().iter().map(|section| {
            format!(
                "<li><a href=\"#{}\">{}</a></li>\n",
                section.name,
                words(&section.title)
            )
        });
        format!(
            "<header>\n<p class=\"kind\">dropwise report</p>\n<h1>{}</h1>\n<p class=\"summary\">{}</p>\n\
             <nav aria-label=\"Contents\">\n<ul>\n{}</ul>\n</nav>\n</header>\n",
            words(title),
            words(&self.summary()),
            links.collect::<String>()
        )
    }

    fn section(&self, section: &Section) -> String {
        let name = section.name;
        let combined = section.combined.iter().map(|figure| {
            let figure = draw(figure, &format!("{name}-all-"));
            format!("<div class=\"combined\">{figure}</div>\n")
        });
        let runs = section
            .runs
            .iter()
            .enumerate()
            .map(|(run, figure)| self.run(section, run, figure.as_ref()));
        format!(
            "<section id=\"{name}\" aria-labelledby=\"{name}-heading\">\n<div class=\"intro\">\n\
             <h2 id=\"{name}-heading\">{}</h2>\n<p class=\"lead\">{}</p>\n</div>\n\
             <div class=\"content\">\n{}<div class=\"runs\">\n{}</div>\n</div>\n</section>\n",
            words(&section.title),
            words(&section.lead),
            combined.collect::<String>(),
            runs.collect::<String>()
        )
    }

    fn run(&self, section: &Section, run: usize, figure: Option<&Figure>) -> String {
        let content = match figure {
            Some(figure) => draw(figure, &format!("{}-{run}-", section.name)),
            None => "<p class=\"lead\">This run has none.</p>".to_owned(),
        };
        let config = match section.name {
            "card" => format!(
                "<details><summary>Configuration</summary><pre>{}</pre></details>",
                lines(&self.runs()[run].card.config)
            ),
            _ => String::new(),
        };
        format!(
            "<article>\n{}{content}{config}\n</article>\n",
            self.heading(run)
        )
    }

    /// The name of a run, in the color that it has where all runs are in one picture.
    fn heading(&self, run: usize) -> String {
        if self.runs().len() < 2 {
            return String::new();
        }
        let ink = of_run(run).light;
        let swatch = format!(
            "<svg class=\"swatch\" viewBox=\"0 0 2 2\" aria-hidden=\"true\"><circle cx=\"1\" cy=\"1\" r=\"1\" fill=\"{ink}\"/></svg>"
        );
        format!("<h3>{swatch}{}</h3>\n", words(&self.runs()[run].name))
    }

    /// What is not shown, and why.
    fn notes(&self) -> String {
        let items = self
            .all_notes()
            .into_iter()
            .map(|note| format!("<li>{}</li>\n", words(&note)));
        let items: String = items.collect();
        if items.is_empty() {
            String::new()
        } else {
            format!(
                "<section id=\"notes\" aria-labelledby=\"notes-heading\">\n<h2 id=\"notes-heading\">What is not shown</h2>\n\
                 <ul>\n{items}</ul>\n</section>\n"
            )
        }
    }
}

fn draw(figure: &Figure, prefix: &str) -> String {
    let pictures = figure.drawings.iter().map(|drawing| {
        let prefix = format!("{prefix}{}-", drawing.name);
        drawing.picture.to_inline_svg(&prefix) + "\n"
    });
    let pictures: String = pictures.collect();
    let pictures = if pictures.is_empty() {
        pictures
    } else {
        format!("<div class=\"pictures\">\n{pictures}</div>\n")
    };
    let (shown, rest): (Vec<_>, Vec<_>) = figure.values.iter().partition(|values| values.is_figure);
    let shown: String = shown.iter().map(|values| table(&values.table)).collect();
    let paragraphs = figure
        .caption
        .lines()
        .map(|line| format!("<p>{}</p>\n", words(line)));
    let caption = match figure.caption.as_str() {
        "" => String::new(),
        _ => format!(
            "<figcaption>\n{}</figcaption>\n",
            paragraphs.collect::<String>()
        ),
    };
    format!(
        "<figure>\n{pictures}{shown}{caption}</figure>\n{}",
        details(&rest)
    )
}

/// What the pictures are made of, for those who want the numbers.
fn details(values: &[&FigureTable]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let tables = values.iter().map(|values| {
        format!(
            "<h4>{}</h4>\n{}",
            words(&values.title),
            table(&values.table)
        )
    });
    // A few short titles say more.
    let titles: Vec<_> = values.iter().map(|values| values.title.as_str()).collect();
    let titles = titles.join("; ");
    let summary = match titles.chars().count() {
        ..=64 => format!("Values: {}", words(&titles)),
        _ => "Values".to_owned(),
    };
    format!(
        "<details><summary>{summary}</summary>\n{}</details>\n",
        tables.collect::<String>()
    )
}

/// Numbers to the right, words to the left. A table without titles is one of facts.
fn table(table: &Table) -> String {
    let is_facts = table.titles().iter().all(String::is_empty);
    let is_word = |column: usize| {
        let mut cells = table.rows().iter().filter_map(|row| row.get(column));
        column == 0 && !cells.clone().all(|cell| is_number(cell))
            || cells.any(|cell| begins_with_a_letter(cell))
    };
    let words_in: Vec<bool> = (0..table.titles().len()).map(is_word).collect();
    let cell = |(column, cell): (usize, &String), tag: &str, scope: &str| {
        let class = if words_in[column] {
            " class=\"word\""
        } else {
            ""
        };
        format!("<{tag}{scope}{class}>{}</{tag}>", words(cell))
    };
    let head: String = table
        .titles()
        .iter()
        .enumerate()
        .map(|at| cell(at, "th", " scope=\"col\""))
        .collect();
    let head = if is_facts {
        String::new()
    } else {
        format!("<thead><tr>{head}</tr></thead>\n")
    };
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|at| match at.0 {
            0 => cell(at, "th", " scope=\"row\""),
            _ => cell(at, "td", ""),
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let rows: String = table.rows().iter().map(row).collect();
    let class = if is_facts { " class=\"facts\"" } else { "" };
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table{class}>\n{head}<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|first: char| first.is_ascii_digit() || "-.".contains(first))
}

fn begins_with_a_letter(cell: &str) -> bool {
    cell.starts_with(char::is_alphabetic) && cell != "not a number"
}

fn footer() -> String {
    format!(
        "<footer>\n<p>Made by dropwise {}. The paper: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: \
         A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15 (2014).</p>\n</footer>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// One line of text as HTML.
fn words(text: &str) -> String {
    // A number stays on the line of its sign.
    escaped(&printable(text)).replace(" %", "\u{a0}%")
}

/// Several lines as HTML.
fn lines(text: &str) -> String {
    text.lines()
        .map(|line| escaped(&printable(line)) + "\n")
        .collect()
}
