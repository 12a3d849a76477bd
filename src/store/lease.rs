//! Who may do what only one instance does at a time (PostgreSQL; a SQLite file has one process anyway).
//!
//! A lease is a row with an end by the clock of the database. Its holder renews it; whoever finds it over takes it.
//! Holding one proves nothing in itself, since a process may be stopped at any instant: what is done under
//! a lease asks for it again in its own transaction ([`Tx::fence`]), which keeps the row from being taken until
//! the commit. What was claimed under the life of an instance is claimed no longer when that epoch is over.

use sqlx::Row;

use super::{Durability, Engine, Store, StoreError, Tx, sql};

/// One life of an instance: from a start to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Name of the instance (`store.instance`).
    pub instance: String,
    /// Its start in milliseconds since the epoch: of two lives of one instance the newer is right.
    pub begun: i64,
}

impl std::fmt::Display for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.instance, self.begun)
    }
}

/// A lease, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn living(self, life: Life) -> Self {
        Self { life: Some(life).filter(|_| self.engine == Engine::Postgres), ..self }
    }

    /// What claims are marked with; empty where nobody else can claim anything.
    #[must_use]
    pub fn holder(&self) -> String {
        self.life.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Takes or renews a lease for so many milliseconds; false when another holds it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn take_lease(&self, name: &str, time: i64) -> Result<bool, StoreError> {
        let Some(life) = &self.life else { return Ok(true) };
        let query = sqlx::query(sql::LEASE_TAKE.on(self.engine)).bind(name).bind(&life.instance).bind(life.begun);
        Ok(query.bind(time).execute(&self.read).await?.rows_affected() == 1)
    }

    /// Who holds a lease that is not over, and until when; none where it is free.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lease_end(&self, name: &str) -> Result<Option<(i64, i64)>, StoreError> {
        let row = sqlx::query(sql::LEASE_END.on(self.engine)).bind(name).fetch_optional(&self.read).await?;
        Ok(row.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?)
    }

    /// Gives back every lease of this epoch.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn drop_leases(&self) -> Result<(), StoreError> {
        let Some(life) = &self.life else { return Ok(()) };
        let query = sqlx::query(sql::LEASE_DROP.on(self.engine)).bind(&life.instance).bind(life.begun);
        query.execute(&self.read).await?;
        Ok(())
    }

    /// All leases.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let rows = sqlx::query(sql::LEASES.on(self.engine)).fetch_all(&self.read).await?;
        let one = |row: &sqlx::any::AnyRow| {
            Ok(Lease { name: row.try_get(0)?, instance: row.try_get(1)?, left: row.try_get(2)? })
        };
        Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
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
        let Some(life) = &store.life else { return Ok(()) };
        let query = sqlx::query(sql::LEASE_HELD.on(self.engine)).bind(lease).bind(&life.instance).bind(life.begun);
        match query.fetch_optional(&mut *self.tx).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Fenced(lease.to_owned())),
        }
    }
}
