//! The thin layer over the plotting library: one look for all figures, and SVG that is the same for the same data,
//! can be read aloud, and follows the reader's choice of light or dark.

use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::layout::TickFormat;
use kuva::render::render::{Primitive, Scene, TextAnchor};
use kuva::render::theme::Theme;
use std::fmt::Write;
use std::sync::Arc;

/// A colour on white, and the one in its place on black. The first names it in the drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    pub(super) light: &'static str,
    dark: &'static str,
}

/// The inks of all figures. The two that carry meaning are of the palette of Okabe and Ito (2008), which people
/// with every kind of colour vision tell apart.
pub(super) const PAPER: Ink = Ink {
    light: "#ffffff",
    dark: "#0d1117",
};
pub(super) const TEXT: Ink = Ink {
    light: "#1f2328",
    dark: "#e6edf3",
};
pub(super) const LINE: Ink = Ink {
    light: "#57606a",
    dark: "#9198a1",
};
pub(super) const GRID: Ink = Ink {
    light: "#d8dee4",
    dark: "#30363d",
};
pub(super) const BLUE: Ink = Ink {
    light: "#0072b2",
    dark: "#56b4e9",
};
pub(super) const VERMILLION: Ink = Ink {
    light: "#d55e00",
    dark: "#e69f00",
};

const INKS: [Ink; 6] = [PAPER, TEXT, LINE, GRID, BLUE, VERMILLION];

/// The library's colours for all that is not data.
pub(super) fn theme() -> Theme {
    let text = || TEXT.light.to_owned();
    Theme {
        background: PAPER.light.to_owned(),
        axis_color: LINE.light.to_owned(),
        tick_color: LINE.light.to_owned(),
        grid_color: GRID.light.to_owned(),
        text_color: text(),
        legend_bg: PAPER.light.to_owned(),
        legend_border: GRID.light.to_owned(),
        ..Theme::light()
    }
}

/// Numbers on an axis as people write them: no more digits than there are, powers of ten only far from 1.
pub(super) fn ticks() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| {
        if value == 0.0 || (1e-4..1e5).contains(&value.abs()) {
            // A tick such as 0.30000000000000004 is 0.3.
            let digits = (4 - value.abs().max(1e-4).log10().floor() as i32).clamp(0, 8) as usize;
            let text = format!("{value:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        } else {
            format!("{value:e}")
        }
    }))
}

pub(super) fn line(from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) -> Primitive {
    Primitive::Line {
        x1: from.0,
        y1: from.1,
        x2: to.0,
        y2: to.1,
        stroke: Color::from(ink.light),
        stroke_width: width,
        stroke_dasharray: None,
    }
}

pub(super) fn text(at: (f64, f64), content: &str, size: u32, anchor: TextAnchor) -> Primitive {
    Primitive::Text {
        x: at.0,
        y: at.1,
        content: content.to_owned(),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: Some(Color::from(TEXT.light)),
    }
}

/// The drawing as an SVG file. `title` and `description` are for those who cannot see it.
pub(super) fn to_svg(mut scene: Scene, title: &str, description: &str) -> String {
    number_clips(&mut scene);
    scene.defs.push(style());
    let (width, height) = (scene.width, scene.height);
    let svg = SvgBackend::new().render_scene(&scene);
    let opening = r#"<svg xmlns="http://www.w3.org/2000/svg""#;
    let marked = format!(
        r#"{opening} viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description""#
    );
    let svg = svg.replacen(opening, &marked, 1);
    let (start, rest) = svg.split_once('>').unwrap_or((&svg, ""));
    let (title, description) = (escaped(title), escaped(description));
    format!(
        "{start}>\n<title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>{rest}\n"
    )
}

/// The library counts its clipping regions over the whole process, so that the second figure would differ from
/// the first.
fn number_clips(scene: &mut Scene) {
    let mut count = 0;
    for element in &mut scene.elements {
        if let Primitive::ClipStart { id, .. } = element {
            let name = format!("clip-{count}");
            for definition in &mut scene.defs {
                *definition = definition.replace(&format!("\"{id}\""), &format!("\"{name}\""));
            }
            *id = name;
            count += 1;
        }
    }
}

/// In a dark surrounding each ink gives way to its other self.
fn style() -> String {
    let mut rules = String::new();
    for Ink { light, dark } in INKS {
        for property in ["fill", "stroke"] {
            // A String takes all that is written to it.
            let _ = write!(rules, "[{property}=\"{light}\"]{{{property}:{dark}}}");
        }
    }
    format!("<style>@media (prefers-color-scheme:dark){{{rules}}}</style>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
