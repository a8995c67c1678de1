//! The simulated API, below `/v2`. The path of a file is the path of its URL.

mod draft;

mod customers {
    pub(super) mod realname_auths {
        pub(in crate::http::bss) mod individual;
    }
}

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

use crate::simulator::Space;
use customers::realname_auths::individual;

pub(super) fn routes() -> Router<Arc<Space>> {
    Router::new().route("/v2/customers/realname-auths/individual", post(individual::submit))
}
