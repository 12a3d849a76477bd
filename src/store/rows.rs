//! Rows on their way into statements: as one JSON array, or, where they hold bytes, eight at a time.

use serde::Serialize;

use super::{StoreError, Tx, sql};

impl Tx {
    /// Runs a statement over rows given as JSON; gives how many rows it wrote.
    pub(super) async fn insert<T: Serialize>(&mut self, statement: sql::Sql, rows: &[T]) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let query = sqlx::query(statement.on(self.engine)).bind(json(&rows)?);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Rows of bytes, which JSON cannot carry, eight a statement.
    pub(super) async fn insert_bytes(
        &mut self,
        one: sql::Sql,
        eight: sql::Sql,
        rows: &[(i64, &[u8])],
    ) -> Result<(), StoreError> {
        let (eights, rest) = rows.as_chunks::<8>();
        for chunk in eights {
            let mut query = sqlx::query(eight.on(self.engine));
            for (id, bytes) in chunk {
                query = query.bind(*id).bind(bytes.to_vec());
            }
            query.execute(&mut *self.tx).await?;
        }
        for (id, bytes) in rest {
            let query = sqlx::query(one.on(self.engine));
            query.bind(*id).bind(bytes.to_vec()).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}

/// Plain values always have a JSON form; a failure here would be a mistake in this module.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Statement(sqlx::Error::Encode(Box::new(e))))
}
