//! The life of a key after it was made: audited, rotated, and found where it must not be.
//!
//! | module | what it decides |
//! | --- | --- |
//! | [`listing`] | what of the API's list of keys is kept: everything but the values |
//! | [`audit`] | which keys need attention, how urgently, and the next step |
//! | [`rotation`] | the order in which one key takes the place of another, resumable after every step |
//! | [`leak`] | where a text holds a key of the Attention API |
//!
//! Nothing here performs IO. What the API does is taken from its public pages alone
//! (`openapi/attention.v2.yaml`); where they say nothing, a person is asked.

pub mod audit;
pub mod leak;
pub mod listing;
pub mod rotation;
