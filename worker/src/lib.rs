//! The Worker: it keeps the key, lets known callers do allowed things, and streams the rest through.
//!
//! What it decides is in `attention-gateway`; this crate performs the IO.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`driver`] | one request: steps of the gateway, performed |
//! | [`deployments`] | which deployment a request's `env` is |
//! | [`bindings`] | the texts of an `env`, read |
//! | [`isolate`] | what the requests of a deployment share: the configuration, its key set, bodies of the cache |
//! | [`gate`], [`record`] | the state of the Durable Object |
//! | [`fields`] | the headers of a message |
//! | [`waits`] | waiting for promises |
//! | [`js`] | what the runtime gives |
//!
//! `shim.mjs` is around all of it: it makes a new instance after a trap, and answers for what has been lost.

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

/// A panic's message may quote a caller's text, so it is not written; where it happened is. Called wherever Rust is
/// entered for a request, since the `worker` crate's own hook writes the message.
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

/// The shim answers in place of what is not a response: with a 500 for what a call of JavaScript threw.
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
