//! Identifies the caller and applies its policy; issues sessions for a backend's page.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::codec::json::Object;
use attention_core::{Headers, Method, Timestamp};

use super::{Exchange, Signature, Stage, Step, Then};
use crate::answer::problem::{NotRevoked, Problem};
use crate::answer::reply::Reply;
use crate::authorize::identity::{self, Identity, NamedBy};
use crate::authorize::jwt::claims::Refusal;
use crate::authorize::jwt::key_set::{KeySetStep, RETRY_AFTER};
use crate::authorize::jwt::token;
use crate::authorize::sessions::mint::mint;
use crate::authorize::sessions::revoked::{Full, Standing};
use crate::authorize::{self, Permitted};
use crate::deployment::Deployment;
use crate::limits;
use crate::limits::rate::Holder;

/// For the log.
const REVOKED: &str = "the operator has revoked the session";
/// A request for a session is a few lines long.
const SESSION_REQUEST_BYTES: usize = 16 * 1024;

impl Exchange {
    /// Identifies the sender. The driver verifies the signature of an issuer's token.
    pub(super) fn identify(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        method: Method,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match deployment.config.jwt.as_ref().map(|jwt| token::find(jwt, request)) {
            Some(Ok(Some(token))) => {
                self.token = Some(token.as_str().to_owned());
                self.verify(deployment, now)
            }
            Some(Err(refusal)) => Err(self.jwt_refused(&refusal)),
            Some(Ok(None)) | None => {
                let authorization = request.get("authorization");
                let page = self.facts.page.as_deref();
                let identity = identity::by_bearer(&deployment.config, authorization.as_deref(), page, now)?;
                match &identity.session {
                    // Without an operator, nobody can revoke a session there.
                    Some(session) if deployment.config.has_gate && deployment.config.admin.is_some() => {
                        let id = session.id.clone();
                        self.unchecked = Some(identity);
                        self.go(Stage::AskingStanding, Step::AskStanding { id, timeout: limits::ANSWER_WITHIN });
                        Ok(())
                    }
                    _ => self.identified(deployment, request, method, identity, now),
                }
            }
        }
    }

    /// The status of the session. If it is unknown, the session is not accepted.
    pub(super) fn on_standing(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        said: Standing,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let identity = self.unchecked.take().ok_or_else(Problem::internal)?;
        let id = identity.session.as_ref().map(|session| session.id.as_str()).unwrap_or_default();
        let method = self.request.method.ok_or_else(Problem::method)?;
        match deployment.standings.settle(id, said, now) {
            Standing::Good => return self.identified(deployment, request, method, identity, now),
            Standing::Revoked => {}
            Standing::Unknown => {
                self.facts.fault = Some("ATTENTION_GATE did not report whether the session was revoked".to_owned());
                return Err(Problem::unchecked_session());
            }
        }
        self.facts.session = Some(id.to_owned());
        Err(Problem::revoked_session().because(REVOKED))
    }

    /// The operator revokes a session.
    pub(super) fn revoke(&mut self, id: String) {
        self.facts.session = Some(id.clone());
        self.go(Stage::Revoking, Step::Revoke { id, timeout: limits::ANSWER_WITHIN });
    }

    pub(super) fn on_revoked(
        &mut self,
        deployment: &mut Deployment,
        kept: Option<Result<Timestamp, Full>>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let id = self.facts.session.clone().ok_or_else(Problem::internal)?;
        // Whatever the object responds, the session is revoked in this isolate.
        deployment.standings.settle(&id, Standing::Revoked, now);
        let lapses = match kept {
            Some(Ok(lapses)) => lapses,
            Some(Err(Full)) => return Err(Problem::not_revoked(NotRevoked::Full)),
            None => return Err(Problem::not_revoked(NotRevoked::Silent)),
        };
        let mut said = Object::new();
        said.string("id", &id).string("standing", Standing::Revoked.as_str()).number("until", lapses.as_unix_millis());
        self.answer(Reply::json(200, said.finish()));
        self.facts.is_revocation = true;
        self.facts.fault = Some(REVOKED.to_owned());
        Ok(())
    }

    /// Has the token's signature verified, once there is a key set.
    pub(super) fn verify(&mut self, deployment: &mut Deployment, now: Timestamp) -> Result<(), Problem> {
        match deployment.key_set.next(&mut self.lookup, now) {
            KeySetStep::Use => self.go(Stage::Verifying, Step::VerifyToken),
            KeySetStep::Wait(wait) => self.go(Stage::Waiting(Then::LookForKeySet), Step::Wait(wait)),
            KeySetStep::Fetch { timeout, limit } => {
                let jwt = deployment.config.jwt.as_ref().ok_or_else(Problem::internal)?;
                let url = jwt.keys_url().to_owned();
                self.go(Stage::FetchingKeySet, Step::FetchKeySet { url, timeout, limit });
            }
            KeySetStep::Unavailable => return Err(self.issuer_unavailable()),
        }
        Ok(())
    }

    pub(super) fn on_key_set(&mut self, deployment: &mut Deployment, got: bool, now: Timestamp) -> Result<(), Problem> {
        deployment.key_set.answered(&self.lookup, got);
        self.verify(deployment, now)
    }

    /// The signature has been verified; the claims are judged here.
    pub(super) fn on_signature(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        signature: Signature<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match signature {
            Signature::Good => {}
            Signature::Bad(reason) => return Err(self.signature_refused(reason)),
            Signature::UnknownKey if self.lookup.renews() && deployment.key_set.is_answered() => {
                return Err(self.jwt_refused(&Refusal::UnknownKey));
            }
            // The key may be in the newer set that could not be fetched.
            Signature::UnknownKey if self.lookup.renews() => return Err(self.issuer_unavailable()),
            Signature::UnknownKey => {
                self.lookup.renew();
                return self.verify(deployment, now);
            }
        }
        let (Some(token), Some(jwt)) = (self.token.take(), &deployment.config.jwt) else {
            return Err(Problem::internal());
        };
        let method = self.request.method.ok_or_else(Problem::method)?;
        match jwt.judge(&token, now) {
            Ok(admitted) => {
                let identity = Identity {
                    name: admitted.name,
                    named_by: NamedBy::Issuer,
                    policy: admitted.policy.to_owned(),
                    session: None,
                    mints_sessions: false,
                    limit: admitted.limit,
                    ends_at: Some(admitted.ends_at),
                };
                self.identified(deployment, request, method, identity, now)
            }
            Err(refusal) => Err(self.jwt_refused(&refusal)),
        }
    }

    fn jwt_refused(&mut self, refusal: &Refusal) -> Problem {
        self.facts.fault = Some(["the JWT was refused: ", &refusal.reason()].concat());
        self.facts.hint = Some(refusal.hint());
        if refusal.is_of_a_good_token() { Problem::no_grant() } else { Problem::unknown_token() }
    }

    /// `reason` is the signature verifier's name for the problem.
    fn signature_refused(&mut self, reason: &str) -> Problem {
        self.facts.fault = Some(["the JWT was refused: ", reason].concat());
        self.facts.hint = Some(match reason {
            "ERR_JOSE_ALG_NOT_ALLOWED" => {
                "check `algorithms`: it must include the algorithm with which the issuer signs"
            }
            "ERR_JWKS_MULTIPLE_MATCHING_KEYS" => {
                "several keys of the issuer's key set match: the issuer must identify them by kid"
            }
            "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" => "check that `jwks` is the key set of the token's issuer",
            _ => "the token is not a JWT that the key set at `jwks` can verify",
        });
        Problem::unknown_token()
    }

    fn issuer_unavailable(&mut self) -> Problem {
        self.facts.fault = Some("the JWT could not be verified: the issuer's key set could not be fetched".to_owned());
        self.facts.hint =
            Some("`jwks` must return 200 and a JSON Web Key Set of limited size in time; redirects are not followed");
        Problem::issuer_unavailable(RETRY_AFTER)
    }

    fn identified(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        method: Method,
        identity: Identity,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let permitted = {
            self.facts.caller = Some(identity.name.clone());
            self.facts.named_by = identity.named_by;
            self.facts.session = identity.session.as_ref().map(|session| session.id.clone());
            self.facts.limit = identity.limit;
            self.facts.ends_at = identity.ends_at;
            if let Some(rate) = identity.limit {
                let holder = self.facts.counted_as();
                deployment.allowances.take(Holder::of(&holder), rate, now).map_err(Problem::caller_rate_limited)?;
            }
            authorize::permit(deployment, &self.request, method, &identity)?
        };
        self.facts.policy = identity.policy;
        match permitted {
            Permitted::Mint => {
                let patience = deployment.config.timeout;
                self.go(Stage::ReadingSessionRequest, Step::ReadRequest { limit: SESSION_REQUEST_BYTES, patience });
            }
            Permitted::Forward { forward, route } => {
                self.facts.route = Some(route);
                self.forward(deployment, request, forward, now)?;
            }
        }
        Ok(())
    }

    /// A backend's request for a session.
    pub(super) fn on_session_request(
        &mut self,
        deployment: &Deployment,
        body: Option<&[u8]>,
        id: &str,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let caller = self.facts.caller.as_deref().ok_or_else(Problem::misconfigured)?;
        let body = body.map(String::from_utf8_lossy);
        let minted = mint(&deployment.config, caller, body.as_deref(), id, now)?;
        self.answer(Reply::json(201, minted));
        Ok(())
    }
}
