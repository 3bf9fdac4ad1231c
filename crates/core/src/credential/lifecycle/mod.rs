//! The life cycle of a key after its creation: audit, rotation, and finding leaks.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`listing`] | reads the API's list of keys and keeps everything except the values |
//! | [`audit`] | which keys need attention, how urgently, and the next step |
//! | [`rotation`] | the steps that replace one key with another, resumable after each |
//! | [`leak`] | finds keys of the Attention API in text |
//!
//! Nothing here performs IO. The API's behaviour is taken only from its public pages (`openapi/attention.v2.yaml`);
//! where they are silent, a person is asked.

pub mod audit;
pub mod leak;
pub mod listing;
pub mod rotation;
