//! A bucket that speaks S3, such as one of OBS, `MinIO` or moto.

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

use super::Unreachable;
use crate::domain::bucket::PicturePath;
use crate::domain::bucket::{Addressing, Flaw, MAX_PICTURE_BYTES, Picture, S3Bucket};
use crate::pictures;
use crate::pictures::PROBE;

/// How long a signed request is good for. It is sent at once, but clocks differ.
const VALIDITY: Duration = Duration::from_secs(60);

/// More than the message of an error has, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The most characters of what a service says that an explanation tells.
const MAX_TEXT: usize = 300;

/// Asks S3 services. Connections are kept for the next application.
#[derive(Debug, Default)]
pub(super) struct Client(OnceLock<Http>);

type Http = HttpClient<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// What a service answered to a request for a piece of an object.
struct S3Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    /// What is seen of one picture. It is asked for in two pieces, its beginning and its end.
    pub(super) async fn picture(&self, bucket: &S3Bucket, path: &PicturePath<'_>) -> Result<Picture, Unreachable> {
        let object = Object::new(bucket, path)?;
        let head = self.get(&object, 0).await?;
        match head.status {
            StatusCode::PARTIAL_CONTENT => {}
            // No byte of an empty object is in any range.
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Picture::unusable(Flaw::Empty)),
            StatusCode::OK if head.body.is_empty() => return Ok(Picture::unusable(Flaw::Empty)),
            StatusCode::NOT_FOUND if head.element("Code").as_deref() == Some("NoSuchKey") => {
                return Ok(Picture::unusable(Flaw::Missing));
            }
            _ => return Err(head.refusal()),
        }
        let size = head.size().ok_or_else(|| Unreachable("the service does not tell the size of an object".into()))?;
        let tail = match size {
            0..=PROBE => head.body.clone(),
            _ if size > MAX_PICTURE_BYTES => Bytes::new(),
            _ => match self.get(&object, size - PROBE).await? {
                S3Response { status: StatusCode::PARTIAL_CONTENT, body, .. } => body,
                refused => return Err(refused.refusal()),
            },
        };
        Ok(pictures::picture(size, &head.body, &tail))
    }

    /// Asks for [`PROBE`] bytes of an object.
    async fn get(&self, object: &Object, from: u64) -> Result<S3Response, Unreachable> {
        let action = object.bucket.get_object(Some(&object.credentials), &object.key);
        let request = Request::get(action.sign(VALIDITY).as_str());
        let request = request.header(RANGE, format!("bytes={from}-{}", from + PROBE - 1)).body(Empty::new());
        let request = request.map_err(|reason| unreachable(&reason))?;
        let response = self.0.get_or_init(connect).request(request).await.map_err(|reason| unreachable(&reason))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|reason| unreachable(&*reason))?;
        Ok(S3Response { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

/// An object, and what opens it.
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
    /// The whole object's size in bytes: `Content-Range: bytes 0-1023/4096`.
    fn size(&self) -> Option<u64> {
        self.headers.get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.parse().ok()
    }

    /// The text of an element of the XML that tells an error, as far as it is worth telling.
    fn element(&self, name: &str) -> Option<String> {
        let (_, rest) = str::from_utf8(&self.body).ok()?.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        let text = text.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        let text = entities.iter().fold(text.to_owned(), |text, (entity, meant)| text.replace(entity, meant));
        Some(text.chars().take(MAX_TEXT).collect())
    }

    /// What the service says against the request.
    fn refusal(&self) -> Unreachable {
        let said = [self.element("Code"), self.element("Message")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Unreachable(format!("the service answers {} {said}", self.status).trim_end().to_owned())
    }
}

/// An error with all of its causes.
fn unreachable(error: &dyn Error) -> Unreachable {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Unreachable(text)
}

/// A client for `http` and `https`. Who may sign certificates is for the machine to say.
fn connect() -> Http {
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
