//! Lockout: how often a key may fail.

use std::time::Duration;

use jiff::SignedDuration;

use crate::callers::{KEY, SECOND_KEY, TEMPORARY_KEY, UNKNOWN_KEY, ask, assert_refused, service};
use crate::service::Service;
use crate::signing::{Call, date};

const MINUTE: Duration = Duration::from_secs(60);
const LOCKED: &str = "AK access failed to reach the limit,forbidden.";

/// Signs with a wrong secret so many times; each time the gateway has to say that it is wrong.
async fn fail(service: &Service, times: usize) {
    for time in 1..=times {
        let reply = ask(service, (KEY.0, "wrong")).await;
        assert!(reply.body.contains("verify aksk signature fail, canonicalRequest:"), "{time}: {reply:?}");
    }
}

#[tokio::test]
async fn more_than_five_wrong_signatures_in_a_row_lock_a_key_for_five_minutes() {
    let service = service();
    for _ in ["the first lock", "another one, after the first has run out"] {
        fail(&service, 5).await;
        assert_refused(&ask(&service, (KEY.0, "wrong")).await, LOCKED);
        assert_refused(&ask(&service, KEY).await, LOCKED);
        ask(&service, SECOND_KEY).await.assert_parameter_error();
        service.advance(4 * MINUTE);
        assert_refused(&ask(&service, (KEY.0, "wrong")).await, LOCKED);
        service.advance(MINUTE);
    }
    ask(&service, KEY).await.assert_parameter_error();
}

#[tokio::test]
async fn a_right_signature_in_between_begins_the_count_anew() {
    let service = service();
    for _ in 0..3 {
        fail(&service, 5).await;
        ask(&service, KEY).await.assert_parameter_error();
    }
}

#[tokio::test]
async fn only_wrong_signatures_of_a_known_key_count() {
    let service = service();
    let early = date(SignedDuration::from_mins(-16));
    let wrong = |date| Call { key: (KEY.0, "wrong"), ..Call::post("{}", date) };
    for _ in 0..7 {
        let reply = service.send(wrong(&early).request()).await;
        assert_refused(&reply, "calc ak sk signature fail:signature expired");
        let reply = service.send(wrong("").request()).await;
        assert_refused(&reply, "calc ak sk signature fail:X-Sdk-Date malformed");
        assert_refused(&ask(&service, TEMPORARY_KEY).await, "verify security token fail");
        assert_refused(&ask(&service, UNKNOWN_KEY).await, "Get secretKey failed,ak:NOSUCHAK,err:ak not exist");
    }
    fail(&service, 5).await;
    ask(&service, KEY).await.assert_parameter_error();
}
