//! The SHA-256 of a token, as printed by the tools that compute one.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::text;
use attention_core::credential::{DigestError, TokenDigest};

/// Texts that are hashed by mistake or as an example; anyone who knows them would be admitted.
const KNOWN: [&str; 16] = [
    "",
    "\n",
    "\r\n",
    " ",
    "token",
    "<token>",
    "$TOKEN",
    "changeme",
    "secret",
    "password",
    "test",
    "admin",
    "undefined",
    "null",
    "none",
    "xxx",
];

/// Reads 64 hex digits, in either case, with the text that tools print around them: `sha256:…`, `SHA2-256(stdin)= …`,
/// `…  -`.
pub(crate) fn read(given: &str) -> Result<TokenDigest, String> {
    let given = given.trim();
    let labelled = |separator: char| {
        let (label, digest) = given.split_once(separator)?;
        let label = label.to_ascii_lowercase();
        ["sha", "stdin"].iter().any(|tool| text::find(&label, tool).is_some()).then(|| digest.trim())
    };
    let digest = labelled('=').or_else(|| labelled(':')).unwrap_or(given);
    // `sha256sum` prints the file name after it.
    let digest = match digest.split_once(char::is_whitespace) {
        Some((digest, _)) if digest.len() == 64 => digest,
        _ => digest,
    };
    TokenDigest::from_hex(digest).map_err(DigestError::message)
}

/// The digests that are refused because their texts are known.
pub(crate) fn known() -> Vec<TokenDigest> {
    KNOWN.into_iter().map(TokenDigest::of).collect()
}

/// The message about such a digest.
pub(crate) const IS_KNOWN: &str = "is the digest of nothing, of a line end or of an example, so a variable was not set \
     when it was made; hash the token itself";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digests_are_read_as_tools_print_them(
            token in "[a-z0-9]{1,40}",
            upper: bool,
            (before, behind) in prop::sample::select(vec![
                ("", ""), (" ", "\n"), ("sha256:", ""), ("SHA256:", ""), ("sha-256: ", ""), ("SHA2-256(stdin)= ", "\n"),
                ("(stdin)= ", ""),
                ("SHA256(token.txt)= ", ""), ("SHA256 (token.txt) = ", ""), ("", "  -"), ("", "  -\n"),
                ("", " *token.txt"), ("sha256=", ""),
            ]),
        ) {
            let hex = TokenDigest::of(&token).to_hex();
            let printed = [before, &if upper { hex.to_uppercase() } else { hex }, behind].concat();
            prop_assert!(read(&printed).is_ok_and(|digest| digest.matches(TokenDigest::of(&token))), "{}", printed);
        }

        #[test]
        fn other_texts_are_rejected_as_digests(
            text in "[0-9a-f]{0,63}|[0-9a-f]{65,70}|[g-z=:]{64}|sha256:[0-9a-f]{1,60}|[!-~]{1,80}",
        ) {
            prop_assume!(text.bytes().filter(u8::is_ascii_hexdigit).count() != 64);
            prop_assert!(read(&text).is_err(), "{}", text);
        }
    }
}
