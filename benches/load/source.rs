//! Where requests come from: one text, made beforehand, in which each request has digits of its own.

use crate::request::{self, HOST, INDIVIDUAL, Signer};

/// How many digits a request's number has.
const DIGITS: usize = 12;

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The bearers of these tokens, all of one length, in turn.
    Tokens(Vec<String>),
    /// The holder of an access key, who signs so many requests beforehand.
    Key(usize),
}

/// A source of requests that all get the same answer.
#[derive(Debug)]
pub(crate) struct Source {
    text: Vec<u8>,
    /// Where the request's number is written.
    numbers: Vec<usize>,
    /// What differs from one request to the next besides, and where it is written.
    credentials: Vec<String>,
    credential_at: usize,
    /// How many requests there are. `None` if there is no end.
    pub(crate) limit: Option<u64>,
    /// What every answer begins with, and what it ends with.
    pub(crate) answer: [&'static str; 2],
}

impl Source {
    /// Applications, each for a customer and a certificate of its own.
    pub(crate) fn accepted(caller: Caller) -> Self {
        let answer = ["HTTP/1.1 200 OK\r\n", r#"{"is_review":1}"#];
        Self::new(caller, request::accepted, answer)
    }

    /// Requests that lack a mandatory parameter.
    pub(crate) fn incomplete(caller: Caller) -> Self {
        let answer = ["HTTP/1.1 400 Bad Request\r\n", r#"{"error_code":"CBC.0100","error_msg":"Parameter error."}"#];
        Self { numbers: Vec::new(), ..Self::new(caller, |_| request::incomplete(), answer) }
    }

    fn new(caller: Caller, body: impl Fn(u64) -> String, answer: [&'static str; 2]) -> Self {
        let signer = Signer::now();
        let (name, credentials, more, limit) = match caller {
            Caller::Tokens(tokens) => ("x-auth-token", tokens, String::new(), None),
            Caller::Key(count) => {
                let values = (0..count as u64).map(|number| signer.authorization(&body(number))).collect();
                ("authorization", values, format!("x-sdk-date: {}\r\n", signer.date), Some(count as u64))
            }
        };
        let body = body(0);
        let before = format!("POST {INDIVIDUAL} HTTP/1.1\r\nhost: {HOST}\r\n{name}: ");
        let after = format!("\r\n{more}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let text = format!("{before}{}{after}", credentials[0]);
        let numbers = text.match_indices(&"0".repeat(DIGITS)).map(|(place, _)| place).collect();
        Self { numbers, credentials, credential_at: before.len(), limit, answer, text: text.into_bytes() }
    }

    /// A request to begin with.
    pub(crate) fn first(&self) -> Vec<u8> {
        self.text.clone()
    }

    /// Makes the request of this number of any other one.
    pub(crate) fn write(&self, number: u64, request: &mut [u8]) {
        for place in &self.numbers {
            let mut rest = number;
            for digit in request[*place..][..DIGITS].iter_mut().rev() {
                *digit = b'0' + u8::try_from(rest % 10).expect("it is less than ten");
                rest /= 10;
            }
        }
        if self.credentials.len() > 1 {
            let place = usize::try_from(number).expect("it fits") % self.credentials.len();
            let credential = self.credentials[place].as_bytes();
            request[self.credential_at..][..credential.len()].copy_from_slice(credential);
        }
    }
}
