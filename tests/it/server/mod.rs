//! The server: connections, protocols and their limits.

mod balancer;
mod connections;
mod faults;
mod http1;
mod http2;
mod tls;
