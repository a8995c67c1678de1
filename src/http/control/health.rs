//! `GET /_sim/livez` and `/_sim/readyz`. A server that answers at all is both: it listens only once its world is loaded.

use axum::Json;
use serde_json::{Value, json};

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
