//! What a service desk wants its figures to be.

/// Goals; none where nobody set one. Shares are in per cent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Goals {
    /// At least as many first answers in time.
    pub response_kept: Option<f64>,
    /// At least as many solutions in time.
    pub resolution_kept: Option<f64>,
    /// At least as many of those opened are solved.
    pub solved: Option<f64>,
    /// At most as many are reopened.
    pub reopened: Option<f64>,
    /// At least as many are solved at the first level.
    pub first_level: Option<f64>,
    /// At least as many are solved by articles alone.
    pub by_articles: Option<f64>,
    /// At most as many go up a level.
    pub went_up: Option<f64>,
    /// At least this mean mark, 1 to 5.
    pub satisfaction: Option<f64>,
}
