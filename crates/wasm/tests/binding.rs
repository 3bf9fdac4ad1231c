//! The binding in a browser: what JavaScript calls, gets and sees.
//!
//! The rules themselves are checked by the golden vectors. This is about the
//! border: numbers for calls and actions, real `Headers`, what is thrown, and
//! that nothing that crosses it shows a key.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::float_cmp)] // Whole milliseconds have to come out whole.

use attention_wasm::{Headers, Upstream};
use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const KEY: &str = "fake-current-key-0123456789";
const NEXT: &str = "fake-next-key-0123456789";
const NOW: f64 = 1_700_000_000_000.0;
const NONE: f64 = -1.0;

const SEND: u32 = 0;
const WAIT: u32 = 1;
const SUCCESS: u32 = 2;
const REJECTED: u32 = 3;
const FAILED: u32 = 4;

/// The binding with names for its numbers, as `pkg/src/runtime/core.ts` gives them.
struct Driver(Upstream, f64);

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Whole and small.
impl Driver {
    fn new(base: Option<&str>, key: &str, next: Option<&str>) -> Result<Self, String> {
        let mut driver = Self(Upstream::new(), 0.0);
        let flags = u32::from(base.is_some()) | u32::from(next.is_some()) << 1;
        let accepted = driver.0.open(base.unwrap_or_default(), key, next.unwrap_or_default(), flags);
        if accepted { Ok(driver) } else { Err(driver.error(0, "", NOW)) }
    }

    fn replace_keys(&mut self, key: &str) -> Result<(), String> {
        if self.0.open("", key, "", 0) { Ok(()) } else { Err(self.error(usize::MAX, "", NOW)) }
    }

    #[expect(clippy::too_many_arguments)] // As the binding has them.
    fn begin(
        &mut self,
        method: &str,
        target: &str,
        query: &str,
        flags: u32,
        retries: u32,
        timeout: f64,
        attempt_timeout: f64,
        now: f64,
    ) -> Result<usize, String> {
        let url = self.0.start(method, target, query, flags, retries, timeout, attempt_timeout, now);
        if url.is_empty() {
            return Err(self.error(usize::MAX, "", now));
        }
        self.1 = self.0.read(0, 0);
        Ok(self.0.read(1, 0) as usize)
    }

    fn on(&mut self, number: usize, event: u32, status: u16, headers: &Headers, now: f64, unit: f64) -> u32 {
        self.1 = self.0.step(number, event, status, headers, now, unit);
        self.action()
    }

    fn on_response(&mut self, number: usize, status: u16, headers: &Headers, now: f64, unit: f64) -> u32 {
        self.on(number, 1, status, headers, now, unit)
    }

    fn on_failure(&mut self, number: usize, failure: u32, now: f64, unit: f64) -> u32 {
        self.on(number, failure.saturating_add(2), 0, &headers(&[]), now, unit)
    }

    fn on_waited(&mut self, number: usize, now: f64) -> u32 {
        self.on(number, 0, 0, &headers(&[]), now, 0.0)
    }

    fn action(&self) -> u32 {
        self.1 as u32 % 8
    }

    fn slot(&self) -> u32 {
        self.1 as u32 / 8 % 2
    }

    fn wait_millis(&self) -> f64 {
        (self.1 / 16.0).floor()
    }

    fn timeout_millis(&self) -> f64 {
        self.wait_millis() - 1.0
    }

    fn authorization(&mut self, slot: u32) -> String {
        self.0.text(slot, 0, "", NOW)
    }

    fn base_url(&mut self) -> String {
        self.0.text(2, 0, "", NOW)
    }

    fn keys(&mut self) -> String {
        self.0.text(3, 0, "", NOW)
    }

    fn error(&mut self, number: usize, body: &str, now: f64) -> String {
        self.0.text(4, number, body, now)
    }

    fn take_switch(&mut self) -> u32 {
        self.0.read(2, 0) as u32
    }

    fn open_calls(&mut self) -> u32 {
        self.0.read(3, 0) as u32
    }

    fn attempts(&mut self, number: usize) -> u32 {
        self.0.read(4, number) as u32
    }
}

fn upstream() -> Driver {
    Driver::new(None, KEY, Some(NEXT)).expect("a key")
}

fn begin(upstream: &mut Driver, method: &str) -> usize {
    upstream.begin(method, "/conversations", "page=1", 0, 2, NONE, NONE, NOW).expect("a call")
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let headers = web_sys::Headers::new().expect("headers");
    for (name, value) in pairs {
        headers.append(name, value).expect("a header");
    }
    JsValue::from(headers).unchecked_into()
}

/// A member of JSON text.
fn member(json: &str, name: &str) -> JsValue {
    let value = JSON::parse(json).unwrap_or_else(|_| panic!("not JSON: {json}"));
    Reflect::get(&value, &name.into()).expect("an object")
}

fn text(json: &str, name: &str) -> String {
    member(json, name).as_string().unwrap_or_default()
}

/// What a refusal is explained with.
fn refusal<T>(result: Result<T, String>) -> String {
    result.err().expect("a refusal")
}

#[wasm_bindgen_test]
fn a_call_from_begin_to_success() {
    let mut upstream = upstream();
    assert_eq!(upstream.base_url(), "https://api.attention.tech/v2");
    let number = begin(&mut upstream, "GET");
    assert_eq!((upstream.action(), upstream.slot(), upstream.open_calls()), (SEND, 0, 1));
    assert_eq!(
        upstream.0.start("GET", "/conversations", "page=1", 0, 2, NONE, NONE, NOW),
        "https://api.attention.tech/v2/conversations?page=1"
    );
    assert_eq!(upstream.on_response(1, 200, &headers(&[]), NOW, 0.5), SUCCESS);
    assert_eq!(upstream.authorization(0), "Bearer fake-current-key-0123456789");
    assert_eq!(upstream.authorization(1), "Bearer fake-next-key-0123456789");
    assert_eq!(upstream.attempts(number), 1);
    assert_eq!(upstream.on_response(number, 200, &headers(&[]), NOW, 0.5), SUCCESS);
    assert_eq!((upstream.action(), upstream.open_calls(), upstream.attempts(number)), (SUCCESS, 0, 0));
}

#[wasm_bindgen_test]
fn waits_and_timeouts_are_milliseconds() {
    let mut upstream = upstream();
    let number = upstream.begin("GET", "/x", "", 0, 2, 10_000.0, 3_001.0, NOW).expect("a call");
    assert_eq!(upstream.timeout_millis(), 3_001.0);
    let asked = headers(&[("Retry-After", "1")]);
    assert_eq!(upstream.on_response(number, 503, &asked, NOW + 9.0, 0.5), WAIT);
    assert_eq!(upstream.wait_millis(), 1000.0);
    assert_eq!(upstream.on_waited(number, NOW + 8_991.0), SEND);
    assert_eq!((upstream.timeout_millis(), upstream.attempts(number)), (1_009.0, 2));
    assert_eq!(upstream.on_failure(number, 1, NOW + 10_000.0, 0.5), FAILED);
    let error = upstream.error(number, "", NOW + 10_000.0);
    assert_eq!((text(&error, "kind"), member(&error, "attempts").as_f64()), ("timeout".to_owned(), Some(2.0)));
    assert_eq!(upstream.open_calls(), 0);
}

#[wasm_bindgen_test]
fn the_other_key_is_tried_and_the_switch_told_once() {
    let mut upstream = upstream();
    let number = begin(&mut upstream, "POST");
    assert_eq!(upstream.on_response(number, 401, &headers(&[]), NOW, 0.5), SEND);
    assert_eq!((upstream.slot(), upstream.take_switch()), (1, 0));
    assert_eq!(upstream.on_response(number, 200, &headers(&[]), NOW, 0.5), SUCCESS);
    assert_eq!((upstream.take_switch(), upstream.take_switch()), (2, 0));
    assert_eq!(text(&upstream.keys(), "inUse"), "next");
}

#[wasm_bindgen_test]
fn flags_say_what_may_be_sent_again() {
    let after = |flags, status| {
        let mut upstream = upstream();
        let number = upstream.begin("POST", "/x", "", flags, 2, NONE, NONE, NOW).expect("a call");
        upstream.on_response(number, status, &headers(&[]), NOW, 0.5)
    };
    assert_eq!([after(0, 500), after(1, 500), after(3, 500)], [REJECTED, WAIT, REJECTED]);
    assert_eq!([after(0, 429), after(2, 429)], [WAIT, REJECTED]);
    assert_eq!([after(0, 401), after(2, 401)], [SEND, REJECTED]);
}

#[wasm_bindgen_test]
fn an_answer_is_read_through_real_headers() {
    let mut upstream = upstream();
    let number = upstream.begin("GET", "/x", "", 0, 0, NONE, NONE, NOW).expect("a call");
    let answer = headers(&[("X-Request-ID", "fake-request-1"), ("RETRY-AFTER", " 7 ")]);
    assert_eq!(upstream.on_response(number, 429, &answer, NOW, 0.5), REJECTED);
    let error = upstream.error(number, r#"{"error":{"code":"slow_down","message":"caf\u00e9"}}"#, NOW);
    assert_eq!([text(&error, "requestId"), text(&error, "code")], ["fake-request-1", "slow_down"]);
    assert_eq!((member(&error, "retryAfter").as_f64(), member(&error, "status").as_f64()), (Some(7000.0), Some(429.0)));
    assert!(text(&error, "message").contains("café"));
    // Two values are a list, as fetch has it, and a list is no Retry-After.
    let mut upstream = self::upstream();
    let number = upstream.begin("GET", "/x", "", 0, 0, NONE, NONE, NOW).expect("a call");
    upstream.on_response(number, 503, &headers(&[("retry-after", "1"), ("retry-after", "2")]), NOW, 0.5);
    assert!(member(&upstream.error(number, "", NOW), "retryAfter").is_undefined());
}

#[wasm_bindgen_test]
fn numbers_of_calls_are_used_again() {
    let mut upstream = upstream();
    let numbers: Vec<usize> = (0..3).map(|_| begin(&mut upstream, "GET")).collect();
    assert_eq!((numbers.as_slice(), upstream.open_calls()), (&[0, 1, 2][..], 3));
    upstream.on_response(1, 200, &headers(&[]), NOW, 0.5);
    assert_eq!((begin(&mut upstream, "GET"), upstream.open_calls()), (1, 3));
    for number in 0..3 {
        upstream.on_response(number, 404, &headers(&[]), NOW, 0.5);
    }
    assert_eq!(upstream.open_calls(), 3, "a rejected call is open until its error is made");
    for number in 0..3 {
        upstream.error(number, "", NOW);
    }
    assert_eq!(upstream.open_calls(), 0);
}

#[wasm_bindgen_test]
fn a_number_that_is_not_under_way_harms_nobody() {
    let mut upstream = upstream();
    let number = begin(&mut upstream, "GET");
    for stray in [7, usize::MAX] {
        assert_eq!(upstream.on_response(stray, 200, &headers(&[]), NOW, 0.5), FAILED);
        assert_eq!(upstream.on_failure(stray, 0, NOW, 0.5), FAILED);
        assert_eq!(upstream.on_waited(stray, NOW), FAILED);
        assert_eq!((upstream.error(stray, "", NOW), upstream.attempts(stray)), (String::new(), 0));
    }
    assert_eq!(upstream.open_calls(), 1);
    assert_eq!(upstream.on_response(number, 200, &headers(&[]), NOW, 0.5), SUCCESS);
    assert_eq!(upstream.on_response(number, 200, &headers(&[]), NOW, 0.5), FAILED, "it is over");
}

#[wasm_bindgen_test]
fn odd_numbers_do_not_panic() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300, f64::MIN_POSITIVE] {
        let mut upstream = upstream();
        let number = upstream.begin("GET", "/x", "", u32::MAX, u32::MAX, odd, odd, odd);
        if let Ok(number) = number {
            let asked = headers(&[("retry-after", "99999999999999999999")]);
            upstream.on_response(number, u16::MAX, &asked, odd, odd);
            upstream.on_failure(number, u32::MAX, odd, odd);
            upstream.on_waited(number, odd);
            upstream.error(number, "\u{fffd}", odd);
        }
        let _ = (upstream.wait_millis(), upstream.timeout_millis(), upstream.keys(), upstream.authorization(u32::MAX));
    }
}

#[wasm_bindgen_test]
fn a_refusal_is_explained_as_json() {
    let new = |base: Option<&str>, key: &str, next: Option<&str>| refusal(Driver::new(base, key, next));
    for (json, kind, code) in [
        (new(None, "", None), "invalid_key", "key_empty"),
        (new(None, "Bearer fake-key", None), "invalid_key", "key_has_scheme"),
        (new(None, KEY, Some("fake\nkey")), "invalid_key", "key_invalid_character"),
        (new(Some("http://api.attention.tech"), KEY, None), "config", "base_url_insecure"),
        (refusal(upstream().begin("GET", "/../x", "", 0, 2, NONE, NONE, NOW)), "validation", "path_dot_segment"),
        (refusal(upstream().begin("TRACE", "/x", "", 0, 2, NONE, NONE, NOW)), "validation", "method_unknown"),
        (refusal(upstream().begin("GET", "/x", KEY, 0, 2, NONE, NONE, NOW)), "validation", "url_holds_secret"),
        (refusal(upstream().replace_keys("Bearer fake-key")), "invalid_key", "key_has_scheme"),
    ] {
        assert_eq!([text(&json, "kind").as_str(), text(&json, "code").as_str()], [kind, code]);
        assert!(!json.contains("fake"), "{json}");
    }
}

#[wasm_bindgen_test]
fn a_refused_call_leaves_nothing_open() {
    let mut upstream = upstream();
    refusal(upstream.begin("GET", "//x", "", 0, 2, NONE, NONE, NOW));
    assert_eq!(upstream.open_calls(), 0);
}

#[wasm_bindgen_test]
fn a_huge_body_is_cut() {
    let mut upstream = upstream();
    let number = begin(&mut upstream, "GET");
    upstream.on_response(number, 400, &headers(&[]), NOW, 0.5);
    let error = upstream.error(number, &"long ".repeat(1 << 18), NOW);
    assert!(error.len() < 2048, "{} bytes", error.len());
}

/// Everything that JavaScript can look at without asking for the key.
#[wasm_bindgen_test]
fn what_javascript_sees_does_not_show_a_key() {
    let mut upstream = upstream();
    begin(&mut upstream, "GET");
    let keys = upstream.keys();
    let object: Object = JsValue::from(upstream.0).unchecked_into();
    let run = |code: &str| {
        let told = Function::new_with_args("upstream", code).call1(&JsValue::NULL, &object).expect("no exception");
        told.as_string().unwrap_or_default()
    };
    let mut told = vec![
        keys,
        run("return JSON.stringify(upstream)"),
        run("return String(upstream)"),
        run("return `${upstream}`"),
        run("return upstream.toString()"),
        run("return JSON.stringify(Object.entries(upstream))"),
        run("return JSON.stringify({ ...upstream })"),
        run("return JSON.stringify(structuredClone({ ...upstream }))"),
        run("return JSON.stringify(Reflect.ownKeys(upstream).map((name) => [String(name), String(upstream[name])]))"),
        run("return JSON.stringify(Object.getOwnPropertyDescriptors(upstream))"),
        run("upstream.start('GET', '/../x', '', 0, 2, -1, -1, 0); return upstream.text(4, 0, '', 0);"),
        run(
            "try { upstream.step(0, 1, 401, 'no headers', 0, 0); } catch (error) { return String(error) + error.stack; }",
        ),
        run("try { upstream.open('', 42, '', 0); } catch (error) { return String(error) + error.stack; }"),
    ];
    let names = Array::from(&Reflect::own_keys(&object).expect("names")).join(",");
    told.push(names.into());
    run("upstream.free()");
    told.push(run(
        "try { upstream.text(0, 0, '', 0); return 'freed'; } catch (error) { return String(error) + error.stack; }",
    ));
    for text in &told {
        assert!(!text.contains("fake-") && !text.contains("0123456789"), "{text}");
    }
    assert_ne!(told.last().map(String::as_str), Some("freed"), "a freed client still answers");
}

#[wasm_bindgen_test]
fn an_echoed_key_does_not_come_back() {
    let mut upstream = upstream();
    let echoes = [
        format!("Bearer {KEY} and {NEXT}"),
        format!(r#"{{"message":"{KEY} {NEXT}","code":"{KEY}"}}"#),
        format!(r#"{{"errors":[{{"detail":"{NEXT}","code":"{NEXT}"}}]}}"#),
    ];
    for body in echoes {
        let number = begin(&mut upstream, "GET");
        assert_eq!(upstream.on_response(number, 403, &headers(&[("x-request-id", KEY)]), NOW, 0.5), REJECTED);
        let error = upstream.error(number, &body, NOW);
        assert!(!error.contains(KEY) && !error.contains(NEXT), "{error}");
    }
}

/// What only JavaScript can say: strings that are no Unicode, and missing arguments.
#[wasm_bindgen_test]
fn javascript_cannot_break_in_with_odd_arguments() {
    let object = JsValue::from(upstream().0);
    let run = |code: &str| {
        let told = Function::new_with_args("upstream", code).call1(&JsValue::NULL, &object).expect("no exception");
        told.as_string().unwrap_or_default()
    };
    let attempt =
        |code: &str| run(&format!("try {{ {code}; return 'done'; }} catch (error) {{ return String(error); }}"));
    // A lone surrogate arrives as U+FFFD, which no key and no path holds.
    let explained = |code: &str| run(&format!("{code}; return upstream.text(4, 0, '', 0)"));
    assert!(explained("upstream.open('', 'fake-\\ud800-key', '', 0)").contains("key_invalid_character"));
    assert!(explained("upstream.start('GET', '/\\ud800', '', 0, 2, -1, -1, 0)").contains("path_invalid_character"));
    assert_ne!(attempt("upstream.start()"), "done");
    // This may do nothing or throw, which the debug build of the binding does.
    attempt("upstream.step()");
    // And the client is none the worse.
    assert_eq!(run("return upstream.text(0, 0, '', 0)"), format!("Bearer {KEY}"));
    assert_eq!(run("return String(upstream.read(3, 0))"), "0");
}
