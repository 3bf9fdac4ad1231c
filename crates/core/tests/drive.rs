//! Compares `drive` with a hand-written loop. For the same script both send, wait, read and close in the same order and
//! leave the upstream in the same state, also when the future is dropped at any await.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use attention_core::call::{Attempt, CallOptions, Failure, RetryPolicy, Transport, Upstream, Verdict, drive};
use attention_core::credential::Authorization;
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, ApiKey, Call, Error, Headers, KeyRing, Method, Timestamp};
use proptest::prelude::*;

const BEGIN: u64 = 1_700_000_000_000;
const KEYS: [&str; 2] = ["fake-key-one-0123456789", "fake-key-two-0123456789"];

/// How one sending of the request ends.
#[derive(Clone, Debug)]
enum Sent {
    Answered(u16, Vec<(String, String)>, Body),
    Failed(Failure),
    /// No response ever arrives.
    Stuck,
    /// The request cannot be built.
    Unsendable,
}

/// A body with this many bytes per chunk, which may be endless.
#[derive(Clone, Debug)]
struct Body {
    chunks: Vec<usize>,
    is_stuck: bool,
}

/// The driver's actions, in order.
#[derive(Clone, PartialEq, Debug)]
enum Did {
    Send(Option<String>),
    Wait(Duration),
    Close(u16),
    /// A request for a chunk, and the number of bytes received.
    Read(Option<usize>),
}

/// A response that records when it is dropped.
struct Response<'a> {
    status: u16,
    headers: Vec<(String, String)>,
    chunks: VecDeque<usize>,
    is_stuck: bool,
    server: &'a Server,
}

impl Drop for Response<'_> {
    fn drop(&mut self) {
        self.server.note(Did::Close(self.status));
    }
}

/// A scripted server; each await is pending once.
#[derive(Default)]
struct Server {
    script: RefCell<VecDeque<Sent>>,
    did: RefCell<Vec<Did>>,
    millis: Cell<u64>,
}

#[derive(PartialEq, Debug)]
enum Fault {
    Call(Box<Error>),
    Unsendable,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Call(Box::new(error))
    }
}

impl Server {
    fn new(script: &[Sent]) -> Self {
        Self { script: RefCell::new(script.to_vec().into()), ..Self::default() }
    }

    fn note(&self, did: Did) {
        self.did.borrow_mut().push(did);
    }

    fn next(&self) -> Sent {
        self.script.borrow_mut().pop_front().unwrap_or(Sent::Failed(Failure::Connection))
    }

    fn advance(&self, wait: Duration) {
        self.millis.set(self.millis.get() + u64::try_from(wait.as_millis()).expect("short"));
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_unix_millis(BEGIN + self.millis.get())
    }
}

async fn once_pending() {
    let mut is_pending = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_pending) { Poll::Pending } else { Poll::Ready(()) }).await;
}

struct Browser<'a>(&'a Server);

impl<'s> Transport for Browser<'s> {
    type Response = Response<'s>;
    type Error = Fault;

    async fn send(&self, authorization: Option<Authorization>) -> Result<Result<Response<'s>, Failure>, Fault> {
        self.0.note(Did::Send(authorization.map(|value| value.expose().to_owned())));
        once_pending().await;
        let sent = self.0.next();
        if matches!(sent, Sent::Stuck) {
            std::future::pending::<()>().await;
        }
        self.0.advance(Duration::from_millis(30));
        match sent {
            Sent::Answered(status, headers, Body { chunks, is_stuck }) => {
                Ok(Ok(Response { status, headers, chunks: chunks.into(), is_stuck, server: self.0 }))
            }
            Sent::Failed(failure) => Ok(Err(failure)),
            _ => Err(Fault::Unsendable),
        }
    }

    fn head<'a>(&self, response: &'a Response<'s>) -> (u16, impl Headers + 'a) {
        (response.status, response.headers.clone())
    }

    async fn read_chunk(&self, response: &mut Response<'s>) -> Option<Vec<u8>> {
        let length = response.chunks.pop_front();
        self.0.note(Did::Read(length));
        if length.is_none() && response.is_stuck {
            std::future::pending::<()>().await;
        }
        length.map(|length| vec![b'a'; length])
    }

    async fn wait(&self, wait: Duration) {
        self.0.note(Did::Wait(wait));
        once_pending().await;
        self.0.advance(wait);
    }

    fn now(&self) -> Timestamp {
        self.0.time()
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

/// The result of a call: status, attempts and time left, or the error. `None` if it was dropped.
type End = Option<Result<(u16, u32, Option<Duration>), Fault>>;

/// Polls the future at most `polls` times.
fn driven(options: CallOptions, upstream: &RefCell<Upstream>, server: &Server, polls: u32) -> End {
    let transport = Browser(server);
    let mut call = pin!(drive(options, upstream, &transport));
    for _ in 0..polls {
        if let Poll::Ready(end) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(end.map(|answered| (answered.response.status, answered.attempts, answered.time_left)));
        }
    }
    None
}

/// The same without a future: each iteration of the loop corresponds to a poll.
fn by_hand(options: CallOptions, upstream: &mut Upstream, server: &Server, mut polls: u32) -> End {
    let mut call = Call::new(options, server.time());
    if polls == 0 {
        return None;
    }
    let mut action = call.start(upstream, server.time());
    loop {
        polls -= 1;
        let next = match action {
            Action::Send(attempt) => send_by_hand(&mut call, attempt, upstream, server, &mut polls),
            Action::Wait(wait) => {
                server.note(Did::Wait(wait));
                let is_over = polls > 0;
                is_over.then(|| server.advance(wait));
                is_over.then(|| call.on_waited(upstream, server.time())).ok_or(None)
            }
            Action::Done(Verdict::Failed(error)) => return Some(Err((*error).into())),
            Action::Done(other) => panic!("{other:?} without a response"),
        };
        action = match next {
            Ok(action) => action,
            Err(None) => {
                call.on_failure(upstream, Failure::Aborted, server.time(), 0.5);
                return None;
            }
            Err(Some(end)) => return end,
        };
    }
}

/// The next action, or the result of the call: `None` for a future that is dropped while it sends.
fn send_by_hand(
    call: &mut Call,
    attempt: Attempt,
    upstream: &mut Upstream,
    server: &Server,
    polls: &mut u32,
) -> Result<Action, Option<End>> {
    let value = upstream.keys().authorization(attempt.slot).map(|value| value.expose().to_owned());
    server.note(Did::Send(value));
    if let Some(timeout) = attempt.timeout {
        server.note(Did::Wait(timeout));
    }
    if *polls == 0 {
        return Err(None);
    }
    let sent = server.next();
    if !matches!(sent, Sent::Stuck) {
        server.advance(Duration::from_millis(30));
    }
    match sent {
        Sent::Answered(status, headers, body) => {
            let action = call.on_response(upstream, status, &headers, server.time(), 0.5);
            if let Action::Done(Verdict::Rejected) = action {
                return Err(Some(reject_by_hand(call, upstream, server, &body, status, *polls)));
            }
            server.note(Did::Close(status));
            if action == Action::Done(Verdict::Success) {
                return Err(Some(Some(Ok((status, call.attempts(), call.time_left(server.time()))))));
            }
            Ok(action)
        }
        Sent::Failed(failure) => Ok(call.on_failure(upstream, failure, server.time(), 0.5)),
        Sent::Unsendable => {
            call.on_failure(upstream, Failure::Aborted, server.time(), 0.5);
            Err(Some(Some(Err(Fault::Unsendable))))
        }
        Sent::Stuck => {
            let Some(timeout) = attempt.timeout else { return Err(None) };
            server.advance(timeout);
            Ok(call.on_failure(upstream, Failure::Timeout, server.time(), 0.5))
        }
    }
}

/// Reads a body up to 64 KiB, or until the time is up.
fn reject_by_hand(call: &Call, upstream: &Upstream, server: &Server, body: &Body, status: u16, polls: u32) -> End {
    let mut length = 0;
    let mut chunks = body.chunks.iter();
    let mut is_stuck = false;
    while length < 64 * 1024 {
        let chunk = chunks.next().copied();
        server.note(Did::Read(chunk));
        is_stuck = chunk.is_none() && body.is_stuck;
        length += chunk.unwrap_or_default();
        if chunk.is_none() {
            break;
        }
    }
    if is_stuck {
        let left = call.time_left(server.time());
        if let Some(left) = left {
            server.note(Did::Wait(left));
        }
        let Some(left) = left.filter(|_| polls > 1) else {
            server.note(Did::Close(status));
            return None;
        };
        server.advance(left);
    }
    let error = call.error(upstream, &"a".repeat(length.min(64 * 1024)), server.time());
    server.note(Did::Close(status));
    Some(Err(error.into()))
}

fn sent() -> impl Strategy<Value = Sent> {
    let status =
        proptest::sample::select(vec![200, 204, 302, 400, 401, 401, 404, 408, 425, 429, 429, 500, 503, 503, 0]);
    let after = proptest::option::of(proptest::sample::select(vec!["0", "1", "30", "90"]));
    let headers = after.prop_map(|after| after.map(|text| ("retry-after".to_owned(), text.to_owned())));
    let lengths = proptest::collection::vec(
        prop_oneof![0..40_usize, 30_000..70_000_usize, Just(32 * 1024), Just(64 * 1024)],
        0..4,
    );
    let body = (lengths, any::<bool>()).prop_map(|(chunks, is_stuck)| Body { chunks, is_stuck });
    prop_oneof![
        8 => (status, headers, body)
            .prop_map(|(status, header, body)| Sent::Answered(status, header.into_iter().collect(), body)),
        1 => Just(Sent::Failed(Failure::Connection)),
        1 => Just(Sent::Stuck),
        1 => Just(Sent::Unsendable),
    ]
}

fn options() -> impl Strategy<Value = CallOptions> {
    let method = proptest::sample::select(vec![Method::Get, Method::Post, Method::Delete]);
    let timeout = proptest::option::of(100..90_000_u64).prop_map(|millis| millis.map(Duration::from_millis));
    (method, any::<bool>(), 0..4_u32, timeout).prop_map(|(method, replayable, max_retries, timeout)| CallOptions {
        replayable,
        timeout,
        retry: RetryPolicy { max_retries, ..RetryPolicy::default() },
        ..CallOptions::new(method)
    })
}

fn upstream() -> Upstream {
    let [one, two] = KEYS.map(|key| ApiKey::parse(key).expect("a key"));
    Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base"), KeyRing::new(one, Some(two)))
}

proptest! {
    #[test]
    fn drive_behaves_like_a_hand_written_loop(
        // Several consecutive calls, so that each finds the gate as the previous one left it.
        calls in proptest::collection::vec((options(), proptest::collection::vec(sent(), 0..8), 0..12_u32), 1..5),
    ) {
        let (mine, mut theirs) = (RefCell::new(upstream()), upstream());
        for (options, script, polls) in calls {
            let (driven_by, handled_by) = (Server::new(&script), Server::new(&script));
            let timeout = options.timeout;
            let end = driven(options.clone(), &mine, &driven_by, polls);
            if let Some(Ok((_, _, left))) = end {
                let took = Duration::from_millis(driven_by.millis.get());
                prop_assert_eq!(left, timeout.map(|most| most.saturating_sub(took)));
            }
            prop_assert_eq!(end, by_hand(options, &mut theirs, &handled_by, polls));
            prop_assert_eq!(driven_by.did.take(), handled_by.did.take());
            prop_assert_eq!(format!("{:?}", mine.borrow()), format!("{:?}", theirs));
        }
    }
}

#[cfg(feature = "std")]
#[test]
fn threads_share_a_mutex_even_after_one_panics() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    /// A transport that is `Send`.
    struct Refused;
    impl Transport for Refused {
        type Response = ();
        type Error = Error;
        async fn send(&self, _: Option<Authorization>) -> Result<Result<(), Failure>, Error> {
            Ok(Err(Failure::Connection))
        }
        fn head<'a>(&self, (): &'a ()) -> (u16, impl Headers + 'a) {
            (200, Vec::new())
        }
        async fn read_chunk(&self, (): &mut ()) -> Option<Vec<u8>> {
            None
        }
        async fn wait(&self, _: Duration) {}
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_millis(BEGIN)
        }
        fn jitter(&self) -> f64 {
            0.0
        }
    }
    let shared = std::sync::Arc::new(std::sync::Mutex::new(upstream()));
    let panicking = std::sync::Arc::clone(&shared);
    let panicked = std::thread::spawn(move || {
        let _lent = panicking.lock();
        panic!("on purpose");
    });
    panicked.join().expect_err("it panics");
    let mut call = pin!(is_send(drive(CallOptions::new(Method::Get), &*shared, &Refused)));
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing is pending")
    };
    assert_eq!((error.code(), error.attempts()), ("connection", 3));
}
