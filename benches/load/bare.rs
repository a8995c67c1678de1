//! The bare handler: what axum costs when the answer does not depend on anything. It reads the same body into a struct,
//! checks the lengths, and answers what the page shows. No caller, no state, no rules, no journal, no request ID.

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Deserialize;

use crate::request::INDIVIDUAL;

#[derive(Deserialize)]
struct Application<'a> {
    #[serde(borrow)]
    customer_id: &'a str,
    identify_type: i32,
    verified_type: i32,
    verified_file_url: Vec<&'a str>,
    name: &'a str,
    verified_number: &'a str,
    change_type: Option<i32>,
    xaccount_type: &'a str,
}

impl Application<'_> {
    fn is_well_formed(&self) -> bool {
        let fits = |text: &str, max| (1..=max).contains(&text.chars().count());
        self.identify_type == 0
            && self.verified_type == 0
            && self.change_type.is_none_or(|change_type| change_type == -1)
            && (1..=4).contains(&self.verified_file_url.len())
            && fits(self.customer_id, 64)
            && fits(self.name, 255)
            && fits(self.verified_number, 32)
            && fits(self.xaccount_type, 64)
    }
}

/// Serves on any free port, printed in a line like the simulator's, until the process is ended.
pub(crate) fn serve() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!(r#"{{"url":"http://{}"}}"#, listener.local_addr()?);
        axum::serve(listener, Router::new().route(INDIVIDUAL, post(answer))).await
    })
}

async fn answer(body: Bytes) -> impl IntoResponse {
    let application = serde_json::from_slice::<Application<'_>>(&body);
    let (status, text) = if application.is_ok_and(|application| application.is_well_formed()) {
        (StatusCode::OK, r#"{"is_review":1}"#)
    } else {
        (StatusCode::BAD_REQUEST, r#"{"error_code":"CBC.0100","error_msg":"Parameter error."}"#)
    };
    (status, [(CONTENT_TYPE, "application/json;charset=UTF-8")], text)
}
