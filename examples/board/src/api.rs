//! The API.
//!
//! ```text
//! GET  /health                     200 when the database answers, else 503
//! GET  /info                       which database, bucket and instance this is
//! GET  /messages                   newest first
//! POST /messages                   {"author", "body"}
//! GET  /uploads                    newest first
//! POST /upload?name=NAME           the body is the file
//! GET  /uploads/{id}               the file
//! POST /uploads/{id}/inspection    {"sha256", "kind"}, from the worker
//! POST /invite                     {"email"}
//! ```

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::database::Database;
use crate::http::{self, Failure, MAX_BODY};
use crate::mail::{self, Mailer};
use crate::objects::Objects;
use crate::{log, settings};

struct Api {
    database: Database,
    objects: Objects,
    mailer: Mailer,
    instance: Option<String>,
}

pub async fn serve() -> Result<()> {
    let api = Api {
        database: Database::from_environment()?,
        objects: Objects::from_environment()?,
        mailer: Mailer::from_environment()?,
        instance: settings::optional("INSTANCE"),
    };
    let routes = Router::new()
        .route("/health", get(health))
        .route("/info", get(info))
        .route("/messages", get(messages).post(add_message))
        .route("/uploads", get(uploads))
        .route("/upload", post(add_upload))
        .route("/uploads/{id}", get(upload))
        .route("/uploads/{id}/inspection", post(inspected))
        .route("/invite", post(invite))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(api));
    http::serve("api", "PORT", routes).await
}

type Shared = State<Arc<Api>>;

async fn health(State(api): Shared) -> (StatusCode, Json<Value>) {
    match api.database.check().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "status": "ok" }))),
        Err(error) => {
            log::error(format_args!("unhealthy: {error:#}"));
            let status = json!({ "status": "unavailable", "error": format!("{error:#}") });
            (StatusCode::SERVICE_UNAVAILABLE, Json(status))
        }
    }
}

async fn info(State(api): Shared) -> Result<Json<Value>, Failure> {
    let client = api.database.client().await?;
    let row = client.query_one("SELECT current_database()::text, current_user::text", &[]).await?;
    Ok(Json(json!({
        "instance": api.instance,
        "database": row.get::<_, String>(0),
        "role": row.get::<_, String>(1),
        "bucket": api.objects.bucket(),
    })))
}

#[derive(Serialize)]
struct Message {
    id: i64,
    author: String,
    body: String,
    created_at: jiff::Timestamp,
}

async fn messages(State(api): Shared) -> Result<Json<Vec<Message>>, Failure> {
    let client = api.database.client().await?;
    let rows = client
        .query("SELECT id, author, body, created_at FROM messages ORDER BY created_at DESC, id DESC LIMIT 100", &[])
        .await
        .context("read messages")?;
    let message = |row: &tokio_postgres::Row| Message {
        id: row.get("id"),
        author: row.get("author"),
        body: row.get("body"),
        created_at: row.get("created_at"),
    };
    Ok(Json(rows.iter().map(message).collect()))
}

#[derive(Deserialize)]
struct NewMessage {
    author: String,
    body: String,
}

async fn add_message(State(api): Shared, Json(new): Json<NewMessage>) -> Result<(StatusCode, Json<Message>), Failure> {
    let (author, body) = (text("author", &new.author, 80)?, text("body", &new.body, 4000)?);
    let client = api.database.client().await?;
    let row = client
        .query_one("INSERT INTO messages (author, body) VALUES ($1, $2) RETURNING id, created_at", &[&author, &body])
        .await
        .context("add the message")?;
    let message = Message { id: row.get(0), author, body, created_at: row.get(1) };
    Ok((StatusCode::CREATED, Json(message)))
}

/// Text of a form: trimmed, not empty, not longer than the column takes.
fn text(field: &str, value: &str, longest: usize) -> Result<String, Failure> {
    let value = value.trim();
    match value.chars().count() {
        0 => Err(Failure::bad_request(format!("{field} is empty"))),
        count if count > longest => Err(Failure::bad_request(format!("{field} is longer than {longest} characters"))),
        _ => Ok(value.to_owned()),
    }
}

#[derive(Serialize)]
struct Upload {
    id: i64,
    name: String,
    content_type: String,
    bytes: i64,
    sha256: Option<String>,
    kind: Option<String>,
    created_at: jiff::Timestamp,
}

async fn uploads(State(api): Shared) -> Result<Json<Vec<Upload>>, Failure> {
    let client = api.database.client().await?;
    let rows = client
        .query(
            "SELECT id, name, content_type, bytes, sha256, kind, created_at FROM uploads ORDER BY id DESC LIMIT 100",
            &[],
        )
        .await
        .context("read uploads")?;
    let upload = |row: &tokio_postgres::Row| Upload {
        id: row.get("id"),
        name: row.get("name"),
        content_type: row.get("content_type"),
        bytes: row.get("bytes"),
        sha256: row.get("sha256"),
        kind: row.get("kind"),
        created_at: row.get("created_at"),
    };
    Ok(Json(rows.iter().map(upload).collect()))
}

#[derive(Deserialize)]
struct UploadName {
    name: String,
}

async fn add_upload(
    State(api): Shared,
    Query(query): Query<UploadName>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let name = text("name", &query.name, 200)?;
    if body.is_empty() {
        return Err(Failure::bad_request("the file is empty"));
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream")
        .to_owned();
    let client = api.database.client().await?;
    let id: i64 = client.query_one("SELECT nextval('uploads_id')", &[]).await.context("number the upload")?.get(0);
    let key = object_key(id, &name);
    let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);

    // the object first: a row without its object would be a broken link
    api.objects.put(&key, &content_type, body).await?;
    client
        .execute(
            "WITH upload AS (
                 INSERT INTO uploads (id, object_key, name, content_type, bytes) VALUES ($1, $2, $3, $4, $5)
                 RETURNING id
             ), job AS (
                 INSERT INTO jobs (upload) SELECT id FROM upload
             )
             SELECT pg_notify('jobs', id::text) FROM upload",
            &[&id, &key, &name, &content_type, &bytes],
        )
        .await
        .context("record the upload")?;
    let document = json!({ "id": id, "name": name, "bucket": api.objects.bucket(), "key": key, "bytes": bytes });
    Ok((StatusCode::CREATED, Json(document)))
}

/// Where an upload lives: its number makes it unique, its name makes it readable.
fn object_key(id: i64, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_') { char } else { '_' })
        .collect();
    format!("uploads/{id}/{plain}")
}

async fn upload(State(api): Shared, Path(id): Path<i64>) -> Result<impl IntoResponse, Failure> {
    let client = api.database.client().await?;
    let row = client
        .query_opt("SELECT object_key, content_type FROM uploads WHERE id = $1", &[&id])
        .await
        .context("find the upload")?
        .ok_or_else(|| Failure::not_found(format!("there is no upload {id}")))?;
    let bytes = api.objects.get(row.get(0)).await?;
    let headers = [
        (header::CONTENT_TYPE, row.get::<_, String>(1)),
        // what somebody uploaded must not run as a part of this page
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    Ok((headers, bytes))
}

#[derive(Deserialize)]
struct Inspection {
    sha256: String,
    kind: String,
}

async fn inspected(
    State(api): Shared,
    Path(id): Path<i64>,
    Json(inspection): Json<Inspection>,
) -> Result<StatusCode, Failure> {
    let client = api.database.client().await?;
    let changed = client
        .execute(
            "UPDATE uploads SET sha256 = $2, kind = $3 WHERE id = $1",
            &[&id, &inspection.sha256, &inspection.kind],
        )
        .await
        .context("record the inspection")?;
    if changed == 0 {
        return Err(Failure::not_found(format!("there is no upload {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Invitation {
    email: String,
}

async fn invite(State(api): Shared, Json(invitation): Json<Invitation>) -> Result<(StatusCode, Json<Value>), Failure> {
    let to = mail::address(&invitation.email).map_err(|error| Failure::bad_request(format!("{error:#}")))?;
    let client = api.database.client().await?;
    let site_url: String = client
        .query_one("SELECT value FROM settings WHERE name = 'site_url'", &[])
        .await
        .context("read the setting site_url")?
        .get(0);
    let email = to.email.to_string();
    api.mailer.invite(to, &site_url).await?;
    client.execute("INSERT INTO invitations (email) VALUES ($1)", &[&email]).await.context("record the invitation")?;
    Ok((StatusCode::CREATED, Json(json!({ "invited": email, "site_url": site_url }))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_unique_by_number_and_safe_by_name() {
        assert_eq!(object_key(7, "cat.png"), "uploads/7/cat.png");
        assert_eq!(object_key(8, "../../etc/pass wd"), "uploads/8/.._.._etc_pass_wd");
    }

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(text("body", "  hello \n", 5).ok().as_deref(), Some("hello"));
        assert!(text("body", "   ", 5).is_err());
        assert!(text("body", "too long", 5).is_err());
    }
}
