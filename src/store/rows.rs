//! Rows on their way into statements and out of them.
//!
//! In: as one JSON array, or, where they hold bytes, eight at a time. Out: by the columns' names; what a column says by 0
//! or an empty text is `None` from here on.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyRow, AnyTypeInfo, AnyValueRef};
use sqlx::database::Database;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Any, Decode, Encode, Row, Type};

use super::{StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{InboxId, OutboxId, TicketId};

macro_rules! stored_ids {
    ($($name:ident),+) => {
        $(
            impl Type<Any> for $name {
                fn type_info() -> AnyTypeInfo {
                    <i64 as Type<Any>>::type_info()
                }

                fn compatible(other: &AnyTypeInfo) -> bool {
                    <i64 as Type<Any>>::compatible(other)
                }
            }

            impl<'r> Decode<'r, Any> for $name {
                fn decode(value: AnyValueRef<'r>) -> Result<Self, BoxDynError> {
                    <i64 as Decode<'r, Any>>::decode(value).map(Self)
                }
            }

            impl<'q> Encode<'q, Any> for $name {
                fn encode_by_ref(&self, buffer: &mut <Any as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                    <i64 as Encode<'q, Any>>::encode_by_ref(&self.0, buffer)
                }
            }
        )+
    };
}

stored_ids!(TicketId, InboxId, OutboxId);

/// The columns of a row, by their names.
pub(super) trait Columns {
    fn text(&self, name: &str) -> Result<String, sqlx::Error>;

    fn number(&self, name: &str) -> Result<i64, sqlx::Error>;

    /// A text, if there is one.
    fn some_text(&self, name: &str) -> Result<Option<String>, sqlx::Error> {
        Ok(Some(self.text(name)?).filter(|text| !text.is_empty()))
    }

    /// A number, if there is one.
    fn some_number(&self, name: &str) -> Result<Option<i64>, sqlx::Error> {
        Ok(Some(self.number(name)?).filter(|number| *number != 0))
    }

    /// A time, if there is one.
    fn time(&self, name: &str) -> Result<Option<Millis>, sqlx::Error> {
        self.some_number(name)
    }

    /// A number of the protocol's 32 bits.
    fn uid(&self, name: &str) -> Result<u32, sqlx::Error> {
        u32::try_from(self.number(name)?).map_err(decoding)
    }

    /// A size in bytes.
    fn size(&self, name: &str) -> Result<u64, sqlx::Error> {
        u64::try_from(self.number(name)?).map_err(decoding)
    }

    /// Yes or no.
    fn flag(&self, name: &str) -> Result<bool, sqlx::Error> {
        Ok(self.number(name)? == 1)
    }

    fn id<T: From<i64>>(&self, name: &str) -> Result<T, sqlx::Error> {
        Ok(T::from(self.number(name)?))
    }

    /// A row id, if there is one.
    fn some_id<T: From<i64>>(&self, name: &str) -> Result<Option<T>, sqlx::Error> {
        Ok(self.some_number(name)?.map(T::from))
    }

    /// A word of a closed type; none where there is none, or one that this version does not know.
    fn word<T: FromStr>(&self, name: &str) -> Result<Option<T>, sqlx::Error> {
        Ok(self.text(name)?.parse().ok())
    }

    /// A value kept as JSON. What this program wrote is read back; anything else counts as nothing.
    fn json<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, sqlx::Error> {
        Ok(serde_json::from_str(&self.text(name)?).unwrap_or_default())
    }
}

impl Columns for AnyRow {
    fn text(&self, name: &str) -> Result<String, sqlx::Error> {
        self.try_get(name)
    }

    fn number(&self, name: &str) -> Result<i64, sqlx::Error> {
        self.try_get(name)
    }
}

fn decoding(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

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
