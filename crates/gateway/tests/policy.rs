//! Policies: which calls they allow and refuse, and which texts are not valid policies.

use attention_core::Method::{self, Delete, Get, Head, Options, Post, Put};
use attention_core::url::{PathError, RequestPath};
use attention_gateway::authorize::policy::{
    BodyLength, ConditionError, Conditions, DEFAULT_POLICY, Decision, Effect, Pattern, Policies, Policy, PolicyError,
    PolicyFault, Rule,
};
use proptest::prelude::*;

const ALL: [Method; 7] = [Get, Head, Options, Post, Put, Method::Patch, Delete];

/// An ASCII character, percent-encoded.
fn percent(c: char) -> String {
    format!("%{:02x}", u32::from(c))
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// A path that is rejected before policies apply is not a decision of one.
fn path(text: &str) -> RequestPath<'_> {
    RequestPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[derive(Debug, PartialEq)]
enum Said {
    Yes(&'static str),
    Denied(usize),
    Unknown,
}
use Said::{Denied, Unknown, Yes};

/// Checks rows of method, path and decision against one policy.
#[track_caller]
fn table(policy_text: &str, rows: &[(Method, &str, Said)]) {
    let policy = policy(policy_text);
    for (method, target, said) in rows {
        let decision = policy.decide(*method, path(target));
        match (decision, said) {
            (Decision::Allowed(rule), Yes(route)) => assert_eq!(rule.route(), *route, "{method} {target}"),
            (Decision::Denied { line }, Denied(expected)) => assert_eq!(line, *expected, "{method} {target}"),
            (Decision::Unknown, Unknown) => {}
            _ => panic!("{method} {target}: {decision:?}, not {said:?}"),
        }
        assert_eq!(decision.is_allowed(), matches!(said, Yes(_)));
    }
}

#[test]
fn nothing_is_allowed_without_a_rule() {
    for text in ["", "\n\n", "# allow * /**\n", "   \t\r\n"] {
        table(text, &[(Get, "/v2/conversations", Unknown), (Get, "/", Unknown), (Get, "/v2/api_keys", Denied(0))]);
    }
}

#[test]
fn a_literal_is_matched_exactly() {
    table(
        "allow GET /v2/conversations",
        &[
            (Get, "/v2/conversations", Yes("/v2/conversations")),
            // The server reads it like this, and so does the policy.
            (Get, "/v2/%63onversations", Yes("/v2/conversations")),
            (Head, "/v2/conversations", Unknown),
            (Post, "/v2/conversations", Unknown),
            (Get, "/v2/conversations/", Unknown),
            (Get, "/v2/conversations/42", Unknown),
            (Get, "/v2/Conversations", Unknown),
            (Get, "/V2/conversations", Unknown),
            (Get, "/v2/conversation", Unknown),
            (Get, "/v2/conversationsx", Unknown),
            (Get, "/v2", Unknown),
            (Get, "/", Unknown),
        ],
    );
}

#[test]
fn a_star_is_one_segment() {
    table(
        "allow GET /v2/*/items\nallow GET /v2/labels/*",
        &[
            (Get, "/v2/scorecards/items", Yes("/v2/*/items")),
            (Get, "/v2/labels/42", Yes("/v2/labels/*")),
            (Get, "/v2/labels/a%20b", Yes("/v2/labels/*")),
            (Get, "/v2/labels/*", Yes("/v2/labels/*")),
            (Get, "/v2/labels", Unknown),
            (Get, "/v2/labels/", Unknown),
            (Get, "/v2/labels/42/", Unknown),
            (Get, "/v2/labels/42/x", Unknown),
            (Get, "/v2/a/b/items", Unknown),
            (Get, "/v2/items", Unknown),
        ],
    );
}

#[test]
fn two_stars_match_the_rest_or_nothing() {
    table(
        "allow GET /v2/labels/**",
        &[
            (Get, "/v2/labels", Yes("/v2/labels/**")),
            (Get, "/v2/labels/", Yes("/v2/labels/**")),
            (Get, "/v2/labels/42", Yes("/v2/labels/**")),
            (Get, "/v2/labels/42/x/y", Yes("/v2/labels/**")),
            (Get, "/v2/labelsx", Unknown),
            (Get, "/v2/label", Unknown),
        ],
    );
    table(
        "allow * /**",
        &[(Get, "/", Yes("/**")), (Post, "/v1/x", Yes("/**")), (Delete, "/v2/api_keys/42", Denied(0))],
    );
    table("allow GET /v2/*/**", &[(Get, "/v2/x", Yes("/v2/*/**")), (Get, "/v2/", Unknown), (Get, "/v2", Unknown)]);
}

#[test]
fn deny_overrides_allow_in_any_order() {
    for text in [
        "deny GET /v2/users\nallow GET /v2/**\nallow GET /v2/users",
        "\nallow GET /v2/users\nallow GET /v2/**\ndeny GET /v2/users",
    ] {
        let policy = policy(text);
        let line = text.lines().position(|line| line.starts_with("deny")).expect("a deny") + 1;
        assert_eq!(policy.decide(Get, path("/v2/users")), Decision::Denied { line });
        assert!(policy.decide(Get, path("/v2/users/42")).is_allowed());
        assert!(policy.decide(Get, path("/v2/labels")).is_allowed());
    }
}

#[test]
fn deny_applies_to_every_spelling() {
    table(
        "allow * /v2/**\ndeny * /v2/users\ndeny DELETE /v2/labels/*",
        &[
            (Get, "/v2/users", Denied(2)),
            (Get, "/v2/users/", Denied(2)),
            (Get, "/v2/USERS", Denied(2)),
            (Get, "/v2/uSeRs/", Denied(2)),
            (Get, "/v2/%75sers", Denied(2)),
            (Get, "/v2/%55SERS", Denied(2)),
            (Get, "/V2/users", Denied(2)),
            (Get, "/v2/users/42", Yes("/v2/**")),
            (Delete, "/v2/labels/42", Denied(3)),
            (Delete, "/v2/LABELS/42/", Denied(3)),
            (Get, "/v2/labels/42", Yes("/v2/**")),
            (Delete, "/v2/labels", Yes("/v2/**")),
        ],
    );
}

/// Examples of the rules above; tests/spellings generates the rest.
#[test]
fn a_rule_cannot_be_evaded_by_another_spelling() {
    let text = "allow GET /v2/conversations/list query=page\nallow GET /v2/conversations/* redact=email\n\
        allow * /v2/**\ndeny * /v2/users/\ndeny GET /v2/labels/*/\ndeny * /v2/files/report.json";
    table(
        text,
        &[
            (Get, "/v2/conversations/list", Yes("/v2/conversations/list")),
            (Get, "/v2/conversations/7", Yes("/v2/conversations/*")),
            (Get, "/v2/conversations/a.b@corp.example", Yes("/v2/conversations/*")),
            (Get, "/v2/conversations/7.json", Yes("/v2/conversations/*")),
            (Get, "/v2/conversations/7/title", Yes("/v2/**")),
            (Get, "/v2/conversations/7/", Unknown),
            (Get, "/v2/Conversations/7", Unknown),
            (Get, "/v2/conversations/LIST", Unknown),
            (Get, "/v2/conversations/list.csv", Unknown),
            (Get, "/v2/conversations/list/", Unknown),
            (Get, "/v2/conversations/l%C4%B1st", Unknown),
            (Get, "/v2/conversations/%20list", Unknown),
            (Get, "/v2/conversations/.json/7", Unknown),
            (Get, "/v2/users", Denied(4)),
            (Get, "/v2/users/", Denied(4)),
            (Get, "/v2/u%C5%BFers.json/", Denied(4)),
            (Get, "/v2/users/7", Yes("/v2/**")),
            (Get, "/v2/labels/7", Denied(5)),
            (Head, "/v2/labels/7/", Denied(5)),
            (Post, "/v2/labels/7", Yes("/v2/**")),
            (Get, "/v2/files/report", Denied(6)),
            (Get, "/v2/files/report.csv", Denied(6)),
            (Get, "/v2/files/reports", Yes("/v2/**")),
        ],
    );
    let policy = policy(text);
    let rule_of = |method, target| policy.of_another_spelling(method, path(target)).map(Rule::line);
    assert_eq!(rule_of(Get, "/v2/Conversations/7"), Some(2));
    assert_eq!(
        (rule_of(Get, "/v2/users"), rule_of(Get, "/v2/conversations/7"), rule_of(Get, "/v1/x")),
        (None, None, None)
    );
}

#[test]
fn the_conditions_of_get_apply_to_head() {
    let policy = policy("allow GET /v2/a query=page redact=email\nallow HEAD /v2/**\nallow GET /v2/b");
    let of_get = |method, target| policy.of_get(method, path(target)).map(Rule::line);
    assert_eq!((of_get(Head, "/v2/a"), of_get(Head, "/v2/A/"), of_get(Head, "/v2/b")), (Some(1), Some(1), Some(3)));
    assert_eq!((of_get(Get, "/v2/a"), of_get(Head, "/v2/c")), (None, None));
}

#[test]
fn keys_are_denied_by_every_policy() {
    let generous = policy("allow * /**\nallow * /v2/api_keys\nallow * /v2/api_keys/**\nallow GET /v2/api_keys/*");
    let spellings = [
        "/v2/api_keys",
        "/v2/api_keys/",
        "/v2/api_keys/42",
        "/v2/api_keys/42/rotate",
        "/v2/API_KEYS",
        "/v2/Api_Keys/42",
        "/V2/api_keys",
        "/v2/api%5Fkeys",
        "/v2/api%5fkeys",
        "/v2/%61pi_keys",
        "/v2/%41%50%49%5f%4b%45%59%53",
        "/%762/api_keys",
        "/%562/API%5FKEYS/",
    ];
    for target in spellings {
        for method in ALL {
            assert_eq!(generous.decide(method, path(target)), Decision::Denied { line: 0 }, "{method} {target}");
        }
    }
    // Spellings with which a server might still find it are rejected before policies apply.
    for target in [
        "/v2/./api_keys",
        "/v2/x/../api_keys",
        "/v2//api_keys",
        "//v2/api_keys",
        "/v2/%2e/api_keys",
        "/v2%2fapi_keys",
        "/v2\\api_keys",
        "/v2/api_keys;x=1",
        "/v2/api_keys%3bx",
        "/v2/api_keys%00",
        "/v2/api_keys%20\t",
        "/v2/api%255Fkeys",
        "/v2/api_keys?x",
        "/v2/api_keys#x",
        "/v2/ap\u{131}_keys",
        "/v2/api_\u{212a}eys",
        "v2/api_keys",
    ] {
        assert!(RequestPath::parse(target).is_err(), "{target}");
    }
    // Variants that a server may treat as equal are denied too, wherever they occur.
    for target in
        ["/v2/api-keys", "/v2/apiKeys/42", "/v2/api_keys.", "/v2/api_keys%20", "/v2/x/api_keys", "/v1/api_keys"]
    {
        assert_eq!(generous.decide(Get, path(target)), Decision::Denied { line: 0 }, "{target}");
    }
    // So are Unicode equivalents, names with an extension, a verb or an accent, and the singular.
    for target in [
        "/v2/api_%E2%84%AAeys",
        "/v2/api_key%C5%BF",
        "/v2/%EF%BD%81pi_keys",
        "/v2/ap%C4%B1_keys",
        "/v2/%C3%A4pi_keys",
        "/v2/api_keys.json",
        "/v2/api.keys.xml",
        "/v2/api_keys:list",
        "/v2/api_keys(7)",
        "/v2/x:api_keys",
        "/v2/api_%E2%80%8Bkeys",
        "/v2/api_key",
    ] {
        assert_eq!(generous.decide(Get, path(target)), Decision::Denied { line: 0 }, "{target}");
    }
    // Other similar names are allowed.
    for target in ["/v2/api_keysx", "/v2/my_api_keys", "/v2/api_keys_of_mine", "/v2/keys", "/v2/%E9%8D%B5"] {
        assert!(generous.decide(Get, path(target)).is_allowed(), "{target}");
    }
}

#[test]
fn the_default_policy_allows_reads_but_no_keys() {
    table(
        DEFAULT_POLICY,
        &[
            (Get, "/v2/conversations", Yes("/v2/**")),
            (Head, "/v2/conversations", Yes("/v2/**")),
            (Get, "/v2/conversations/42", Yes("/v2/**")),
            (Get, "/v2", Yes("/v2/**")),
            (Options, "/v2/conversations", Unknown),
            (Post, "/v2/conversations", Unknown),
            (Put, "/v2/conversations/42", Unknown),
            (Method::Patch, "/v2/conversations/42", Unknown),
            (Delete, "/v2/conversations/42", Unknown),
            (Get, "/v1/conversations", Unknown),
            (Get, "/v20/conversations", Unknown),
            (Get, "/", Unknown),
            (Get, "/v2/api_keys", Denied(0)),
            (Head, "/v2/api_keys", Denied(0)),
        ],
    );
}

#[test]
fn the_first_allowing_rule_names_the_route() {
    table(
        "allow GET /v2/conversations/*\nallow GET /v2/**",
        &[(Get, "/v2/conversations/42", Yes("/v2/conversations/*")), (Get, "/v2/users", Yes("/v2/**"))],
    );
}

#[test]
fn white_space_and_comments_are_ignored() {
    table(
        "  allow\tGET   /v2/users  # people\r\n#deny * /**\n\tallow GET /v2/labels#tight",
        &[(Get, "/v2/users", Yes("/v2/users")), (Get, "/v2/labels", Yes("/v2/labels"))],
    );
}

#[test]
fn a_fault_names_its_line() {
    use PolicyFault::{Effect, Encoded, Incomplete, Method as BadMethod, Nameless, Path, TooMuch, Wildcard};
    let cases = [
        ("permit GET /v2/users", Effect),
        ("Allow GET /v2/users", Effect),
        ("GET /v2/users", Effect),
        ("\u{feff}allow GET /v2/users", Effect),
        ("allow get /v2/users", BadMethod),
        ("allow TRACE /v2/users", BadMethod),
        ("allow CONNECT /v2/users", BadMethod),
        ("allow GET,POST /v2/users", BadMethod),
        ("allow /v2/users", BadMethod),
        ("allow", Incomplete),
        ("allow GET", Incomplete),
        ("allow GET # /v2/users", Incomplete),
        ("allow GET /v2/users deny", TooMuch),
        ("allow GET /v2/users /v2/labels", TooMuch),
        ("allow GET /v2/user*", Wildcard),
        ("allow GET /v2/*s", Wildcard),
        ("allow GET /v2/***", Wildcard),
        ("allow GET /v2/**/items", Wildcard),
        ("allow GET /v2/**/", Wildcard),
        ("allow GET /v2**", Wildcard),
        ("allow GET /v2/%61pi", Encoded),
        ("allow GET /v2/a%20b", Encoded),
        ("allow GET v2/users", Path(PathError::NotAbsolute)),
        ("allow GET *", Path(PathError::NotAbsolute)),
        ("allow GET https://api.attention.tech/v2", Path(PathError::NotAbsolute)),
        ("allow GET //users", Path(PathError::EmptySegment { position: 1 })),
        ("allow GET /v2/../users", Path(PathError::DotSegment { position: 4 })),
        ("allow GET /v2/users?x=1", Path(PathError::Delimiter { position: 9 })),
        ("allow GET /v2/caf\u{e9}", Path(PathError::InvalidCharacter { position: 7 })),
        ("allow GET /v2/\\users", Path(PathError::Backslash { position: 4 })),
        // There can be nothing between the slashes of a path.
        ("deny GET /v2/users//**", Path(PathError::EmptySegment { position: 10 })),
        // Some servers ignore these segments, so no call with one is allowed.
        ("allow GET /v2/...", Nameless),
        ("allow GET /v2/.well-known/**", Nameless),
        ("deny * /v2/users/:all", Nameless),
    ];
    for (line, fault) in cases {
        let error = Policy::parse(line).expect_err(line);
        assert_eq!((error.line, error.fault), (1, fault), "{line}");
        let error = Policy::parse(&format!("# first\n\nallow GET /v2/labels\r\n{line}\nrubbish")).expect_err(line);
        assert_eq!((error.line, error.fault), (4, fault), "{line}");
        assert!(error.to_string().starts_with("policy, line 4: "), "{error}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in any::<String>(), words in "(allow|deny| |GET|\\*|/|/v2|\\*\\*|\n|#|%){0,20}") {
        let _ = Policy::parse(&text);
        let _ = Policy::parse(&words);
    }

    /// Whatever the policy and the spelling, keys stay closed.
    #[test]
    fn no_policy_allows_keys(rules in "(allow (\\*|GET) (/\\*\\*|/v2/\\*\\*|/v2/api_keys|/v2/api_keys/\\*|/v2/\\*|/\\*/\\*)\n){0,5}", upper in any::<u32>(), encoded in any::<u32>(), slash: bool) {
        let policy = policy(&rules);
        let mut target = String::from("/");
        for (index, c) in "v2/api_keys".chars().enumerate() {
            let c = if upper >> index & 1 == 1 { c.to_ascii_uppercase() } else { c };
            if encoded >> index & 1 == 1 && c != '/' {
                target += &percent(c);
            } else {
                target.push(c);
            }
        }
        if slash {
            target.push('/');
        }
        for method in ALL {
            prop_assert_eq!(policy.decide(method, path(&target)), Decision::Denied { line: 0 });
        }
    }

    /// Adding a denial never allows more.
    #[test]
    fn a_denial_never_allows_more(target in "(/[ab]{1,2}){1,3}/?", allowed in "/(\\*|a|b|ab)(/\\*|/b)?(/\\*\\*)?", denied in "/(\\*|a|b|ab)(/\\*|/b)?(/\\*\\*)?") {
        let open = policy(&format!("allow GET {allowed}"));
        let closed = policy(&format!("allow GET {allowed}\ndeny GET {denied}"));
        let (before, after) = (open.decide(Get, path(&target)), closed.decide(Get, path(&target)));
        prop_assert!(before.is_allowed() || !after.is_allowed());
        if !matches!(after, Decision::Denied { .. }) {
            // If an allow rule with that pattern matches, the deny rule matches too.
            let mirrored = policy(&format!("allow GET {denied}"));
            prop_assert!(!mirrored.decide(Get, path(&target)).is_allowed());
        }
    }
}

#[test]
fn conditions_narrow_an_allowed_path() {
    let policies = "allow GET /v2/list query=page,filter[title]\nallow GET /v2/bare query=\nallow POST /v2/ask body=1kb redact=transcript,email";
    let policy = policy(policies);
    let admits = |method, target: &str, query: &str, body| {
        let Decision::Allowed(rule) = policy.decide(method, path(target)) else { panic!("{target} is not allowed") };
        rule.admits(query, body)
    };
    for query in ["", "page=1", "page=1&filter%5Btitle%5D=x&page=2", "filter[title]=x", "&&"] {
        assert_eq!(admits(Get, "/v2/list", query, BodyLength::NoBody), Ok(()), "{query}");
    }
    for query in
        ["size=1", "page=1&size=2", "PAGE=1", "page%00=1", "pag%65%=1", "page;size=1", "=", "filter=1", "%ff=1"]
    {
        assert_eq!(admits(Get, "/v2/list", query, BodyLength::NoBody), Err(ConditionError::Query), "{query}");
    }
    assert_eq!(admits(Get, "/v2/list", "p%61ge=1", BodyLength::NoBody), Ok(()));
    assert_eq!(admits(Get, "/v2/bare", "x", BodyLength::NoBody), Err(ConditionError::Query));
    assert_eq!(admits(Post, "/v2/ask", "anything=goes", BodyLength::Announced(1024)), Ok(()));
    assert_eq!(
        admits(Post, "/v2/ask", "", BodyLength::Announced(1025)),
        Err(ConditionError::BodyTooLarge { most: 1024 })
    );
    assert_eq!(admits(Post, "/v2/ask", "", BodyLength::Unknown), Err(ConditionError::BodyLengthUnknown));
    assert_eq!(admits(Post, "/v2/ask", "", BodyLength::NoBody), Ok(()));
    let Decision::Allowed(rule) = policy.decide(Post, path("/v2/ask")) else { panic!() };
    assert_eq!(rule.redacted(), ["transcript", "email"]);
}

#[test]
fn a_rule_states_how_long_its_responses_may_be_cached() {
    for (text, seconds) in [("1s", 1), ("90s", 90), ("5min", 300), ("24h", 86_400), ("1440min", 86_400)] {
        let policy = policy(&format!("allow GET /v2/a cache={text}\nallow * /v2/b cache={text}\nallow GET /v2/c"));
        let cache = |target| match policy.decide(Get, path(target)) {
            Decision::Allowed(rule) => rule.cache(),
            _ => panic!("{target} is not allowed"),
        };
        let kept = Some(std::time::Duration::from_secs(seconds));
        assert_eq!((cache("/v2/a"), cache("/v2/b"), cache("/v2/c")), (kept, kept, None), "{text}");
    }
    let wrong = [
        "",
        "0s",
        "60",
        "s",
        "-1s",
        "+1s",
        "1.5h",
        "1 h",
        "25h",
        "86401s",
        "1d",
        "1m",
        "99999999999999999999h",
        "5minmin",
    ];
    for text in wrong {
        let error = Policy::parse(&format!("\nallow GET /v2/a cache={text}")).unwrap_err();
        let expected = matches!(error, PolicyError { line: 2, fault: PolicyFault::Time | PolicyFault::TooMuch });
        assert!(expected, "{text}: {error}");
    }
}

#[test]
fn policies_have_names() {
    let policies = Policies::parse("allow GET /v2/a\n[reports] # for finance\nallow GET /v2/b\n[none]").unwrap();
    assert_eq!(policies.names().collect::<Vec<_>>(), ["default", "reports", "none"]);
    let allows = |name: &str, target| policies.get(name).unwrap().decide(Get, path(target)).is_allowed();
    assert!(allows("default", "/v2/a") && !allows("default", "/v2/b"));
    assert!(allows("reports", "/v2/b") && !allows("reports", "/v2/a"));
    assert!(!allows("none", "/v2/a") && policies.get("other").is_none());
    // The built-in denial applies to each of them.
    let open = Policies::parse("[open]\nallow * /**").unwrap();
    assert_eq!(open.get("open").unwrap().decide(Get, path("/v2/api_keys")), Decision::Denied { line: 0 });
}

#[test]
fn invalid_conditions_and_names() {
    for (text, line, fault) in [
        ("allow GET /v2/a query", 1, PolicyFault::TooMuch),
        ("\nallow GET /v2/a quary=x", 2, PolicyFault::Condition),
        ("allow GET /v2/a body=1kb body=2kb", 1, PolicyFault::Condition),
        ("allow GET /v2/a redact=", 1, PolicyFault::RedactsNothing),
        ("allow GET /v2/a query= redact=,,", 1, PolicyFault::RedactsNothing),
        ("allow GET /v2/a redact=b redact=c", 1, PolicyFault::Condition),
        ("deny GET /v2/a query=x", 1, PolicyFault::ConditionOnDeny),
        ("allow GET /v2/a body=1gb", 1, PolicyFault::Size),
        ("allow GET /v2/a body=-1", 1, PolicyFault::Size),
        ("allow GET /v2/a body=99999999999999999999kb", 1, PolicyFault::Size),
        ("allow GET /v2/a cache=1s cache=1s", 1, PolicyFault::Condition),
        ("allow POST /v2/a cache=1s", 1, PolicyFault::GetAlone),
        ("allow HEAD /v2/a cache=1s", 1, PolicyFault::GetAlone),
        ("deny GET /v2/a cache=1s", 1, PolicyFault::ConditionOnDeny),
        ("allow GET /mcp tool=a", 1, PolicyFault::McpAlone),
        ("allow POST /mcp/ tool=a", 1, PolicyFault::McpAlone),
        ("allow POST /v2/a tool=a", 1, PolicyFault::McpAlone),
        ("allow * /v2/a tool=a", 1, PolicyFault::McpAlone),
        ("allow GET /v2/a tool=a", 1, PolicyFault::McpAlone),
        (&format!("[{}]", "a".repeat(65)), 1, PolicyFault::Name),
        ("[]", 1, PolicyFault::Name),
        ("[a b]", 1, PolicyFault::Name),
        ("[a", 1, PolicyFault::Name),
        ("[a]\n[a]", 2, PolicyFault::SameName),
        ("[default]", 1, PolicyFault::SameName),
    ] {
        assert_eq!(Policies::parse(text).unwrap_err(), PolicyError { line, fault }, "{text}");
    }
    assert_eq!(Policy::parse("[a]\nallow GET /v2/a").unwrap_err().fault, PolicyFault::SecondPolicy);
    assert!(Policies::parse(&format!("[{}]", "a".repeat(64))).is_ok());
    for (pattern, ends_with_slash) in [("/", false), ("/a", false), ("/a/", true)] {
        let policy = policy(&format!("deny * {pattern}"));
        assert_eq!(policy.rules()[0].pattern().ends_with_slash(), ends_with_slash, "{pattern}");
    }
}

#[test]
fn conditions_that_were_withdrawn_are_refused_by_name() {
    for text in [
        "allow GET /v2/a coalesce=2s",
        "allow GET /v2/a cache=1min coalesce=2s",
        "allow POST /v2/a coalesce=1s",
        "allow GET /v2/live upgrade=websocket",
        "allow * /v2/live upgrade=h2c redact=email",
    ] {
        let error = Policies::parse(text).unwrap_err();
        assert_eq!(error, PolicyError { line: 1, fault: PolicyFault::Withdrawn }, "{text}");
        assert!(error.message().contains("withdrawn") && error.message().contains("remove"), "{error}");
    }
    assert_eq!(Policies::parse("deny GET /v2/a upgrade=websocket").unwrap_err().fault, PolicyFault::ConditionOnDeny);
}

#[test]
fn a_rule_keeps_its_text() {
    let text = "# ours\nallow GET   /v2/labels/**\tquery=page  body=1kb # all\ndeny * /v2/x\n\n[ wide ]\nallow * /**";
    let policies = Policies::parse(text).unwrap();
    let said: Vec<_> = policies
        .iter()
        .flat_map(|(name, policy)| policy.rules().iter().map(move |rule| (name, rule)))
        .map(|(name, rule)| (name, rule.line(), rule.effect(), rule.text(), rule.conditions_text()))
        .collect();
    assert_eq!(
        said,
        [
            ("default", 2, Effect::Allow, "allow GET /v2/labels/** query=page body=1kb", "query=page body=1kb"),
            ("default", 3, Effect::Deny, "deny * /v2/x", ""),
            ("wide", 6, Effect::Allow, "allow * /**", ""),
        ]
    );
    let default = policies.get("default").unwrap();
    assert_eq!(default.rule_at(3), default.rules().last());
    assert_eq!((default.rule_at(0), default.rule_at(1), default.rule_at(6)), (None, None, None));
}

#[test]
fn a_condition_names_the_unlisted_parameter() {
    let policy = policy("allow GET /v2/a query=page,filter[title]\nallow GET /v2/b query=\nallow GET /v2/c");
    let unnamed = |target, query| match policy.decide(Get, path(target)) {
        Decision::Allowed(rule) => rule.conditions().unnamed_parameter(query),
        _ => panic!("{target} is not allowed"),
    };
    assert_eq!(unnamed("/v2/a", "page=1&filter%5Btitle%5D=x"), None);
    assert_eq!(unnamed("/v2/a", "page=1&&si%7Ae=2&order=3"), Some("si%7Ae"));
    assert_eq!(unnamed("/v2/a", "%zz=1"), Some("%zz"));
    assert_eq!((unnamed("/v2/b", ""), unnamed("/v2/b", "x")), (None, Some("x")));
    assert_eq!(unnamed("/v2/c", "anything=goes"), None);
}

/// Texts of policies that use all features of the language.
fn policies_text() -> impl Strategy<Value = String> {
    const PATTERN: &str = "[ \t]{1,2}(/\\*\\*|/(\\*|a|B|api_keys)(/(\\*|a|c\\.d|B)){0,2}(/|/\\*\\*)?)";
    const NARROW: &str =
        "([ \t]{1,2}query=[a-c,=\\[]{0,4})?([ \t]body=[0-9]{1,3}(kb|mb)?)?( redact=,?[a-c][a-c,]{0,3})?";
    let rules = [
        format!(" ?deny (\\*|GET|POST|OPTIONS){PATTERN}( #.?)?"),
        format!("allow\t(HEAD|POST|PUT){PATTERN}{NARROW}(#.?)?"),
        format!("allow (\\*|GET){PATTERN}( cache=[1-9](s|min|h))?{NARROW}[ \t]?"),
    ];
    let [deny, allow, allow_get] = rules.map(|rule| proptest::string::string_regex(&rule).unwrap());
    // A name that another policy already has would be a fault; the line number makes it unique.
    let lines = prop_oneof![deny, allow, allow_get, Just(String::new()), Just("# [none]".into()), Just("[?]".into())];
    proptest::collection::vec(lines, 0..8).prop_map(|lines| {
        let numbered = lines.iter().enumerate().map(|(index, line)| line.replace('?', &format!(" policy-{index}")));
        numbered.collect::<Vec<_>>().join("\n")
    })
}

/// The policies written again, each rule on its line and as `rule` writes it.
fn written(policies: &Policies, rule: impl Fn(&Rule) -> String) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (name, policy) in policies.iter() {
        if name != Policies::DEFAULT {
            lines.push(format!("[{name}]"));
        }
        for own in policy.rules() {
            lines.resize(own.line() - 1, String::new());
            lines.push(rule(own));
        }
    }
    lines.join("\n")
}

/// A rule assembled from its parts in another spelling: bytes and seconds, conditions in a fixed order.
fn from_parts(rule: &Rule) -> String {
    let conditions = rule.conditions();
    let mut words = vec![
        if rule.effect() == Effect::Allow { "allow".to_owned() } else { "deny".to_owned() },
        rule.method().map_or("*", Method::as_str).to_owned(),
        rule.pattern().to_string(),
    ];
    words.extend(conditions.cache.map(|time| format!("cache={}s", time.as_secs())));
    words.extend((!conditions.redact.is_empty()).then(|| format!("redact={}", conditions.redact.join(","))));
    words.extend(conditions.max_body.map(|most| format!("body={most}")));
    words.extend(conditions.query.as_ref().map(|names| format!("query={}", names.join(","))));
    words.join("   ")
}

/// A policy's rules without their original spelling.
fn parts(policy: &Policy) -> Vec<(usize, Effect, Option<Method>, &Pattern, &Conditions)> {
    let rules = policy.rules().iter();
    rules.map(|rule| (rule.line(), rule.effect(), rule.method(), rule.pattern(), rule.conditions())).collect()
}

/// Paths that [`policies_text`] mentions, or similar ones.
const TARGETS: &str = "/(a|b|B|api_keys)(/(a|b|c\\.d)){0,2}/?";

proptest! {
    /// The accessors of a rule return everything that it consists of.
    #[test]
    fn policies_survive_being_written_and_read_again(text in policies_text(), target in TARGETS) {
        let policies = Policies::parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        prop_assert_eq!(&Policies::parse(&written(&policies, |rule| rule.text().to_owned())).unwrap(), &policies);

        let again = Policies::parse(&written(&policies, from_parts)).unwrap();
        prop_assert!(again.names().eq(policies.names()));
        for ((_, before), (_, after)) in policies.iter().zip(again.iter()) {
            prop_assert_eq!(parts(before), parts(after));
            for method in ALL {
                let line = |policy: &Policy| match policy.decide(method, path(&target)) {
                    Decision::Allowed(rule) => Ok(rule.line()),
                    Decision::Denied { line } => Err(Some(line)),
                    Decision::Unknown => Err(None),
                };
                prop_assert_eq!(line(before), line(after));
            }
        }
    }

    /// A rule matches a call if it decides it in a policy in which no other rule could.
    #[test]
    fn a_rule_matches_the_calls_that_it_decides_alone(text in policies_text(), target in TARGETS) {
        let policies = Policies::parse(&text).unwrap();
        for rule in policies.iter().flat_map(|(_, policy)| policy.rules()) {
            let alone = policy(&format!("{}\nallow * /**", rule.text()));
            for method in ALL {
                let decides = match alone.decide(method, path(&target)) {
                    Decision::Allowed(decisive) => decisive.line() == 1,
                    Decision::Denied { line } => line == 1,
                    Decision::Unknown => false,
                };
                let speaks = rule.speaks_of(method, path(&target));
                prop_assert_eq!(speaks, decides, "{} {} {}", rule.text(), method, target);
            }
        }
    }
}

#[test]
fn a_condition_is_given_once() {
    for (rule, first, second) in [
        ("allow GET /v2/list", "query=page", "query=page,size"),
        ("allow GET /v2/list", "query=", "query=page"),
        ("allow POST /v2/ask", "body=1kb", "body=2kb"),
        ("allow GET /v2/list", "redact=email", "redact=phone"),
        ("allow GET /v2/list", "cache=5s", "cache=1h"),
        ("allow POST /mcp", "tool=search_*", "tool=get_*"),
    ] {
        for condition in [first, second] {
            assert!(Policy::parse(&format!("{rule} {condition}")).is_ok(), "{rule} {condition}");
        }
        let twice = format!("{rule} {first} {second}");
        let fault = Policy::parse(&twice).map_err(|error| error.fault);
        assert!(matches!(fault, Err(PolicyFault::Condition)), "{twice}: {fault:?}");
    }
}

proptest! {
    #[test]
    fn a_size_is_digits_and_a_binary_unit(digits in "[0-9]{1,6}", (unit, bytes) in prop::sample::select(vec![
        ("", 1_u64), ("kb", 1 << 10), ("mb", 1 << 20),
    ])) {
        let policy = policy(&format!("allow POST /v2/ask body={digits}{unit}"));
        let Decision::Allowed(rule) = policy.decide(Post, path("/v2/ask")) else { panic!("the path is not allowed") };
        let most = digits.parse::<u64>().unwrap() * bytes;
        prop_assert_eq!(rule.admits("", BodyLength::Announced(most)), Ok(()));
        let refused = rule.admits("", BodyLength::Announced(most + 1));
        prop_assert_eq!(refused, Err(ConditionError::BodyTooLarge { most }));
    }

    #[test]
    fn no_other_unit_is_a_size(digits in "[0-9]{0,6}", unit in "[a-zA-Z]{1,3}|[kmg]i?b|[ -~]{0,3}") {
        let valid = !digits.is_empty() && ["", "kb", "mb"].contains(&unit.as_str());
        // The text of the condition ends at white space; a comment begins with `#`.
        prop_assume!(!valid && !unit.contains([' ', '#']) && !unit.bytes().all(|b| b.is_ascii_digit()));
        let text = format!("allow POST /v2/ask body={digits}{unit}");
        prop_assert!(Policy::parse(&text).is_err(), "{}", text);
    }

    #[test]
    fn a_pattern_that_matches_everything_below_a_path_is_read_as_strictly_as_that_path(
        segments in prop::collection::vec(prop::sample::select(vec!["v2", "x", ".", "..", "", "a%2fb", "%2e%2e", "a\\b", "a?b"]), 0..5),
    ) {
        let head: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
        let is_path = head.is_empty() || RequestPath::parse(&head).is_ok() && !head.contains('%') && !head.ends_with('/');
        let read = Policy::parse(&format!("allow GET {head}/**"));
        prop_assert_eq!(read.is_ok(), is_path, "{}: {:?}", head, read);
    }

    #[test]
    fn a_plus_in_a_query_is_a_space(before in "[a-z]{1,3}", after in "[a-z]{1,3}") {
        let policy = policy(&format!("allow GET /v2/list query={before}+{after}"));
        let Decision::Allowed(rule) = policy.decide(Get, path("/v2/list")) else { panic!("the path is not allowed") };
        let admits = |plus: &str| rule.admits(&format!("{before}{plus}{after}=1"), BodyLength::NoBody);
        // The name in the policy is as it is, and a query writes its plus as `%2B`.
        prop_assert_eq!(admits("%2B"), Ok(()));
        for other in ["+", "%20", ""] {
            prop_assert_eq!(admits(other), Err(ConditionError::Query), "{}", other);
        }
    }
}
