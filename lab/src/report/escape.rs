//! Text from outside, such as names, made fit for pages and figures.

/// XML cannot hold every character that a file can.
pub(super) fn printable(text: &str) -> String {
    let printable = |found: &char| !found.is_control() && !"\u{fffe}\u{ffff}".contains(*found);
    text.chars().filter(printable).collect()
}

/// A label leaves room for what it stands at.
pub(super) fn shortened(label: &str, most: usize) -> String {
    let label = printable(label);
    if label.chars().count() <= most {
        return label;
    }
    let start = label.chars().take(most.saturating_sub(1));
    start.chain(['\u{2026}']).collect()
}

/// Words as XML and HTML hold them.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
