//! Reports of explanations that are made up: every value in its place, and nothing that breaks a file.

#[path = "../common/explained.rs"]
mod explained;

use dropwise::report::Report;

#[test]
fn look() {
    let dir = std::path::Path::new("target/look");
    let write = |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap();
    let two = Report::new(vec![explained::images("dropout", true), explained::images("plain", false)]);
    write("two.html", two.to_html());
    write("one.html", Report::new(vec![explained::images("digits", true)]).to_html());
    write("table.html", Report::new(vec![explained::table("concrete")]).to_html());
    write("mixed.html", Report::new(vec![explained::table("concrete"), explained::images("digits", true), explained::bare("bare")]).to_html());
    write("two.md", two.to_markdown(|name| format!("{name}.svg")));
    write("two.txt", two.to_text(80, false));
    write("color.txt", two.to_text(80, true));
    for (name, picture) in two.pictures() {
        write(&format!("{name}.svg"), picture.to_svg());
        std::fs::write(dir.join(format!("{name}.png")), picture.to_png().unwrap()).unwrap();
    }
}
