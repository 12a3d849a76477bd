//! What a database needs from time to time.

use std::path::Path;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Row};

use super::{Engine, Failure, Store, StoreError, sql};

impl Store {
    /// Writes a whole, consistent and compact copy to a file that is empty or not there (SQLite).
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let name = file.display().to_string();
        sqlx::query(sql::COPY.on(self.engine)).bind(name).execute(&self.read).await?;
        Ok(())
    }

    /// Writes a copy of another database file to one that is empty, with what stands in that one's log (SQLite).
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when it cannot be read or written.
    pub(crate) async fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
        sqlx::any::install_default_drivers();
        let place = from.display().to_string();
        let unreachable = |source| StoreError::Unreachable { place: place.clone(), source };
        let options: AnyConnectOptions = format!("sqlite:{place}?mode=rw").parse().map_err(unreachable)?;
        let mut connection = AnyConnection::connect_with(&options).await.map_err(unreachable)?;
        let query = sqlx::query(sql::COPY.on(Engine::Sqlite)).bind(to.display().to_string());
        query.execute(&mut connection).await.map_err(unreachable)?;
        connection.close().await.map_err(unreachable)
    }

    /// The newest schema this program knows.
    #[must_use]
    pub(crate) fn newest_schema() -> i64 {
        super::pool::POSTGRES.iter().map(|migration| migration.version).max().unwrap_or(0)
    }

    /// A statement that removes every table of guichet, of whatever version (PostgreSQL).
    #[must_use]
    pub(crate) fn drop_everything() -> &'static str {
        sql::DROP_EVERYTHING
    }

    /// What is wrong with a SQLite file; nothing when it is a whole database of guichet.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when it is not a database at all.
    pub(crate) async fn check_file(file: &Path) -> Result<Vec<String>, StoreError> {
        sqlx::any::install_default_drivers();
        let place = file.display().to_string();
        let unreachable = |source| StoreError::Unreachable { place: place.clone(), source };
        let options: AnyConnectOptions = format!("sqlite:{place}?mode=ro").parse().map_err(unreachable)?;
        let mut connection = AnyConnection::connect_with(&options).await.map_err(unreachable)?;
        let statement = sql::VERIFY_INTEGRITY.on(Engine::Sqlite);
        let rows = sqlx::query(statement).fetch_all(&mut connection).await.map_err(unreachable)?;
        let words: Vec<String> =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(unreachable)?;
        let mut wrong: Vec<String> = words.into_iter().filter(|word| word != "ok").collect();
        if sqlx::query(sql::META_GET.on(Engine::Sqlite)).bind("secret").fetch_optional(&mut connection).await.is_err() {
            wrong.push("it is not a database of guichet".to_owned());
        }
        connection.close().await.map_err(unreachable)?;
        Ok(wrong)
    }

    /// Brings the statistics up to date by which statements are planned.
    pub(crate) async fn analyze(&self) -> Result<(), StoreError> {
        sqlx::query(sql::ANALYZE.on(self.engine)).execute(&self.write).await?;
        Ok(())
    }

    /// Gives room back that nothing uses: on SQLite only where it is a fifth of the file or more, since everything waits
    /// meanwhile.
    pub(crate) async fn give_back_room(&self) -> Result<(), StoreError> {
        if self.engine == Engine::Sqlite {
            let (free, all): (i64, i64) = sqlx::query_as(sql::ROOM.on(self.engine)).fetch_one(&self.read).await?;
            if free * 5 < all {
                return Ok(());
            }
        }
        self.rewrite().await
    }

    /// Writes the database anew, without what was deleted from it.
    pub(crate) async fn rewrite(&self) -> Result<(), StoreError> {
        // One connection, so that the space it needs meanwhile is on the disk, not in memory.
        let mut connection = self.write.acquire().await?;
        sqlx::query(sql::TEMP_FILE.on(self.engine)).execute(&mut *connection).await?;
        let done = sqlx::query(sql::VACUUM.on(self.engine)).execute(&mut *connection).await;
        sqlx::query(sql::TEMP_MEMORY.on(self.engine)).execute(&mut *connection).await?;
        done?;
        Ok(())
    }

    /// Leaves every notification that waits to a person, as it came with a restored copy; gives how many.
    pub(crate) async fn stop_notifications(&self, reason: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_STOP.on(self.engine)).bind(reason).bind(Failure::Restored.as_str());
        Ok(query.execute(&self.write).await?.rows_affected())
    }

    /// The end of the chain.
    pub async fn chain_end(&self) -> Result<String, StoreError> {
        let end = sqlx::query_scalar(sql::CHAIN_END.on(self.engine)).fetch_optional(&self.read).await?;
        Ok(end.unwrap_or_default())
    }
}

/// A URL without its password, and the password.
#[must_use]
pub(crate) fn split_password(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    let Some((user, place)) = rest.rsplit_once('@') else { return whole() };
    let Some((name, password)) = user.split_once(':') else { return whole() };
    // A password among the parameters stays there: whoever wants it hidden writes it before the @.
    let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy().into_owned();
    (format!("{scheme}://{name}@{place}"), Some(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        let (url, password) = split_password("postgres://u:p%40ss@host:5432/db");
        assert_eq!((url.as_str(), password.as_deref()), ("postgres://u@host:5432/db", Some("p@ss")));
        assert_eq!(split_password("postgres://u@host/db"), ("postgres://u@host/db".to_owned(), None));
    }
}
