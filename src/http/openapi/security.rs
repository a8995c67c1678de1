//! How callers prove who they are.

use serde_json::{Value, json};

/// The caller of the simulated service: a token or a signature.
pub(super) fn of_service() -> Value {
    json!([{ "token": [] }, { "signature": [] }])
}

/// All ways to prove it.
pub(super) fn schemes() -> Value {
    json!({
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Auth-Token",
            "description": "A token of the scenario, or one that `POST /v3/auth/tokens` gave. It counts before a signature \
                (assumed).",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The AK/SK signature that the official SDKs make: `SDK-HMAC-SHA256 Access=AK, \
                SignedHeaders=host;x-sdk-date, Signature=HEX` with the header `X-Sdk-Date`. It is really verified; a wrong \
                one is answered with the canonical request.",
        },
        "control": {
            "type": "http",
            "scheme": "bearer",
            "description": "The control token, where the simulator was started with `--control-token`.",
        },
    })
}
