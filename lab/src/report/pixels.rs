//! Images of few pixels inside a picture: the weights of a unit, a handwritten digit.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kuva::render::color::Color;
use kuva::render::render::Primitive;

use super::escape::{escaped, printable};

/// Shades of a palette.
const SHADES: usize = 63;

/// What the values of an image are. Colors are as opaque as values are large, so that they suit paper of either
/// kind; what is left to do for dark paper is in the style, by the names of the palettes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Palette {
    /// From -1 to 1: orange, nothing, blue. The two differ in hue for every kind of color vision.
    Signed,
    /// From 0 to 1: nothing, ink.
    Ink,
}

/// An image inside a picture, every pixel a square.
#[derive(Debug, Clone)]
pub(super) struct Pixels {
    /// Left, top, width, height in the drawing.
    pub(super) place: [f64; 4],
    /// At least 1.
    pub(super) columns: usize,
    pub(super) palette: Palette,
    /// Row after row; what is out of the palette's range is taken for its end.
    pub(super) values: Vec<f32>,
    /// What appears under the pointer.
    pub(super) tip: String,
}

impl Pixels {
    pub(super) fn to_svg(&self) -> String {
        let [x, y, width, height] = self.place;
        let data = self
            .to_png()
            .map(|png| STANDARD.encode(png))
            .unwrap_or_default();
        let class = self.palette.class();
        let image = format!(
            "<image class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
             preserveAspectRatio=\"none\" href=\"data:image/png;base64,{data}\""
        );
        match self.tip.as_str() {
            // What lies under it may have something to say.
            "" => format!("{image} pointer-events=\"none\"/>"),
            tip => format!(
                "<g><title>{}</title>{image}/></g>",
                escaped(&printable(tip))
            ),
        }
    }

    /// With a palette of [`SHADES`] colors; none if there is no pixel.
    fn to_png(&self) -> Option<Vec<u8>> {
        let rows = self.rows();
        let mut bytes = Vec::new();
        let size = [self.columns, rows].map(u32::try_from);
        let [Ok(width), Ok(height)] = size else {
            return None;
        };
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let colors: Vec<_> = (0..SHADES).map(|shade| self.palette.color(shade)).collect();
        encoder.set_palette(colors.iter().flat_map(|color| color.0).collect::<Vec<u8>>());
        encoder.set_trns(colors.iter().map(|color| color.1).collect::<Vec<u8>>());
        let shades: Vec<u8> = (0..rows * self.columns)
            .map(|k| self.shade(k) as u8)
            .collect();
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&shades).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }

    /// For formats that cannot hold an image in a drawing.
    pub(super) fn to_rectangles(&self) -> Primitive {
        let [left, top, width, height] = self.place;
        let rows = self.rows();
        let count = rows * self.columns;
        let (w, h) = (width / self.columns as f64, height / rows.max(1) as f64);
        let color = |k: usize| {
            let (color, alpha) = self.palette.color(self.shade(k));
            let [red, green, blue] = color.map(|part| on_white(part, alpha));
            Color::Rgb(red, green, blue)
        };
        Primitive::RectBatch {
            x: (0..count)
                .map(|k| left + w * (k % self.columns) as f64)
                .collect(),
            y: (0..count)
                .map(|k| top + h * (k / self.columns) as f64)
                .collect(),
            w: vec![w; count],
            h: vec![h; count],
            fills: (0..count).map(color).collect(),
        }
    }

    /// Whole rows alone are shown.
    fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    fn shade(&self, pixel: usize) -> usize {
        let value = f64::from(self.values[pixel]);
        let share = match self.palette {
            Palette::Signed => (value + 1.0) / 2.0,
            Palette::Ink => value,
        };
        // What is not a number becomes 0.
        (share.clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as usize
    }
}

impl Palette {
    fn class(self) -> &'static str {
        match self {
            Palette::Signed => "signed",
            Palette::Ink => "ink",
        }
    }

    /// The color of a shade, and how opaque it is.
    fn color(self, shade: usize) -> ([u8; 3], u8) {
        let share = shade as f64 / (SHADES - 1) as f64;
        let (color, share) = match self {
            Palette::Signed if share < 0.5 => ([200, 80, 0], 1.0 - 2.0 * share),
            Palette::Signed => ([0, 95, 170], 2.0 * share - 1.0),
            Palette::Ink => ([0, 0, 0], 0.9 * share),
        };
        (color, (255.0 * share).round() as u8)
    }
}

/// A part of a color, mixed with white.
fn on_white(part: u8, alpha: u8) -> u8 {
    let share = f64::from(alpha) / 255.0;
    (255.0 + (f64::from(part) - 255.0) * share).round() as u8
}
