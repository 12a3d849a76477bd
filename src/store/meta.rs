//! Small facts of the service desk itself.

use data_encoding::HEXLOWER;

use super::{Durability, Store, StoreError, Tx, sql};
use crate::ticket::Secret;

pub(super) const SECRET: &str = "secret";

impl Store {
    /// Makes the service desk's key at the first start; gives it.
    ///
    /// # Errors
    /// [`StoreError::Secret`] where it is missing from a store that has been used, or cannot be read: an empty or new key would
    /// make all that was signed worthless, or anybody's to sign.
    pub(super) async fn ensure_secret(&self) -> Result<Vec<u8>, StoreError> {
        if let Some(text) = self.meta(SECRET).await? {
            return key_of(&text);
        }
        let used = sqlx::query(sql::USED.on(self.engine)).fetch_optional(&self.read).await?.is_some();
        if used {
            return Err(StoreError::Secret("missing"));
        }
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).map_err(|e| sqlx::Error::Io(std::io::Error::other(e.to_string())))?;
        let mut tx = self.begin(Durability::Full).await?;
        let statement = sql::META_ADD.on(self.engine);
        // Two programs may start at once: the first key stays.
        sqlx::query(statement).bind(SECRET).bind(HEXLOWER.encode(&key)).execute(&mut *tx.tx).await?;
        tx.commit().await?;
        key_of(&self.meta(SECRET).await?.unwrap_or_default())
    }

    /// The service desk's key.
    ///
    /// # Errors
    /// [`StoreError::Statement`], or [`StoreError::Secret`] where it is not there or is none.
    pub async fn secret(&self) -> Result<Secret, StoreError> {
        let text = self.meta(SECRET).await?.ok_or(StoreError::Secret("missing"))?;
        Ok(Secret::new(key_of(&text)?))
    }

    /// A fact by its name.
    pub async fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(sql::META_GET.on(self.engine)).bind(name).fetch_optional(&self.read).await?)
    }

    /// All facts whose names begin with this.
    pub(crate) async fn facts(&self, beginning: &str) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar(sql::META_BETWEEN.on(self.engine)).bind(beginning);
        Ok(query.bind(format!("{beginning}\u{10ffff}")).fetch_all(&self.read).await?)
    }

    /// Notes that `instance` is at work; gives whether its last epoch ended without [`Store::end_epoch`].
    pub(crate) async fn begin_epoch(&self, instance: &str) -> Result<bool, StoreError> {
        let name = format!("alive:{instance}");
        let unclean = self.meta(&name).await?.is_some_and(|v| v == "1");
        self.set_meta(&name, "1").await?;
        Ok(unclean)
    }

    /// Notes that `instance` ends in good order.
    pub(crate) async fn end_epoch(&self, instance: &str) -> Result<(), StoreError> {
        self.drop_meta(&format!("alive:{instance}")).await
    }

    /// Forgets a fact.
    pub(crate) async fn drop_meta(&self, name: &str) -> Result<(), StoreError> {
        let mut tx = self.begin(Durability::Relaxed).await?;
        sqlx::query(sql::META_DROP.on(self.engine)).bind(name).execute(&mut *tx.tx).await?;
        tx.commit().await
    }

    /// Writes a fact down.
    pub async fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.write_meta(name, value, Durability::Relaxed).await
    }

    /// Writes a fact down that nobody could find out again: it is on the disk when this returns.
    pub(crate) async fn set_meta_durable(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.write_meta(name, value, Durability::Full).await
    }

    async fn write_meta(&self, name: &str, value: &str, durability: Durability) -> Result<(), StoreError> {
        let mut tx = self.begin(durability).await?;
        sqlx::query(sql::META_SET.on(self.engine)).bind(name).bind(value).execute(&mut *tx.tx).await?;
        tx.commit().await
    }

    /// Whether a probe to a sub-address of this queue has come back.
    pub async fn plus_works(&self, queue: &str) -> Result<bool, StoreError> {
        Ok(self.meta(&format!("plus:{queue}")).await?.is_some())
    }
}

/// Fewest bytes of a key.
const KEY: usize = 16;

pub(super) fn key_of(text: &str) -> Result<Vec<u8>, StoreError> {
    let key = HEXLOWER.decode(text.trim().to_lowercase().as_bytes()).unwrap_or_default();
    if key.len() < KEY { Err(StoreError::Secret("unreadable")) } else { Ok(key) }
}

impl Tx {
    /// Writes a fact down, with everything else of the transaction.
    pub(crate) async fn note_fact(&mut self, name: &str, found: &str) -> Result<(), StoreError> {
        let statement = sql::META_SET.on(self.engine);
        sqlx::query(statement).bind(name).bind(found).execute(&mut *self.tx).await?;
        Ok(())
    }
}
