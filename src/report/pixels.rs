//! Images of few pixels inside a picture: the weights of a unit, a handwritten digit.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kuva::render::color::Color;
use kuva::render::render::Primitive;

use super::picture::{escaped, printable};

/// Shades of a palette.
const SHADES: usize = 63;

/// What the values of an image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Palette {
    /// From -1 to 1: orange, the paper, blue. The colours differ in lightness from the paper and in hue from each
    /// other for every kind of colour vision.
    Signed,
    /// From 0 to 1: the paper, ink.
    Ink,
}

/// An image inside a picture, every pixel a square.
#[derive(Debug, Clone)]
pub(super) struct Pixels {
    /// Left, top, width, height in the drawing.
    pub(super) place: [f64; 4],
    pub(super) columns: usize,
    pub(super) palette: Palette,
    /// Row after row; what is out of the palette's range is taken for its end.
    pub(super) values: Vec<f32>,
    /// What appears under the pointer.
    pub(super) tip: String,
}

impl Pixels {
    /// The image twice, for light and dark; one of them is shown.
    pub(super) fn to_svg(&self) -> String {
        let [x, y, width, height] = self.place;
        let image = |class: &str, is_dark: bool| {
            let data = self.to_png(is_dark).map(|png| STANDARD.encode(png));
            let data = data.unwrap_or_default();
            format!(
                "<image class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
                 preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>"
            )
        };
        let title = match self.tip.as_str() {
            "" => String::new(),
            tip => format!("<title>{}</title>", escaped(&printable(tip))),
        };
        format!(
            "<g>{title}{}{}</g>",
            image("light", false),
            image("dark", true)
        )
    }

    /// With a palette of [`SHADES`] colours; none if there is no pixel.
    fn to_png(&self, is_dark: bool) -> Option<Vec<u8>> {
        let rows = self.rows();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(
            &mut bytes,
            u32::try_from(self.columns).ok()?,
            u32::try_from(rows).ok()?,
        );
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let colors = (0..SHADES).flat_map(|shade| self.palette.color(shade, is_dark));
        encoder.set_palette(colors.collect::<Vec<u8>>());
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
            let [red, green, blue] = self.palette.color(self.shade(k), false);
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
    fn color(self, shade: usize, is_dark: bool) -> [u8; 3] {
        let share = shade as f64 / (SHADES - 1) as f64;
        let paper = if is_dark {
            [22, 27, 34]
        } else {
            [255, 255, 255]
        };
        match self {
            Palette::Signed => signed(2.0 * share - 1.0, paper, is_dark),
            Palette::Ink => mixed(paper, ends(is_dark).2, share),
        }
    }
}

/// Orange, blue and ink at their fullest.
fn ends(is_dark: bool) -> ([u8; 3], [u8; 3], [u8; 3]) {
    match is_dark {
        false => ([190, 72, 0], [0, 90, 156], [31, 35, 40]),
        true => ([255, 168, 76], [96, 190, 255], [230, 237, 243]),
    }
}

fn signed(value: f64, paper: [u8; 3], is_dark: bool) -> [u8; 3] {
    let (orange, blue, _) = ends(is_dark);
    mixed(paper, if value < 0.0 { orange } else { blue }, value.abs())
}

fn mixed(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    std::array::from_fn(|k| {
        let (from, to) = (f64::from(from[k]), f64::from(to[k]));
        (from + (to - from) * share).round() as u8
    })
}
