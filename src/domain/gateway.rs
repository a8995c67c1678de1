//! The errors of the gateway in front of the API, as its own error table lists them.
//!
//! They are not part of the API's page: the table comes from the gateway's documentation, the longer
//! texts from answers that its users have published.

/// One row of the gateway's error table.
#[derive(Debug, PartialEq, Eq)]
pub struct GatewayError {
    /// The row's `error_code`; several rows share one.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The row's `error_msg`.
    pub message: &'static str,
    /// Seconds for a `Retry-After` header, where the answer has one (assumed: the limit counts per second).
    pub retry_after: Option<u8>,
}

const fn row(code: &'static str, status: u16, message: &'static str) -> GatewayError {
    GatewayError { code, status, message, retry_after: None }
}

/// The path is not one of the API's.
pub static UNKNOWN_PATH: &GatewayError = &ERRORS[0];
/// The path is known, the method is not.
pub static UNKNOWN_METHOD: &GatewayError = &ERRORS[1];
/// The request cannot be understood.
pub static BAD_REQUEST: &GatewayError = &ERRORS[6];
/// The body is longer than 12 MB.
pub static BODY_TOO_LARGE: &GatewayError = &ERRORS[7];
/// The target is longer than 32 K.
pub static TARGET_TOO_LARGE: &GatewayError = &ERRORS[8];
/// A header is longer than 32 K, or all are longer than 128 K.
pub static HEADERS_TOO_LARGE: &GatewayError = &ERRORS[9];
/// The caller could not be authenticated.
pub static NOT_AUTHENTICATED: &GatewayError = &ERRORS[12];

/// The table, in its own order. A code alone means its first row.
pub static ERRORS: [GatewayError; 24] = [
    row("APIGW.0101", 404, "The API does not exist or has not been published in the environment."),
    row("APIGW.0101", 404, "The API does not exist."),
    row("APIGW.0103", 404, "The backend does not exist."),
    row("APIGW.0104", 400, "The plug-ins do not exist."),
    row("APIGW.0105", 400, "The backend configurations do not exist."),
    row("APIGW.0106", 400, "Orchestration error."),
    row("APIGW.0201", 400, "API request error."),
    row("APIGW.0201", 413, "Request entity too large."),
    row("APIGW.0201", 414, "Request URI too large."),
    row("APIGW.0201", 494, "Request headers too large."),
    row("APIGW.0201", 502, "Backend unavailable."),
    row("APIGW.0201", 504, "Backend timeout."),
    row("APIGW.0301", 401, "Incorrect IAM authentication information."),
    row("APIGW.0302", 403, "The IAM user is not authorized to access the API."),
    row("APIGW.0303", 401, "Incorrect app authentication information."),
    row("APIGW.0304", 403, "The app is not authorized to access the API."),
    row("APIGW.0305", 401, "Incorrect authentication information."),
    row("APIGW.0306", 403, "API access denied."),
    row("APIGW.0307", 401, "The token must be updated."),
    GatewayError {
        code: "APIGW.0308",
        status: 429,
        message: "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second",
        retry_after: Some(1),
    },
    row("APIGW.0310", 403, "The project is unavailable."),
    row("APIGW.0401", 403, "Unknown client IP address."),
    row("APIGW.0402", 403, "The IP address is not authorized to access the API."),
    row("APIGW.0404", 403, "Access to the backend IP address has been denied."),
];

/// The first row with this code.
pub fn find(code: &str) -> Option<&'static GatewayError> {
    ERRORS.iter().find(|row| row.code == code)
}

#[cfg(test)]
mod tests {
    use super::{
        BAD_REQUEST, BODY_TOO_LARGE, ERRORS, HEADERS_TOO_LARGE, NOT_AUTHENTICATED, TARGET_TOO_LARGE, UNKNOWN_METHOD,
        UNKNOWN_PATH, find,
    };

    #[test]
    fn the_named_rows_are_the_ones_meant() {
        assert_eq!(UNKNOWN_PATH.message, "The API does not exist or has not been published in the environment.");
        assert_eq!(UNKNOWN_METHOD.message, "The API does not exist.");
        assert_eq!(BAD_REQUEST.status, 400);
        assert_eq!(BODY_TOO_LARGE.status, 413);
        assert_eq!((TARGET_TOO_LARGE.status, HEADERS_TOO_LARGE.status), (414, 494));
        assert_eq!(NOT_AUTHENTICATED.code, "APIGW.0301");
        assert!(ERRORS.iter().all(|row| find(row.code).is_some_and(|first| first.code == row.code)));
    }
}
