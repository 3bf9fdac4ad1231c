//! Responses to the caller: those of the API, and the proxy's own.

pub mod coding;
pub mod echo;
pub mod header_policy;
pub mod health;
pub(crate) mod media_type;
pub mod members;
pub mod problem;
pub(crate) mod reference;
pub mod reply;
pub mod room;
pub(crate) mod status;
pub mod tool_list;
