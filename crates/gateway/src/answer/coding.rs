//! Content codings (RFC 9110 §8.4): the API is asked only for those that a driver's runtime decodes.
//!
//! A body that is read, to be redacted, searched for keys or stored, is read decoded. A coding that the runtime
//! does not know would leave bytes that nobody here can read.

use alloc::borrow::Cow;
use alloc::string::String;

/// What the runtime decodes, written so and no other way: a body under any other name is left as it came.
const DECODED: [&str; 2] = ["gzip", "br"];

/// Whether a body with this `Content-Encoding` is there as what it says, once it is read.
pub fn is_decoded(content_encoding: Option<&str>) -> bool {
    content_encoding.is_none_or(|coding| coding.eq_ignore_ascii_case("identity") || DECODED.contains(&coding))
}

/// What of an `Accept-Encoding` goes up; `None` when it goes up as it is. Codings that are not decoded are left
/// out, `*` included, and `identity` stands for none of them.
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
    fn a_body_is_read_decoded_when_the_runtime_knows_its_coding() {
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
    fn the_api_is_asked_for_what_is_decoded() {
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
