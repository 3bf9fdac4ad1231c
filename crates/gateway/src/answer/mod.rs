//! What comes down to the caller: the API's answer, or one of the proxy's own.

pub mod echo;
pub mod header_policy;
pub mod health;
pub mod members;
pub mod problem;
pub mod reply;
