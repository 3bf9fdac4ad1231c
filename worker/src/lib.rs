//! The Worker: it holds the API's key, authenticates callers, enforces policies and streams everything else.
//!
//! All decisions are made in `attention-gateway`; this crate performs the IO.
//!
//! | module | contents |
//! | --- | --- |
//! | [`driver`] | one request: performs the gateway's steps |
//! | [`deployments`] | finds the deployment for a request's `env` |
//! | [`bindings`] | reads the texts of an `env` |
//! | [`isolate`] | the state shared by the requests of a deployment: configuration, key set, cached bodies |
//! | [`gate`], [`record`] | the state of the Durable Object |
//! | [`fields`] | the headers of a message |
//! | [`waits`] | waiting for promises |
//! | [`js`] | declarations of runtime APIs |
//!
//! `shim.mjs` wraps all of it: it creates a new instance after a trap and responds to the requests that were lost.

use std::convert::Infallible;
use std::sync::Once;

use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Request, Response};
use worker::{Context, Env, event};

mod bindings;
mod body;
mod deployments;
mod driver;
mod end;
mod fields;
mod gate;
mod isolate;
mod js;
mod key_set;
mod record;
mod shared;
mod waits;

pub use gate::SharedGate;
pub use record::SharedRecord;
pub use waits::settle;

use end::End;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A panic's message may quote a caller's text, so only its location is written. Called wherever Rust is entered for a
/// request, because the hook of the `worker` crate would write the message.
fn keep_panics_quiet() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if let Some(place) = panic.location() {
                let line = attention_core::codec::text::decimal(u64::from(place.line()));
                let parts = [r#"{"event":"panic","level":"error","at":""#, place.file(), ":", &line, r#""}"#];
                drop(js::log(&parts.concat()));
            }
        }));
    });
}

/// The shim responds if this does not return a response: with a 500 for what a call of JavaScript threw.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response, Infallible> {
    keep_panics_quiet();
    let left = JsValue::clone(&request);
    match driver::answer(request, env.unchecked_into(), context).await {
        Ok(answer) => Ok(answer),
        Err(End::Thrown(thrown)) => Ok(thrown.unchecked_into()),
        Err(End::Abandoned) => {
            waits::forget(&left);
            Ok(JsValue::UNDEFINED.unchecked_into())
        }
    }
}
