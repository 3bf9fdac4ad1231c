//! A blocking client: core decides, ureq sends. `attention_core::call` says what a driver owes; each point is marked here.

use std::io::{self, Read as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use attention_core::call::{Attempt, CallOptions, Failure, MAX_ERROR_BODY_BYTES, Upstream, Verdict};
use attention_core::url::BaseUrl;
use attention_core::{Action, Call, Error, KeyRing, Method, Timestamp};
use ureq::http::Response;
use ureq::{Agent, Body};

pub struct Client {
    agent: Agent,
    upstream: Mutex<Upstream>,
}

impl Client {
    pub fn new(base: BaseUrl, keys: KeyRing) -> Self {
        // No redirect is followed, and no status is an error of ureq's.
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        Self { agent: config.new_agent(), upstream: Mutex::new(Upstream::new(base, keys)) }
    }

    /// The body of `GET path`. Threads may share the client.
    pub fn get(&self, path: &str, query: &str) -> Result<String, Error> {
        let url = self.upstream().url(path, query)?;
        let options = CallOptions { timeout: Some(Duration::from_secs(60)), ..CallOptions::new(Method::Get) };
        let mut call = Call::new(options, now());
        let mut response = None;
        let mut action = call.start(&mut self.upstream(), now());
        loop {
            action = match action {
                Action::Send(attempt) => match self.send(&url, attempt) {
                    Ok(came) => {
                        let came = response.insert(came);
                        let (status, headers) = (came.status().as_u16(), came.headers());
                        call.on_response(&mut self.upstream(), status, headers, now(), unit())
                    }
                    Err(failure) => call.on_failure(&mut self.upstream(), failure, now(), unit()),
                },
                Action::Wait(wait) => {
                    // The body that led here is dropped, and no lock is held meanwhile.
                    response = None;
                    thread::sleep(wait);
                    call.on_waited(&mut self.upstream(), now())
                }
                Action::Done(Verdict::Failed(error)) => return Err(*error),
                Action::Done(verdict) => {
                    let body = response.expect("a response came before a verdict on it").into_body();
                    if verdict == Verdict::Success {
                        return text(body, u64::MAX).map_err(|_| Error::of_failure(Failure::Connection, call.attempts()));
                    }
                    let said = text(body, MAX_ERROR_BODY_BYTES as u64).unwrap_or_default();
                    return Err(call.error(&self.upstream(), &said, now()));
                }
            };
        }
    }

    /// Sends once, with the key that core chose, and for as long as it said.
    fn send(&self, url: &str, attempt: Attempt) -> Result<Response<Body>, Failure> {
        let authorization = self.upstream().keys().authorization(attempt.slot).expect("the place that core chose");
        let request = self.agent.get(url).header("authorization", authorization.expose());
        let request = request.config().timeout_global(attempt.timeout).build();
        request.call().map_err(|error| match error {
            ureq::Error::Timeout(_) => Failure::Timeout,
            _ => Failure::Connection,
        })
    }

    /// Locked for one step at a time.
    fn upstream(&self) -> MutexGuard<'_, Upstream> {
        self.upstream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first bytes of a body, at most so many.
fn text(mut body: Body, limit: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    body.as_reader().take(limit).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A random number from 0 to 1.
fn unit() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}
