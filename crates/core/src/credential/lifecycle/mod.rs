//! The life of a key after it was made: audited.
//!
//! | module | what it decides |
//! | --- | --- |
//! | [`listing`] | what of the API's list of keys is kept: everything but the values |
//! | [`audit`] | which keys need attention, how urgently, and the next step |
//!
//! Nothing here performs IO. What the API does is taken from its public pages alone
//! (`openapi/attention.v2.yaml`); where they say nothing, a person is asked.

pub mod audit;
pub mod listing;
