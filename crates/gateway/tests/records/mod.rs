//! Log records for the tests of the ledger and the status page.

use std::time::Duration;

use attention_core::Timestamp;
use attention_gateway::log::Record;

/// A record of a caller's request to the rule `route`; nothing else is known of it.
pub(crate) fn of_caller<'a>(
    caller: &'a str,
    route: &'a str,
    status: u16,
    code: Option<&'a str>,
    at: Timestamp,
) -> Record<'a> {
    Record {
        at,
        took: Duration::from_millis(7),
        status,
        request_id: "a-fresh-id",
        caller: Some(caller),
        route: Some(route),
        code,
        ..Record::default()
    }
}
