//! Content codings (RFC 9110 §8.4): the API is only asked for codings that the driver's runtime decodes.
//!
//! A body that is redacted, searched for keys or stored is read in decoded form. A coding that the runtime does not
//! know would yield bytes that cannot be interpreted here.

use alloc::borrow::Cow;
use alloc::string::String;

/// The codings that the runtime decodes, in exactly this spelling; a body with any other name is left encoded.
const DECODED: [&str; 2] = ["gzip", "br"];

/// Whether a body with this `Content-Encoding` is decoded when it is read.
pub fn is_decoded(content_encoding: Option<&str>) -> bool {
    content_encoding.is_none_or(|coding| coding.eq_ignore_ascii_case("identity") || DECODED.contains(&coding))
}

/// The `Accept-Encoding` to send to the API; `None` if it is sent unchanged. Codings that are not decoded are removed,
/// including `*`; if none is left, it is `identity`.
pub fn asked_for(accept_encoding: &str) -> Option<Cow<'static, str>> {
    let is_known = |part: &&str| {
        let name = part.split_once(';').map_or(*part, |(name, _)| name).trim_ascii();
        DECODED.iter().chain(&["identity"]).any(|known| known.eq_ignore_ascii_case(name))
    };
    let parts = || accept_encoding.split(',').map(str::trim);
    if parts().all(|part| is_known(&part)) {
        return None;
    }
    let known = parts().filter(is_known).fold(String::new(), |mut list, part| {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(part);
        list
    });
    Some(if known.is_empty() { Cow::Borrowed("identity") } else { Cow::Owned(known) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_decoded_if_the_runtime_knows_its_coding() {
        for coding in [None, Some("identity"), Some("gzip"), Some("br")] {
            assert!(is_decoded(coding), "{coding:?}");
        }
        for coding in
            ["", "zstd", "deflate", "compress", "x-gzip", "gzip, br", "gzip, gzip", "GZIP", "gzip;q=1", "aes128gcm"]
        {
            assert!(!is_decoded(Some(coding)), "{coding}");
        }
    }

    #[test]
    fn the_api_is_asked_only_for_decodable_codings() {
        for same in ["gzip", "br", "GZIP, br;q=0.5", "identity;q=0, gzip"] {
            assert_eq!(asked_for(same), None, "{same}");
        }
        for (asked, up) in [
            ("gzip, deflate, br, zstd", "gzip, br"),
            ("zstd", "identity"),
            ("*", "identity"),
            ("", "identity"),
            ("gzip;q=0, *;q=1", "gzip;q=0"),
            ("zstd;q=1.0 , br ; q=0.9", "br ; q=0.9"),
        ] {
            assert_eq!(asked_for(asked).as_deref(), Some(up), "{asked}");
        }
    }
}
