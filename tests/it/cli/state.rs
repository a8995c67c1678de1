//! `serve --state`: what goes on after a restart, and what begins again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::*;

/// Starts a process that keeps its state in this file.
#[track_caller]
pub(super) fn serve(file: &Path, flags: &[&str]) -> Process {
    let file = file.to_str().expect("the build folder's name is text");
    Process::start(&[&["--state", file, "--log-format", "json"], flags].concat())
}

/// Stops a process and starts another one on the same file.
#[track_caller]
fn restart(process: Process, file: &Path, flags: &[&str]) -> Process {
    let (code, _, log) = process.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    serve(file, flags)
}

fn state_in(directory: &TestDir) -> PathBuf {
    directory.join("kept.state")
}

/// The names of all scenarios.
async fn scenarios(client: &Client) -> Vec<String> {
    let scenarios = client.get("/scenarios").await;
    list(&scenarios, "scenarios").iter().map(|row| text(&row["name"]).to_owned()).collect()
}

#[tokio::test]
async fn spaces_of_every_scenario_go_on() {
    let file = state_in(&TestDir::new("state/scenarios"));
    let mut process = serve(&file, &[]);
    let mut client = process.client();
    let mut before = Vec::new();
    for scenario in scenarios(&client).await {
        let space = client.create_space(&json!({ "scenario": scenario, "label": format!("of {scenario}") })).await;
        let id = text(&space["id"]).to_owned();
        let token = text(&space["partners"][0]["token"]).to_owned();
        let platform = space["partners"][0]["xaccount_type"].clone();
        let world = client.get(&format!("/world?space={id}")).await;
        for customer in list(&world, "customers") {
            let application = with(passport(text(&customer["id"])), "xaccount_type", platform.clone());
            client.apply_as(&token, &application).await;
        }
        before.push((
            id.clone(),
            token,
            client.get(&format!("/world?space={id}")).await,
            client.get(&format!("/spaces/{id}")).await,
        ));
    }
    let spaces = async |client: &Client| {
        let all = client.get("/spaces").await;
        let kept = |space: &Value| ["id", "label", "scenario", "created"].map(|key| space[key].clone());
        list(&all, "spaces").iter().map(kept).collect::<Vec<_>>()
    };
    let listed = spaces(&client).await;
    for _ in 0..2 {
        process = restart(process, &file, &[]);
        client = process.client();
        assert_eq!(spaces(&client).await, listed);
        for (id, token, world, space) in &before {
            assert_eq!(client.get(&format!("/world?space={id}")).await, *world, "{}", space["scenario"]);
            assert_eq!(client.get(&format!("/spaces/{id}")).await, *space);
            // The token leads to its space.
            let reply = client.apply_as(token, &json!({})).await;
            assert_ne!(reply.status, 401, "{reply:?}");
        }
    }
    for (id, _, _, space) in &before {
        let fresh = client.create_space(&json!({ "scenario": space["scenario"] })).await;
        let (fresh, reset) = (text(&fresh["id"]), format!("/reset?space={id}"));
        client.assert_control("POST", &reset, Value::Null, 200).await;
        let worlds =
            [client.get(&format!("/world?space={id}")).await, client.get(&format!("/world?space={fresh}")).await];
        let without_partners = worlds.map(|world| without(without_reviews(world), "partners"));
        assert_eq!(without_partners[0], without_partners[1], "a reset goes back to the scenario");
        assert_eq!(client.get(&format!("/spaces/{id}")).await, *space, "and leaves the credentials");
    }
}

/// A world without the times at which its reviews began: they are those of the space's own start.
fn without_reviews(mut world: Value) -> Value {
    for customer in world["customers"].as_array_mut().into_iter().flatten() {
        customer.as_object_mut().expect("a customer is an object").remove("under_review_since");
    }
    world
}

const DRAWN: &str = "
settings: { seed: 7 }
scripted:
  - { when: { customer_id: [c-1, c-own] }, probability: 0.5, then: [{ error_code: CBC.0999 }, { error_code: CBC.0151 }, { error_code: CBC.99000035 }], times: 9 }
  - { then: { error_code: CBC.99007188 }, times: 2 }
";

#[tokio::test]
async fn script_goes_on_where_it_was() {
    let files = TestDir::new("state/script");
    let fixture = files.put("drawn.yaml", format!("name: drawn\n{CALLERS}{DRAWN}"));
    let flags = ["--fixtures", &*fixture];
    let mut answers = [const { Vec::new() }; 2];
    for (is_restarted, answers) in [false, true].into_iter().zip(&mut answers) {
        let file = files.join(format!("{is_restarted}.state"));
        let mut process = serve(&file, &flags);
        process.client().script(&json!({ "then": { "error_code": "CBC.99007193" }, "times": 1 })).await;
        for number in 0..24 {
            let customer = ["c-1", "c-own", "c-2"][number % 3];
            answers.push(process.client().apply(&passport(customer)).await.code());
            if number == 3 {
                // It has place 4: no other gets it.
                process.client().script(&json!([{ "then": { "error_code": "CBC.99007202" }, "times": 1 }])).await;
                assert_eq!(process.client().delete("/scripted/3").await, 204);
            }
            if is_restarted && number % 5 == 2 {
                process = restart(process, &file, &flags);
            }
        }
        let added = process.client().post("/scripted", &json!({ "then": { "error_code": "CBC.0999" } })).await;
        assert_eq!(added, (201, json!({ "place": 4, "added": 1 })), "a place is given once");
    }
    assert_eq!(answers[0], answers[1]);
    for code in ["CBC.0999", "CBC.0151", "CBC.99000035", "CBC.99007188", "CBC.99007193"] {
        assert!(answers[0].iter().any(|answer| answer == code), "{code}: {answers:?}");
    }
}

#[tokio::test]
async fn customers_partners_and_certificates_go_on() {
    let files = TestDir::new("state/world");
    let listed =
        "certificates: [{ number: E12345678, holder: Wang Xiaoming }, { number: X1, used_by: [c-1] }, { number: X2 }]";
    let fixture = files.put("callers.yaml", format!("name: callers\n{CALLERS}{listed}"));
    let (file, flags) = (state_in(&files), ["--fixtures", &*fixture]);
    let process = serve(&file, &flags);
    let client = process.client();
    client.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    assert_eq!(client.delete("/customers/c-own").await, 204);
    for (path, body) in [
        (
            "/partners/new",
            json!({ "id": "new-account", "xaccount_type": "NEW", "credentials": { "tokens": ["new-token"] } }),
        ),
        ("/customers/c-2", json!({ "partner": "new", "credentials": { "tokens": ["c-2-token"] } })),
        ("/certificates/X1", json!({ "used_by": ["c-2"], "blocked": true })),
        ("/certificates/X3", json!({ "holder": "Li Na", "used_by": ["nobody-yet"] })),
    ] {
        let status = if path == "/certificates/X1" { 200 } else { 201 };
        assert_eq!(client.put(path, &body).await.0, status, "{path}");
    }
    assert_eq!(client.delete("/certificates/X2").await, 204);
    assert_eq!(client.delete("/partners/other").await, 204);
    let before = client.get("/world").await;
    assert_eq!(list(&before, "partners").len(), 2);

    let process = restart(process, &file, &flags);
    let client = process.client();
    assert_eq!(client.get("/world").await, before);
    assert_eq!(client.control("GET", "/customers/c-own", &Value::Null).await.0, 404, "it was deleted");
    let reply = client.apply_as("new-token", &with(passport("c-2"), "xaccount_type", "NEW")).await;
    reply.assert(200, UNDER_REVIEW);
    client.apply_as("c-2-token", &passport("c-2")).await.assert_code(403, "CBC.0151");
    assert_eq!(client.apply_as("other-token", &passport("c-2")).await.status, 401);
    assert_eq!(client.apply_as("customer-token", &passport("c-own")).await.status, 401);
    let approve = json!({ "decision": "approve" });
    let reviewed = client.assert_control("POST", "/customers/c-1/review", approve, 200).await;
    assert_eq!((&reviewed["real_name"], &reviewed["attempts"]), (&json!("authenticated"), &json!(1)));

    client.assert_control("POST", "/reset", Value::Null, 200).await;
    let process = restart(process, &file, &flags);
    let client = process.client();
    assert_eq!(client.get("/customers/c-own").await["partner"], "demo", "a reset goes back to the scenario");
    assert_eq!(client.apply_as("new-token", &passport("c-1")).await.status, 401);
}

#[tokio::test]
async fn tokens_clock_codes_lockout_coverage_and_numbers_go_on() {
    let files = TestDir::new("state/rest");
    let fixture = files.put("callers.yaml", format!("name: callers\n{CALLERS}"));
    let (file, flags) = (state_in(&files), ["--fixtures", &*fixture]);
    let process = serve(&file, &flags);
    let client = process.client();
    client.assert_control("PUT", "/clock", json!({ "advance": "1h" }), 200).await;
    let logins = [["demo", "operator", "demo-password"], ["c-own", "owner", "customer-password"]];
    let mut tokens = Vec::new();
    for login in logins {
        tokens.push(client.log_in(login, &[]).await.token().to_owned());
    }
    let mail = json!({ "receiver_type": 2, "email": "new@example.com", "timeout": 60 }).to_string();
    let headers = [("content-type", "application/json"), ("x-auth-token", "token")];
    client.call("POST", "/v2/bases/verificationcode/send", &headers, mail).await.assert(204, "");
    let date = now();
    let wrong = passport("c-1").to_string();
    let forged = SignedRequest { key: (KEY.0, "wrong-secret"), ..SignedRequest::post(&wrong, &date) };
    for _ in 0..6 {
        assert_eq!(client.send(forged.request()).await.status, 401);
    }
    let right = SignedRequest::post(&wrong, &date);
    assert_eq!(client.send(right.request()).await.status, 401, "the key is locked");
    client.apply(&passport("c-1")).await.assert(200, UNDER_REVIEW);
    let frozen = client.create_space(&json!({ "label": "frozen" })).await;
    let frozen = format!("/clock?space={}", text(&frozen["id"]));
    client.assert_control("PUT", &frozen, json!({ "set": "2030-01-01", "freeze": true }), 200).await;
    let codes = client.get("/verification-codes").await;
    let coverage = client.get("/coverage").await;
    let last = |journal: &Value| list(journal, "entries").last().map(|entry| entry["number"].as_u64());
    let number = last(&client.get("/journal").await).flatten().expect("there are entries");

    let process = restart(process, &file, &flags);
    let client = process.client();
    client.apply_as(&tokens[0], &passport("c-1")).await.assert_code(400, "CBC.99000027");
    client.apply_as(&tokens[1], &passport("c-1")).await.assert_code(403, "CBC.0151");
    assert_eq!(client.get("/verification-codes").await, codes);
    assert_eq!(list(&codes, "codes").len(), 1);
    assert_eq!(client.send(right.request()).await.status, 401, "the key is still locked");
    let covered = client.get("/coverage").await;
    assert_eq!(covered["seen"], coverage["seen"], "{covered:#}");
    let clock = client.get("/clock").await;
    let ahead = clock["ahead_ms"].as_i64().expect("a number");
    assert!((3_599_000..=3_601_000).contains(&ahead), "{clock}");
    let stopped = client.get(&frozen).await;
    assert_eq!((&stopped["now"], &stopped["frozen"]), (&json!("2030-01-01T00:00:00.000Z"), &json!(true)));
    let journal = client.get("/journal").await;
    assert_eq!(list(&journal, "entries")[0]["number"], number + 1, "the journal is empty, and its numbers go on");
    // Tokens expire by the clock of their space.
    client.assert_control("PUT", "/clock", json!({ "advance": "1d" }), 200).await;
    assert_eq!(client.apply_as(&tokens[0], &passport("c-1")).await.status, 401);
}

/// A scenario in which this customer of `demo` exists.
fn scenario(name: &str, customer: &str) -> String {
    format!("name: {name}\n{PARTNERS}customers: [{{ id: {customer}, partner: demo }}]\n")
}

async fn customers(client: &Client, space: &str) -> Vec<String> {
    let world = client.get(&format!("/world?space={space}")).await;
    list(&world, "customers").iter().map(|customer| text(&customer["id"]).to_owned()).collect()
}

#[tokio::test]
async fn default_space_begins_again_if_its_scenario_has_changed() {
    let files = TestDir::new("state/changed");
    files.put("served.yaml", scenario("served", "before"));
    files.put("other.yaml", scenario("other", "in-other"));
    let file = state_in(&files);
    let fixtures = [
        "--fixtures",
        &*files.join("served.yaml").display().to_string(),
        &*files.join("other.yaml").display().to_string(),
    ]
    .map(str::to_owned);
    let flags = |scenario: &'static str| {
        let mut flags: Vec<&str> = fixtures.iter().map(String::as_str).collect();
        flags.extend(["--scenario", scenario]);
        flags
    };
    let process = serve(&file, &flags("served"));
    let client = process.client();
    let space = client.create_space(&json!({ "scenario": "served" })).await;
    let id = text(&space["id"]).to_owned();
    for space in ["default", &id] {
        assert_eq!(client.put(&format!("/customers/added?space={space}"), &json!({ "partner": "demo" })).await.0, 201);
    }
    client.assert_control("PUT", "/clock", json!({ "set": "2030-01-01", "freeze": true }), 200).await;

    // Nothing has changed: it goes on, and a reload lets it begin again.
    let process = restart(process, &file, &flags("served"));
    let client = process.client();
    assert_eq!(customers(&client, "default").await, ["added", "before"]);
    files.put("served.yaml", scenario("served", "reloaded"));
    let reloaded = client.assert_control("POST", "/reload", Value::Null, 200).await;
    assert_eq!(reloaded["restarted"], json!(["default"]));
    assert_eq!(customers(&client, "default").await, ["reloaded"]);
    let process = restart(process, &file, &flags("served"));
    let client = process.client();
    assert_eq!(customers(&client, "default").await, ["reloaded"]);
    assert_eq!(customers(&client, &id).await, ["added", "before"]);

    // Its file changes while no simulator runs.
    assert_eq!(process.end("TERM").0, Some(0));
    files.put("served.yaml", scenario("served", "after"));
    let mut process = serve(&file, &flags("served"));
    let client = process.client();
    let event = process.log().event_of("the default space begins again");
    assert_eq!((&event["level"], &event["why"]), (&json!("WARN"), &json!("the scenario `served` has changed")));
    assert_eq!(customers(&client, "default").await, ["after"]);
    assert_eq!(customers(&client, &id).await, ["added", "before"], "others go on");
    client.assert_control("POST", &format!("/reset?space={id}"), Value::Null, 200).await;
    assert_eq!(customers(&client, &id).await, ["before"], "even with the world that is in no file any more");
    assert_eq!(client.get("/clock").await["now"], "2030-01-01T00:00:00.000Z", "as after a reload, the clock goes on");

    // Another scenario is served.
    let mut process = restart(process, &file, &flags("other"));
    let client = process.client();
    let event = process.log().event_of("the default space begins again");
    assert_eq!(event["why"], "the scenario is `other` now, and was `served`");
    assert_eq!(customers(&client, "default").await, ["in-other"]);
    assert_eq!(client.get("/spaces/default").await["scenario"], "other");

    // A world that a control call has put there belongs to no file.
    let world = json!({ "name": "put", "partners": [], "customers": [{ "id": "put" }] });
    client.assert_control("PUT", "/world", world, 200).await;
    assert_eq!(process.end("TERM").0, Some(0));
    files.put("other.yaml", scenario("other", "changed"));
    let process = serve(&file, &flags("other"));
    let client = process.client();
    assert_eq!(customers(&client, "default").await, ["put"]);
    assert_eq!(process.ready["scenario"], "other");
    files.put("other.yaml", scenario("other", "again"));
    let reloaded = client.assert_control("POST", "/reload", Value::Null, 200).await;
    assert_eq!((&reloaded["changed"], &reloaded["restarted"]), (&json!(["other"]), &json!([])));
    client.assert_control("POST", "/reset", Value::Null, 200).await;
    assert_eq!(customers(&client, "default").await, ["put"]);
}

#[tokio::test]
async fn directory_of_pictures_and_relative_scenario_go_on() {
    let files = TestDir::new("state/pictures");
    let directory = "bucket: { directory: pictures }";
    let partner =
        format!("{{ id: p, name: demo, xaccount_type: DEMO_IDP, {directory}, credentials: {{ tokens: [token] }} }}");
    let text_of = format!("name: pictures\npartners: [{partner}]\ncustomers: [{{ id: c-1, partner: demo }}]\n");
    let moved = files.put("moved/pictures.yaml", &text_of);
    let fixture = files.put("pictures.yaml", &text_of);
    let file = state_in(&files);
    let process = serve(&file, &["--fixtures", &fixture]);
    let before = process.client().get("/world").await;
    assert_eq!(before["partners"][0]["bucket"]["directory"], json!(files.join("pictures")));
    assert_eq!(process.client().put("/customers/c-2", &json!({ "partner": "demo" })).await.0, 201);
    let process = restart(process, &file, &["--fixtures", &fixture]);
    assert_eq!(list(&process.client().get("/world").await, "customers").len(), 2);
    // The same text in another directory means other pictures.
    let process = restart(process, &file, &["--fixtures", &moved]);
    let world = process.client().get("/world").await;
    assert_eq!(list(&world, "customers").len(), 1);
    assert_eq!(world["partners"][0]["bucket"]["directory"], json!(files.join("moved").join("pictures")));
    drop(process);
    assert!(fs::metadata(&file).is_ok());
}
