//! Prints the newest conversations. The key is in `ATTENTION_API_KEY`; during a rotation the next one is in
//! `ATTENTION_API_KEY_NEXT`.

mod client;

use std::env;
use std::error::Error;

use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{ApiKey, KeyRing};
use client::Client;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let current = ApiKey::parse(&env::var("ATTENTION_API_KEY").map_err(|_| "set ATTENTION_API_KEY")?)?;
    let next = env::var("ATTENTION_API_KEY_NEXT").ok().map(|key| ApiKey::parse(&key)).transpose()?;
    let base = env::var("ATTENTION_BASE_URL").unwrap_or_else(|_| DEFAULT_BASE_URL.to_owned());
    let client = Client::new(BaseUrl::parse(&base)?, KeyRing::new(current, next));

    let page: Value = serde_json::from_str(&client.get("/conversations/list", "page=1&size=3")?)?;
    for conversation in page["data"].as_array().into_iter().flatten() {
        println!("{}", conversation["attributes"]["title"].as_str().unwrap_or("(no title)"));
    }
    Ok(())
}
