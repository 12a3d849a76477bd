//! What fell due while the service desk was away: one notification a person, marked as late, instead of a hundred.

use super::App;
use super::commit;
use super::per_person::{Aside, write};
use crate::store::StoreError;
use crate::ticket::NotificationKind;

const LATE: Aside =
    Aside { kind: NotificationKind::CatchUp, cause: "", more: ["late.more", "late.list_all"], why: |_| Vec::new() };

/// Writes the notifications. Gives how many.
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let rows = app.store.overdue().await?;
    if rows.is_empty() {
        return Ok(0);
    }
    write(app, &LATE, rows, app.clock.now(), commit::Aside::Overdue).await
}
