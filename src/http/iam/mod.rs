//! IAM, below `/v3`: as much as an SDK or a client needs before it can call the API. The path of a file is the
//! path of its URL.

mod answer;

mod auth {
    pub(in crate::http) mod domains;
    pub(in crate::http) mod tokens;
}

pub(super) use auth::{domains, tokens};
