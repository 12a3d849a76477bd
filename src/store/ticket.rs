//! Tickets, as decisions read and write them.

use sqlx::Row;

use super::{StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{Event, Joining, MessageDraft, Opening, Person, Status, TicketView, Visibility, format_number};

impl Tx {
    /// What is known of a ticket, its row locked until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn ticket_view(&mut self, id: i64) -> Result<Option<TicketView>, StoreError> {
        let row = sqlx::query(sql::TICKET_VIEW.on(self.engine)).bind(id).fetch_optional(&mut *self.tx).await?;
        let Some(row) = row else { return Ok(None) };
        let status: String = row.try_get(4)?;
        let answered_at: i64 = row.try_get(11)?;
        let people = sqlx::query(sql::PARTICIPANTS.on(self.engine)).bind(id).fetch_all(&mut *self.tx).await?;
        Ok(Some(TicketView {
            id: row.try_get(0)?,
            number: row.try_get(1)?,
            queue: row.try_get(2)?,
            title: row.try_get(3)?,
            status: Status::from_word(&status),
            priority: row.try_get(5)?,
            requester: Person { address: row.try_get(6)?, name: row.try_get(7)?, language: row.try_get(8)? },
            participants: people.iter().map(|r| r.try_get(0)).collect::<Result<_, _>>()?,
            root_message_id: row.try_get(9)?,
            last_public_id: row.try_get(10)?,
            answered: answered_at > 0,
        }))
    }

    /// Row id of the ticket a Message-ID belongs to.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn ticket_of_message(&mut self, message_id: &str) -> Result<Option<i64>, StoreError> {
        self.id_by(sql::TICKET_BY_MESSAGE, message_id).await
    }

    /// Row id of the ticket with this number.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn ticket_of_number(&mut self, number: &str) -> Result<Option<i64>, StoreError> {
        self.id_by(sql::TICKET_BY_NUMBER, number).await
    }

    async fn id_by(&mut self, statement: sql::Sql, value: &str) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(statement.on(self.engine)).bind(value).fetch_optional(&mut *self.tx).await?;
        Ok(row.map(|r| r.try_get(0)).transpose()?)
    }

    /// Opens a ticket with its number, people, first message and history.
    ///
    /// The counter's row stays locked until the commit, so numbers have no gap and no repeat.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn open_ticket(
        &mut self,
        inbox_id: i64,
        opening: &Opening,
        now: Millis,
    ) -> Result<TicketView, StoreError> {
        let counter =
            sqlx::query(sql::COUNTER_NEXT.on(self.engine)).bind(&opening.prefix).fetch_one(&mut *self.tx).await?;
        let number = format_number(&opening.prefix, counter.try_get(0)?);
        let person = &opening.requester;
        let row = sqlx::query(sql::TICKET_ADD.on(self.engine))
            .bind(&number)
            .bind(&opening.queue)
            .bind(&opening.title)
            .bind(Status::New.as_str())
            .bind(&opening.priority)
            .bind(&person.address)
            .bind(&person.name)
            .bind(&person.language)
            .bind(now)
            .bind(&opening.message.message_id)
            .fetch_one(&mut *self.tx)
            .await?;
        let id: i64 = row.try_get(0)?;
        self.add_participant(id, person, "requester").await?;
        for other in &opening.others {
            self.add_participant(id, other, "cc").await?;
        }
        self.add_message(id, inbox_id, &opening.message, now).await?;
        let opened = Event { actor: person.address.clone(), kind: "opened", text: format!("{number} opened by mail") };
        self.add_events(id, std::iter::once(&opened).chain(&opening.events), now).await?;
        let people = std::iter::once(person).chain(&opening.others);
        Ok(TicketView {
            id,
            number,
            queue: opening.queue.clone(),
            title: opening.title.clone(),
            status: Status::New,
            priority: opening.priority.clone(),
            requester: person.clone(),
            participants: people.map(|p| p.address.clone()).collect(),
            root_message_id: opening.message.message_id.clone(),
            last_public_id: opening.message.message_id.clone(),
            answered: false,
        })
    }

    /// Adds a mail to its ticket.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn join_ticket(&mut self, inbox_id: i64, joining: &Joining, now: Millis) -> Result<(), StoreError> {
        let message = &joining.message;
        let id = joining.ticket.id;
        let from_outside = !message.from_agent && message.visibility == Visibility::Public;
        sqlx::query(sql::TICKET_TOUCH.on(self.engine))
            .bind(id)
            .bind(now)
            .bind(joining.status.as_str())
            .bind(if from_outside { message.message_id.as_str() } else { "" })
            .bind(if joining.first_answer { now } else { 0 })
            .execute(&mut *self.tx)
            .await?;
        self.add_message(id, inbox_id, message, now).await?;
        self.add_events(id, joining.events.iter(), now).await
    }

    async fn add_participant(&mut self, ticket: i64, person: &Person, role: &str) -> Result<(), StoreError> {
        let query = sqlx::query(sql::PARTICIPANT_ADD.on(self.engine));
        query.bind(ticket).bind(&person.address).bind(&person.name).bind(role).execute(&mut *self.tx).await?;
        Ok(())
    }

    async fn add_message(
        &mut self,
        ticket: i64,
        inbox_id: i64,
        message: &MessageDraft,
        now: Millis,
    ) -> Result<(), StoreError> {
        // A list of plain values always has a JSON form.
        let attachments = serde_json::to_string(&message.attachments).unwrap_or_else(|_| "[]".to_owned());
        sqlx::query(sql::MESSAGE_ADD.on(self.engine))
            .bind(ticket)
            .bind(inbox_id)
            .bind(if message.from_agent { "out" } else { "in" })
            .bind(message.visibility.as_str())
            .bind(i64::from(message.automatic))
            .bind(&message.sender)
            .bind(&message.sender_name)
            .bind(now)
            .bind(&message.message_id)
            .bind(&message.text)
            .bind(&message.new_text)
            .bind(attachments)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Adds lines to a ticket's history.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_events<'a>(
        &mut self,
        ticket: i64,
        events: impl Iterator<Item = &'a Event>,
        now: Millis,
    ) -> Result<(), StoreError> {
        for event in events {
            let query = sqlx::query(sql::EVENT_ADD.on(self.engine));
            query
                .bind(ticket)
                .bind(now)
                .bind(&event.actor)
                .bind(event.kind)
                .bind(&event.text)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}
