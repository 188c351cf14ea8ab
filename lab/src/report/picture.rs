//! A picture, ready for every format, and the thin layer over the plotting library: one look for all figures, and
//! SVG that is the same for the same data, can be read aloud, and follows the reader's choice of light or dark.

use kuva::TerminalBackend;
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::layout::TickFormat;
use kuva::render::render::{Primitive, Scene, TextAnchor};
use kuva::render::theme::Theme;
use std::sync::Arc;

use super::escape::{escaped, printable, shortened};
use super::ink::{GRID, Ink, LINE, PAPER, TEXT, style};
use super::pixels::Pixels;
use dropwise::error::{Error, Result};

/// Of words in all drawings.
pub(super) const TEXT_SIZE: u32 = 12;
const TITLE_SIZE: u32 = 13;
/// Pixels of a PNG file to a unit of the drawing.
const PNG_SCALE: f32 = 2.0;
/// What a reader's own system uses for its words. Nothing is fetched.
const FONTS: &str = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, DejaVu Sans, Arial, sans-serif";

/// One drawing, ready for every format. The same data give the same bytes.
#[derive(Debug)]
pub struct Picture {
    title: String,
    description: String,
    scene: Scene,
    images: Vec<Pixels>,
}

impl Picture {
    /// `title` and `description` are for those who cannot see it.
    pub(super) fn new(mut scene: Scene, title: &str, description: &str) -> Self {
        number_clips(&mut scene);
        // The hover style that the library would add is another than ours.
        scene.has_tooltips = false;
        scene.background_color = None;
        Picture {
            title: printable(title),
            description: printable(description),
            scene,
            images: Vec::new(),
        }
    }

    /// With images of pixels over the drawing.
    pub(super) fn with_images(mut self, images: Vec<Pixels>) -> Self {
        self.images = images;
        self
    }

    /// In the fonts of the reader's system, in place of the one that the library measures with, which is wider.
    pub(super) fn in_system_fonts(mut self) -> Self {
        self.scene.font_family = Some(FONTS.to_owned());
        self
    }

    /// Pictures over a drawing, each with its upper left corner at a place. They are to have no clipping regions,
    /// whose names would be the same.
    pub(super) fn arranged(
        mut scene: Scene,
        (title, description): (&str, &str),
        parts: Vec<((f64, f64), Picture)>,
    ) -> Self {
        let mut images = Vec::new();
        for ((x, y), part) in parts {
            scene.add(Primitive::GroupStart {
                transform: Some(format!("translate({x:.2},{y:.2})")),
                title: None,
                extra_attrs: None,
            });
            scene.elements.extend(part.scene.elements);
            scene.add(Primitive::GroupEnd);
            let moved = part.images.into_iter().map(|image| {
                let [left, top, width, height] = image.place;
                Pixels {
                    place: [left + x, top + y, width, height],
                    ..image
                }
            });
            images.extend(moved);
        }
        let picture = Picture::new(scene, title, description);
        picture.with_images(images).in_system_fonts()
    }

    /// Width and height of the drawing.
    pub(super) fn size(&self) -> (f64, f64) {
        (self.scene.width, self.scene.height)
    }

    /// What it shows.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What is to be seen in it, in words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The picture as an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let paper = r##"<rect width="100%" height="100%" fill="#ffffff" />"##;
        let drawing = self.svg("", "", paper);
        let style = format!("<style>{}</style>{paper}", style("", &drawing));
        drawing.replacen(paper, &style, 1) + "\n"
    }

    /// The picture as a part of an HTML page, which has the style of [`style`] and the background. Names in it
    /// begin with `prefix`, so that they are unique in the page.
    pub(super) fn to_inline_svg(&self, prefix: &str) -> String {
        // The page's style makes the picture as wide as suits what is beside it.
        let width = format!(" style=\"--width:{}\"", self.scene.width);
        self.svg(prefix, &width, "")
    }

    fn svg(&self, prefix: &str, attribute: &str, first: &str) -> String {
        let (width, height) = (self.scene.width, self.scene.height);
        let svg = SvgBackend::new().render_scene(&self.scene);
        // A quotation mark in words is written as `&quot;`, so that these are attributes.
        let svg = svg
            .replace("id=\"clip-", &format!("id=\"{prefix}clip-"))
            .replace(
                "clip-path=\"url(#clip-",
                &format!("clip-path=\"url(#{prefix}clip-"),
            );
        let opening = r#"<svg xmlns="http://www.w3.org/2000/svg""#;
        let marked = format!(
            r#"{opening} viewBox="0 0 {width} {height}" role="img" aria-labelledby="{prefix}title {prefix}description"{attribute}"#
        );
        let svg = svg.replacen(opening, &marked, 1);
        let (start, rest) = svg.split_once('>').unwrap_or((&svg, ""));
        let rest = rest.strip_suffix("</svg>").unwrap_or(rest);
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        let images: String = self.images.iter().map(Pixels::to_svg).collect();
        format!(
            "{start}>\n<title id=\"{prefix}title\">{title}</title>\n\
             <desc id=\"{prefix}description\">{description}</desc>{first}{rest}{images}</svg>"
        )
    }

    /// The picture as a PNG file, two pixels a unit, light.
    ///
    /// # Errors
    /// [`Error::Compute`] if the library cannot draw it, which does not happen.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut scene = Scene::new(self.scene.width, self.scene.height);
        scene.text_color = self.scene.text_color.clone();
        scene.elements = self.scene.elements.clone();
        scene
            .elements
            .extend(self.images.iter().map(Pixels::to_rectangles));
        let backend = RasterBackend::new().with_scale(PNG_SCALE);
        backend.render_scene(&scene).map_err(|cause| {
            Error::Compute(format!("`{}` cannot be drawn as PNG: {cause}", self.title))
        })
    }

    /// The picture in characters, with colors of a terminal.
    pub(super) fn to_ansi(&self, columns: usize, rows: usize) -> String {
        let mut scene = Scene::new(self.scene.width, self.scene.height);
        // A terminal would fill what is only there for the pointer.
        let is_seen = |element: &&Primitive| {
            !matches!(
                element,
                Primitive::Rect {
                    opacity: Some(0.0),
                    ..
                }
            )
        };
        scene.text_color = self.scene.text_color.clone();
        scene.elements = self
            .scene
            .elements
            .iter()
            .filter(is_seen)
            .cloned()
            .collect();
        TerminalBackend::new(columns, rows).render_scene(&scene)
    }
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

/// The library's colors for all that is not data.
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
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
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
    words(at, content, (size, false), TEXT, anchor)
}

/// Words of a size, bold or not.
pub(super) fn words(
    at: (f64, f64),
    content: &str,
    (size, bold): (u32, bool),
    ink: Ink,
    anchor: TextAnchor,
) -> Primitive {
    Primitive::Text {
        x: at.0,
        y: at.1,
        // Between two dollar signs the library would see a formula.
        content: printable(content).replace('$', "\\$"),
        size,
        anchor,
        rotate: None,
        bold,
        color: Some(Color::from(ink.light)),
    }
}

/// An empty drawing with its title and what it needs to be read.
pub(super) fn headed((width, height): (f64, f64), title: &str, subtitle: &str) -> Scene {
    let mut scene = Scene::new(width, height);
    scene.text_color = Some(TEXT.light.to_owned());
    let title = shortened(title, letters(width - 12.0, TITLE_SIZE, 0.62));
    let at = |y: f64| (2.0, y);
    scene.add(words(
        at(16.0),
        &title,
        (TITLE_SIZE, true),
        TEXT,
        TextAnchor::Start,
    ));
    if !subtitle.is_empty() {
        scene.add(words(
            at(33.0),
            subtitle,
            (TEXT_SIZE, false),
            LINE,
            TextAnchor::Start,
        ));
    }
    scene
}

/// How many letters of a size have room in a width. `letter` is the width of one, as a share of its size.
pub(super) fn letters(width: f64, size: u32, letter: f64) -> usize {
    (width / (letter * f64::from(size))).max(1.0) as usize
}

/// Drawings with words that appear under the pointer.
pub(super) fn hover(scene: &mut Scene, tip: &str, drawing: impl IntoIterator<Item = Primitive>) {
    scene.add(Primitive::GroupStart {
        transform: None,
        title: Some(printable(tip)),
        extra_attrs: None,
    });
    scene.elements.extend(drawing);
    scene.add(Primitive::GroupEnd);
}

/// Colors what the library has drawn with a mixture of its own, which is too pale to read and no ink.
pub(super) fn color_text(scene: &mut Scene, text: &str, ink: Ink) {
    for element in &mut scene.elements {
        if let Primitive::Text { content, color, .. } = element
            && content == text
        {
            *color = Some(Color::from(ink.light));
        }
    }
}

/// A muted line for what helps the eye and is no data.
pub(super) fn dashed(from: (f64, f64), to: (f64, f64)) -> Primitive {
    Primitive::Line {
        x1: from.0,
        y1: from.1,
        x2: to.0,
        y2: to.1,
        stroke: Color::from(LINE.light),
        stroke_width: 1.0,
        stroke_dasharray: Some("4 4".to_owned()),
    }
}
