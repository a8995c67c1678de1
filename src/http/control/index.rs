//! `GET /_sim`: what this is, and where to go.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::App;
use crate::simulator::machine_time;

pub(super) async fn tell(State(app): State<Arc<App>>) -> Json<Value> {
    let began = app.spaces.began();
    Json(json!({
        "name": "bss-sim",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": machine_time().duration_since(began).as_secs(),
        "spaces": app.spaces.all().len(),
        "links": [
            "/_sim/catalog", "/_sim/scenarios", "/_sim/spaces", "/_sim/world", "/_sim/customers", "/_sim/partners",
            "/_sim/certificates", "/_sim/scripted", "/_sim/journal", "/_sim/journal/stream", "/_sim/clock",
            "/_sim/metrics", "/_sim/schema/fixture.json", "/_sim/livez", "/_sim/readyz",
        ],
    }))
}
