//! The simulator: the only keeper of state. It knows nothing of HTTP and nothing of files.

mod callers;
mod clock;
mod lockout;
mod review;
mod script;
mod space;
mod store;
mod submit;
mod tokens;

pub use callers::TokenError;
pub use clock::machine_time;
pub use review::ReviewError;
pub use space::Space;
pub use submit::{Reason, Submission};
pub use tokens::IssuedToken;
