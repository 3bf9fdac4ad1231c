use std::cell::RefCell;
use std::rc::Rc;

use attention_core::call::{CallOptions, CredentialKind, DEFAULT_TIMEOUT, Upstream};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{ApiKey, CallerToken, KeyRing, Method};
use js_sys::Reflect;

use crate::{Error, Request};

/// A client. Its clones share the credentials, the gate and the budget of retries.
#[derive(Clone, Debug)]
pub struct Attention {
    pub(crate) upstream: Rc<RefCell<Upstream>>,
    options: CallOptions,
}

impl Attention {
    /// The way to make a client.
    pub fn builder() -> Builder {
        let options = CallOptions { timeout: Some(DEFAULT_TIMEOUT), ..CallOptions::new(Method::Get) };
        Builder { base: None, keys: None, may_hold_key: false, options }
    }

    /// A call of `path`, relative to the base URL.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.clone(), CallOptions { method, ..self.options.clone() }, path)
    }

    /// Puts other credentials in place, such as a new session's; calls under way keep theirs.
    pub fn replace_keys(&self, keys: KeyRing) {
        self.upstream.borrow_mut().replace_keys(keys);
    }

    /// Reads what is known of the server and the credentials, such as verdicts and fingerprints.
    pub fn inspect<T>(&self, read: impl FnOnce(&Upstream) -> T) -> T {
        read(&self.upstream.borrow())
    }
}

macro_rules! verbs {
    ($($name:ident $method:ident),*) => {
        impl Attention {$(
            #[doc = concat!("A ", stringify!($method), " of `path`, relative to the base URL.")]
            pub fn $name(&self, path: &str) -> Request {
                self.request(Method::$method, path)
            }
        )*}
    };
}
verbs!(get Get, post Post, put Put, patch Patch, delete Delete);

/// The settings of a client.
#[derive(Debug)]
pub struct Builder {
    base: Option<BaseUrl>,
    keys: Option<KeyRing>,
    may_hold_key: bool,
    options: CallOptions,
}

impl Builder {
    /// Where the server is; the API itself without it.
    pub fn base_url(self, url: &str) -> Result<Self, Error> {
        Ok(Self { base: Some(BaseUrl::parse(url)?), ..self })
    }

    /// A path of the page's own origin behind which the Worker is, such as `/api/v2`.
    pub fn same_origin(self, path: &str) -> Result<Self, Error> {
        let origin = page_origin().ok_or(Error::Config("there is no page, and so no origin: give a base URL"))?;
        self.base_url(&(origin + path))
    }

    /// A caller token or a session of the Worker.
    pub fn caller_token(self, token: &str) -> Result<Self, Error> {
        Ok(Self { keys: Some(KeyRing::of_token(CallerToken::parse(token)?)), ..self })
    }

    /// The API key, and the one that follows in a rotation; for programs that no stranger can load.
    pub fn api_keys(self, current: &str, next: Option<&str>) -> Result<Self, Error> {
        let keys = KeyRing::new(ApiKey::parse(current)?, next.map(ApiKey::parse).transpose()?);
        Ok(Self { keys: Some(keys), ..self })
    }

    /// Lets an API key into a page that only people who may have the key can load.
    #[must_use]
    pub fn dangerously_allow_browser(self) -> Self {
        Self { may_hold_key: true, ..self }
    }

    /// What the rules are told of every call, such as its timeout (a minute) and how often it is tried again (twice).
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut CallOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// The client.
    pub fn build(self) -> Result<Attention, Error> {
        let keys = self.keys.ok_or(Error::Config("there is no credential: give a caller token of the Worker"))?;
        if keys.kind() == CredentialKind::ApiKey && !self.may_hold_key && page_origin().is_some() {
            return Err(Error::Config(
                "everybody who loads a page can read an API key in it: call the Worker with a caller token, or, if \
                 only people who may have the key can load this page, call `dangerously_allow_browser`",
            ));
        }
        let base = self.base.map_or_else(|| BaseUrl::parse(DEFAULT_BASE_URL), Ok)?;
        Ok(Attention { upstream: Rc::new(RefCell::new(Upstream::new(base, keys))), options: self.options })
    }
}

/// The origin of the page, or of the page whose worker this is. Servers and edge runtimes have none.
fn page_origin() -> Option<String> {
    let global = js_sys::global();
    let location = Reflect::get(&global, &"location".into()).ok()?;
    Reflect::get(&location, &"origin".into()).ok()?.as_string()
}
