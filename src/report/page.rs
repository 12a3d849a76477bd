//! A report as people read it: sections of rows, lines and charts, and what every figure means.

use serde::Serialize;

use super::chart::png;
use super::figures::Figures;
use super::goals::Goals;
use super::period::{Period, Sort};
use crate::notify::Phrases;
use crate::ticket::Policy;

/// A report, as templates name it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    pub title: String,
    /// A sentence below it; may be empty.
    pub intro: String,
    /// Its parts.
    pub sections: Vec<Part>,
    /// Heading of the definitions.
    pub foot: String,
    /// What each figure means.
    pub definitions: Vec<Definition>,
    /// The charts, by the names the parts give them, as SVG.
    #[serde(skip)]
    pub charts: Vec<(String, String)>,
}

/// A part of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    pub heading: String,
    /// Where its chart is (`cid:…`, `data:…`); empty for none.
    pub chart: String,
    /// The chart in words, for those who do not see it.
    pub alt: String,
    /// What somebody wrote.
    pub text: String,
    /// Figures.
    pub rows: Vec<Row>,
    /// Sentences.
    pub lines: Vec<String>,
}

/// A figure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// The figure.
    pub value: String,
    /// What it is of, or its goal; may be empty.
    pub note: String,
}

/// What a figure means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// The figure.
    pub label: String,
    /// What it counts.
    pub text: String,
}

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub sort: Sort,
    /// Its time.
    pub period: Period,

    pub figures: &'a Figures,
    /// Those of the times before, to compare, the newest first.
    pub before: &'a [Figures],
    /// What the service desk wants.
    pub goals: &'a Goals,
    /// Names of priorities, categories, people.
    pub policy: &'a Policy,
    /// What is said in that language.
    pub phrases: &'a Phrases,

    pub language: &'a str,
}

impl Page {
    /// The charts drawn, as PNG, by name.
    #[must_use]
    pub fn pictures(&self) -> Vec<(String, Vec<u8>)> {
        self.charts.iter().filter_map(|(name, svg)| Some((name.clone(), png(svg)?))).collect()
    }

    /// The page with its charts found elsewhere: `place` says where, by name.
    #[must_use]
    pub(crate) fn with_charts(mut self, place: impl Fn(&str) -> String) -> Self {
        for part in self.sections.iter_mut().filter(|p| !p.chart.is_empty()) {
            part.chart = place(&part.chart);
        }
        self
    }
}
