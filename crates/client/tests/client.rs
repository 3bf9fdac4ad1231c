//! Behaviour that the golden vectors do not cover: conversion of values from and to JavaScript, dropped calls, rejected
//! settings, and that nothing here shows a key.

#![cfg(target_arch = "wasm32")]

#[path = "vectors/browser.rs"]
#[allow(dead_code, reason = "the vectors use more of it")]
mod browser;

use std::future::Future;
use std::time::Duration;

use attention_client::core::{ApiKey, CallerToken, KeyRing};
use attention_client::{Attention, Error, Response};
use futures_util::future::{FutureExt as _, join};
use js_sys::{JSON, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const TOKEN: &str = "an-obviously-fake-caller-token";
const KEY: &str = "an-obviously-fake-api-key";
const NOW: f64 = 1_700_000_000_000.0;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Label {
    name: String,
    tags: Vec<String>,
}

fn client() -> Attention {
    let made = Attention::builder().base_url("https://worker.example/v2").and_then(|made| made.caller_token(TOKEN));
    made.and_then(|made| made.build()).expect("good settings")
}

/// Runs a test in a simulated browser.
async fn in_a_browser<T>(test: impl Future<Output = T>) -> T {
    browser::enter(NOW);
    let ended = test.await;
    browser::leave();
    ended
}

/// The result of a call whose only request receives this response.
async fn answered<T>(call: impl Future<Output = T>, status: u16, body: &str) -> T {
    let server = async {
        browser::settle().await;
        browser::answer(0, status, &browser::pairs(&[]), body.as_bytes());
    };
    join(call, server).await.0
}

#[wasm_bindgen_test]
async fn rust_and_javascript_values_are_sent_and_received_as_json() {
    let label = Label { name: "Ünïcode \u{1f600}".to_owned(), tags: vec!["a".to_owned()] };
    let text = r#"{"name":"Ünïcode 😀","tags":["a"]}"#;
    let parsed = JSON::parse(text).expect("JSON");
    in_a_browser(async {
        for (index, call) in
            [client().post("/labels").json(&label), client().post("/labels").js(parsed)].into_iter().enumerate()
        {
            let index = u32::try_from(index).expect("two");
            let answer = async {
                browser::settle().await;
                assert_eq!(browser::header(index, "content-type").as_deref(), Some("application/json"));
                assert_eq!(browser::method(index), "POST");
                browser::answer(index, 201, &browser::pairs(&[]), browser::body(index).await.as_bytes());
            };
            let (response, ()) = join(call.send(), answer).await;
            let response = response.expect("a success");
            assert_eq!(response.status(), 201);
            if index == 0 {
                assert_eq!(response.json::<Label>().await.expect("a label"), label);
            } else {
                let value = response.js().await.expect("a value");
                assert_eq!(String::from(JSON::stringify(&value).expect("JSON")), text);
                // Plain objects rather than a `Map`, which `JSON.stringify` would write as `{}`.
                assert_eq!(Reflect::get(&value, &"name".into()).expect("a member").as_string().unwrap(), label.name);
            }
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_value_that_json_cannot_represent_is_rejected_before_sending() {
    in_a_browser(async {
        let function: JsValue = js_sys::Function::new_no_args("").into();
        for call in
            [client().post("/x").js(function), client().post("/x").json(&std::collections::HashMap::from([((), 1)]))]
        {
            assert!(matches!(call.send().await, Err(Error::Json(_))));
        }
        assert_eq!(browser::sent(), 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_response_of_another_shape_is_reported_by_position_without_its_content() {
    let texts = [r#"{"name":"a-private-name"}"#, "a-private-text", r#"{"name":"a-private-name","tags":"x"}"#];
    for text in texts {
        let error = in_a_browser(answered(
            async { client().get("/x").send().await.expect("a success").json::<Label>().await },
            200,
            text,
        ))
        .await
        .expect_err("not a label");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("line 1") && !shown.contains("private"), "{shown}");
    }
    let nothing = async { client().delete("/x").send().await.expect("a success").json::<()>().await };
    in_a_browser(answered(nothing, 204, "")).await.expect("an empty body is null");
}

#[wasm_bindgen_test]
async fn an_invalid_header_is_named_before_sending() {
    in_a_browser(async {
        for (name, value) in [("x-user", "山田"), ("x user", "a"), ("x-user", "a\nb"), ("Authorization", "Bearer x")]
        {
            match client().get("/x").header(name, value).send().await {
                Err(Error::Header(told)) => assert_eq!(told, name),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(browser::sent(), 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_dropped_call_is_aborted_and_leaves_no_request_or_timer() {
    in_a_browser(async {
        let attention = client();
        let mut call = Box::pin(attention.get("/x").send());
        assert!(call.as_mut().now_or_never().is_none());
        assert_eq!((browser::sent(), browser::is_aborted(0)), (1, false));
        drop(call);
        assert_eq!((browser::is_aborted(0), browser::timer_after(0)), (true, 0));
        // While it waits, too: there is no request, and the timer is removed.
        let mut call = Box::pin(attention.get("/x").send());
        assert!(call.as_mut().now_or_never().is_none());
        browser::answer(1, 503, &browser::pairs(&[]), b"");
        browser::settle().await;
        assert!(call.as_mut().now_or_never().is_none());
        assert_ne!(browser::timer_after(0), 0);
        drop(call);
        assert_eq!(browser::timer_after(0), 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_timeout_of_a_call_includes_the_response_body() {
    in_a_browser(async {
        let call = client().get("/x").options(|options| options.timeout = Some(Duration::from_secs(5)));
        let response: Response = answered(call.send(), 200, "{}").await.expect("a head");
        // The timer of the response head is gone; the running one is for the body.
        let timer = browser::timer_after(0);
        assert!((browser::millis(timer) - 5000.0).abs() < f64::EPSILON);
        browser::fire(timer);
        assert!(browser::is_aborted(0));
        drop(response);
        assert_eq!(browser::timer_after(0), 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_error_body_is_read_up_to_64_kib_and_a_success_body_completely() {
    in_a_browser(async {
        let server = async {
            browser::settle().await;
            browser::answer_endlessly(0, 400, &[b'a'; 1000]);
        };
        let error = join(client().get("/x").send(), server).await.0.expect_err("a 400");
        assert!(error.to_string().contains("it says: aaa"), "{error}");
        assert_eq!(browser::chunks(), 66);
        assert!(browser::is_aborted(0));
    })
    .await;
    let body = "b".repeat(70_000);
    let call = async { client().get("/x").send().await.expect("a success").bytes().await };
    assert_eq!(in_a_browser(answered(call, 200, &body)).await.expect("bytes"), body.as_bytes());
}

#[wasm_bindgen_test]
async fn a_body_that_ends_early_is_a_connection_error_or_a_timeout() {
    in_a_browser(async {
        for is_late in [false, true] {
            let call = client().get("/x").options(|options| options.timeout = Some(Duration::from_secs(5)));
            let index = browser::sent();
            let server = async {
                browser::settle().await;
                browser::answer_endlessly(index, 200, b"a");
            };
            let response = join(call.send(), server).await.0.expect("a head");
            // Another reader holds the stream, which is how a test breaks it.
            let reader = web_sys::ReadableStreamDefaultReader::new(&response.stream().expect("a body")).expect("free");
            if is_late {
                browser::fire(browser::timer_after(0));
            }
            let Err(Error::Call(error)) = response.text().await else { panic!("a text") };
            assert_eq!((error.code(), error.attempts()), (if is_late { "timeout" } else { "connection" }, 1));
            drop(reader);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_stream_is_sent_once_and_a_get_with_a_body_never() {
    in_a_browser(async {
        let stream = || JsValue::from(web_sys::Response::new_with_opt_str(Some("streamed")).expect("text").body());
        let call = client().post("/x").body(stream());
        let server = async {
            browser::settle().await;
            assert_eq!(browser::body(0).await, "streamed");
            browser::answer(0, 503, &browser::pairs(&[]), b"");
        };
        let error = join(call.send(), server).await.0.expect_err("a 503");
        assert!(matches!(&error, Error::Call(error) if error.attempts() == 1), "{error:?}");
        let spent = stream();
        for call in [client().post("/x").body(spent.clone()), client().post("/x").body(spent)]
            .map(attention_client::Request::send)
        {
            let index = browser::sent();
            let server = async {
                browser::settle().await;
                if browser::sent() > index {
                    browser::body(index).await;
                    browser::answer(index, 200, &browser::pairs(&[]), b"");
                }
            };
            let ended = join(call, server).await.0;
            assert_eq!(ended.is_ok(), index == 1, "{ended:?}");
        }
        let ended = client().get("/x").body("text").send().await;
        assert!(matches!(ended, Err(Error::Unsendable)), "{ended:?}");
        assert_eq!(browser::sent(), 2);
    })
    .await;
}

#[wasm_bindgen_test]
async fn redirects_are_not_followed_and_two_clients_share_no_state() {
    in_a_browser(async {
        let [one, other] = [client(), client()];
        let error = answered(one.get("/x").send(), 302, "").await.expect_err("a redirect");
        assert!(matches!(&error, Error::Call(error) if error.code() == "protocol"), "{error:?}");
        // A 429 closes the gate of the client that received it, and of its clones.
        let mut limited = Box::pin(one.clone().get("/x").send());
        assert!(limited.as_mut().now_or_never().is_none());
        browser::answer(1, 429, &browser::pairs(&[("retry-after".to_owned(), "9".to_owned())]), b"");
        browser::settle().await;
        assert!(limited.as_mut().now_or_never().is_none());
        assert_eq!(browser::sent(), 2);
        let waiting = one.get("/x").send().now_or_never();
        assert!(waiting.is_none() && browser::sent() == 2);
        let sent = other.get("/x").send().now_or_never();
        assert!(sent.is_none() && browser::sent() == 3);
    })
    .await;
}

#[wasm_bindgen_test]
fn a_key_in_a_page_is_rejected_unless_explicitly_allowed() {
    let made = || Attention::builder().api_keys(KEY, None).expect("a key");
    assert!(matches!(made().build(), Err(Error::Config(_))));
    assert!(made().dangerously_allow_browser().build().is_ok());
    assert!(matches!(Attention::builder().build(), Err(Error::Config(_))));
}

#[wasm_bindgen_test]
fn a_path_of_the_page_is_under_its_origin() {
    let made = Attention::builder().same_origin("/api/v2").and_then(|made| made.caller_token(TOKEN));
    let attention = made.and_then(|made| made.build()).expect("good settings");
    let origin = web_sys::window().expect("a page").location().origin().expect("an origin");
    attention.inspect(|upstream| assert_eq!(upstream.base().as_str(), format!("{origin}/api/v2")));
}

#[wasm_bindgen_test]
async fn no_output_shows_a_key_or_a_token() {
    let builder = Attention::builder().api_keys(KEY, Some(TOKEN)).expect("keys").dangerously_allow_browser();
    let mut shown = format!("{builder:?}");
    let attention = builder.build().expect("good settings");
    let request = attention.get("/x").query("page", 1);
    shown += &format!("{attention:?} {request:?}");
    // The server echoes the key.
    let answer = in_a_browser(answered(request.send(), 400, &format!("{{\"message\":\"no {KEY} {TOKEN}\"}}"))).await;
    let error = answer.expect_err("a 400");
    shown += &format!("{error} {error:?} {:?}", JsValue::from(error.clone()));
    let refused = Attention::builder().caller_token(&format!("Bearer {TOKEN}")).expect_err("a scheme");
    shown += &format!("{refused} {refused:?}");
    attention.replace_keys(KeyRing::of_token(CallerToken::parse(TOKEN).expect("a token")));
    attention.replace_keys(KeyRing::new(ApiKey::parse(KEY).expect("a key"), None));
    attention.inspect(|upstream| shown += &format!("{upstream:?}"));
    assert!(!shown.contains(KEY) && !shown.contains(TOKEN), "{shown}");
}
