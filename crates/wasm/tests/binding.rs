//! The binding in a browser: what JavaScript calls, gets and sees.
//!
//! The rules themselves are checked by the golden vectors. This is about the
//! border: numbers for calls and actions, real `Headers`, what is thrown, and
//! that nothing that crosses it shows a key.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::float_cmp)] // Whole milliseconds have to come out whole.

use attention_wasm::Upstream;
use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Headers;

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

fn upstream() -> Upstream {
    Upstream::new(None, KEY, Some(NEXT.to_owned()), false).expect("a key")
}

fn begin(upstream: &mut Upstream, method: &str) -> usize {
    upstream.begin(method, "/conversations", "page=1", 0, 2, NONE, NONE, NOW).expect("a call")
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let headers = Headers::new().expect("headers");
    for (name, value) in pairs {
        headers.append(name, value).expect("a header");
    }
    headers
}

/// A member of JSON text.
fn member(json: &str, name: &str) -> JsValue {
    let value = JSON::parse(json).unwrap_or_else(|_| panic!("not JSON: {json}"));
    Reflect::get(&value, &name.into()).expect("an object")
}

fn text(json: &str, name: &str) -> String {
    member(json, name).as_string().unwrap_or_default()
}

/// What a refusal throws: a string, which is JSON.
fn thrown<T>(result: Result<T, JsValue>) -> String {
    match result {
        Ok(_) => panic!("nothing was thrown"),
        Err(value) => value.as_string().expect("a string is thrown"),
    }
}

#[wasm_bindgen_test]
fn a_call_from_begin_to_success() {
    let mut upstream = upstream();
    assert_eq!(upstream.base_url(), "https://api.attention.tech/v2");
    let number = begin(&mut upstream, "GET");
    assert_eq!((upstream.action(), upstream.slot(), upstream.open_calls()), (SEND, 0, 1));
    assert_eq!(upstream.url(), "https://api.attention.tech/v2/conversations?page=1");
    assert_eq!(upstream.url(), "", "the URL is handed over once");
    assert_eq!(upstream.authorization(0).as_deref(), Some("Bearer fake-current-key-0123456789"));
    assert_eq!(upstream.authorization(1).as_deref(), Some("Bearer fake-next-key-0123456789"));
    assert_eq!((upstream.timeout_millis(), upstream.attempts(number)), (NONE, 1));
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
    let error = upstream.error(number, &[], NOW + 10_000.0);
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
    let error = upstream.error(number, br#"{"error":{"code":"slow_down","message":"caf\u00e9"}}"#, NOW);
    assert_eq!([text(&error, "requestId"), text(&error, "code")], ["fake-request-1", "slow_down"]);
    assert_eq!((member(&error, "retryAfter").as_f64(), member(&error, "status").as_f64()), (Some(7000.0), Some(429.0)));
    assert!(text(&error, "message").contains("café"));
    // Two values are a list, as fetch has it, and a list is no Retry-After.
    let mut upstream = self::upstream();
    let number = upstream.begin("GET", "/x", "", 0, 0, NONE, NONE, NOW).expect("a call");
    upstream.on_response(number, 503, &headers(&[("retry-after", "1"), ("retry-after", "2")]), NOW, 0.5);
    assert!(member(&upstream.error(number, &[], NOW), "retryAfter").is_undefined());
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
        upstream.error(number, &[], NOW);
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
        assert_eq!((upstream.error(stray, &[], NOW), upstream.attempts(stray)), (String::new(), 0));
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
            upstream.error(number, &[0xff; 16], odd);
        }
        let _ = (upstream.wait_millis(), upstream.timeout_millis(), upstream.keys(), upstream.authorization(u32::MAX));
    }
}

#[wasm_bindgen_test]
fn a_refusal_is_thrown_as_json() {
    let new = |base: Option<&str>, key: &str, next: Option<&str>| {
        thrown(Upstream::new(base.map(str::to_owned), key, next.map(str::to_owned), false))
    };
    for (json, kind, code) in [
        (new(None, "", None), "invalid_key", "key_empty"),
        (new(None, "Bearer fake-key", None), "invalid_key", "key_has_scheme"),
        (new(None, KEY, Some("fake\nkey")), "invalid_key", "key_invalid_character"),
        (new(Some("http://api.attention.tech"), KEY, None), "config", "base_url_insecure"),
        (thrown(upstream().begin("GET", "/../x", "", 0, 2, NONE, NONE, NOW)), "validation", "path_dot_segment"),
        (thrown(upstream().begin("TRACE", "/x", "", 0, 2, NONE, NONE, NOW)), "validation", "method_unknown"),
        (thrown(upstream().begin("GET", "/x", KEY, 0, 2, NONE, NONE, NOW)), "validation", "url_holds_secret"),
        (thrown(upstream().replace_keys("Bearer fake-key", None)), "invalid_key", "key_has_scheme"),
    ] {
        assert_eq!([text(&json, "kind").as_str(), text(&json, "code").as_str()], [kind, code]);
        assert!(!json.contains("fake"), "{json}");
    }
}

#[wasm_bindgen_test]
fn a_refused_call_leaves_nothing_open() {
    let mut upstream = upstream();
    thrown(upstream.begin("GET", "//x", "", 0, 2, NONE, NONE, NOW));
    assert_eq!(upstream.open_calls(), 0);
}

#[wasm_bindgen_test]
fn a_huge_body_is_cut() {
    let mut upstream = upstream();
    let number = begin(&mut upstream, "GET");
    upstream.on_response(number, 400, &headers(&[]), NOW, 0.5);
    let error = upstream.error(number, "long ".repeat(1 << 18).as_bytes(), NOW);
    assert!(error.len() < 2048, "{} bytes", error.len());
}

/// Everything that JavaScript can look at without asking for the key.
#[wasm_bindgen_test]
fn what_javascript_sees_does_not_show_a_key() {
    let mut upstream = upstream();
    begin(&mut upstream, "GET");
    let keys = upstream.keys();
    let object: Object = JsValue::from(upstream).unchecked_into();
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
        run(
            "try { upstream.begin('GET', '/../x', '', 0, 2, -1, -1, 0); } catch (error) { return String(error) + error.stack; }",
        ),
        run(
            "try { upstream.onResponse(0, 200, 'no headers', 0, 0); } catch (error) { return String(error) + error.stack; }",
        ),
        run("try { upstream.replaceKeys(42); } catch (error) { return String(error) + error.stack; }"),
    ];
    let names = Array::from(&Reflect::own_keys(&object).expect("names")).join(",");
    told.push(names.into());
    run("upstream.free()");
    told.push(run(
        "try { upstream.authorization(0); return 'freed'; } catch (error) { return String(error) + error.stack; }",
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
        let error = upstream.error(number, body.as_bytes(), NOW);
        assert!(!error.contains(KEY) && !error.contains(NEXT), "{error}");
    }
}

/// What only JavaScript can say: strings that are no Unicode, and missing arguments.
#[wasm_bindgen_test]
fn javascript_cannot_break_in_with_odd_arguments() {
    let object = JsValue::from(upstream());
    let run = |code: &str| {
        let told = Function::new_with_args("upstream", code).call1(&JsValue::NULL, &object).expect("no exception");
        told.as_string().unwrap_or_default()
    };
    let attempt =
        |code: &str| run(&format!("try {{ {code}; return 'done'; }} catch (error) {{ return String(error); }}"));
    // A lone surrogate arrives as U+FFFD, which no key and no path holds.
    assert!(attempt("upstream.replaceKeys('fake-\\ud800-key')").contains("key_invalid_character"));
    assert!(attempt("upstream.begin('GET', '/\\ud800', '', 0, 2, -1, -1, 0)").contains("path_invalid_character"));
    assert_ne!(attempt("upstream.begin()"), "done");
    assert_ne!(attempt("upstream.onResponse()"), "done");
    // And the client is none the worse.
    assert_eq!(run("return upstream.authorization(0)"), format!("Bearer {KEY}"));
    assert_eq!(run("return String(upstream.openCalls())"), "0");
}
