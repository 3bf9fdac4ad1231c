//! What is wrong with a policy that cannot be read, and where.

use alloc::string::String;
use core::fmt;

use attention_core::codec::text;
use attention_core::url::PathError;

/// A policy that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: PolicyFault,
}

/// What can be wrong with a line of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyFault {
    /// It begins with neither `allow` nor `deny`.
    Effect,
    /// Its method is neither `*` nor a known one.
    Method,
    /// Something is missing.
    Incomplete,
    /// Something stands behind the pattern that is not a condition.
    TooMuch,
    /// A condition that there is not, or that is duplicated.
    Condition,
    /// A condition on a `deny`: a denial holds always.
    ConditionOnDeny,
    /// The size of `body=` is not one.
    Size,
    /// The time of `cache=` is not one.
    Time,
    /// A `cache=` on a rule that is for no GET.
    GetAlone,
    /// A condition of earlier versions, `coalesce=` or `upgrade=`, which are not there any more.
    Withdrawn,
    /// A `redact=` that names no member.
    RedactsNothing,
    /// A `tool=` on a rule that is for no POST, or for other paths than `/mcp`.
    McpAlone,
    /// A `tool=` that names no tool, or has what no tool's name has.
    Tools,
    /// A segment of the pattern that some server leaves out: dots alone, or a name that begins with one.
    Nameless,
    /// The name in brackets is not one.
    Name,
    /// A policy of this name stands there already.
    SameName,
    /// A second policy where there can be one only.
    SecondPolicy,
    /// A wildcard that is not a whole segment, or a `**` that is not at the end.
    Wildcard,
    /// A percent-encoded pattern; patterns match decoded paths.
    Encoded,
    /// The pattern is not a path.
    Path(PathError),
}

impl PolicyError {
    /// What is wrong and where, in one line.
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
    /// What is wrong, in one line.
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
            Self::ConditionOnDeny => "a `deny` has no conditions: it holds always",
            Self::Size => "a size is digits, or digits and `kb` or `mb`",
            Self::Time => "a time is digits and `s`, `min` or `h`, a day at most",
            Self::GetAlone => "`cache=` is for GET and `*` only",
            Self::McpAlone => "`tool=` is for `POST /mcp` and `* /mcp` only: no other path calls tools",
            Self::Tools => {
                "`tool=` is a list of names of tools, as in `tool=search_*,get_call`: letters, digits, `_`, `-`, `.`, and `*` \
                    for any of them"
            }
            Self::Withdrawn => {
                "`coalesce=` and `upgrade=` were withdrawn: calls are not joined and WebSockets are refused; remove \
                    the condition"
            }
            Self::RedactsNothing => "`redact=` names no member; name them, as in `redact=transcript,email`",
            Self::Nameless => {
                "some servers leave out a segment of dots alone, or one that begins with `.`, `:` or `,`; no call with \
                    one goes through a rule that names it"
            }
            Self::Name => "a policy's name is 1 to 64 letters, digits, `-` or `_`, in brackets",
            Self::SameName => "another policy has this name",
            Self::SecondPolicy => "there can be one policy only here",
            Self::Wildcard => "`*` stands for one whole segment, and `/**` only at the end",
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
