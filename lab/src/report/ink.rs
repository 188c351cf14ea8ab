//! The colors of all figures, each with the one in its place on black.

use std::fmt::Write;

/// A color on white, and the one in its place on black. The first names it in the drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    pub(super) light: &'static str,
    pub(super) dark: &'static str,
}

const fn ink(light: &'static str, dark: &'static str) -> Ink {
    Ink { light, dark }
}

pub(super) const PAPER: Ink = ink("#ffffff", "#0d1117");
pub(super) const TEXT: Ink = ink("#1f2328", "#e6edf3");
pub(super) const LINE: Ink = ink("#57606a", "#9198a1");
pub(super) const GRID: Ink = ink("#d8dee4", "#30363d");
/// Many lines beside each other.
pub(super) const FAINT: Ink = ink("#b8c0c8", "#434b55");
/// Under what is drawn on it.
pub(super) const WASH: Ink = ink("#eef1f4", "#1c222b");
/// These two carry meaning. Like those that tell runs apart they are of the palette of Okabe and Ito (2008), which
/// people with every kind of color vision tell apart.
pub(super) const BLUE: Ink = ink("#0072b2", "#56b4e9");
pub(super) const VERMILLION: Ink = ink("#d55e00", "#e69f00");
/// The same, far behind.
pub(super) const PALE_BLUE: Ink = ink("#b9d7e8", "#1f4560");
pub(super) const GREEN: Ink = ink("#009e73", "#2cc79b");
const PURPLE: Ink = ink("#b0568b", "#d795bb");
const BROWN: Ink = ink("#8a5a00", "#c9a24b");

/// A color for each run; the seventh has the first one again.
pub(super) const RUNS: [Ink; 6] = [BLUE, VERMILLION, GREEN, PURPLE, BROWN, LINE];

/// From the lowest start to the highest.
pub(super) const STARTS: [Ink; 7] = [
    ink("#c04f00", "#ff9a4d"),
    ink("#dc7a2b", "#e8a15c"),
    ink("#d9a679", "#c9ab8c"),
    ink("#8e959c", "#9aa2aa"),
    ink("#7fb0cf", "#86aec6"),
    ink("#3f93c4", "#6db2dc"),
    ink("#005f99", "#4db4ff"),
];

/// The ink of a share, from 0 to 1, of the way from the lowest start to the highest.
pub(super) fn of_start(share: f64) -> Ink {
    let last = STARTS.len() - 1;
    STARTS[((share * last as f64).round().max(0.0) as usize).min(last)]
}

/// The ink of run `k`.
pub(super) fn of_run(k: usize) -> Ink {
    RUNS[k % RUNS.len()]
}

const PLAIN: [Ink; 9] = [
    PAPER, TEXT, LINE, GRID, FAINT, WASH, PALE_BLUE, BLUE, VERMILLION,
];

/// In a dark surrounding each ink of a drawing gives way to its other self; what is under the pointer stands out.
/// `within` selects drawings: empty for a file of its own, or an element of a page with a space.
pub(super) fn style(within: &str, drawing: &str) -> String {
    let mut rules = String::new();
    // Runs begin with two that are there already.
    for Ink { light, dark } in PLAIN.iter().chain(&RUNS[2..5]).chain(&STARTS) {
        for property in ["fill", "stroke"] {
            let named = format!("{property}=\"{light}\"");
            if drawing.contains(&named) {
                // A String takes all that is written to it.
                let _ = write!(rules, "{within}[{named}]{{{property}:{dark}}}");
            }
        }
    }
    let hover = if drawing.contains("class=\"tt\"") {
        format!(
            "{within}.tt:hover *{{fill-opacity:.6}}{within}.tt:hover rect[fill-opacity=\"0\"]{{fill-opacity:.1}}\
             {within}.tt:hover path[fill=\"none\"]{{stroke-width:3}}"
        )
    } else {
        String::new()
    };
    let (images, dark_images) = if drawing.contains("<image") {
        (
            format!("{within}image{{image-rendering:pixelated}}"),
            format!("{within}.ink{{filter:invert(1)}}{within}.signed{{filter:brightness(1.5)}}"),
        )
    } else {
        (String::new(), String::new())
    };
    format!("{images}{hover}@media screen and (prefers-color-scheme:dark){{{rules}{dark_images}}}")
}
