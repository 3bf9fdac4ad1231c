//! A Rust web app's way to the API. A page holds a caller token of the Worker, never a key.

use attention_client::{Attention, Error};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The newest conversations, as plain JavaScript objects.
#[wasm_bindgen]
pub async fn conversations(base: &str, token: &str, size: u32) -> Result<JsValue, Error> {
    let attention = Attention::builder().base_url(base)?.caller_token(token)?.build()?;
    attention.get("/conversations/list").query("size", size).send().await?.js().await
}
