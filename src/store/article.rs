//! What solved tickets leave behind, and articles: found again by their words.

use sqlx::Row;

use super::rows::json;
use super::{Engine, Store, StoreError, sql};
use crate::clock::Millis;
use crate::ticket::{DeadlineKind, Hit};

/// An article, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the JSON, which docs/commands.md explains")]
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
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn has_articles(&self) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query(sql::ARTICLES_ANY.on(self.engine)).fetch_one(&self.read).await?.try_get(0)?;
        Ok(count > 0)
    }

    /// What is likeliest to help with these words, in a queue, the best first. The words are notifications and
    /// digits alone.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn find_articles(&self, words: &[String], queue: &str, limit: i64) -> Result<Vec<Hit>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let query = match self.engine {
            Engine::Sqlite => words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" OR "),
            Engine::Postgres => words.join(" | "),
        };
        let rows = sqlx::query(sql::ARTICLES_FIND.on(self.engine)).bind(query).bind(queue).bind(limit);
        let rows = rows.fetch_all(&self.read).await?;
        let hits = rows.iter().map(|row| {
            let public: i64 = row.try_get(4)?;
            Ok(Hit { number: row.try_get(1)?, title: row.try_get(2)?, solution: row.try_get(3)?, article: public == 1 })
        });
        Ok(hits.collect::<Result<_, sqlx::Error>>()?)
    }

    /// The articles, newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn articles(&self, limit: i64) -> Result<Vec<ArticleRow>, StoreError> {
        let rows = sqlx::query(sql::ARTICLE_LIST.on(self.engine)).bind(limit).fetch_all(&self.read).await?;
        let articles = rows.iter().map(|row| {
            Ok(ArticleRow {
                ticket: row.try_get(0)?,
                title: row.try_get(1)?,
                problem: row.try_get(2)?,
                solution: row.try_get(3)?,
                tags: row.try_get(4)?,
                author: row.try_get(5)?,
                updated_at: row.try_get(6)?,
            })
        });
        Ok(articles.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Deadlines of these queues that have been reached, the oldest first: ticket, kind, when. Those that somebody's mail
    /// would have taken off only as far as all mail was heard, those of service levels at least until `clocks_until`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn due(
        &self,
        queues: &[String],
        now: Millis,
        received_through: Millis,
        clocks_until: Millis,
        limit: i64,
    ) -> Result<Vec<(i64, DeadlineKind, Millis)>, StoreError> {
        let rows = sqlx::query(sql::DEADLINES_DUE.on(self.engine))
            .bind(json(&queues)?)
            .bind(now)
            .bind(received_through)
            .bind(clocks_until)
            .bind(limit)
            .fetch_all(&self.read)
            .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let kind: String = row.try_get(1)?;
            due.extend(DeadlineKind::from_word(&kind).map(|kind| Ok((row.try_get(0)?, kind, row.try_get(2)?))));
        }
        Ok(due.into_iter().collect::<Result<_, sqlx::Error>>()?)
    }
}
