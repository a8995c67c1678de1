//! Scenarios, applications, and files that the tests start from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Two partners with a token each.
pub(crate) const PARTNERS: &str = "
partners:
  - { id: demo-account, name: demo, xaccount_type: DEMO_IDP, credentials: { tokens: [token] } }
  - { id: other-account, name: other, xaccount_type: OTHER_IDP, credentials: { tokens: [other-token] } }
";

/// The partners with every kind of credential, a customer, and one with credentials of its own.
pub(crate) const CALLERS: &str = "
partners:
  - id: demo-account
    name: demo
    xaccount_type: DEMO_IDP
    credentials:
      tokens: [token]
      access_keys:
        - { ak: DEMOAK0001, sk: demo-secret }
        - { ak: DEMOAK0002, sk: second-secret }
        - { ak: TEMPAK0001, sk: temporary-secret, security_token: gQpjbi1ub3J0aC00 }
      users: [{ name: operator, password: demo-password }]
  - id: other-account
    name: other
    xaccount_type: OTHER_IDP
    credentials: { tokens: [other-token], users: [{ name: operator, password: other-password }] }
customers:
  - { id: c-1, partner: demo }
  - id: c-own
    partner: demo
    credentials:
      tokens: [customer-token]
      access_keys: [{ ak: OWNAK0001, sk: customer-secret }]
      users: [{ name: owner, password: customer-password }]
";

/// The access keys of [`CALLERS`], each with its secret, and an unknown one.
pub(crate) const KEY: (&str, &str) = ("DEMOAK0001", "demo-secret");
pub(crate) const SECOND_KEY: (&str, &str) = ("DEMOAK0002", "second-secret");
pub(crate) const TEMPORARY_KEY: (&str, &str) = ("TEMPAK0001", "temporary-secret");
pub(crate) const CUSTOMER_KEY: (&str, &str) = ("OWNAK0001", "customer-secret");
pub(crate) const UNKNOWN_KEY: (&str, &str) = ("NOSUCHAK", "any-secret");

/// A well-formed application of a customer with a passport, for the partner `demo`.
pub(crate) fn passport(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "identify_type": 0,
        "verified_type": 3,
        "verified_file_url": ["front.jpg", "hand.jpg"],
        "name": "Wang Xiaoming",
        "verified_number": "E12345678",
        "change_type": -1,
        "xaccount_type": "DEMO_IDP",
    })
}

/// The same for the first partner of the built-in scenarios.
pub(crate) fn builtin_passport(customer: &str) -> Value {
    with(passport(customer), "xaccount_type", "***_IDP")
}

/// The same with another certificate number.
pub(crate) fn numbered(customer: &str, number: &str) -> Value {
    with(passport(customer), "verified_number", number)
}

/// The same with another value in a field.
pub(crate) fn with(mut application: Value, field: &str, value: impl Into<Value>) -> Value {
    application[field] = value.into();
    application
}

/// The same without a field.
pub(crate) fn without(mut application: Value, field: &str) -> Value {
    application.as_object_mut().expect("an application is an object").remove(field);
    application
}

/// The text in a value.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The list below a key.
#[track_caller]
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}`: {value}"))
}

/// The keys of an object.
#[track_caller]
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

/// A directory of one test in the build folder.
pub(crate) struct TestDir(PathBuf);

impl TestDir {
    /// A new directory, without anything that an earlier run has left. Tests run side by side: no two may have the same one.
    #[track_caller]
    pub(crate) fn new(test: &str) -> Self {
        static TAKEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        // A test that panics here poisons the lock, but does not change the set.
        let is_new = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).insert(test.to_owned());
        assert!(is_new, "another test has the directory {test}");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it").join(test);
        drop(fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)));
        fs::create_dir_all(&path).expect("the build folder can be written to");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path as text, for the command line.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().expect("the build folder's name is text")
    }

    /// The path of a file in the directory.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, in a folder that need not exist. Returns its path.
    pub(crate) fn put(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> String {
        let path = self.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the build folder can be written to");
        fs::write(&path, content).expect("the build folder can be written to");
        path.into_os_string().into_string().expect("the build folder's name is text")
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: impl AsRef<Path>) {
        fs::remove_file(self.join(name)).expect("the file exists");
    }
}
