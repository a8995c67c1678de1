//! `/_sim/clock`, and what follows the clock of a space.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{TestApp, machine_time, passport, text};

/// Changes the clock of the default space. Returns what it shows then.
async fn change(app: &TestApp, change: Value) -> Value {
    app.assert_control("PUT", "/clock", change, 200).await
}

fn now(clock: &Value) -> Timestamp {
    text(&clock["now"]).parse().expect("a time")
}

fn app(settings: &str) -> TestApp {
    TestApp::with(&format!("settings: {{ {settings} }}\ncustomers: [{{ id: c-1, partner: demo }}]"))
}

#[track_caller]
fn assert_about(time: Timestamp, expected: Timestamp) {
    let off = time.duration_since(expected).abs();
    assert!(off < SignedDuration::from_mins(10), "{time} is {off:?} away from {expected}");
}

#[tokio::test]
async fn put_clock_advances_sets_freezes_and_resets() {
    let app = app("");
    let day = SignedDuration::from_hours(24);
    let clock = app.get("/clock").await;
    assert_about(now(&clock), machine_time());
    assert_eq!(clock["frozen"], false);
    assert_about(now(&change(&app, json!({ "advance": "24h" })).await), machine_time() + day);
    assert_about(now(&change(&app, json!({ "advance": "24h" })).await), machine_time() + day + day);
    let clock = change(&app, json!({ "set": "2030-01-02T03:04:05Z" })).await;
    assert_about(now(&clock), "2030-01-02T03:04:05Z".parse().expect("a time"));

    let frozen = change(&app, json!({ "freeze": true })).await;
    assert_eq!(frozen["frozen"], true);
    assert_eq!(now(&app.get("/clock").await), now(&frozen));
    let later = change(&app, json!({ "advance": "90s" })).await;
    assert_eq!(now(&later), now(&frozen) + SignedDuration::from_secs(90), "a call moves a frozen clock");
    let set = change(&app, json!({ "set": "2020-02-29T00:00:00Z" })).await;
    assert_eq!((set["now"].as_str(), set["frozen"].as_bool()), (Some("2020-02-29T00:00:00.000Z"), Some(true)));
    let running = change(&app, json!({ "freeze": false })).await;
    assert_eq!(running["frozen"], false);
    assert_about(now(&running), now(&set));
    change(&app, json!({ "freeze": true })).await;
    let reset = change(&app, json!({ "reset": true })).await;
    assert_eq!(reset["frozen"], false);
    assert_about(now(&reset), machine_time());
}

#[tokio::test]
async fn put_clock_takes_days_dates_and_a_time_to_stop_at() {
    let app = app("");
    let clock = change(&app, json!({ "set": "2027-01-01", "freeze": true })).await;
    assert_eq!((&clock["now"], &clock["frozen"]), (&json!("2027-01-01T00:00:00.000Z"), &json!(true)));
    for (span, now) in
        [("3d", "2027-01-04T00:00:00.000Z"), ("1w 2d", "2027-01-13T00:00:00.000Z"), ("P3D", "2027-01-16T00:00:00.000Z")]
    {
        assert_eq!(change(&app, json!({ "advance": span })).await["now"], now, "{span}");
    }
    let clock = change(&app, json!({ "set": "2027-02-01", "freeze": false })).await;
    assert_eq!(clock["frozen"], false);
    assert_about(now(&clock), "2027-02-01T00:00:00Z".parse().expect("a time"));
}

#[tokio::test]
async fn put_clock_advances_by_exactly_as_much() {
    let app = app("");
    for (minutes, ahead) in [(5, 300_000), (1, 360_000), (60, 3_960_000)] {
        let clock = change(&app, json!({ "advance": format!("{minutes}m") })).await;
        assert_eq!(clock["ahead_ms"], ahead, "{clock}");
        assert_eq!(text(&clock["now"]).len(), "2027-01-01T00:00:00.000Z".len(), "{clock}");
    }
}

#[tokio::test]
async fn put_clock_beyond_the_last_time_is_422_and_says_so() {
    const LAST: &str = "9999-12-30T22:00:00.999999999Z";
    let app = app("");
    change(&app, json!({ "set": "9999-12-30", "freeze": true })).await;
    let error = app.assert_control("PUT", "/clock", json!({ "advance": "1d" }), 422).await;
    assert!(text(&error["detail"]).contains(LAST), "{error}");
    for time in ["9999-12-31", "9999-12-31T00:00:00Z"] {
        let error = app.assert_control("PUT", "/clock", json!({ "set": time }), 422).await;
        assert!(text(&error["detail"][0]["hint"]).contains(LAST), "{error}");
    }
    assert_eq!(app.get("/clock").await["now"], "9999-12-30T00:00:00.000Z", "nothing has changed");
    assert_eq!(change(&app, json!({ "advance": "22h" })).await["now"], "9999-12-30T22:00:00.000Z");
}

#[tokio::test]
async fn put_clock_with_none_or_two_changes_is_422() {
    let app = app("");
    let table = [
        (json!({}), "nothing is said"),
        (json!({ "advance": "1h", "freeze": true }), "two things are said"),
        (json!({ "advance": "1h", "set": "2027-01-01" }), "two others"),
        (json!({ "reset": true, "freeze": true }), "and two more"),
        (json!({ "advance": "soon" }), "that is no span of time"),
        (json!({ "set": "yesterday" }), "that is no time"),
        (json!({ "freeze": "yes" }), "that is no truth value"),
        (json!({ "advanse": "1h" }), "there is no such key"),
    ];
    for (body, why) in table {
        let (status, error) = app.put("/clock", &body).await;
        assert_eq!((status, error["detail"][0]["message"].is_string()), (422, true), "{why}: {error}");
    }
    assert_about(now(&app.get("/clock").await), machine_time());
}

#[tokio::test]
async fn put_clock_moves_one_space_until_post_reset() {
    let app = app("");
    let space = app.create_space(&json!({ "scenario": "default" })).await;
    let there = format!("?space={}", text(&space["id"]));
    let set = json!({ "set": "2030-01-01T00:00:00Z" });
    app.put(&format!("/clock{there}"), &set).await;
    assert_about(now(&app.get("/clock").await), machine_time());
    let clock = app.get(&format!("/clock{there}")).await;
    assert_about(now(&clock), "2030-01-01T00:00:00Z".parse().expect("a time"));
    app.control("POST", &format!("/reset{there}"), &Value::Null).await;
    let clock = app.get(&format!("/clock{there}")).await;
    assert_about(now(&clock), machine_time());
}

#[tokio::test]
async fn put_customer_under_review_begins_the_review_then() {
    let app = app("review_after: 2h");
    change(&app, json!({ "freeze": true })).await;
    change(&app, json!({ "advance": "3h" })).await;
    let customer = json!({ "partner": "demo", "real_name": "under_review" });
    let put = app.put("/customers/c-1", &customer).await;
    assert_eq!((put.0, &put.1["real_name"]), (200, &json!("under_review")));
    assert_eq!(app.control("GET", "/customers/c-1", &Value::Null).await, put, "what was answered is what is there");
    change(&app, json!({ "advance": "119m" })).await;
    assert_eq!(app.control("GET", "/customers/c-1", &Value::Null).await, put);
    // It goes on as it was when it is put back as it was read.
    assert_eq!(app.put("/customers/c-1", &put.1).await, put);
    change(&app, json!({ "advance": "1m" })).await;
    assert_eq!(app.get("/customers/c-1").await["real_name"], "authenticated");
}

#[tokio::test]
async fn put_world_that_was_read_keeps_the_time_left_of_a_review() {
    let app = TestApp::with(
        "settings: { review_after: 2h }\ncustomers: [{ id: c-1, partner: demo, real_name: under_review }]",
    );
    let real_name = async || app.get("/customers/c-1").await["real_name"].clone();
    change(&app, json!({ "freeze": true })).await;
    change(&app, json!({ "advance": "1h" })).await;
    for _ in 0..2 {
        let world = app.get("/world").await;
        assert_eq!(app.put("/world", &world).await.0, 200);
        assert_eq!(app.get("/world").await, world);
    }
    change(&app, json!({ "advance": "59m" })).await;
    assert_eq!(real_name().await, "under_review");
    change(&app, json!({ "advance": "1m" })).await;
    assert_eq!(real_name().await, "authenticated");
}

#[tokio::test]
async fn journal_entry_has_the_time_of_the_space() {
    let app = app("");
    change(&app, json!({ "freeze": true })).await;
    change(&app, json!({ "set": "2030-01-02T03:04:05.678Z" })).await;
    let reply = app.apply(&passport("c-1")).await;
    let entry = app.get(&format!("/journal/{}", reply.id())).await;
    assert_eq!(entry["at"], "2030-01-02T03:04:05.678Z");
}
