//! The simulated API, below `/v2`. The path of a file is the path of its URL.

pub(in crate::http) mod draft;

mod customers {
    pub(super) mod realname_auths {
        pub(in crate::http) mod individual;
        pub(in crate::http) mod result;
    }
}

pub(super) use customers::realname_auths::{individual, result};

/// The path of an application.
pub const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";
