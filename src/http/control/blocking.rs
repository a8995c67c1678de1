//! Control calls that take long run on threads for blocking work, so that the workers of the runtime answer other requests
//! meanwhile. A few run at the same time; others wait.

use std::panic::resume_unwind;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::error::Result;
use super::extract::read_call;
use crate::http::App;

/// The calls that may wait for something. They take a thread only while they work.
const WAITING: [&str; 1] = [super::VERIFY_PATH];

/// Runs a call on a thread for blocking work, once its body has come.
pub async fn call_off_workers(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response> {
    if WAITING.contains(&request.uri().path()) {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = read_call(&parts.headers, body).await?;
    let runtime = Handle::current();
    let call = next.run(Request::from_parts(parts, body.into()));
    Ok(off_workers(&app, move || runtime.block_on(call)).await)
}

/// Runs some work on a thread for blocking work.
pub async fn off_workers<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> T {
    let permit = Arc::clone(&app.calls).acquire_owned().await.expect("the semaphore is never closed");
    let worked = spawn_blocking(move || {
        // Also a call whose client has left keeps its permit to its end.
        let _permit = permit;
        work()
    });
    worked.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
