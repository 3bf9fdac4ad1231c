//! Reads the list of keys returned by `GET /v2/api_keys` without keeping any value.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::Timestamp;
use crate::codec::json::{self, Element, Malformed, Value};
use crate::codec::text::{concat, count, whole_number};
use crate::credential::{ApiKey, Claims, Fingerprint, KeyError, scrub};

/// The deepest accepted nesting: 32. Documented responses have a depth of 2.
const MAX_DEPTH: usize = 32;

/// All keys of an organization, in the order of the API.
#[derive(Debug)]
pub struct KeyList(Vec<ListedKey>);

/// A key in the list, without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedKey {
    /// `id`, which identifies the key for deletion.
    pub id: String,
    /// `name`, as its creator chose it. If the name contains a key from the list, that is redacted.
    pub name: String,
    /// `organizationUUID`.
    pub organization: Option<String>,
    /// `userUUID`. The reference's samples have none; whether an organization-level key can carry one is not
    /// documented.
    pub user: Option<String>,
    /// The information derived from `value`.
    pub value: ListedValue,
    /// `lastSeenAt`; `None` if the key was never used.
    pub last_seen: Option<Timestamp>,
}

/// The information derived from a listed key's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListedValue {
    /// The value was a key. It is not kept.
    Shown {
        /// Its fingerprint, for logs.
        fingerprint: Fingerprint,
        /// Its own claims, if it is a JWT.
        claims: Option<Claims>,
    },
    /// The value is absent, `null` or empty.
    Hidden,
    /// The value is not a key; it may be masked.
    Unusable(KeyError),
}

impl KeyList {
    /// Reads the response of `GET /v2/api_keys`: an array of objects. Undocumented members are ignored. The text is
    /// zeroed before this returns.
    ///
    /// A value written with escapes passes through memory that is not zeroed; no character of a key needs escaping.
    ///
    /// ```
    /// use attention_core::credential::lifecycle::listing::KeyList;
    ///
    /// let list = KeyList::parse(String::from(r#"[{"id":"1","name":"nightly","value":"an-obviously-fake-key"}]"#))?;
    /// assert_eq!(list.keys()[0].name, "nightly");
    /// assert!(!format!("{list:?}").contains("obviously"));
    /// # Ok::<(), attention_core::credential::lifecycle::listing::ListError>(())
    /// ```
    pub fn parse(text: String) -> Result<Self, ListError> {
        let text = Zeroizing::new(text);
        let elements = elements(&text)?;
        let read: Vec<Read> = elements.iter().map(|element| Read::of(&text, element)).collect::<Result<_, _>>()?;
        let values: Vec<&str> =
            read.iter().filter_map(|read| Some(read.key.as_ref().ok()?.as_ref()?.expose())).collect();
        Ok(Self(read.iter().map(|read| read.listed(&values)).collect()))
    }

    /// The keys.
    pub fn keys(&self) -> &[ListedKey] {
        &self.0
    }

    /// The first key with this fingerprint.
    pub fn find(&self, fingerprint: Fingerprint) -> Option<&ListedKey> {
        self.0.iter().find(|key| key.fingerprint() == Some(fingerprint))
    }

    /// Whether every value was shown. If not, a key that is not found may be one with a hidden value.
    pub fn is_complete(&self) -> bool {
        self.0.iter().all(|key| key.fingerprint().is_some())
    }
}

impl ListedKey {
    /// The fingerprint of the value, if the list shows it.
    pub const fn fingerprint(&self) -> Option<Fingerprint> {
        match &self.value {
            ListedValue::Shown { fingerprint, .. } => Some(*fingerprint),
            ListedValue::Hidden | ListedValue::Unusable(_) => None,
        }
    }

    /// The value's own claims, if it is a JWT.
    pub const fn claims(&self) -> Option<&Claims> {
        match &self.value {
            ListedValue::Shown { claims, .. } => claims.as_ref(),
            ListedValue::Hidden | ListedValue::Unusable(_) => None,
        }
    }
}

/// Reads the response of `POST /v2/api_keys`: the new key, and its value for delivery. The text is zeroed before this
/// returns.
pub fn created(text: String) -> Result<(ListedKey, Option<ApiKey>), ListError> {
    let text = Zeroizing::new(text);
    let element = whole(&text)?;
    let read = Read::of(&text, &element)?;
    let values: Vec<&str> = read.key.as_ref().ok().and_then(Option::as_ref).map(ApiKey::expose).into_iter().collect();
    let listed = read.listed(&values);
    Ok((listed, read.key.ok().flatten()))
}

/// The key with this fingerprint from the response of `GET /v2/api_keys`, for resuming a rotation whose driver no
/// longer holds it. The text is zeroed before this returns.
pub fn value_in(text: String, fingerprint: Fingerprint) -> Result<Option<ApiKey>, ListError> {
    let text = Zeroizing::new(text);
    for element in elements(&text)? {
        if let Ok(Some(key)) = Read::of(&text, &element)?.key
            && key.fingerprint() == fingerprint
        {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// The reason a text is not the API's list of keys. It contains none of the text. Lines and columns count from 1,
/// columns in characters.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListError {
    /// It is not JSON.
    Json {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
    },
    /// It is nested deeper than 32 levels.
    Depth {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
    },
    /// A value has the wrong type.
    Type {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
        /// The expected type.
        expected: &'static str,
    },
    /// A key lacks a required member.
    Missing {
        /// The key begins in this line.
        line: usize,
        /// The key begins in this column.
        column: usize,
        /// The member.
        member: &'static str,
    },
    /// A key has a documented member twice.
    Repeated {
        /// The second one is in this line.
        line: usize,
        /// The second one is in this column.
        column: usize,
        /// The member.
        member: &'static str,
    },
}

impl ListError {
    /// The line and the column, from 1.
    pub const fn position(self) -> (usize, usize) {
        match self {
            Self::Json { line, column }
            | Self::Depth { line, column }
            | Self::Type { line, column, .. }
            | Self::Missing { line, column, .. }
            | Self::Repeated { line, column, .. } => (line, column),
        }
    }

    /// The problem, its position and the next step, on one line.
    pub fn message(self) -> String {
        let (line, column, what) = match self {
            Self::Json { line, column } => (line, column, Cow::Borrowed("this is not JSON")),
            Self::Depth { line, column } => (line, column, Cow::Borrowed("this is nested too deeply")),
            Self::Type { line, column, expected } => (line, column, concat(&["here belongs ", expected]).into()),
            Self::Missing { line, column, member } => (line, column, concat(&["this key has no ", member]).into()),
            Self::Repeated { line, column, member } => (line, column, concat(&[member, " is repeated"]).into()),
        };
        concat(&[
            "the list of keys, line ",
            &count(line),
            ", column ",
            &count(column),
            ": ",
            &what,
            "; is this the complete response of GET /v2/api_keys?",
        ])
    }
}

impl_error!(ListError);

/// A key of the list while its value is available.
struct Read {
    texts: [Option<String>; 4],
    last_seen: Option<Timestamp>,
    key: Result<Option<ApiKey>, KeyError>,
}

const TEXTS: [&str; 4] = ["id", "name", "organizationUUID", "userUUID"];

impl Read {
    fn of(text: &str, element: &Element<'_>) -> Result<Self, ListError> {
        let mut read = Self { texts: [const { None }; 4], last_seen: None, key: Ok(None) };
        let mut seen = Vec::new();
        for (name, value) in object(text, element)? {
            let member = TEXTS.into_iter().chain(["value", "lastSeenAt"]).find(|known| *known == name);
            let Some(member) = member else { continue };
            if seen.contains(&member) {
                let (line, column) = value.misplaced().line_and_column(text);
                return Err(ListError::Repeated { line, column, member });
            }
            seen.push(member);
            read.take(text, member, value)?;
        }
        let [id, name, ..] = &read.texts;
        for (member, text_of) in [("id", id), ("name", name)] {
            if text_of.is_none() {
                let (line, column) = element.misplaced().line_and_column(text);
                return Err(ListError::Missing { line, column, member });
            }
        }
        Ok(read)
    }

    fn take(&mut self, text: &str, member: &str, value: Element<'_>) -> Result<(), ListError> {
        let at = value.misplaced();
        let fault = |expected| Err(misplaced(text, at, expected));
        let optional = !matches!(member, "id" | "name");
        let given = match value.value() {
            Value::Null if optional => return Ok(()),
            Value::String(_) => value.into_text(),
            _ => None,
        };
        let Some(given) = given else {
            return fault(if optional { "a string or null" } else { "a string" });
        };
        match member {
            "value" => {
                let given = Zeroizing::new(given.into_owned());
                self.key = if given.is_empty() { Ok(None) } else { ApiKey::parse(&given).map(Some) };
            }
            "lastSeenAt" => match date_time(&given) {
                Ok(time) => self.last_seen = time,
                Err(NotATime) => return fault("a date and time of RFC 3339"),
            },
            _ => {
                let place = TEXTS.into_iter().position(|known| known == member);
                if let Some(slot) = place.and_then(|at| self.texts.get_mut(at)) {
                    *slot = Some(given.into_owned()).filter(|text| !optional || !is_nil(text));
                }
            }
        }
        Ok(())
    }

    /// The key without its value; the other values are removed from its texts as well.
    fn listed(&self, values: &[&str]) -> ListedKey {
        let [id, name, organization, user] =
            self.texts.each_ref().map(|text| text.as_deref().map(|text| without(text, values)));
        ListedKey {
            id: id.unwrap_or_default(),
            name: name.unwrap_or_default(),
            organization,
            user,
            value: match &self.key {
                Ok(Some(key)) => ListedValue::Shown { fingerprint: key.fingerprint(), claims: key.peek() },
                Ok(None) => ListedValue::Hidden,
                Err(error) => ListedValue::Unusable(*error),
            },
            last_seen: self.last_seen,
        }
    }
}

/// Values longer than the text are skipped: names are short, and lists may be long.
fn without(text: &str, values: &[&str]) -> String {
    scrub(text, values.iter().copied().filter(|value| value.len() <= text.len())).into_owned()
}

/// The empty string, or the nil UUID (RFC 9562 §5.9).
fn is_nil(uuid: &str) -> bool {
    matches!(uuid, "" | "00000000-0000-0000-0000-000000000000")
}

fn json_error(text: &str, fault: Malformed) -> ListError {
    let (line, column) = fault.line_and_column(text);
    ListError::Json { line, column }
}

fn misplaced(text: &str, at: Malformed, expected: &'static str) -> ListError {
    let (line, column) = at.line_and_column(text);
    ListError::Type { line, column, expected }
}

/// Reads a text that must be one valid JSON value.
fn whole(text: &str) -> Result<Element<'_>, ListError> {
    let element = json::read(text).map_err(|fault| json_error(text, fault))?;
    check(text, &element)?;
    Ok(element)
}

fn elements(text: &str) -> Result<Vec<Element<'_>>, ListError> {
    let element = whole(text)?;
    match element.value() {
        Value::Container(raw) if raw.starts_with('[') => element.elements().map_err(|fault| json_error(text, fault)),
        _ => Err(misplaced(text, element.misplaced(), "a list of keys")),
    }
}

fn object<'a>(text: &str, element: &Element<'a>) -> Result<Vec<(Cow<'a, str>, Element<'a>)>, ListError> {
    match element.value() {
        Value::Container(raw) if raw.starts_with('{') => element.members().map_err(|fault| json_error(text, fault)),
        _ => Err(misplaced(text, element.misplaced(), "a key, which is an object")),
    }
}

/// Checks the nesting depth. Containers are skipped when they are read as values, so this looks into each. It uses a
/// stack instead of recursion, so that a hostile text cannot overflow the program's own stack.
pub(super) fn check(text: &str, element: &Element<'_>) -> Result<(), ListError> {
    let mut open = Vec::from([(element.clone(), 0)]);
    while let Some((element, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            let (line, column) = element.misplaced().line_and_column(text);
            return Err(ListError::Depth { line, column });
        }
        let inner: Vec<Element<'_>> = match element.value() {
            Value::Container(raw) if raw.starts_with('[') => {
                element.elements().map_err(|fault| json_error(text, fault))?
            }
            Value::Container(_) => {
                let members = element.members().map_err(|fault| json_error(text, fault))?;
                members.into_iter().map(|(_, value)| value).collect()
            }
            Value::Number(_) | Value::String(_) | Value::Bool(_) | Value::Null => continue,
        };
        open.extend(inner.into_iter().map(|inner| (inner, depth + 1)));
    }
    Ok(())
}

/// Reads an RFC 3339 `date-time` with any offset. `None` if it means "never", as do the empty string and the zero time
/// of some languages (the first second of year 1).
fn date_time(text: &str) -> Result<Option<Timestamp>, NotATime> {
    match text {
        "" | "0001-01-01T00:00:00Z" => Ok(None),
        _ => instant(text).map(Some).ok_or(NotATime),
    }
}

struct NotATime;

fn instant(text: &str) -> Option<Timestamp> {
    let (at, _) = text.char_indices().find(|(_, c)| matches!(c, 'T' | 't'))?;
    if let Some(time) = Timestamp::from_rfc3339(text) {
        return Some(time);
    }
    let sign = text.char_indices().skip(at).find(|(_, c)| matches!(c, '+' | '-'))?;
    let (local, offset) = text.split_at_checked(sign.0)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (whole_number(hours)?, whole_number(minutes)?);
    let offset = (hours < 24 && minutes < 60).then_some((hours * 60 + minutes) * 60_000)?;
    let local = Timestamp::from_rfc3339(&concat(&[local, "Z"]))?.as_unix_millis();
    let millis = if sign.1 == '-' { local.checked_add(offset) } else { local.checked_sub(offset) }?;
    Some(Timestamp::from_unix_millis(millis))
}
