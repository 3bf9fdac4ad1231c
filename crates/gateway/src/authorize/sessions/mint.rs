//! Creates a session for a backend (`POST /sessions`).
//!
//! The body is `{"minutes","origin","routes"}`; every member is optional.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::authorize::sessions::{Session, SessionError};
use attention_core::Timestamp;
use attention_core::codec::json::Object;

use crate::answer::problem::Problem;
use crate::deployment::Config;
use crate::deployment::strict_json::Document;

/// Creates the session requested by `body` for `caller` and returns the response's body. `id` identifies the session in
/// logs.
pub(crate) fn mint(
    config: &Config,
    caller: &str,
    body: Option<&str>,
    id: &str,
    now: Timestamp,
) -> Result<String, Problem> {
    let secret = config.session_secret.as_ref().ok_or_else(Problem::misconfigured)?;
    let body = body.ok_or_else(Problem::broken_upload)?;
    let refused = |fault| Problem::session_request(&fault);
    let request = Document::new(body).root(&["minutes", "origin", "routes"]).map_err(refused)?;
    let minutes = request.number("minutes").map_err(refused)?.unwrap_or(15);
    let origin = request.text("origin").map_err(refused)?;
    // With an origin that no page may have, nobody could use the token.
    if origin.as_ref().is_some_and(|origin| !config.origins.iter().any(|allowed| allowed == origin)) {
        return Err(Problem::session_request(
            &request.fault("origin", "is not one of the origins that this proxy allows"),
        ));
    }
    let routes = request.texts("routes").map_err(refused)?.unwrap_or_default();
    let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
    let life = Duration::from_secs(minutes.saturating_mul(60));
    let session = Session::new(caller, now, life, origin.as_deref(), &routes, id).map_err(|error| {
        let (member, what) = match error {
            SessionError::Life => ("minutes", "is too much or too little: "),
            // The id comes from the driver.
            SessionError::Id => return Problem::internal(),
            _ => ("routes", "cannot be granted: "),
        };
        Problem::session_request(&request.fault(member, [what, &error.message()].concat()))
    })?;
    let mut minted = Object::new();
    minted
        .string("token", &session.sign(secret))
        .number("expiresAt", session.expires_at.as_unix_millis())
        .string("id", id);
    Ok(minted.finish())
}
