//! Several simulators behind one address, by the balancer of `examples/haproxy.cfg`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Process, SignedRequest, Suite, UNDER_REVIEW, list, now, passport, text};

const SUITE: Suite<'_> = Suite {
    subject: "a balancer in front of several simulators",
    needs: "HAProxy: `apt-get install haproxy`",
    probe: &["haproxy", "-v"],
};

const NAMES: [&str; 2] = ["alpha", "beta"];

/// How many spaces there are, and how many calls each gets of each kind. Together they are 1,000 calls.
const SPACES: usize = 50;
const ROUNDS: usize = 5;

/// Simulators with the names, and the balancer in front of them.
struct Cluster {
    simulators: Vec<Process>,
    balancer: Process,
}

impl Cluster {
    fn start() -> Self {
        let simulators: Vec<_> = NAMES.iter().map(|name| Process::start(&["--name", name])).collect();
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it is bound");
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/haproxy.cfg");
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f"]).arg(config).env("BIND", free.to_string());
        command.env("ALPHA", simulators[0].address()).env("BETA", simulators[1].address());
        let balancer = Process::spawn_at(&free.to_string(), &mut command);
        Self { simulators, balancer }
    }

    fn client(&self) -> Client {
        self.balancer.client()
    }
}

/// The simulator that made a space.
fn maker(space: &Value) -> usize {
    let (name, _) = text(&space["id"]).split_once('-').expect("the ID begins with a name");
    NAMES.iter().position(|known| *known == name).expect("a simulator has this name")
}

/// Makes a space through the balancer, with a customer for each application.
async fn create_space(client: &Client, number: usize) -> Value {
    let id = |application| format!("c-{number}-{application}");
    let customers: Vec<_> = (0..3 * ROUNDS).map(|nth| json!({ "id": id(nth), "partner": "demo" })).collect();
    let partner = json!({ "id": "p-account", "name": "demo", "xaccount_type": "DEMO_IDP" });
    let settings = json!({ "customers_per_certificate": 3 * ROUNDS });
    client
        .create_space(&json!({ "fixture": { "settings": settings, "partners": [partner], "customers": customers } }))
        .await
}

/// Applies in each way in which a request can show its space: by a token, by a signature, and by a token that IAM issues.
async fn apply_in_each_way(client: &Client, space: &Value, number: usize, round: usize) {
    let [partner, user] = [&space["partners"][0], &space["users"][0]];
    let application = |way: usize| passport(&format!("c-{number}-{}", 3 * round + way));
    client.apply_as(text(&partner["token"]), &application(0)).await.assert(200, UNDER_REVIEW);
    let (body, date) = (application(1).to_string(), now());
    let key = (text(&partner["ak"]), text(&partner["sk"]));
    client.send(SignedRequest { key, ..SignedRequest::post(&body, &date) }.request()).await.assert(200, UNDER_REVIEW);
    let issued = client.log_in(["domain", "name", "password"].map(|key| text(&user[key])), &[]).await;
    client.apply_as(issued.token(), &application(2)).await.assert(200, UNDER_REVIEW);
}

#[tokio::test]
async fn behind_a_balancer_each_call_reaches_the_simulator_of_its_space() {
    if SUITE.tools().is_none() {
        return;
    }
    let mut cluster = Cluster::start();
    let client = cluster.client();
    let spaces = join_all((0..SPACES).map(|number| create_space(&client, number))).await;
    let of = |simulator| spaces.iter().filter(move |space| maker(space) == simulator);
    assert!(of(0).next().is_some() && of(1).next().is_some(), "each simulator makes spaces");

    let calls = (0..SPACES * ROUNDS).map(|call| {
        let (number, round) = (call / ROUNDS, call % ROUNDS);
        apply_in_each_way(&client, &spaces[number], number, round)
    });
    join_all(calls).await;
    for (number, space) in spaces.iter().enumerate() {
        let id = text(&space["id"]);
        let journal = client.get(&format!("/journal?space={id}&limit=1000")).await;
        let entries = list(&journal, "entries");
        assert_eq!(entries.len(), 4 * ROUNDS, "{id}");
        for entry in entries {
            let customer = entry["request"]["body"]["customer_id"].as_str();
            assert!(customer.is_none_or(|customer| customer.starts_with(&format!("c-{number}-"))), "{entry}");
        }
        let found = client.call("GET", "/_sim/journal", &[("x-sim-space", id)], "").await;
        assert_eq!(list(&found.json(), "entries").len(), 4 * ROUNDS, "by the header: {id}");
        assert_eq!(client.get(&format!("/spaces/{id}")).await["id"], space["id"]);
    }
    for simulator in &cluster.simulators {
        let strays = simulator.client().get("/journal").await;
        assert_eq!(list(&strays, "entries").len(), 0, "no request has reached a default space: {strays}");
    }

    let alpha = cluster.simulators.remove(0);
    let (lost, kept) = (of(0).next().expect("alpha has a space"), of(1).next().expect("beta has a space"));
    assert_eq!(alpha.end("TERM").0, Some(0));
    let token = |space: &Value| text(&space["partners"][0]["token"]).to_owned();
    // The balancer may answer 503 until it has found out.
    let refused = loop {
        let reply = client.apply_as(&token(lost), &passport("c")).await;
        if reply.status != 503 {
            break reply;
        }
    };
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(refused.body.contains("it is a space of alpha, which is not here"), "{refused:?}");
    let (status, answer) = client.control("GET", &format!("/spaces/{}", text(&lost["id"])), &Value::Null).await;
    assert!(status == 404 && answer.to_string().contains("space of alpha, which is not here"), "{status}: {answer}");
    let login = ["domain", "name", "password"].map(|key| text(&lost["users"][0][key]));
    let refused = client.log_in(login, &[]).await;
    assert!(refused.status == 401 && refused.body.contains("it is a space of alpha, which is not here"), "{refused:?}");
    let journal = cluster.simulators[0].client().get("/journal?order=desc&limit=1").await;
    let why = text(&list(&journal, "entries")[0]["outcome"]["why"]);
    assert!(why.contains("space of alpha, which is not here"), "{why}");
    client.apply_as(&token(kept), &passport("unlisted")).await.assert_code(400, "CBC.99000035");
}
