//! Charts, as PNG: drawn as SVG with a typeface of our own, so that they look the same on every machine.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

const REGULAR: &[u8] = include_bytes!("fonts/Roboto-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/Roboto-Bold.ttf");
/// Colours that differ in lightness too, for those who do not tell hues apart.
const COLOURS: [&str; 2] = ["#1d4e89", "#e0912b"];
const INK: &str = "#1f2733";
const PALE: &str = "#5b6675";
const LINE: &str = "#d9dde3";
/// Width of every chart: a telephone shows it nearly at its own size, so that words can be read there. It is drawn finer, for larger screens.
const WIDTH: f64 = 400.0;
const SCALE: f32 = 2.8;
/// What a letter takes of its size, on average.
const LETTER: f64 = 0.56;

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    Options { fontdb: Arc::new(fonts), font_family: "Roboto".to_owned(), ..Options::default() }
});

/// A row or column of a chart: what it is, one value a series, and what stands beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// One value a series.
    pub values: Vec<f64>,
    /// What stands beside each; empty: nothing.
    pub notes: Vec<String>,
}

impl Bar {
    /// Of one value, which stands beside it as it is.
    #[must_use]
    pub fn of(label: &str, count: i64) -> Self {
        // Counts of tickets are far below what a float holds exactly.
        #[allow(clippy::cast_precision_loss)]
        Self { label: label.to_owned(), values: vec![count as f64], notes: vec![count.to_string()] }
    }
}

/// Columns side by side, with the names of the series above.
#[must_use]
pub fn columns(title: &str, series: &[String], bars: &[Bar]) -> String {
    let mut svg = String::new();
    // What stands on a column has room below the names.
    let top = head(&mut svg, title, series) + 18.0;
    let (bottom, left) = (top + 170.0, 34.0);
    let most = bars.iter().flat_map(|b| &b.values).copied().fold(1.0, f64::max);
    let step = nice(most / 4.0);
    let ceiling = (most / step).ceil() * step;
    let y = |value: f64| bottom - (bottom - top) * value / ceiling;
    let mut line = 0.0;
    while line <= ceiling + step / 2.0 {
        let at = y(line);
        let _ = write!(svg, r##"<path d="M{left} {at:.1}H{WIDTH}" stroke="{LINE}"/>"##);
        text(&mut svg, left - 6.0, at + 4.0, "end", 12, PALE, &figure(line));
        line += step;
    }
    let room = (WIDTH - left - 6.0) / as_float(bars.len().max(1));
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|t| wide(t, 12)).fold(0.0, f64::max);
    // Not more names than can be read, and none beside another.
    let names = widest(&mut bars.iter().map(|bar| &bar.label)) + 6.0;
    let every = (1..=bars.len()).find(|every| room * as_float(*every) >= names).unwrap_or(bars.len().max(1));
    let broad = |values: usize| (room * 0.8 / as_float(values.max(1))).min(46.0);
    // What stands on columns stands on all of them, or on none.
    let thinnest = bars.iter().map(|bar| broad(bar.values.len())).fold(46.0, f64::min);
    let fits = widest(&mut bars.iter().flat_map(|bar| &bar.notes)) <= thinnest + 1.0;
    for (at, bar) in bars.iter().enumerate() {
        let from = left + 3.0 + room * as_float(at);
        let width = broad(bar.values.len());
        let begin = from + (room - width * as_float(bar.values.len())) / 2.0;
        for (of, value) in bar.values.iter().enumerate() {
            let (x, colour) = (begin + width * as_float(of), COLOURS[of % COLOURS.len()]);
            let (y, tall, thick) = (y(*value), bottom - y(*value), (width - 1.0).max(1.0));
            let _ = write!(svg, r##"<path d="M{x:.1} {y:.1}h{thick:.1}v{tall:.1}h-{thick:.1}z" fill="{colour}"/>"##);
            if let Some(note) = bar.notes.get(of).filter(|n| fits && !n.is_empty() && *value > 0.0) {
                text(&mut svg, x + width / 2.0, y - 4.0, "middle", 12, INK, note);
            }
        }
        if at % every == 0 {
            let half = wide(&bar.label, 12) / 2.0;
            let middle = (from + room / 2.0).clamp(half, WIDTH - half);
            text(&mut svg, middle, bottom + 17.0, "middle", 12, PALE, &bar.label);
        }
    }
    whole(bottom + 26.0, &svg)
}

/// Rows one below the other, each below its name; `most`: the value of a full one, or the greatest where it is 0.
#[must_use]
pub fn rows(title: &str, series: &[String], bars: &[Bar], most: f64) -> String {
    const THICK: f64 = 15.0;
    let mut svg = String::new();
    let top = head(&mut svg, title, series) + 4.0;
    let room = 20.0 + THICK * as_float(series.len().max(1)) + 10.0;
    let notes = bars.iter().flat_map(|b| &b.notes).map(|note| wide(note, 13)).fold(0.0, f64::max);
    let (left, right) = (4.0, WIDTH - notes - 10.0);
    let greatest = bars.iter().flat_map(|b| &b.values).copied().fold(1.0, f64::max);
    let full = if most > 0.0 { most } else { greatest };
    for (at, bar) in bars.iter().enumerate() {
        let y = top + room * as_float(at);
        text(&mut svg, left, y + 13.0, "start", 13, INK, &shorten(&bar.label, WIDTH - 8.0, 13));
        for (of, value) in bar.values.iter().enumerate() {
            let (y, colour) = (y + 19.0 + THICK * as_float(of), COLOURS[of % COLOURS.len()]);
            let (all, thick) = (right - left, THICK - 3.0);
            let long = all * (value / full).clamp(0.0, 1.0);
            let _ =
                write!(svg, r##"<rect x="{left}" y="{y:.1}" width="{all:.1}" height="{thick:.1}" fill="#eef1f5"/>"##);
            let _ = write!(svg, r##"<path d="M{left} {y:.1}h{long:.1}v{thick:.1}h-{long:.1}z" fill="{colour}"/>"##);
            let note = bar.notes.get(of).cloned().unwrap_or_default();
            text(&mut svg, right + 6.0, y + thick - 1.0, "start", 13, INK, &note);
        }
    }
    whole(top + room * as_float(bars.len().max(1)), &svg)
}

/// A drawing as PNG; none where it cannot be drawn, which is a mistake in this module.
#[must_use]
pub fn png(svg: &str) -> Option<Vec<u8>> {
    let tree = Tree::from_str(svg, &OPTIONS).ok()?;
    let size = tree.size().to_int_size().scale_by(SCALE)?;
    let mut picture = Pixmap::new(size.width(), size.height())?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut picture.as_mut());
    picture.encode_png().ok()
}

/// A drawing of this height.
fn whole(height: f64, inside: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0}" font-family="Roboto"><rect width="100%" height="100%" fill="#ffffff"/>{inside}</svg>"##
    )
}

/// The title and, where there is more than one series, their names. Gives where they end.
fn head(svg: &mut String, title: &str, series: &[String]) -> f64 {
    let mut y = 4.0;
    if !title.is_empty() {
        let title = escape(&shorten(title, WIDTH - 8.0, 15));
        let _ = write!(svg, r##"<text x="4" y="20" font-size="15" font-weight="bold" fill="{INK}">{title}</text>"##);
        y = 28.0;
    }
    if series.len() < 2 {
        return y;
    }
    let mut x = 4.0;
    y += 14.0;
    for (of, name) in series.iter().enumerate() {
        let name = shorten(name, WIDTH - 24.0, 13);
        let long = 28.0 + wide(&name, 13);
        if x > 4.0 && x + long > WIDTH {
            (x, y) = (4.0, y + 18.0);
        }
        let (top, colour) = (y - 10.0, COLOURS[of % COLOURS.len()]);
        let _ = write!(svg, r##"<rect x="{x:.0}" y="{top:.0}" width="10" height="10" fill="{colour}"/>"##);
        text(svg, x + 15.0, y, "start", 13, PALE, &name);
        x += long;
    }
    y + 8.0
}

/// About how wide a text is.
fn wide(text: &str, size: u32) -> f64 {
    as_float(text.chars().count()) * f64::from(size) * LETTER
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: u32, colour: &str, words: &str) {
    let words = escape(words);
    let _ = write!(
        svg,
        r##"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{words}</text>"##
    );
}

fn escape(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As much of a text as has room.
fn shorten(text: &str, room: f64, size: u32) -> String {
    let mut kept: String = text.to_owned();
    while wide(&kept, size) > room && kept.pop().is_some() {}
    if kept.len() == text.len() {
        return kept;
    }
    kept.pop();
    kept + "…"
}

/// 1, 2 or 5 times a power of ten, whole, not below the value.
fn nice(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    let found = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= value);
    found.unwrap_or(power * 10.0).max(1.0)
}

fn figure(value: f64) -> String {
    format!("{value:.0}")
}

fn as_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_become_pictures_whatever_their_words_are() {
        let series = ["Ouvertes <&>".to_owned(), "Résolues".to_owned()];
        let bar = |label: &str, a: f64, b: f64| Bar {
            label: label.to_owned(),
            values: vec![a, b],
            notes: vec![String::new(); 2],
        };
        let bars: Vec<Bar> =
            (0..31).map(|d| bar(&format!("{d}\u{0} \"\u{202e}漢"), f64::from(d % 7), f64::from(d % 5))).collect();
        for svg in [
            columns("Volume", &series, &bars),
            rows("Priorité", &series, &bars, 0.0),
            columns("Rien", &[], &[]),
            rows("Rien", &[], &[], 100.0),
        ] {
            let picture = png(&svg).unwrap_or_default();
            assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
            assert!(picture.len() > 1_000 && picture.len() < 200_000, "{}", picture.len());
        }
    }

    #[test]
    fn axes_count_in_round_figures() {
        assert_eq!([0.2, 1.0, 1.5, 2.5, 6.0, 11.0, 240.0].map(nice), [1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 500.0]);
    }
}
