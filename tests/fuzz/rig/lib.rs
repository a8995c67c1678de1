//! What the fuzz targets share: a simulated service without a socket, documents drawn from the schema of fixtures, and
//! what every answer has to be like. A panic anywhere ends a target at once, also one that the service would catch.

mod draw;
mod judge;
mod service;

pub use draw::{Draw, word};
pub use judge::{explained, journaled, written_again};
pub use service::{Answer, INDIVIDUAL, Service, application};

/// The byte that a drawn input begins with: what follows is a source of choices. All other inputs are text.
pub const DRAWN: u8 = 0;
