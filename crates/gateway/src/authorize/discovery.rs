//! OAuth 2.0 Protected Resource Metadata (RFC 9728), which tells a client where to get a token. MCP clients find the
//! issuer through it, starting from a 401.
//!
//! It reveals only who issues tokens and which scopes the grants name. It exists if tokens in `Authorization` are
//! accepted and the issuer is a URL at which a client can ask.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::{Array, Object};

use crate::authorize::jwt::Jwt;
use crate::authorize::mcp;
use crate::authorize::target::Target;

/// The path of the metadata of the whole proxy. The MCP endpoint's own metadata is at this path followed by the
/// endpoint's.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The public part of an issuer's configuration.
#[derive(Clone, Debug)]
pub(crate) struct Discovery<'a> {
    pub(crate) issuer: &'a str,
    /// The scopes named in grants, without duplicates.
    pub(crate) scopes: Vec<&'a str>,
}

impl Discovery<'_> {
    /// The metadata for a path.
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

/// The metadata that a request asks for; `None` if it asks for something else, or there is none.
pub(crate) fn metadata(jwt: Option<&Jwt>, target: &Target) -> Option<String> {
    // Scopes are collected only when the metadata is requested.
    let jwt = jwt.filter(|_| target.path().starts_with(WELL_KNOWN))?;
    jwt.discovery()?.metadata(target)
}

/// Additional parameters of a challenge (RFC 9728 §5.1): the location of the metadata, and the scopes.
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

/// The proxy's own origin as the request names it, unless it contains a character that would end a quoted string.
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
    fn metadata_describe_the_resource_in_their_path() {
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
