//! What holds calls back: a caller's own limit, the gate that all isolates share, and the breaker.

pub mod breaker;
pub mod rate;
pub mod shared_gate;
