//! Who may do what only one instance does at a time (PostgreSQL; a SQLite file has one process anyway).
//!
//! A lease is a row with an end by the clock of the database. Its holder renews it; whoever finds it over takes it.
//! Holding one proves nothing in itself, since a process may be stopped at any instant: what is done under
//! a lease asks for it again in its own transaction ([`Tx::fence`]), which keeps the row from being taken until
//! the commit. What was claimed under the epoch of an instance is claimed no longer when that epoch is over.

use sqlx::FromRow;

use super::rows::json;
use super::{Durability, Engine, Store, StoreError, Tx, sql};

/// One epoch of an instance: from a start to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Name of the instance (`store.instance`).
    pub instance: String,
    /// Its start in milliseconds since the epoch: of two epochs of one instance the newer is right.
    pub begun: i64,
}

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.instance, self.begun)
    }
}

/// A lease, for people.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Lease {
    /// What it is about: `desk`, `mailbox:NAME`, `instance:NAME`.
    pub name: String,
    /// Who holds it.
    pub instance: String,
    /// For how many milliseconds yet; below 0 it is over.
    pub left: i64,
}

impl Store {
    /// From now on this store is used by that epoch of an instance.
    #[must_use]
    pub fn used_by(self, epoch: Epoch) -> Self {
        Self { epoch: Some(epoch).filter(|_| self.engine == Engine::Postgres), ..self }
    }

    /// What claims are marked with; empty where nobody else can claim anything.
    #[must_use]
    pub(crate) fn holder(&self) -> String {
        self.epoch.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Takes or renews a lease for so many milliseconds; false when another holds it.
    pub async fn take_lease(&self, name: &str, time: i64) -> Result<bool, StoreError> {
        Ok(!self.take_leases(&[name.to_owned()], time).await?.is_empty())
    }

    /// Takes or renews leases for so many milliseconds, in one statement; gives those that no other holds.
    pub(crate) async fn take_leases(&self, names: &[String], time: i64) -> Result<Vec<String>, StoreError> {
        let Some(epoch) = &self.epoch else { return Ok(names.to_vec()) };
        let query = sqlx::query_scalar(sql::LEASES_TAKE.on(self.engine)).bind(json(&names)?);
        Ok(query.bind(&epoch.instance).bind(epoch.begun).bind(time).fetch_all(&self.write).await?)
    }

    /// Who holds a lease that is not over, and until when; none where it is free.
    pub(crate) async fn lease_end(&self, name: &str) -> Result<Option<(i64, i64)>, StoreError> {
        Ok(sqlx::query_as(sql::LEASE_END.on(self.engine)).bind(name).fetch_optional(&self.read).await?)
    }

    /// Gives back every lease of this epoch.
    pub(crate) async fn drop_leases(&self) -> Result<(), StoreError> {
        let Some(epoch) = &self.epoch else { return Ok(()) };
        let query = sqlx::query(sql::LEASE_DROP.on(self.engine)).bind(&epoch.instance).bind(epoch.begun);
        query.execute(&self.write).await?;
        Ok(())
    }

    /// All leases.
    pub async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        Ok(sqlx::query_as(sql::LEASES.on(self.engine)).fetch_all(&self.read).await?)
    }

    /// Starts a transaction that only the holder of a lease may do.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] for anybody else; [`StoreError::Statement`].
    pub async fn begin_under(&self, lease: &str, durability: Durability) -> Result<Tx, StoreError> {
        let mut tx = self.begin(durability).await?;
        tx.fence(self, lease).await?;
        Ok(tx)
    }
}

impl Tx {
    /// Makes sure that this epoch holds a lease, and goes on holding it until the commit.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it does not; [`StoreError::Statement`].
    pub(super) async fn fence(&mut self, store: &Store, lease: &str) -> Result<(), StoreError> {
        let Some(epoch) = &store.epoch else { return Ok(()) };
        let query = sqlx::query(sql::LEASE_HELD.on(self.engine)).bind(lease).bind(&epoch.instance).bind(epoch.begun);
        match query.fetch_optional(&mut *self.tx).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Fenced(lease.to_owned())),
        }
    }
}
