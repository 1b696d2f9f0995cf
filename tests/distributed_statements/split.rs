//! A statement run as an engine with several servers runs it: its parts one after the other, each seeing what those
//! before it wrote.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::sql::{parts, sources, words, written};

/// Runs a statement whole.
pub async fn whole(client: &Client, sql: &str) -> Result<(), String> {
    client.batch_execute(sql).await.map_err(|error| told(&error, sql))
}

/// Runs a statement's parts in their order, within a transaction that is open; whole where it has none that writes.
pub async fn in_parts(client: &Client, sql: &str) -> Result<(), String> {
    let words = words(sql);
    let parts = parts(&words);
    let writing = parts.iter().filter(|part| written(&part.words).is_some()).count();
    if parts.len() < 2 || writing == 0 {
        return whole(client, sql).await;
    }
    for part in &parts {
        let Some((first, last)) = part.words.first().zip(part.words.last()) else { continue };
        let body = &sql[first.span.0..last.span.1];
        let columns = sql[part.columns.0..part.columns.1].trim();
        let name = format!("\"{}\"", part.name);
        let step = if part.name.is_empty() {
            body.to_owned()
        } else if written(&part.words).is_some() {
            if part.words.iter().any(|word| word.depth == first.depth && word.text == "returning") {
                returned(client, &name, body).await?
            } else {
                body.to_owned()
            }
        } else if part.recursive {
            format!("CREATE TEMP TABLE {name} AS WITH RECURSIVE {name}{columns} AS ({body}) SELECT * FROM {name}")
        } else if part.stands {
            format!("CREATE TEMP TABLE {name} {columns} AS {body}")
        } else {
            // Looked at once, by whoever comes after it: as late as can be.
            format!("CREATE TEMP VIEW {name} {columns} AS {body}")
        };
        client.batch_execute(&step).await.map_err(|error| told(&error, &step))?;
    }
    client.batch_execute("DISCARD TEMP").await.map_err(|error| told(&error, "DISCARD TEMP"))
}

fn told(error: &tokio_postgres::Error, sql: &str) -> String {
    format!("{}\n    {sql}", error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))
}

/// Runs a part that writes; a statement that keeps what it answered under its name.
async fn returned(client: &Client, name: &str, body: &str) -> Result<String, String> {
    let prepared = client.prepare(body).await.map_err(|error| told(&error, body))?;
    let columns: Vec<(String, String)> =
        prepared.columns().iter().map(|column| (column.name().to_owned(), column.type_().name().to_owned())).collect();
    let answer = client.simple_query(body).await.map_err(|error| told(&error, body))?;
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let rows: Vec<String> = answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .map(|row| {
            let cells = columns.iter().enumerate().map(|(index, (_, of))| {
                let cell = row.get(index).map_or("NULL".to_owned(), quoted);
                format!("{cell}::{of}")
            });
            format!("({})", cells.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let names: Vec<String> = columns.iter().map(|(column, _)| format!("\"{column}\"")).collect();
    if rows.is_empty() {
        let none: Vec<String> = columns.iter().map(|(column, of)| format!("NULL::{of} AS \"{column}\"")).collect();
        return Ok(format!("CREATE TEMP TABLE {name} AS SELECT {} WHERE false", none.join(", ")));
    }
    Ok(format!("CREATE TEMP TABLE {name} ({}) AS VALUES {}", names.join(", "), rows.join(", ")))
}

/// Tables that a statement reads or writes, for telling what a journey went over.
pub fn touched(sql: &str) -> Vec<String> {
    parts(&words(sql))
        .iter()
        .flat_map(|part| {
            let read = sources(&part.words).into_iter().map(|source| source.table);
            read.chain(written(&part.words).map(|own| own.table)).collect::<Vec<_>>()
        })
        .collect()
}
