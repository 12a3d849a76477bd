//! Who is away now, as the store knows it: laid over the agents of the configuration in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::App;
use crate::store::StoreError;
use crate::ticket::{Absence, Away};

/// Looks who is away, and lays it over the settings where it differs.
///
/// # Errors
/// [`StoreError`]; the settings stay as they are.
pub(super) async fn refresh(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let facts = app.store.facts(Absence::FACTS).await?;
    let known = facts.iter().filter_map(|fact| serde_json::from_str::<Absence>(fact).ok());
    let away: BTreeMap<String, Away> = known
        .filter(|absence| absence.until > now)
        .map(|absence| (absence.address, if absence.said { Away::Said } else { Away::Seen }))
        .collect();
    let settings = app.settings.load_full();
    let differs = |address: &String, is: Option<Away>| away.get(address).copied() != is;
    if settings.policy.agents.values().any(|agent| differs(&agent.address, agent.away)) {
        let mut settings = settings.as_ref().clone();
        for agent in settings.policy.agents.values_mut() {
            agent.away = away.get(&agent.address).copied();
        }
        app.settings.store(Arc::new(settings));
    }
    Ok(())
}
