//! Tests the binding in a browser.
//!
//! The golden vectors check the rules. These tests check the border to JavaScript: the objects that cross it, real
//! `Headers`, exceptions, and that no value that crosses it shows a key.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::float_cmp)] // Whole milliseconds must stay whole.

use attention_wasm::{
    Action, Failure, Headers, KeyLevel, Method, Slot, Step, Upstream, defaults, error_of_failure, request_id,
};
use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const KEY: &str = "fake-current-key-0123456789";
const NEXT: &str = "fake-next-key-0123456789";
const NOW: f64 = 1_700_000_000_000.0;

fn upstream() -> Upstream {
    Upstream::new(None, KEY, Some(NEXT.to_owned()), false).expect("a key")
}

/// A request as a driver would pass it.
fn request(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or_else(|_| panic!("not JSON: {json}"))
}

fn begin(upstream: &mut Upstream, json: &str) -> Step {
    begin_at(upstream, &request(json), NOW, NOW)
}

fn begin_at(upstream: &mut Upstream, request: &JsValue, started: f64, now: f64) -> Step {
    let number = |name: &str| number(request, name).unwrap_or(f64::INFINITY);
    upstream.begin(
        Method::from_js_value(&member(request, "method")).unwrap_or(Method::__Invalid),
        &text(request, "path"),
        member(request, "query").as_string(),
        member(request, "idempotent").as_bool(),
        member(request, "isOneShot").is_truthy(),
        self::number(request, "maxRetries").map(whole),
        number("timeout"),
        number("attemptTimeout"),
        member(request, "remember").is_truthy(),
        KeyLevel::from_js_value(&member(request, "keyLevel")),
        started,
        now,
    )
}

/// Begins a call and returns its number.
fn sent(upstream: &mut Upstream, json: &str) -> u32 {
    let step = begin(upstream, json);
    assert_eq!(action(&step), Action::Send);
    call(&step)
}

/// The arguments of `beginCall` after method, path and query.
const REST: &str = "undefined, false, 0, Infinity, Infinity, false, undefined, 0, 0";

const GET: &str = r#"{"method":"GET","path":"/x","maxRetries":0}"#;

fn respond(upstream: &mut Upstream, call: u32, status: u16) -> Step {
    upstream.on_response(call, status, &headers(&[]), NOW, 0.5)
}

fn action(step: &Step) -> Action {
    match number(step, "action") {
        Some(0.0) => Action::Send,
        Some(1.0) => Action::Wait,
        Some(2.0) => Action::Success,
        Some(3.0) => Action::Rejected,
        Some(4.0) => Action::Failed,
        other => panic!("no action: {other:?}"),
    }
}

fn call(step: &Step) -> u32 {
    number(step, "call").map(whole).expect("a call under way")
}

/// As JavaScript converts a number for an integer parameter.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating.
const fn whole(number: f64) -> u32 {
    number as u32
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("an object")
}

fn number(object: &JsValue, name: &str) -> Option<f64> {
    member(object, name).as_f64()
}

fn text(object: &JsValue, name: &str) -> String {
    member(object, name).as_string().unwrap_or_default()
}

fn json(object: &JsValue) -> String {
    JSON::stringify(object).expect("plain data").into()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let headers = web_sys::Headers::new().expect("headers");
    for (name, value) in pairs {
        headers.append(name, value).expect("a header");
    }
    JsValue::from(headers).unchecked_into()
}

#[wasm_bindgen_test]
fn a_call_from_begin_to_success() {
    let mut upstream = upstream();
    assert_eq!(upstream.base_url(), "https://api.attention.tech/v2");
    let step = begin(&mut upstream, r#"{"method":"GET","path":"/conversations","query":"page=1"}"#);
    assert_eq!((action(&step), upstream.open_calls()), (Action::Send, 1));
    assert_eq!(text(&step, "url"), "https://api.attention.tech/v2/conversations?page=1");
    assert_eq!((number(&step, "slot"), number(&step, "attempt")), (Some(0.0), Some(1.0)));
    assert!(member(&step, "timeout").is_undefined());
    assert_eq!(upstream.authorization(Slot::Current).as_deref(), Some("Bearer fake-current-key-0123456789"));
    assert_eq!(upstream.authorization(Slot::Next).as_deref(), Some("Bearer fake-next-key-0123456789"));
    assert_eq!(action(&respond(&mut upstream, call(&step), 200)), Action::Success);
    assert_eq!(upstream.open_calls(), 0);
}

#[wasm_bindgen_test]
fn one_key_has_no_second_authorization() {
    let upstream = Upstream::new(None, KEY, None, false).expect("a key");
    assert_eq!(upstream.authorization(Slot::Next), None);
    assert_eq!(json(&member(&upstream.keys(), "keys")).matches("fingerprint").count(), 1);
}

#[wasm_bindgen_test]
fn waits_and_timeouts_are_milliseconds() {
    let mut upstream = upstream();
    let first = begin(&mut upstream, r#"{"method":"GET","path":"/x","timeout":10000,"attemptTimeout":3001}"#);
    assert_eq!(number(&first, "timeout"), Some(3_001.0));
    let asked = headers(&[("Retry-After", "1")]);
    let wait = upstream.on_response(call(&first), 503, &asked, NOW + 9.0, 0.5);
    assert_eq!((action(&wait), number(&wait, "duration")), (Action::Wait, Some(1000.0)));
    assert_eq!(text(&wait, "url"), text(&first, "url"));
    let second = upstream.on_waited(call(&wait), NOW + 8_991.0);
    assert_eq!((number(&second, "timeout"), number(&second, "attempt")), (Some(1_009.0), Some(2.0)));
    let failed = upstream.on_failure(call(&second), Failure::Timeout, NOW + 10_000.0, 0.5);
    assert_eq!((action(&failed), upstream.open_calls()), (Action::Failed, 0));
    let error = member(&failed, "error");
    assert_eq!((text(&error, "kind"), number(&error, "attempts")), ("timeout".to_owned(), Some(2.0)));
}

#[wasm_bindgen_test]
fn the_timeout_runs_from_the_start_and_not_from_the_first_request() {
    let mut upstream = upstream();
    let asked = request(r#"{"method":"GET","path":"/x","timeout":1000}"#);
    assert_eq!(number(&begin_at(&mut upstream, &asked, NOW, NOW + 400.0), "timeout"), Some(600.0));
    let late = begin_at(&mut upstream, &asked, NOW, NOW + 1000.0);
    assert_eq!((action(&late), text(&member(&late, "error"), "kind")), (Action::Failed, "timeout".to_owned()));
}

#[wasm_bindgen_test]
fn the_other_key_is_tried_and_the_switch_is_reported_once() {
    let mut upstream = upstream();
    let post = sent(&mut upstream, r#"{"method":"POST","path":"/x"}"#);
    let other = respond(&mut upstream, post, 401);
    assert_eq!((action(&other), number(&other, "slot"), upstream.take_switch()), (Action::Send, Some(1.0), None));
    assert_eq!(action(&respond(&mut upstream, post, 200)), Action::Success);
    assert_eq!((upstream.take_switch(), upstream.take_switch()), (Some(Slot::Next), None));
    assert_eq!(text(&upstream.keys(), "inUse"), "next");
}

#[wasm_bindgen_test]
fn a_request_states_whether_it_may_be_sent_again() {
    let after = |more: &str, status| {
        let mut upstream = upstream();
        let post = sent(&mut upstream, &format!(r#"{{"method":"POST","path":"/x"{more}}}"#));
        action(&respond(&mut upstream, post, status))
    };
    let (idempotent, one_shot) = (r#","idempotent":true"#, r#","isOneShot":true"#);
    let both = format!("{idempotent}{one_shot}");
    assert_eq!(
        [after("", 500), after(idempotent, 500), after(&both, 500)],
        [Action::Rejected, Action::Wait, Action::Rejected]
    );
    assert_eq!([after("", 429), after(one_shot, 429)], [Action::Wait, Action::Rejected]);
    assert_eq!([after("", 401), after(one_shot, 401)], [Action::Send, Action::Rejected]);
    assert_eq!([after(r#","maxRetries":0"#, 429), after(r#","maxRetries":1"#, 429)], [Action::Rejected, Action::Wait]);
}

#[wasm_bindgen_test]
fn a_response_is_read_through_real_headers() {
    let mut upstream = upstream();
    let number = sent(&mut upstream, GET);
    let answer = headers(&[("X-Request-ID", "fake-request-1"), ("RETRY-AFTER", " 7 ")]);
    let rejected = upstream.on_response(number, 429, &answer, NOW, 0.5);
    assert_eq!(action(&rejected), Action::Rejected);
    let error = upstream.error(number, r#"{"error":{"code":"slow_down","message":"caf\u00e9"}}"#, NOW);
    assert_eq!([text(&error, "requestId"), text(&error, "code")], ["fake-request-1", "slow_down"]);
    assert_eq!((self::number(&error, "retryAfter"), self::number(&error, "status")), (Some(7000.0), Some(429.0)));
    assert!(text(&error, "message").contains("café"));
    // fetch joins repeated values to a list, which is not a valid Retry-After.
    let mut upstream = self::upstream();
    let number = sent(&mut upstream, GET);
    upstream.on_response(number, 503, &headers(&[("retry-after", "1"), ("retry-after", "2")]), NOW, 0.5);
    assert!(member(&upstream.error(number, "", NOW), "retryAfter").is_undefined());
}

#[wasm_bindgen_test]
fn a_request_id_is_safe_to_log() {
    let id = |value: &str| request_id(&headers(&[("X-Correlation-Id", value)]));
    assert_eq!(id("fake-1").as_deref(), Some("fake-1"));
    assert_eq!([id(""), id("two words"), id(&"x".repeat(129))], [None, None, None]);
    assert_eq!(request_id(&headers(&[("x-request-id", "odd one"), ("cf-ray", "8f-AMS")])).as_deref(), Some("8f-AMS"));
}

#[wasm_bindgen_test]
fn defaults_are_those_of_core() {
    let defaults = defaults();
    assert_eq!(number(&defaults, "timeout"), Some(attention_core::call::DEFAULT_TIMEOUT.as_secs_f64() * 1000.0));
    let retries = attention_core::call::RetryPolicy::default().max_retries;
    assert_eq!(number(&defaults, "maxRetries"), Some(retries.into()));
    let mut upstream = upstream();
    let call = sent(&mut upstream, r#"{"method":"GET","path":"/x"}"#);
    for _ in 0..retries {
        assert_eq!(action(&respond(&mut upstream, call, 500)), Action::Wait);
        assert_eq!(action(&upstream.on_waited(call, NOW)), Action::Send);
    }
    let rejected = respond(&mut upstream, call, 500);
    assert_eq!((action(&rejected), number(&rejected, "limit")), (Action::Rejected, number(&defaults, "maxErrorBody")));
}

#[wasm_bindgen_test]
fn call_numbers_are_reused() {
    let mut upstream = upstream();
    let numbers: Vec<u32> = (0..3).map(|_| sent(&mut upstream, GET)).collect();
    assert_eq!((numbers.as_slice(), upstream.open_calls()), (&[0, 1, 2][..], 3));
    respond(&mut upstream, 1, 200);
    assert_eq!((sent(&mut upstream, GET), upstream.open_calls()), (1, 3));
    for number in 0..3 {
        respond(&mut upstream, number, 404);
    }
    assert_eq!(upstream.open_calls(), 3, "a rejected call is open until its error is made");
    upstream.error(0, "", NOW);
    upstream.abandon(1);
    upstream.on_failure(2, Failure::Aborted, NOW, 0.5);
    assert_eq!(upstream.open_calls(), 0);
    upstream.abandon(1);
    assert_eq!((upstream.open_calls(), sent(&mut upstream, GET)), (0, 2), "a free number is issued once");
}

#[wasm_bindgen_test]
fn a_number_without_a_call_is_harmless() {
    let mut upstream = upstream();
    let number = sent(&mut upstream, GET);
    for stray in [7, u32::MAX] {
        for step in [
            respond(&mut upstream, stray, 200),
            upstream.on_failure(stray, Failure::Connection, NOW, 0.5),
            upstream.on_waited(stray, NOW),
        ] {
            assert_eq!((action(&step), text(&member(&step, "error"), "kind")), (Action::Failed, "aborted".to_owned()));
        }
        assert_eq!(text(&upstream.error(stray, "", NOW), "kind"), "aborted");
        upstream.abandon(stray);
    }
    assert_eq!(upstream.open_calls(), 1);
    assert_eq!(action(&respond(&mut upstream, number, 200)), Action::Success);
    assert_eq!(action(&respond(&mut upstream, number, 200)), Action::Failed, "it is over");
}

#[wasm_bindgen_test]
fn odd_numbers_do_not_panic() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300, f64::MIN_POSITIVE] {
        let mut upstream = upstream();
        let asked = request(r#"{"method":"GET","path":"/x"}"#);
        for name in ["timeout", "attemptTimeout", "maxRetries"] {
            Reflect::set(&asked, &name.into(), &odd.into()).expect("a member");
        }
        let step = begin_at(&mut upstream, &asked, odd, odd);
        if action(&step) == Action::Send {
            let asked = headers(&[("retry-after", "99999999999999999999")]);
            upstream.on_response(call(&step), u16::MAX, &asked, odd, odd);
            upstream.on_failure(call(&step), Failure::Connection, odd, odd);
            upstream.on_waited(call(&step), odd);
            upstream.error(call(&step), "\u{fffd}", odd);
        }
        assert_eq!(upstream.open_calls(), 0);
    }
}

#[wasm_bindgen_test]
fn an_error_is_returned_as_plain_data() {
    let new = |base: Option<&str>, key: &str, next: Option<&str>| {
        Upstream::new(base.map(str::to_owned), key, next.map(str::to_owned), false).expect_err("a refusal").into()
    };
    let begun = |json: &str| {
        let mut upstream = upstream();
        let step = begin(&mut upstream, json);
        assert_eq!((action(&step), upstream.open_calls()), (Action::Failed, 0), "{json}");
        member(&step, "error")
    };
    let replaced = upstream().replace_keys("Bearer fake-key", None).expect_err("a refusal").into();
    let cases: [(JsValue, &str, &str); 10] = [
        (new(None, "", None), "invalid_key", "key_empty"),
        (new(None, "Bearer fake-key", None), "invalid_key", "key_has_scheme"),
        (new(None, KEY, Some("fake\nkey")), "invalid_key", "key_invalid_character"),
        (new(Some("http://api.attention.tech"), KEY, None), "config", "base_url_insecure"),
        (begun(r#"{"method":"GET","path":"/../x"}"#), "validation", "path_dot_segment"),
        (begun(r#"{"method":"TRACE","path":"/x"}"#), "validation", "method_unknown"),
        (begun(r#"{"method":"get","path":"/x"}"#), "validation", "method_unknown"),
        (begun(r#"{"path":"/x"}"#), "validation", "method_unknown"),
        (begun(&format!(r#"{{"method":"GET","path":"/x","query":"{KEY}"}}"#)), "validation", "url_holds_secret"),
        (replaced, "invalid_key", "key_has_scheme"),
    ];
    for (facts, kind, code) in cases {
        assert_eq!([text(&facts, "kind").as_str(), text(&facts, "code").as_str()], [kind, code]);
        assert!(!json(&facts).contains("fake"), "{}", json(&facts));
    }
    let aborted = error_of_failure(Failure::Aborted, 3);
    assert_eq!((text(&aborted, "code"), number(&aborted, "attempts")), ("aborted".to_owned(), Some(3.0)));
}

#[wasm_bindgen_test]
fn rejected_keys_leave_the_current_ones_in_place() {
    let mut upstream = upstream();
    assert!(upstream.replace_keys("not a key", None).is_err());
    assert_eq!(upstream.authorization(Slot::Current), Some(format!("Bearer {KEY}")));
    // A token is replaced by a token.
    let mut upstream = Upstream::new(None, "fake-token-0123456789", None, true).expect("a token");
    upstream.replace_keys(KEY, Some(NEXT.to_owned())).expect("a token");
    assert_eq!((text(&upstream.keys(), "kind"), upstream.authorization(Slot::Next)), ("caller_token".to_owned(), None));
}

/// The earlier of a credential's own expiry and its issuer's applies; the issuer may change its report.
#[wasm_bindgen_test]
fn a_reported_expiry_is_shown_with_the_keys() {
    // {"exp":1700000900}
    let session = "s1.eyJleHAiOjE3MDAwMDA5MDB9.not-a-signature";
    let mut upstream = Upstream::new(None, session, None, true).expect("a token");
    let end = |upstream: &Upstream| {
        let keys: Array = member(&upstream.keys(), "keys").unchecked_into();
        number(&keys.get(0), "expiresAt")
    };
    assert_eq!(end(&upstream), Some(1_700_000_900_000.0));
    for (noted, told) in [(1_700_000_500_000.0, 1_700_000_500_000.0), (1_800_000_000_000.0, 1_700_000_900_000.0)] {
        upstream.note_expiry(Slot::Current, noted);
        assert_eq!(end(&upstream), Some(told));
    }
    // An empty slot has no expiry.
    upstream.note_expiry(Slot::Next, 0.0);
    assert_eq!(end(&upstream), Some(1_700_000_900_000.0));
}

#[wasm_bindgen_test]
fn a_huge_error_body_is_truncated() {
    let mut upstream = upstream();
    let number = sent(&mut upstream, GET);
    respond(&mut upstream, number, 400);
    let error = json(&upstream.error(number, &"long ".repeat(1 << 18), NOW));
    assert!(error.len() < 2048, "{} bytes", error.len());
}

/// Everything that JavaScript can inspect, except the method that returns the key.
#[wasm_bindgen_test]
fn values_visible_to_javascript_do_not_show_a_key() {
    let mut upstream = upstream();
    let mut told = vec![json(&begin(&mut upstream, GET)), json(&upstream.keys()), format!("{upstream:?}")];
    let object: Object = JsValue::from(upstream).unchecked_into();
    let run = |code: &str| {
        let told = Function::new_with_args("upstream", code).call1(&JsValue::NULL, &object).expect("no exception");
        told.as_string().unwrap_or_default()
    };
    told.extend([
        run("return JSON.stringify(upstream)"),
        run("return String(upstream)"),
        run("return `${upstream}`"),
        run("return upstream.toString()"),
        run("return JSON.stringify(Object.entries(upstream))"),
        run("return JSON.stringify({ ...upstream })"),
        run("return JSON.stringify(structuredClone({ ...upstream }))"),
        run("return JSON.stringify(Reflect.ownKeys(upstream).map((name) => [String(name), String(upstream[name])]))"),
        run("return JSON.stringify(Object.getOwnPropertyDescriptors(upstream))"),
        run(&format!("return JSON.stringify(upstream.beginCall('GET', '/../x', undefined, {REST}))")),
        run("try { upstream.replaceKeys(42); } catch (error) { return String(error) + error.stack; }"),
    ]);
    let names = Array::from(&Reflect::own_keys(&object).expect("names")).join(",");
    told.push(names.into());
    run("upstream.free()");
    told.push(run(
        "try { upstream.authorization(0); return 'freed'; } catch (error) { return String(error) + error.stack; }",
    ));
    for text in &told {
        assert!(!text.contains("fake-") && !text.contains("0123456789"), "{text}");
    }
    assert_ne!(told.last().map(String::as_str), Some("freed"), "a freed client still responds");
}

#[wasm_bindgen_test]
fn an_echoed_key_is_removed_from_the_error() {
    let mut upstream = upstream();
    let echoes = [
        format!("Bearer {KEY} and {NEXT}"),
        format!(r#"{{"message":"{KEY} {NEXT}","code":"{KEY}"}}"#),
        format!(r#"{{"errors":[{{"detail":"{NEXT}","code":"{NEXT}"}}]}}"#),
    ];
    for body in echoes {
        let number = sent(&mut upstream, GET);
        let step = upstream.on_response(number, 403, &headers(&[("x-request-id", KEY)]), NOW, 0.5);
        assert_eq!(action(&step), Action::Rejected);
        let error = json(&upstream.error(number, &body, NOW));
        assert!(!error.contains(KEY) && !error.contains(NEXT), "{error}");
    }
}

/// Input that only JavaScript can produce: strings that are not valid Unicode, missing arguments, values that are not
/// numbers, and headers that throw when they are read. Whatever the result, the upstream stays usable.
#[wasm_bindgen_test]
fn odd_javascript_arguments_do_no_harm() {
    let object = JsValue::from(upstream());
    let run = |code: &str| {
        let told = Function::new_with_args("upstream", code).call1(&JsValue::NULL, &object).expect("no exception");
        told.as_string().unwrap_or_default()
    };
    let code_of = |request: &str| run(&format!("return upstream.beginCall({request}, undefined, {REST}).error?.code"));
    // A lone surrogate becomes U+FFFD, which neither a key nor a path may contain.
    assert_eq!(
        run("try { upstream.replaceKeys('fake-\\ud800-key') } catch ({ code }) { return code }"),
        "key_invalid_character"
    );
    assert_eq!(code_of("'GET', '/\\ud800'"), "path_invalid_character");
    for unknown in ["'get'", "'TRACE'", "5", "undefined", "null", "{}"] {
        assert_eq!(code_of(&format!("{unknown}, '/x'")), "method_unknown", "{unknown}");
    }
    // Headers that throw, or are not headers, are treated as empty.
    for odd in ["{ get() { throw new Error('odd') } }", "'no headers'", "undefined", "new Map([['retry-after', 5]])"] {
        let code = format!(
            "const {{ call }} = upstream.beginCall('GET', '/x', undefined, {REST}); \
             upstream.onResponse(call, 503, {odd}, 0, 0); return upstream.error(call, '', 0).kind"
        );
        assert_eq!(run(&code), "server", "{odd}");
    }
    let numbers = ["Symbol()", "5n", "{ valueOf() { throw new Error('odd') } }"];
    let begins = numbers.map(|odd| format!("beginCall('GET', '/x', undefined, undefined, false, 0, {odd})"));
    let others = ["beginCall()", "onResponse()", "onFailure()", "onFailure(0, 9, 0, 0)", "authorization(9)", "error()"];
    for throwing in begins.into_iter().chain(others.map(str::to_owned)) {
        run(&format!("try {{ upstream.{throwing} }} catch (error) {{ return String(error); }}"));
        assert_eq!(run("return upstream.authorization(0)"), format!("Bearer {KEY}"), "after {throwing}");
        assert_eq!(code_of("'GET', '/../x'"), "path_dot_segment", "after {throwing}");
    }
    assert_eq!(run("return String(upstream.openCalls())"), "0");
    assert_eq!(run("upstream.free(); return 'freed'"), "freed", "it can be freed");
}
