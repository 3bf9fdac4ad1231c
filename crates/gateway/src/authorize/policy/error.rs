//! Errors in a policy, with their line.

use alloc::string::String;
use core::fmt;

use attention_core::codec::text;
use attention_core::url::PathError;

/// A policy that cannot be parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The problem.
    pub fault: PolicyFault,
}

/// The problem with a line of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyFault {
    /// It begins with neither `allow` nor `deny`.
    Effect,
    /// Its method is neither `*` nor a known method.
    Method,
    /// A part of the rule is missing.
    Incomplete,
    /// A word after the pattern is not a condition.
    TooMuch,
    /// An unknown or repeated condition.
    Condition,
    /// A condition on a `deny`, which always applies.
    ConditionOnDeny,
    /// The size of `body=` is invalid.
    Size,
    /// The time of `cache=` is invalid.
    Time,
    /// A `cache=` on a rule that never matches a GET.
    GetAlone,
    /// A condition of earlier versions that no longer exists: `coalesce=` or `upgrade=`.
    Withdrawn,
    /// A `redact=` that lists no member.
    RedactsNothing,
    /// A `tool=` on a rule that never matches a POST, or for paths other than `/mcp`.
    McpAlone,
    /// A `tool=` that lists no tool, or contains a character that tool names cannot have.
    Tools,
    /// A segment of the pattern that some servers ignore: only dots, or a name that begins with one.
    Nameless,
    /// The name in brackets is invalid.
    Name,
    /// Another policy has the same name.
    SameName,
    /// A second policy where only one is allowed.
    SecondPolicy,
    /// A wildcard that is not a whole segment, or a `**` that is not at the end.
    Wildcard,
    /// A percent-encoded pattern; patterns match decoded paths.
    Encoded,
    /// The pattern is not a valid path.
    Path(PathError),
}

impl PolicyError {
    /// The problem and its line, on one line.
    pub fn message(self) -> String {
        text::concat(&["policy, line ", &text::count(self.line), ": ", &self.fault.message()])
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl PolicyFault {
    /// The problem, on one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::Effect => "a rule begins with `allow` or `deny`",
            Self::Method => "the method is `*` or one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, in capitals",
            Self::Incomplete => "a rule has three words: `allow GET /v2/conversations`",
            Self::TooMuch => {
                "what follows the path is a condition such as `query=page,size`, `body=64kb`, `redact=transcript`, \
                    `cache=5min` or `tool=search_*`"
            }
            Self::Condition => "the conditions are `query=`, `body=`, `redact=`, `cache=` and `tool=`, each once",
            Self::ConditionOnDeny => "a `deny` has no conditions: it always applies",
            Self::Size => "a size is digits, or digits and `kb` or `mb`",
            Self::Time => "a time is digits and `s`, `min` or `h`, a day at most",
            Self::GetAlone => "`cache=` is for GET and `*` only",
            Self::McpAlone => "`tool=` is for `POST /mcp` and `* /mcp` only: no other path calls tools",
            Self::Tools => {
                "`tool=` is a list of tool names, as in `tool=search_*,get_call`: letters, digits, `_`, `-`, `.`, and `*` \
                    for any of them"
            }
            Self::Withdrawn => {
                "`coalesce=` and `upgrade=` were withdrawn: calls are not joined and WebSockets are refused; remove \
                    the condition"
            }
            Self::RedactsNothing => "`redact=` lists no member; list them, as in `redact=transcript,email`",
            Self::Nameless => {
                "some servers ignore a segment that consists of dots, or begins with `.`, `:` or `,`; no call with \
                    one goes through a rule that names it"
            }
            Self::Name => "a policy's name is 1 to 64 letters, digits, `-` or `_`, in brackets",
            Self::SameName => "another policy has this name",
            Self::SecondPolicy => "only one policy is allowed here",
            Self::Wildcard => "`*` must be a whole segment, and `/**` is allowed only at the end",
            Self::Encoded => "write the path decoded, without `%`",
            Self::Path(error) => return error.message(),
        })
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for PolicyError {}
