//! What fell due while the service desk was away: one notification a person, marked as late, instead of a hundred.

use super::App;
use super::commit;
use super::per_person::{Aside, write};
use crate::store::StoreError;
use crate::ticket::NotificationKind;

const LATE: Aside = Aside {
    kind: NotificationKind::CatchUp,
    cause: "",
    more: |count, french| match french {
        true => (format!("… et {count} autres échéances"), "« #liste retard » les donne toutes.".to_owned()),
        false => (format!("… and {count} further due times"), "\"#list overdue\" gives all of them.".to_owned()),
    },
};

/// Writes the notifications. Gives how many.
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let rows = app.store.overdue().await?;
    if rows.is_empty() {
        return Ok(0);
    }
    write(app, &LATE, rows, app.clock.now(), commit::Aside::Overdue).await
}
