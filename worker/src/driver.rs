//! Performs the Worker's IO. It makes no decisions: it performs the steps of the gateway and reports their results.
//! Bodies remain streams in both directions unless the gateway requests them.

use std::mem;
use std::rc::Rc;
use std::time::Duration;

use attention_core::call::Failure;
use attention_core::{Timestamp, millis};
use attention_gateway::answer::reply::Reply;
use attention_gateway::answer::{header_policy, health};
use attention_gateway::authorize::sessions::revoked::{Full, Standing};
use attention_gateway::cache::{Pending, Stored};
use attention_gateway::exchange::{Body, Carries, Exchange, Incoming, Pass, Report, Send, Step};
use attention_gateway::ledger::Ledger;
use attention_gateway::limits::ANSWER_WITHIN;
use attention_gateway::limits::asking::Question;
use attention_gateway::limits::shared_gate::Place;
use attention_gateway::status_page::{self, Seen};
use js_sys::{Date, Math, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{ReadableStream, Request, Response};
use worker::Context;

use crate::body::{self, Read};
use crate::deployments;
use crate::end::{End, Thrown};
use crate::fields::Fields;
use crate::isolate::Isolate;
use crate::js::{self, Bindings, Counted, Dictionary};
use crate::key_set;
use crate::shared;
use crate::waits::{Outcome, Settled};

/// Handles one request, from its arrival to its response.
pub(crate) async fn answer(request: Request, env: Bindings, context: Context) -> Result<Response, End> {
    let isolate = deployments::of(&env, &context).await?;
    let mut under_way = UnderWay::begin(isolate, request, env, context)?;
    let answer = under_way.last_step().await?;
    under_way.finish(answer)
}

/// A request in progress.
struct UnderWay {
    isolate: Rc<Isolate>,
    exchange: Exchange,
    request: Request,
    headers: Fields,
    /// The body to send: the original stream, until it is held.
    body: JsValue,
    response: Option<Came>,
    env: Bindings,
    context: Context,
}

/// A response of the API.
struct Came {
    response: Response,
    status: u16,
    headers: Fields,
}

impl UnderWay {
    fn begin(isolate: Rc<Isolate>, request: Request, env: Bindings, context: Context) -> Result<Self, Thrown> {
        let headers = Fields::read(&request.headers())?;
        let body = request.body();
        let incoming = Incoming {
            method: &request.method(),
            url: request.url(),
            headers: &headers,
            has_body: body.is_some(),
            fresh_id: &js::random_uuid()?,
        };
        let exchange = Exchange::begin(isolate.deployment.borrow_mut().as_mut(), incoming, now());
        let body = body.map_or(JsValue::NULL, JsValue::from);
        Ok(Self { isolate, exchange, request, headers, body, response: None, env, context })
    }

    /// Performs steps until there is a response.
    async fn last_step(&mut self) -> Result<Response, End> {
        loop {
            match self.exchange.step_mut() {
                Step::FetchKeySet { url, timeout, limit } => {
                    let url = mem::take(url);
                    let (timeout, limit) = (*timeout, *limit);
                    self.fetch_key_set(&url, timeout, limit).await?;
                }
                Step::VerifyToken => self.verify().await?,
                Step::ReadRequest { limit, patience } => {
                    let (limit, patience) = (*limit, *patience);
                    self.read_request(limit, patience).await?;
                }
                Step::HoldRequest { patience } => {
                    let patience = *patience;
                    self.hold_request(patience).await?;
                }
                Step::Count { timeout } => {
                    let timeout = *timeout;
                    self.count(timeout).await?;
                }
                Step::AskGate { question, timeout } => {
                    let (question, timeout) = (question.clone(), *timeout);
                    self.ask_gate(&question, timeout).await?;
                }
                Step::AskStanding { id, timeout } => {
                    let (id, timeout) = (mem::take(id), *timeout);
                    self.ask_standing(&id, timeout).await?;
                }
                Step::Revoke { id, timeout } => {
                    let (id, timeout) = (mem::take(id), *timeout);
                    self.revoke(&id, timeout).await?;
                }
                Step::Wait(wait) => {
                    let wait = *wait;
                    self.wait(wait).await?;
                }
                Step::Send(_) => self.send().await?,
                Step::ReadResponse { limit, timeout } => {
                    let (limit, timeout) = (*limit, *timeout);
                    self.read_response(limit, timeout).await?;
                }
                Step::Pass(Pass { body, edits }) => {
                    let pass = Pass { body: mem::replace(body, Body::Empty), edits: mem::take(edits) };
                    return Ok(self.pass(pass)?);
                }
                Step::Serve(stored) => return Ok(serve(&self.isolate, stored)?),
                Step::Reply(reply) => return Ok(say(&self.isolate, reply)?),
                Step::ShowStatus => return self.show_status().await,
            }
        }
    }

    fn report(&mut self, report: Report<'_>) {
        // Without a deployment, the first step was the last.
        if let Ok(deployment) = &mut *self.isolate.deployment.borrow_mut() {
            self.exchange.report(deployment, &self.headers, report, now());
        }
    }

    async fn fetch_key_set(&mut self, url: &str, timeout: Duration, limit: usize) -> Result<(), End> {
        let keys = key_set::fetch(url, timeout, limit).await?;
        let got = keys.is_some();
        if let Some(keys) = keys {
            self.isolate.key_set.borrow_mut().replace(keys);
        }
        self.report(Report::KeySet(got));
        Ok(())
    }

    async fn verify(&mut self) -> Result<(), End> {
        let checked = self.isolate.key_set.borrow().check(self.exchange.token())?;
        let fault = match Settled::of(checked.into(), None)?.await? {
            Outcome::Fulfilled(fault) => fault.as_string(),
            Outcome::Rejected | Outcome::TimedOut => Some("unreadable".to_owned()),
        };
        self.report(Report::Signature(key_set::signature(fault.as_deref())));
        Ok(())
    }

    async fn read_request(&mut self, limit: usize, patience: Duration) -> Result<(), End> {
        let body = self.body.dyn_ref::<ReadableStream>();
        let body = match body::read(body, limit, Some(ends_after(patience)), |_| true).await? {
            Read::Whole(body) => Some(body),
            Read::Unfit => None,
            Read::Late => {
                self.report(Report::UploadLate);
                return Ok(());
            }
        };
        self.body = body.as_deref().map_or(JsValue::NULL, |body| Uint8Array::from(body).into());
        let fresh_id = js::random_uuid()?;
        self.report(Report::RequestBody { body: body.as_deref(), fresh_id: &fresh_id });
        Ok(())
    }

    async fn hold_request(&mut self, patience: Duration) -> Result<(), End> {
        let (held, report) = match Settled::of(self.request.array_buffer()?.into(), Some(patience))?.await? {
            Outcome::Fulfilled(held) => (held, Report::RequestHeld(true)),
            Outcome::Rejected => (JsValue::NULL, Report::RequestHeld(false)),
            Outcome::TimedOut => (JsValue::NULL, Report::UploadLate),
        };
        self.body = held;
        self.report(report);
        Ok(())
    }

    /// Asks the platform's counter. An unresponsive one delays nobody.
    async fn count(&mut self, timeout: Duration) -> Result<(), End> {
        let holder = self.exchange.holder();
        let key = Object::new().unchecked_into::<Dictionary>();
        key.put(&"key".into(), &holder.into())?;
        let asked = self.env.rate_limit().and_then(|limiter| limiter.limit(&key));
        let counted = shared::answered(asked, timeout).await?;
        let success = counted.map(|counted| counted.unchecked_ref::<Counted>().success());
        let refused = matches!(success, Some(Ok(success)) if success.as_bool() == Some(false));
        self.report(Report::Counted(!refused));
        Ok(())
    }

    async fn ask_gate(&mut self, question: &Question, timeout: Duration) -> Result<(), End> {
        let place = shared::ask(shared::gate(&self.env).as_ref(), question, timeout).await?;
        self.report(Report::Place(place.as_deref().and_then(Place::from_json)));
        Ok(())
    }

    async fn ask_standing(&mut self, id: &str, timeout: Duration) -> Result<(), End> {
        let said = match shared::gate(&self.env) {
            Some(gate) => shared::answered(gate.standing(id), timeout).await?,
            None => None,
        };
        let said = said.and_then(|said| said.as_string()).map_or(Standing::Unknown, |said| Standing::parse(&said));
        self.report(Report::Standing(said));
        Ok(())
    }

    async fn revoke(&mut self, id: &str, timeout: Duration) -> Result<(), End> {
        let said = match shared::gate(&self.env) {
            Some(gate) => shared::answered(gate.revoke(id), timeout).await?,
            None => None,
        };
        let lapses = said.and_then(|said| said.as_f64());
        let kept = lapses.map(|lapses| if lapses > 0.0 { Ok(Timestamp::from_date_now(lapses)) } else { Err(Full) });
        self.report(Report::Revoked(kept));
        Ok(())
    }

    /// Asks the gate a question that no call waits for.
    fn ask_beside(&mut self) -> Result<(), Thrown> {
        let Some(question) = self.exchange.take_question() else { return Ok(()) };
        let (isolate, gate, asked) = (Rc::clone(&self.isolate), shared::gate(&self.env), now());
        shared::later(&self.context, async move {
            let answer = shared::ask(gate.as_ref(), &question, ANSWER_WITHIN).await?;
            if let Ok(deployment) = &mut *isolate.deployment.borrow_mut() {
                deployment.on_gate(&question, answer.as_deref(), asked, now());
            }
            Ok(())
        })
    }

    async fn wait(&mut self, wait: Duration) -> Result<(), End> {
        self.drop_response();
        Settled::after(wait)?.await?;
        self.report(Report::Waited);
        Ok(())
    }

    async fn send(&mut self) -> Result<(), End> {
        self.drop_response();
        let Some((sent, timeout)) = self.sent()? else { return Ok(()) };
        self.ask_beside()?;
        let failed = |failure| Report::NoResponse { failure, jitter: Math::random() };
        let report = match Settled::of(sent.into(), timeout)?.await? {
            Outcome::Fulfilled(came) => match js::Without::of(&came) {
                None => return Ok(self.on_response(came.unchecked_into())?),
                Some(js::Without::UploadInTime) => Report::UploadLate,
                Some(js::Without::WholeUpload) => Report::UploadBroken,
                Some(js::Without::ResponseInTime) => failed(Failure::Timeout),
            },
            Outcome::Rejected => failed(Failure::Connection),
            Outcome::TimedOut => failed(Failure::Timeout),
        };
        self.report(report);
        Ok(())
    }

    /// Sends the request to the API: the promise of the response, and the time to wait for it.
    fn sent(&self) -> Result<Option<(Promise, Option<Duration>)>, Thrown> {
        let Step::Send(send) = self.exchange.step() else { return Ok(None) };
        let (method, headers) = (self.isolate.names.of(send.method.as_str()), self.headers_up(send)?);
        if let (Some(streaming), Some(body)) = (send.streaming, self.body.dyn_ref::<ReadableStream>()) {
            let uploading = js::upload(&send.url, &method, &headers, body, streaming, send.timeout)?;
            return Ok(Some((uploading, streaming.whole)));
        }
        let carries_body = matches!(send.carries, Carries::TheCallers { body: true, .. });
        let body = if carries_body { &self.body } else { &JsValue::NULL };
        Ok(Some((js::send(&send.url, &method, &headers, body)?, send.timeout)))
    }

    fn headers_up(&self, send: &Send) -> Result<Dictionary, Thrown> {
        let names = &self.isolate.names;
        let up = match &send.carries {
            Carries::Only(headers) => {
                let up = Object::new().unchecked_into::<Dictionary>();
                for (name, value) in *headers {
                    up.put(&(*name).into(), &(*value).into())?;
                }
                up
            }
            Carries::TheCallers { edits, more, .. } => {
                let up = self.headers.picked(header_policy::UP, &names.up, edits);
                for (name, value) in edits {
                    if let Some(value) = value {
                        up.put(&names.of(name), &value.as_ref().into())?;
                    }
                }
                for (name, value) in more {
                    up.put(&name.as_str().into(), &value.as_str().into())?;
                }
                up
            }
        };
        if let Some(value) = self.isolate.authorization(send.slot) {
            up.put(&names.authorization, value)?;
        }
        Ok(up)
    }

    fn on_response(&mut self, response: Response) -> Result<(), Thrown> {
        let status = response.status();
        let headers = Fields::read(&response.headers())?;
        self.report(Report::Response { status, headers: &headers, jitter: Math::random() });
        self.response = Some(Came { response, status, headers });
        if let Some(closing) = self.exchange.take_gate_closing()
            && let Some(gate) = shared::gate(&self.env)
        {
            shared::later(&self.context, async move { shared::close(&gate, closing).await })?;
        }
        Ok(())
    }

    async fn read_response(&mut self, limit: usize, timeout: Duration) -> Result<(), End> {
        let body = self.response.as_ref().and_then(|came| came.response.body());
        let ends = ends_after(timeout);
        let (isolate, exchange) = (&self.isolate, &mut self.exchange);
        let may_hold = |bytes| match &mut *isolate.deployment.borrow_mut() {
            Ok(deployment) => exchange.may_hold(deployment, bytes, now()),
            Err(_) => false,
        };
        let body = body::read(body.as_ref(), limit, Some(ends), may_hold).await?;
        self.report(Report::ResponseBody(body.whole()));
        Ok(())
    }

    fn pass(&mut self, Pass { body, edits }: Pass) -> Result<Response, Thrown> {
        // There is a response, otherwise the step would not be to pass one on.
        let Some(Came { response, status, headers }) = self.response.take() else { return Err(JsValue::UNDEFINED) };
        let body = match body {
            Body::Empty => JsValue::NULL,
            Body::Replaced { bytes, keep } => {
                let bytes = Uint8Array::from(&bytes[..]);
                if let Some(entry) = keep {
                    self.isolate.keep(entry, bytes.clone());
                }
                bytes.into()
            }
            Body::Streamed { keep } => match (response.body(), keep) {
                (None, _) => JsValue::NULL,
                (Some(body), None) => self.ending(body, &response)?.into(),
                (Some(body), Some(pending)) => self.ending(self.kept(&body, pending)?, &response)?.into(),
            },
        };
        self.isolate.passed(status, &headers, &edits, &body)
    }

    /// A body that is aborted when the caller's credential expires.
    #[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
    fn ending(&self, body: ReadableStream, response: &Response) -> Result<ReadableStream, Thrown> {
        let Some(left) = self.exchange.lasts_for(now()) else { return Ok(body) };
        let line = self.exchange.cut(self.isolate.deployment.borrow().as_ref().ok());
        js::until(&body, &response.headers(), millis(left) as f64, line.as_deref())
    }

    /// A body that is passed on and also read for the cache.
    fn kept(&self, body: &ReadableStream, pending: Pending) -> Result<ReadableStream, Thrown> {
        let (down, copy) = js::tee(body)?;
        let isolate = Rc::clone(&self.isolate);
        shared::later(&self.context, async move {
            if let Some(bytes) = body::read(Some(&copy), pending.limit(), None, |_| true).await?.whole() {
                let entry = match &mut *isolate.deployment.borrow_mut() {
                    Ok(deployment) => pending.store(deployment.cache(), bytes.len()),
                    Err(_) => None,
                };
                if let Some(entry) = entry {
                    isolate.keep(entry, Uint8Array::from(&bytes[..]));
                }
            }
            isolate.tidy();
            Ok(())
        })?;
        Ok(down)
    }

    async fn show_status(&self) -> Result<Response, End> {
        let counted = match shared::gate(&self.env) {
            Some(gate) => shared::tell(&self.isolate.ledger, &gate, true).await?,
            None => None,
        };
        let counted = counted.and_then(|all| Ledger::from_text(&all.as_string()?));
        let counted = counted.unwrap_or_else(|| self.isolate.ledger.borrow().clone());
        let (now, nonce) = (now(), js::random_uuid()?);
        let page = match &*self.isolate.deployment.borrow() {
            Ok(deployment) => {
                let keys = health::keys(deployment.upstream().keys(), now);
                status_page::page(Seen { ledger: &counted, keys: &keys, version: deployment.version() }, &nonce, now)
            }
            Err(_) => status_page::page(Seen { ledger: &counted, keys: &[], version: None }, &nonce, now),
        };
        let answer = self.isolate.answer(200, &page.body.into())?;
        let headers = answer.headers();
        for (name, value) in &page.headers {
            headers.set(name, value)?;
        }
        Ok(answer)
    }

    /// Adds the headers of every response, and records the request.
    fn finish(mut self, answer: Response) -> Result<Response, End> {
        self.drop_response();
        let own = self.exchange.headers();
        let own = own.iter().map(|(name, value)| (*name, &**value));
        self.isolate.put_all(js::handles(&answer.headers()), own)?;
        let (status, now) = (answer.status(), now());
        self.measure(status, now)?;
        let finished = self.exchange.finish(self.isolate.deployment.borrow().as_ref(), status, now, Math::random());
        let deployment = self.isolate.deployment.borrow();
        self.exchange.count(deployment.as_ref().ok(), &mut self.isolate.ledger.borrow_mut(), status, now);
        drop(deployment);
        if let Some(line) = finished.line {
            js::log(&line)?;
        }
        let mut deployment = self.isolate.deployment.borrow_mut();
        let notice = deployment.as_mut().ok().and_then(|deployment| deployment.take_notice(now));
        drop(deployment);
        if let Some(notice) = notice {
            js::log(&notice)?;
        }
        if self.isolate.ledger.borrow().is_due(now) {
            shared::tell_later(&self.isolate, &self.env, &self.context)?;
        }
        if self.exchange.has_doubts() {
            deployments::doubt(&self.isolate);
        }
        // The exchange keeps its visit to the cache, and thus the bytes of the response, until here.
        let Self { isolate, exchange, .. } = self;
        drop(exchange);
        isolate.tidy();
        Ok(answer)
    }

    /// The call is over, so a failure to measure it cannot fail the call; it shows as missing data in Analytics.
    fn measure(&self, status: u16, now: Timestamp) -> Result<(), Thrown> {
        if let Some(dataset) = self.env.analytics()? {
            let deployment = self.isolate.deployment.borrow();
            let point = self.exchange.point(deployment.as_ref().ok(), status, now).to_json();
            drop(js::parse_json(&point).and_then(|point| dataset.write_data_point(&point)));
        }
        Ok(())
    }

    /// Frees the connection of a response that is no longer needed.
    fn drop_response(&mut self) {
        if let Some(came) = self.response.take() {
            js::discard(&came.response);
        }
    }
}

/// A response from the cache.
fn serve(isolate: &Isolate, stored: &Stored) -> Result<Response, Thrown> {
    let body = stored.body.map_or(JsValue::NULL, |entry| isolate.kept(entry));
    let answer = isolate.answer(stored.status, &body)?;
    let headers = answer.headers();
    for (name, value) in &stored.headers {
        headers.set(name, value)?;
    }
    Ok(answer)
}

/// A response of the proxy's own.
fn say(isolate: &Isolate, reply: &Reply) -> Result<Response, Thrown> {
    let body = reply.body.as_deref().map_or(JsValue::NULL, JsValue::from);
    let answer = isolate.answer(reply.status, &body)?;
    let headers = answer.headers();
    for (name, value) in &reply.headers {
        headers.set(name, value)?;
    }
    Ok(answer)
}

/// The time of the clock when so much has passed.
fn ends_after(time: Duration) -> f64 {
    Date::now() + time.as_secs_f64() * 1000.0
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_date_now(Date::now())
}
