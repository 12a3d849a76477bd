//! What solved tickets leave behind, and articles: found again by their words.

use sqlx::FromRow;

use super::{Engine, Store, StoreError, sql};
use crate::clock::Millis;
use crate::ticket::Hit;

/// An article, for people.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ArticleRow {
    pub ticket: String,
    pub title: String,
    pub problem: String,
    pub solution: String,
    pub tags: String,
    pub author: String,
    pub updated_at: Millis,
}

impl Store {
    /// Whether there is anything to find at all.
    pub(crate) async fn has_articles(&self) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query_scalar(sql::ARTICLES_ANY.on(self.engine)).fetch_one(&self.read).await?;
        Ok(count > 0)
    }

    /// What is likeliest to help with these words, in a queue, the best first. The words are letters and digits
    /// alone.
    pub(crate) async fn find_articles(
        &self,
        words: &[String],
        queue: &str,
        limit: i64,
    ) -> Result<Vec<Hit>, StoreError> {
        find_in(&self.read, self.engine, words, queue, limit).await
    }

    /// The articles, newest first.
    pub async fn articles(&self, limit: i64) -> Result<Vec<ArticleRow>, StoreError> {
        Ok(sqlx::query_as(sql::ARTICLE_LIST.on(self.engine)).bind(limit).fetch_all(&self.read).await?)
    }
}

/// The articles that fit best, inside a transaction or not.
pub(super) async fn find_in<'c>(
    on: impl sqlx::Executor<'c, Database = sqlx::Any>,
    engine: Engine,
    words: &[String],
    queue: &str,
    limit: i64,
) -> Result<Vec<Hit>, StoreError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let query = match engine {
        Engine::Sqlite => words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" OR "),
        Engine::Postgres => words.join(" | "),
    };
    type Found = (String, String, String, i64);
    let found = sqlx::query_as::<_, Found>(sql::ARTICLES_FIND.on(engine)).bind(query).bind(queue).bind(limit);
    let hit = |(number, title, solution, public): Found| Hit { number, title, solution, article: public == 1 };
    Ok(found.fetch_all(on).await?.into_iter().map(hit).collect())
}
