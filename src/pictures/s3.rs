//! An S3 bucket, such as one of OBS, `MinIO` or moto.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{CONTENT_RANGE, HeaderMap, RANGE};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::{PROBE_BYTES, Unreachable, inspect_content};
use crate::domain::{Addressing, Flaw, MAX_PICTURE_BYTES, Picture, PicturePath, S3Bucket};

/// How long a signature is valid. The request is sent at once, but the clocks can differ.
const SIGNATURE_LIFETIME: Duration = Duration::from_secs(60);

/// The maximum size of a response. An error message is shorter.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// How many characters of an error message an explanation shows.
const MAX_CHARS: usize = 300;

/// A client of S3 services, created when it is first needed. It keeps its connections open.
#[derive(Debug, Default)]
pub(super) struct Client(OnceLock<Http>);

type Http = HttpClient<HttpsConnector<HttpConnector>, Empty<Bytes>>;

struct S3Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    /// Inspects one picture. Its beginning and its end are requested separately.
    pub(super) async fn inspect(&self, bucket: &S3Bucket, path: &PicturePath<'_>) -> Result<Picture, Unreachable> {
        let object = Object::new(bucket, path)?;
        let head = self.get(&object, 0).await?;
        match head.status {
            StatusCode::PARTIAL_CONTENT => {}
            // An empty object satisfies no range.
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Picture::unusable(Flaw::Empty)),
            StatusCode::OK if head.body.is_empty() => return Ok(Picture::unusable(Flaw::Empty)),
            StatusCode::NOT_FOUND if head.element("Code").as_deref() == Some("NoSuchKey") => {
                return Ok(Picture::unusable(Flaw::Missing));
            }
            _ => return Err(head.error()),
        }
        let size = head.size().ok_or_else(|| Unreachable("the service does not give the size of an object".into()))?;
        let tail = match size {
            0..=PROBE_BYTES => head.body.clone(),
            _ if size > MAX_PICTURE_BYTES => Bytes::new(),
            _ => match self.get(&object, size - PROBE_BYTES).await? {
                S3Response { status: StatusCode::PARTIAL_CONTENT, body, .. } => body,
                refused => return Err(refused.error()),
            },
        };
        Ok(inspect_content(size, &head.body, &tail))
    }

    /// Requests [`PROBE_BYTES`] of an object.
    async fn get(&self, object: &Object, from: u64) -> Result<S3Response, Unreachable> {
        let action = object.bucket.get_object(Some(&object.credentials), &object.key);
        let request = Request::get(action.sign(SIGNATURE_LIFETIME).as_str());
        let request = request.header(RANGE, format!("bytes={from}-{}", from + PROBE_BYTES - 1)).body(Empty::new());
        let request = request.map_err(|reason| unreachable(&reason))?;
        let response = self.0.get_or_init(http_client).request(request).await.map_err(|reason| unreachable(&reason))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await.map_err(|reason| unreachable(&*reason))?;
        Ok(S3Response { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

struct Object {
    bucket: Bucket,
    credentials: Credentials,
    key: String,
}

impl Object {
    fn new(bucket: &S3Bucket, path: &PicturePath<'_>) -> Result<Self, Unreachable> {
        let style = match bucket.addressing {
            Addressing::Path => UrlStyle::Path,
            Addressing::Virtual => UrlStyle::VirtualHost,
        };
        let endpoint = bucket.endpoint.parse().map_err(|reason| unreachable(&reason))?;
        let key = format!("download/{}", path.as_str());
        let credentials = Credentials::new(&*bucket.access_key, bucket.secret_key.expose());
        let bucket = Bucket::new(endpoint, style, bucket.bucket.to_string(), bucket.region.to_string());
        Ok(Self { bucket: bucket.map_err(|reason| unreachable(&reason))?, credentials, key })
    }
}

impl S3Response {
    /// Returns the size of the whole object: `Content-Range: bytes 0-1023/4096`.
    fn size(&self) -> Option<u64> {
        self.headers.get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.parse().ok()
    }

    /// Returns the beginning of the text of an XML element of an error response.
    fn element(&self, name: &str) -> Option<String> {
        let (_, rest) = str::from_utf8(&self.body).ok()?.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        let text = text.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        let text = entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character));
        Some(text.chars().take(MAX_CHARS).collect())
    }

    fn error(&self) -> Unreachable {
        let message =
            [self.element("Code"), self.element("Message")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Unreachable(format!("the service answers {} {message}", self.status).trim_end().to_owned())
    }
}

/// Describes an error with all of its causes.
fn unreachable(error: &dyn Error) -> Unreachable {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Unreachable(text)
}

/// Returns a client for `http` and `https`, which trusts the certificate authorities of the machine.
fn http_client() -> Http {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the ciphers of the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    HttpClient::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
}
