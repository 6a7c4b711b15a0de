//! JSONPath templates, with the quirks of client-go's own reader (client-go util/jsonpath): text, `{…}` actions, `{range}`.

mod eval;
mod parse;

use std::borrow::Cow;

use serde_json::Value;

use super::{go, json};

/// A template, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<Node>,
}

/// A part of a template, or a step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// What stands between two braces; outside of them, text.
    List(Vec<Node>),
    Text(String),
    Field(String),
    Array([Bound; 3]),
    Filter(Box<Filter>),
    Int(i64),
    Float(f64),
    Bool(bool),
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
    /// `range`, `end`, or a word that is neither.
    Identifier(String),
}

/// `[?(left operator right)]`; `exists` has no right side.
#[derive(Debug, Clone, PartialEq)]
struct Filter {
    left: Vec<Node>,
    operator: String,
    right: Vec<Node>,
}

/// A number between the colons of a slice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bound {
    known: bool,
    value: i64,
    /// The end of a plain index, one behind its start.
    derived: bool,
}

/// What a path found.
type Found<'a> = Vec<Cow<'a, Value>>;

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { nodes: parse::template(text)? })
    }

    /// The text for an object.
    pub(crate) fn print(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        for found in self.found(root)? {
            let texts: Vec<String> = found.iter().map(|value| text(value)).collect();
            out.push_str(&texts.join(" "));
        }
        Ok(out)
    }

    /// The same for `jsonpath-as-json`: a list for each action.
    pub(crate) fn print_json(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        for found in self.found(root)? {
            let list = found.into_iter().map(Cow::into_owned).collect();
            out.push_str(&json::indented(&Value::Array(list)));
            out.push('\n');
        }
        Ok(out)
    }

    /// What its actions find, all together; nothing where one of them fails.
    pub(crate) fn find(&self, root: &Value) -> Vec<Value> {
        let found = self.found(root).unwrap_or_default();
        found.into_iter().flatten().map(Cow::into_owned).collect()
    }

    fn found<'a>(&'a self, root: &'a Value) -> Result<Vec<Found<'a>>, String> {
        eval::Run::default().find(&self.nodes, 0, Cow::Borrowed(root))
    }
}

/// A value as a template prints it: text bare, objects and lists as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => json::compact(value),
        scalar => go::sprint(scalar),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: &str, want: Result<&str, &str>) {
        let object = json!({
            "data": {".dockerconfigjson": "e30="},
            "items": [{"name": "a", "n": 1, "on": true}, {"name": "b", "n": 2, "x": null}],
            "spec": {"imagePullSecrets": [{"name": "x"}], "empty": []},
        });
        let got = Template::parse(template).and_then(|template| template.print(&object));
        let got = got.as_deref().map_err(String::as_str);
        assert_eq!(got, want, "for {template}");
    }

    #[test]
    fn templates_print_what_kubectl_prints() {
        check("plain", Ok("plain"));
        check(r"{.data.\.dockerconfigjson}", Ok("e30="));
        check("{.data['.dockerconfigjson']}", Ok(""));
        check(r"{.data['\.dockerconfigjson']}", Ok("e30="));
        check("{.spec.imagePullSecrets}", Ok(r#"[{"name":"x"}]"#));
        check("{.nothing.here}", Ok(""));
        check("{.items[*].name}", Ok("a b"));
        check("{.items[-1].name}", Ok("b"));
        check("{.items[0:1].name}", Ok("a"));
        check("{.items[1,0].name}", Ok("b a"));
        check("{.items[?(@.name==\"b\")].n}", Ok("2"));
        check("{.items[?(@.on)].name}", Ok("a"));
        check("{.items[?(@.n>1)].name}", Ok("b"));
        check("{range .items[*]}{.name}={.n}{\"\\n\"}{end}", Ok("a=1\nb=2\n"));
        check("{range .items[*]}{range .nope[*]}{.a}{end}{.n}{end}.", Ok("12."));
        check("{..name}", Ok("a b x"));
        check("{.items[*].x}", Ok("<nil>"));
        check("{.items[?(@.n==\"1\")].n}", Err("incompatible types for comparison"));
        check("{.data[0]}", Err("map[string]interface {} is not array or slice"));
        check("{.spec.empty[3]}", Err("array index out of bounds: index 3, length 0"));
        check("{.a", Err("unclosed action"));
        check("{end}", Err("not in range, nothing to end"));
        check("{'a", Err("unterminated quoted string"));
        check("{.items[0.5]}", Err("invalid array index 0.5"));
    }
}
