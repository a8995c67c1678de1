//! The errors and the limits of the API gateway in front of the API.
//!
//! They are not part of the API's page. The table comes from the gateway's documentation; the longer texts come from
//! answers that its users have published.

/// The most bytes of a body: the gateway's "12 MB", read as 12 × 1024 × 1024 (assumed).
pub const MAX_BODY_BYTES: usize = 12 * 1024 * 1024;

/// The most bytes of a target, and of one header: the gateway's "32 K".
pub const MAX_PIECE_BYTES: usize = 32 * 1024;

/// The most bytes of all headers together: the gateway's "128 K".
pub const MAX_HEADERS_BYTES: usize = 128 * 1024;

/// The most headers (assumed: the gateway's documentation speaks only of bytes).
pub const MAX_HEADERS: usize = 100;

/// A row of the gateway's error table.
#[derive(Debug, PartialEq, Eq)]
pub struct GatewayError {
    /// The `error_code`. Several rows have the same one.
    pub code: &'static str,
    pub status: u16,
    pub message: &'static str,
    /// The seconds of the `Retry-After` header, if the answer has one (assumed: the limit counts per second).
    pub retry_after: Option<u8>,
}

const fn row(code: &'static str, status: u16, message: &'static str) -> GatewayError {
    GatewayError { code, status, message, retry_after: None }
}

pub const UNKNOWN_PATH: &GatewayError =
    &row("APIGW.0101", 404, "The API does not exist or has not been published in the environment.");
pub const UNKNOWN_METHOD: &GatewayError = &row("APIGW.0101", 404, "The API does not exist.");
/// The request cannot be parsed.
pub const BAD_REQUEST: &GatewayError = &row("APIGW.0201", 400, "API request error.");
/// The body is longer than [`MAX_BODY_BYTES`].
pub const BODY_TOO_LARGE: &GatewayError = &row("APIGW.0201", 413, "Request entity too large.");
/// The target is longer than [`MAX_PIECE_BYTES`].
pub const TARGET_TOO_LARGE: &GatewayError = &row("APIGW.0201", 414, "Request URI too large.");
/// A header is longer than [`MAX_PIECE_BYTES`], all together are longer than [`MAX_HEADERS_BYTES`], or they are too many.
pub const HEADERS_TOO_LARGE: &GatewayError = &row("APIGW.0201", 494, "Request headers too large.");
pub const NOT_AUTHENTICATED: &GatewayError = &row("APIGW.0301", 401, "Incorrect IAM authentication information.");

/// The text after the colon is that of a limit of 10 requests in a second.
pub const THROTTLED: &GatewayError = &GatewayError {
    code: "APIGW.0308",
    status: 429,
    message: "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second",
    retry_after: Some(1),
};

/// The table, in its own order. A code without a status means the first row with this code.
pub static ERRORS: [&GatewayError; 24] = [
    UNKNOWN_PATH,
    UNKNOWN_METHOD,
    &row("APIGW.0103", 404, "The backend does not exist."),
    &row("APIGW.0104", 400, "The plug-ins do not exist."),
    &row("APIGW.0105", 400, "The backend configurations do not exist."),
    &row("APIGW.0106", 400, "Orchestration error."),
    BAD_REQUEST,
    BODY_TOO_LARGE,
    TARGET_TOO_LARGE,
    HEADERS_TOO_LARGE,
    &row("APIGW.0201", 502, "Backend unavailable."),
    &row("APIGW.0201", 504, "Backend timeout."),
    NOT_AUTHENTICATED,
    &row("APIGW.0302", 403, "The IAM user is not authorized to access the API."),
    &row("APIGW.0303", 401, "Incorrect app authentication information."),
    &row("APIGW.0304", 403, "The app is not authorized to access the API."),
    &row("APIGW.0305", 401, "Incorrect authentication information."),
    &row("APIGW.0306", 403, "API access denied."),
    &row("APIGW.0307", 401, "The token must be updated."),
    THROTTLED,
    &row("APIGW.0310", 403, "The project is unavailable."),
    &row("APIGW.0401", 403, "Unknown client IP address."),
    &row("APIGW.0402", 403, "The IP address is not authorized to access the API."),
    &row("APIGW.0404", 403, "Access to the backend IP address has been denied."),
];

/// Returns the first row with this code.
pub fn find(code: &str) -> Option<&'static GatewayError> {
    ERRORS.iter().copied().find(|row| row.code == code)
}

/// Every `error_code` of the table, once.
pub fn codes() -> Vec<&'static str> {
    let mut codes: Vec<_> = ERRORS.iter().map(|row| row.code).collect();
    codes.dedup();
    codes
}
