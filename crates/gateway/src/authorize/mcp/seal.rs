//! Binds MCP sessions to their owners.
//!
//! To the API, all callers have the same key, so it cannot tell them apart: whoever presents a session's id can use the
//! session. The proxy therefore returns the id with a seal, an HMAC over the id and its caller, and removes the seal
//! from requests. Nothing is stored, so every isolate can verify every seal.
//!
//! ```text
//! 7f3a…  ─ down ─►  7f3a… . base64url(HMAC-SHA-256(secret, caller, session of the caller, 7f3a…))
//! ```
//!
//! The secret is derived from `ATTENTION_SESSION_SECRET`, or from the API keys if that is not set. After a change of
//! the secret all ids are unknown, and clients begin new sessions, as they do when the API forgets one.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use attention_core::codec::base64url;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The longest id from the API.
const ID_BYTES: usize = 1024;

/// Separates these seals from other uses of the secret.
const PURPOSE: &[u8] = b"attention: whose an MCP session is";

/// Seals the ids of MCP sessions. Zeroed on drop, never printed.
pub struct Seal(Vec<Zeroizing<[u8; 32]>>);

/// The owner of a session: a caller, and the proxy session that it used, if any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner<'a> {
    /// Unique among all callers.
    pub caller: &'a str,
    /// The id of its session at the proxy.
    pub session: Option<&'a str>,
}

impl Seal {
    /// Creates a seal: the first secret is used for sealing, and seals of every secret are accepted.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let derived = secrets.into_iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(PURPOSE);
            Some(Zeroizing::new(mac.finalize().into_bytes().into()))
        });
        Self(derived.collect())
    }

    /// The sealed id for its owner; `None` if the id is not 1 to 1024 visible ASCII characters.
    pub fn seal(&self, id: &str, owner: Owner<'_>) -> Option<String> {
        let is_id = !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
        let mac = mac(self.0.first()?, id, owner).filter(|_| is_id)?;
        Some([id, ".", &base64url::encode(&mac.finalize().into_bytes())].concat())
    }

    /// The API's id in a sealed id; `None` if it belongs to another owner or the seal is invalid.
    pub fn open<'s>(&self, sealed: &'s str, owner: Owner<'_>) -> Option<&'s str> {
        let (id, seal) = sealed.rsplit_once('.').filter(|(id, _)| id.len() <= ID_BYTES)?;
        let seal = base64url::decode(seal)?;
        let is_good = |secret| mac(secret, id, owner).is_some_and(|mac| mac.verify_slice(&seal).is_ok());
        self.0.iter().any(is_good).then_some(id)
    }
}

fn mac(secret: &Zeroizing<[u8; 32]>, id: &str, owner: Owner<'_>) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_slice()).ok()?;
    for part in [Some(owner.caller), owner.session, Some(id)] {
        // Each part is preceded by its length, so that no two owners produce the same bytes.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        mac.update(&length.to_be_bytes());
        mac.update(part.unwrap_or_default().as_bytes());
    }
    Some(mac)
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"an-obviously-fake-secret-of-some-length";

    fn owner<'a>(caller: &'a str, session: Option<&'a str>) -> Owner<'a> {
        Owner { caller, session }
    }

    proptest! {
        #[test]
        fn a_session_can_be_opened_only_by_its_owner(
            id in "[!-~]{1,40}",
            caller in "[a-c:.]{1,3}", other in "[a-c:.]{1,3}",
            session in proptest::option::of("[a-c]{0,2}"), another in proptest::option::of("[a-c]{0,2}"),
        ) {
            let seal = Seal::new([SECRET]);
            let (one, two) = (owner(&caller, session.as_deref()), owner(&other, another.as_deref()));
            let sealed = seal.seal(&id, one).unwrap();
            prop_assert_eq!(seal.open(&sealed, one), Some(&*id));
            prop_assert_eq!(seal.open(&sealed, two).is_some(), one == two);
            prop_assert!(sealed.bytes().all(|byte| byte.is_ascii_graphic()));
        }

        #[test]
        fn a_changed_byte_invalidates_the_seal(
            id in "[!-~]{1,40}", at in any::<prop::sample::Index>(), byte in b'!'..=b'~',
        ) {
            let seal = Seal::new([SECRET]);
            let sealed = seal.seal(&id, owner("app", None)).unwrap();
            let mut bytes = sealed.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(seal.open(&changed, owner("app", None)).is_some(), changed == sealed);
        }
    }

    #[test]
    fn seals_of_either_configured_secret_are_accepted_and_others_refused() {
        let (old, new) = (Seal::new([SECRET]), Seal::new([b"another-fake-secret".as_slice(), SECRET]));
        let app = owner("app", None);
        assert_eq!(new.open(&old.seal("x", app).unwrap(), app), Some("x"));
        assert_eq!(old.open(&new.seal("x", app).unwrap(), app), None);
        assert_eq!(Seal::new([]).seal("x", app), None);
        for id in ["", "a b", "é", "a\n", &"x".repeat(1025)] {
            assert_eq!(old.seal(id, app), None);
        }
        for sealed in
            ["", "x", "x.", ".", "x.AAAA", &["x.", &"A".repeat(43)].concat(), &["x.", &"A".repeat(99)].concat()]
        {
            assert_eq!(old.open(sealed, app), None, "{sealed}");
        }
    }

    #[test]
    fn a_seal_does_not_show_its_secret() {
        let seal = Seal::new([SECRET]);
        let shown = [format!("{seal:?}"), seal.seal("x", owner("app", None)).unwrap()].concat();
        assert!(!shown.contains("fake") && format!("{seal:?}") == "Seal(…)");
    }
}
