//! workerd's configuration as Cap'n Proto text.

use std::fmt::Write as _;

/// A Worker on a loopback port.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The first is the entry module.
    pub(crate) modules: Vec<Module>,
    pub(crate) bindings: Vec<(&'static str, Value)>,
}

#[derive(Debug)]
pub(crate) struct Module {
    /// The name under which other modules import it.
    pub(crate) name: String,
    /// The file, relative to the configuration's folder.
    pub(crate) file: String,
}

#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    /// Read by workerd from its own environment, so that it is not written to a file.
    Environment(&'static str),
    /// A namespace of Durable Objects of a class that the service itself contains.
    Objects(&'static str),
}

/// The compatibility date that the Worker is written for.
const COMPATIBILITY_DATE: &str = "2026-11-01";

pub(crate) fn text(services: &[Service]) -> String {
    let mut text =
        String::from("using Workerd = import \"/workerd/workerd.capnp\";\n\nconst config :Workerd.Config = (\n");
    text.push_str("  services = [\n");
    // "local" because the mock listens on this machine.
    text.push_str("    (name = \"internet\", network = (allow = [\"public\", \"private\", \"local\"], ");
    text.push_str("tlsOptions = (trustBrowserCas = true))),\n");
    for Service { name, .. } in services {
        // The space before the dot is required.
        let _ = writeln!(text, "    (name = {}, worker = .{name}),", literal(name));
    }
    text.push_str("  ],\n  sockets = [\n");
    for Service { name, port, .. } in services {
        let address = literal(&format!("127.0.0.1:{port}"));
        let _ = writeln!(text, "    (name = {0}, address = {address}, http = (), service = {0}),", literal(name));
    }
    text.push_str("  ],\n);\n");
    for service in services {
        worker(&mut text, service);
    }
    text
}

fn worker(text: &mut String, service: &Service) {
    let _ = writeln!(text, "\nconst {} :Workerd.Worker = (", service.name);
    let _ = writeln!(text, "  compatibilityDate = {},", literal(COMPATIBILITY_DATE));
    text.push_str("  modules = [\n");
    for Module { name, file } in &service.modules {
        let kind = if file.ends_with("wasm") { "wasm" } else { "esModule" };
        let _ = writeln!(text, "    (name = {}, {kind} = embed {}),", literal(name), literal(file));
    }
    text.push_str("  ],\n  bindings = [\n");
    for (name, value) in &service.bindings {
        let value = match value {
            Value::Text(text) => format!("text = {}", literal(text)),
            Value::Environment(variable) => format!("fromEnvironment = {}", literal(variable)),
            Value::Objects(class) => format!("durableObjectNamespace = {}", literal(class)),
        };
        let _ = writeln!(text, "    (name = {}, {value}),", literal(name));
    }
    text.push_str("  ],\n");
    for (_, value) in &service.bindings {
        if let Value::Objects(class) = value {
            let class = literal(class);
            let _ = writeln!(text, "  durableObjectNamespaces = [(className = {class}, uniqueKey = {class})],");
            // Discarded when this process ends, like the tokens.
            text.push_str("  durableObjectStorage = (inMemory = void),\n");
        }
    }
    text.push_str(");\n");
}

/// A string literal. UTF-8 needs no escaping; quotes, backslashes and control bytes do.
fn literal(value: &str) -> String {
    let mut text = String::from("\"");
    for char in value.chars() {
        match char {
            '"' | '\\' => text.extend(['\\', char]),
            char if char.is_ascii_control() => {
                let _ = write!(text, "\\x{:02x}", u32::from(char));
            }
            char => text.push(char),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_cannot_be_escaped_from() {
        assert_eq!(literal(r#"[{"name":"a\b"}]"#), r#""[{\"name\":\"a\\b\"}]""#);
        assert_eq!(literal("a\nb"), r#""a\x0ab""#);
        assert_eq!(literal("é"), "\"é\"");
    }

    #[test]
    fn a_secret_is_referenced_and_not_written() {
        let service = Service {
            name: "main",
            port: 8787,
            modules: vec![
                Module { name: "index.js".to_owned(), file: "../../worker/build/index.js".to_owned() },
                Module { name: "index_bg.wasm".to_owned(), file: "../../worker/build/index_bg.wasm".to_owned() },
            ],
            bindings: vec![
                ("ATTENTION_API_KEY", Value::Environment("ATTENTION_API_KEY")),
                ("ATTENTION_BASE_URL", Value::Text("http://127.0.0.1:1/v2".to_owned())),
            ],
        };
        let text = text(&[service]);
        assert!(text.contains(r#"(name = "ATTENTION_API_KEY", fromEnvironment = "ATTENTION_API_KEY"),"#), "{text}");
        assert!(
            text.contains(r#"(name = "index_bg.wasm", wasm = embed "../../worker/build/index_bg.wasm"),"#),
            "{text}"
        );
        assert!(text.contains(r#"address = "127.0.0.1:8787", http = (), service = "main""#), "{text}");
        assert!(text.contains("worker = .main"), "{text}");
    }
}
