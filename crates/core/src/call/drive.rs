//! The loop of an asynchronous driver. It fulfils the obligations listed in [`super`].

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use super::{Action, Call, CallOptions, Error, Failure, Headers, MAX_ERROR_BODY_BYTES, Timestamp, Upstream, Verdict};
use crate::credential::Authorization;

/// The IO, the clock and the random numbers for one request, as [`drive`] needs them. The implementation knows the
/// request's URL, body and headers.
pub trait Transport {
    /// A response whose head has arrived. Dropping it closes its body.
    type Response;
    /// The error of the driver's own API.
    type Error: From<Error>;

    /// Sends the request once with this `Authorization` and does not follow redirects. Dropping the future aborts the
    /// request; [`drive`] does so when no response head arrives within [`Attempt::timeout`](super::Attempt::timeout).
    /// Return the outer error when the request cannot be built: it ends the call without a retry.
    fn send(
        &self,
        authorization: Option<Authorization>,
    ) -> impl Future<Output = Result<Result<Self::Response, Failure>, Self::Error>>;

    /// Returns the status and the headers of a response.
    fn head<'a>(&self, response: &'a Self::Response) -> (u16, impl Headers + 'a);

    /// Returns the next bytes of a response's body, `None` at the end or when the connection breaks.
    fn read_chunk(&self, response: &mut Self::Response) -> impl Future<Output = Option<Vec<u8>>>;

    /// Completes after `wait`.
    fn wait(&self, wait: Duration) -> impl Future<Output = ()>;

    /// Returns the current time. The clock may jump.
    fn now(&self) -> Timestamp;

    /// Returns a random number from 0 to 1.
    fn jitter(&self) -> f64;
}

/// An [`Upstream`] shared by many calls.
pub trait Shared {
    /// Gives `step` exclusive access to the upstream. `step` does no IO.
    fn with<R>(&self, step: impl FnOnce(&mut Upstream) -> R) -> R;
}

/// For single-threaded programs, such as those in a browser or a Worker.
impl Shared for RefCell<Upstream> {
    fn with<R>(&self, step: impl FnOnce(&mut Upstream) -> R) -> R {
        step(&mut self.borrow_mut())
    }
}

/// For multi-threaded programs.
#[cfg(feature = "std")]
impl Shared for std::sync::Mutex<Upstream> {
    fn with<R>(&self, step: impl FnOnce(&mut Upstream) -> R) -> R {
        // A step never leaves the upstream in an invalid state, so a poisoned lock can be used.
        step(&mut self.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// A call that succeeded.
#[derive(Debug)]
pub struct Answered<R> {
    /// The response; its body has not been read.
    pub response: R,
    /// How many requests were sent.
    pub attempts: u32,
    /// The time left for reading the body; `None` means no limit.
    pub time_left: Option<Duration>,
}

/// Makes one call: sends, waits and retries as [`Call`] decides. Dropping the future aborts the call.
///
/// # Errors
///
/// The call's [`Error`], or an error of [`Transport::send`].
///
/// ```
/// use attention_core::call::{CallOptions, Failure, Transport, Upstream, drive};
/// use attention_core::credential::Authorization;
/// use attention_core::{ApiKey, Error, Headers, KeyRing, Method, Timestamp, url::BaseUrl};
/// use std::{cell::RefCell, time::Duration};
///
/// struct Get<'a>(&'a str);
///
/// impl Transport for Get<'_> {
///     type Response = (u16, Vec<(String, String)>, String);
///     type Error = Error;
///
///     async fn send(&self, key: Option<Authorization>) -> Result<Result<Self::Response, Failure>, Error> {
///         // An HTTP library's business.
///         let is_known = key.is_some_and(|key| key.expose() == "Bearer an-obviously-fake-key");
///         Ok(Ok((if is_known { 200 } else { 401 }, Vec::new(), format!("the answer of {}", self.0))))
///     }
///     fn head<'a>(&self, response: &'a Self::Response) -> (u16, impl Headers + 'a) {
///         (response.0, response.1.clone())
///     }
///     async fn read_chunk(&self, response: &mut Self::Response) -> Option<Vec<u8>> {
///         let chunk = std::mem::take(&mut response.2);
///         (!chunk.is_empty()).then(|| chunk.into_bytes())
///     }
///     async fn wait(&self, wait: Duration) {
///         // A runtime's business; here no timer ever fires.
///         std::future::pending().await
///     }
///     fn now(&self) -> Timestamp { Timestamp::from_unix_seconds(1_700_000_000) }
///     fn jitter(&self) -> f64 { 0.5 }
/// }
///
/// # async fn run() -> Result<(), Error> {
/// let keys = KeyRing::new(ApiKey::parse("an-obviously-fake-key")?, None);
/// let upstream = RefCell::new(Upstream::new(BaseUrl::parse("https://api.attention.tech/v2")?, keys));
/// let url = upstream.borrow().url("/users", "")?;
/// let answered = drive(CallOptions::new(Method::Get), &upstream, &Get(&url)).await?;
/// assert_eq!(answered.response.2, "the answer of https://api.attention.tech/v2/users");
/// # Ok(())
/// # }
/// # let mut run = std::pin::pin!(run());
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(matches!(run.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
/// ```
pub async fn drive<T: Transport>(
    options: CallOptions,
    upstream: &impl Shared,
    transport: &T,
) -> Result<Answered<T::Response>, T::Error> {
    let mut running = Running { call: Call::new(options, transport.now()), upstream, transport, is_over: false };
    let mut answer = None;
    let mut action = running.step(|call, upstream| call.start(upstream, transport.now()));
    loop {
        // The body of a response that is retried is closed before the next step.
        let response = answer.take();
        action = match action {
            Action::Send(attempt) => {
                drop(response);
                let authorization = upstream.with(|upstream| upstream.keys().authorization(attempt.slot));
                let sent = within(attempt.timeout, transport, transport.send(authorization)).await;
                match sent.unwrap_or(Ok(Err(Failure::Timeout)))? {
                    Ok(response) => running.judge(answer.insert(response)),
                    Err(failure) => running
                        .step(|call, upstream| call.on_failure(upstream, failure, transport.now(), transport.jitter())),
                }
            }
            Action::Wait(wait) => {
                drop(response);
                transport.wait(wait).await;
                running.step(|call, upstream| call.on_waited(upstream, transport.now()))
            }
            Action::Done(verdict) => return running.end(verdict, response).await,
        };
    }
}

/// A call in progress. Dropping it aborts the call and frees its place at the gate.
struct Running<'a, T: Transport, U: Shared> {
    call: Call,
    upstream: &'a U,
    transport: &'a T,
    is_over: bool,
}

impl<T: Transport, U: Shared> Running<'_, T, U> {
    fn step(&mut self, rule: impl FnOnce(&mut Call, &mut Upstream) -> Action) -> Action {
        let action = self.upstream.with(|upstream| rule(&mut self.call, upstream));
        self.is_over = matches!(action, Action::Done(_));
        action
    }

    fn judge(&mut self, response: &T::Response) -> Action {
        let transport = self.transport;
        let (status, headers) = transport.head(response);
        self.step(|call, upstream| call.on_response(upstream, status, &headers, transport.now(), transport.jitter()))
    }

    async fn end(&self, verdict: Verdict, response: Option<T::Response>) -> Result<Answered<T::Response>, T::Error> {
        match (verdict, response) {
            (Verdict::Failed(error), _) => Err((*error).into()),
            (Verdict::Success, Some(response)) => Ok(Answered {
                response,
                attempts: self.call.attempts(),
                time_left: self.call.time_left(self.transport.now()),
            }),
            (_, response) => {
                let mut body = Vec::new();
                if let Some(mut response) = response {
                    // When the time is up, the part of the body that was read is used for the error.
                    let left = self.call.time_left(self.transport.now());
                    within(left, self.transport, self.read_start(&mut response, &mut body)).await;
                }
                let body = String::from_utf8_lossy(&body);
                Err(self.upstream.with(|upstream| self.call.error(upstream, &body, self.transport.now())).into())
            }
        }
    }

    /// Reads at most [`MAX_ERROR_BODY_BYTES`] of a body.
    async fn read_start(&self, response: &mut T::Response, start: &mut Vec<u8>) {
        while start.len() < MAX_ERROR_BODY_BYTES
            && let Some(chunk) = self.transport.read_chunk(response).await
        {
            start.extend_from_slice(&chunk);
        }
        start.truncate(MAX_ERROR_BODY_BYTES);
    }
}

/// The output of a future, or `None` if it takes longer than `limit`; the future is then dropped.
async fn within<F: Future>(limit: Option<Duration>, transport: &impl Transport, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let Some(limit) = limit else { return Some(future.await) };
    let mut wait = pin!(transport.wait(limit));
    poll_fn(|context| {
        if let Poll::Ready(result) = future.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        wait.as_mut().poll(context).map(|()| None)
    })
    .await
}

impl<T: Transport, U: Shared> Drop for Running<'_, T, U> {
    fn drop(&mut self) {
        if !self.is_over {
            let now = self.transport.now();
            self.step(|call, upstream| call.on_failure(upstream, Failure::Aborted, now, 0.0));
        }
    }
}
