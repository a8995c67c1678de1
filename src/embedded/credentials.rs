//! What a client needs in order to call as a partner.

use crate::domain::account::Partner;

/// The account of a partner, with what it proves itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name by which scenarios refer to the partner.
    pub name: String,
    /// The account (domain) ID.
    pub id: String,
    /// The platform ID that its applications have to give.
    pub xaccount_type: String,
    /// A value for `X-Auth-Token`.
    pub token: String,
    /// The access key ID to sign requests with.
    pub ak: String,
    /// The secret access key that belongs to it.
    pub sk: String,
}

impl Credentials {
    /// Those of this partner; absent when it has no token or no key.
    pub(super) fn of(partner: &Partner) -> Option<Self> {
        let (token, key) = (partner.credentials.tokens.first()?, partner.credentials.access_keys.first()?);
        Some(Self {
            name: (*partner.name).to_owned(),
            id: partner.id.to_string(),
            xaccount_type: partner.xaccount_type.to_string(),
            token: token.expose().to_owned(),
            ak: key.ak.to_string(),
            sk: key.sk.expose().to_owned(),
        })
    }
}
