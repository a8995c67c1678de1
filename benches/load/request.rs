//! The requests that are sent: the page's example, applied for a customer of one's own, and its signature.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The path of the API.
pub(crate) const INDIVIDUAL: &str = "/v2/customers/realname-auths/individual";

/// The host that is called, wherever it listens: it is signed. The control API knows it as a local name.
pub(crate) const HOST: &str = "bss.test";

/// The access key of the scenario `open`.
const KEY: (&str, &str) = ("DEMOAK0001", "demo-secret");

/// The `customer_id` of a body: the page's has as many characters.
pub(crate) fn customer(number: u64) -> String {
    format!("068a6d00288536b6ba57{number:012}")
}

/// The page's example body for the customer and the certificate of this number.
pub(crate) fn accepted(number: u64) -> String {
    body(&format!(r#""customer_id":"{}","#, customer(number)), number)
}

/// The same without `customer_id`: a parameter error.
pub(crate) fn incomplete() -> String {
    body("", 0)
}

/// In the scenario `open` the platform ID is another one than the page's.
fn body(customer: &str, number: u64) -> String {
    let pictures =
        r#"["shimingrenzheng/zhengmian001.jpg","shimingrenzheng/fanmian002.jpg","shimingrenzheng/chizheng003.jpg"]"#;
    format!(
        r#"{{"verified_number":"949826{number:012}","verified_file_url":{pictures},"name":"wangx_****_001","change_type":-1,{customer}"verified_type":0,"identify_type":0,"xaccount_type":"DEMO_IDP"}}"#
    )
}

/// Signs bodies at one moment; they are taken for a quarter of an hour.
pub(crate) struct Signer {
    /// `X-Sdk-Date`.
    pub(crate) date: String,
}

impl Signer {
    /// A signer of this moment.
    #[expect(clippy::disallowed_methods, reason = "a client has no other clock")]
    pub(crate) fn now() -> Self {
        Self { date: Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string() }
    }

    /// The value of `Authorization`, signed over the headers that the Python SDK signs.
    pub(crate) fn authorization(&self, body: &str) -> String {
        let (date, (ak, sk)) = (&self.date, KEY);
        let names = "content-type;host;x-sdk-date";
        let headers = format!("content-type:application/json\nhost:{HOST}\nx-sdk-date:{date}\n");
        let canonical = format!("POST\n{INDIVIDUAL}/\n\n{headers}\n{names}\n{}", hash(body));
        let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hash(&canonical));
        let mac = Hmac::<Sha256>::new_from_slice(sk.as_bytes()).expect("any length will do");
        let signature = hex::encode(mac.chain_update(text).finalize().into_bytes());
        format!("SDK-HMAC-SHA256 Access={ak}, SignedHeaders={names}, Signature={signature}")
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
