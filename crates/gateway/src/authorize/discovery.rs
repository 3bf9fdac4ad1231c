//! Where a client gets a token: OAuth 2.0 Protected Resource Metadata (RFC 9728), by which clients of MCP find the
//! issuer from a 401 alone.
//!
//! It says no more than who issues tokens and which scopes the grants name. It is there where an issuer's tokens are
//! believed that come in `Authorization`, and where the issuer is an address at which a client can ask.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::{Array, Object};

use crate::authorize::jwt::Jwt;
use crate::authorize::mcp;
use crate::authorize::target::Target;

/// Where the metadata of the whole proxy is; those of its MCP endpoint are at this path and the endpoint's.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What an issuer's configuration tells to everybody.
#[derive(Clone, Debug)]
pub(crate) struct Discovery<'a> {
    pub(crate) issuer: &'a str,
    /// The scopes that grants name, each once.
    pub(crate) scopes: Vec<&'a str>,
}

impl Discovery<'_> {
    /// The metadata that a path asks for.
    fn metadata(&self, target: &Target) -> Option<String> {
        let resource = target.path().strip_prefix(WELL_KNOWN).filter(|rest| rest.is_empty() || *rest == mcp::PATH)?;
        let mut issuers = Array::new();
        issuers.string(self.issuer);
        let mut methods = Array::new();
        methods.string("header");
        let mut metadata = Object::new();
        metadata
            .string("resource", &[plain_origin(target)?, resource].concat())
            .raw("authorization_servers", &issuers.finish())
            .raw("bearer_methods_supported", &methods.finish());
        if !self.scopes.is_empty() {
            let mut scopes = Array::new();
            for scope in &self.scopes {
                scopes.string(scope);
            }
            metadata.raw("scopes_supported", &scopes.finish());
        }
        Some(metadata.finish())
    }
}

/// The metadata that a request asks for; `None` where it asks for something else, or there are none.
pub(crate) fn metadata(jwt: Option<&Jwt>, target: &Target) -> Option<String> {
    // The scopes are looked for once it is known that somebody asks.
    let jwt = jwt.filter(|_| target.path().starts_with(WELL_KNOWN))?;
    jwt.discovery()?.metadata(target)
}

/// What a challenge says besides (RFC 9728 §5.1): where the metadata are, and the scopes.
pub(crate) fn parameters(jwt: Option<&Jwt>, target: &Target) -> Option<String> {
    let discovery = jwt?.discovery()?;
    let resource = if target.path() == mcp::PATH { mcp::PATH } else { "" };
    let origin = plain_origin(target)?;
    let mut parameters = [", resource_metadata=\"", origin, WELL_KNOWN, resource, "\""].concat();
    if !discovery.scopes.is_empty() {
        parameters.push_str(", scope=\"");
        parameters.push_str(&discovery.scopes.join(" "));
        parameters.push('"');
    }
    Some(parameters)
}

/// The proxy's own origin, as the request names it, when nothing in it could end a quotation.
fn plain_origin(target: &Target) -> Option<&str> {
    let origin = target.origin();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-[]_".contains(&byte);
    origin.bytes().all(is_plain).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery() -> Discovery<'static> {
        Discovery { issuer: "https://issuer.example", scopes: Vec::from(["mcp:read", "a"]) }
    }

    fn asked(url: &str) -> Option<String> {
        discovery().metadata(&Target::of(url.to_owned()))
    }

    #[test]
    fn metadata_are_those_of_the_resource_that_is_in_their_path() {
        let all = asked("https://proxy.example/.well-known/oauth-protected-resource").unwrap();
        assert_eq!(
            all,
            concat!(
                r#"{"resource":"https://proxy.example","authorization_servers":["https://issuer.example"],"#,
                r#""bearer_methods_supported":["header"],"scopes_supported":["mcp:read","a"]}"#
            )
        );
        let mcp = asked("https://proxy.example:8443/.well-known/oauth-protected-resource/mcp?x").unwrap();
        assert!(mcp.starts_with(r#"{"resource":"https://proxy.example:8443/mcp","#), "{mcp}");
        for url in [
            "https://proxy.example/.well-known/oauth-protected-resource/",
            "https://proxy.example/.well-known/oauth-protected-resource/v2",
            "https://proxy.example/.well-known/oauth-protected-resource/MCP",
            "https://proxy.example/.well-known/oauth-authorization-server",
            "https://proxy.example/mcp",
            "https://a\"b/.well-known/oauth-protected-resource",
            "https://a@b/.well-known/oauth-protected-resource",
        ] {
            assert_eq!(asked(url), None, "{url}");
        }
    }
}
