//! The official Python SDK against the binary: runs the tests of `tests/sdk`.

use crate::python::Suite;

#[test]
fn the_official_sdk_understands_every_answer() {
    let suite = Suite { name: "sdk", subject: "the official SDK", least_python: 9 };
    let needs_s3: &[_] = if cfg!(feature = "s3") { &[] } else { &["test_bucket.py"] };
    suite.run(needs_s3);
}
