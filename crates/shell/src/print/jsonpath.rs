//! JSONPath templates (client-go util/jsonpath): text, `{…}` expressions, `{range}`.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use super::json;

/// A template, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Part>),
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    All,
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Union(Vec<Vec<Step>>),
    Deep,
    Filter(Vec<Step>, Option<(String, Operand)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Value(Value),
    Path(Vec<Step>),
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut stack: Vec<(Vec<Step>, Vec<Part>)> = vec![(Vec::new(), Vec::new())];
        let mut rest = text.chars().peekable();
        let mut plain = String::new();
        while let Some(character) = rest.next() {
            if character != '{' {
                plain.push(character);
                continue;
            }
            let inner = action(&mut rest)?;
            let parts = &mut stack.last_mut().expect("there is always one").1;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            let inner = inner.trim();
            if let Some(path) = inner.strip_prefix("range") {
                stack.push((steps(path.trim())?, Vec::new()));
            } else if inner == "end" {
                if stack.len() < 2 {
                    return Err("not in range, nothing to end".to_owned());
                }
                let (path, body) = stack.pop().expect("it was just counted");
                stack.last_mut().expect("there is always one").1.push(Part::Range(path, body));
            } else if let Some(quoted) = quoted(inner) {
                parts.push(Part::Text(quoted));
            } else {
                parts.push(Part::Path(steps(inner)?));
            }
        }
        if !plain.is_empty() {
            stack.last_mut().expect("there is always one").1.push(Part::Text(plain));
        }
        // A range that is never ended is tolerated.
        while stack.len() > 1 {
            let (path, body) = stack.pop().expect("it was just counted");
            stack.last_mut().expect("there is always one").1.push(Part::Range(path, body));
        }
        Ok(Self(stack.pop().expect("there is always one").1))
    }

    /// The text for an object.
    pub(crate) fn print(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        print_parts(&self.0, root, root, &mut out)?;
        Ok(out)
    }

    /// What its paths find.
    pub(crate) fn find(&self, root: &Value) -> Vec<Value> {
        let paths = self.0.iter().filter_map(|part| match part {
            Part::Path(path) => Some(path),
            Part::Text(_) | Part::Range(..) => None,
        });
        paths.flat_map(|path| walk(path, vec![root.clone()], root).unwrap_or_default()).collect()
    }
}

fn print_parts(
    parts: &[Part],
    root: &Value,
    current: &Value,
    out: &mut String,
) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(path) => {
                let found = walk(path, vec![current.clone()], root)?;
                let texts: Vec<String> = found.iter().map(text).collect();
                out.push_str(&texts.join(" "));
            }
            Part::Range(path, body) => {
                for item in walk(path, vec![current.clone()], root)? {
                    print_parts(body, root, &item, out)?;
                }
            }
        }
    }
    Ok(())
}

/// A value as a template prints it: text bare, objects and lists as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => json::compact(other),
    }
}

/// The text up to the brace that closes it; quotes and brackets may hold braces.
fn action(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut inner = String::new();
    let mut quote = None;
    while let Some(character) = rest.next() {
        match quote {
            Some(_) if character == '\\' => {
                inner.push(character);
                inner.extend(rest.next());
                continue;
            }
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None if character == '}' => return Ok(inner),
            None => {}
        }
        inner.push(character);
    }
    Err("unclosed action".to_owned())
}

/// A quoted text with its escapes.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    Some(out)
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path.chars().peekable();
    if matches!(rest.peek(), Some('$' | '@')) {
        rest.next();
    }
    while let Some(character) = rest.next() {
        match character {
            '.' if rest.peek() == Some(&'.') => {
                rest.next();
                steps.push(Step::Deep);
                let name = field(&mut rest);
                match name.as_str() {
                    "" => {}
                    "*" => steps.push(Step::All),
                    _ => steps.push(Step::Field(name)),
                }
            }
            '.' => match field(&mut rest).as_str() {
                "" => {}
                "*" => steps.push(Step::All),
                name => steps.push(Step::Field(name.to_owned())),
            },
            '[' => steps.push(bracket(&mut rest)?),
            ' ' => {}
            first => {
                let mut name = first.to_string();
                if first == '\\' {
                    name.clear();
                    name.extend(rest.next());
                }
                name.push_str(&field(&mut rest));
                steps.push(Step::Field(name));
            }
        }
    }
    Ok(steps)
}

fn field(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(&character) = rest.peek() {
        match character {
            '.' | '[' | ' ' => break,
            '\\' => {
                rest.next();
                name.extend(rest.next());
            }
            other => {
                rest.next();
                name.push(other);
            }
        }
    }
    name
}

fn bracket(rest: &mut Peekable<Chars<'_>>) -> Result<Step, String> {
    let mut inner = String::new();
    let (mut depth, mut quote) = (1, None);
    for character in rest.by_ref() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None => match character {
                '"' | '\'' => quote = Some(character),
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            },
        }
        if depth == 0 {
            break;
        }
        inner.push(character);
    }
    if depth != 0 {
        return Err("unterminated array".to_owned());
    }
    let inner = inner.trim();
    if let Some(filter) = inner.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return filter_step(filter);
    }
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = quoted(inner) {
        // Dots in keys want a backslash even here.
        let name =
            if name.contains('.') && !inner.contains("\\.") { format!(".{name}") } else { name };
        return Ok(Step::Field(name));
    }
    if inner.contains(',') {
        let parts = inner.split(',').map(|part| {
            let part = part.trim();
            match (part.parse::<i64>(), quoted(part)) {
                (Ok(index), _) => Ok(vec![Step::Index(index)]),
                (_, Some(name)) => Ok(vec![Step::Field(name)]),
                _ => steps(part),
            }
        });
        return Ok(Step::Union(parts.collect::<Result<_, _>>()?));
    }
    if inner.contains(':') {
        let mut parts = inner.split(':');
        let mut number = || match parts.next().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => {
                text.parse::<i64>().map(Some).map_err(|_| format!("invalid array index {inner}"))
            }
        };
        return Ok(Step::Slice(number()?, number()?, number()?.unwrap_or(1)));
    }
    inner.parse::<i64>().map(Step::Index).map_err(|_| format!("invalid array index {inner}"))
}

fn filter_step(filter: &str) -> Result<Step, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = filter.split_once(operator) {
            let right = right.trim();
            let operand = if let Some(text) = quoted(right) {
                Operand::Value(text.into())
            } else if let Ok(value) = serde_json::from_str::<Value>(right) {
                Operand::Value(value)
            } else {
                Operand::Path(steps(right)?)
            };
            return Ok(Step::Filter(steps(left.trim())?, Some((operator.to_owned(), operand))));
        }
    }
    Ok(Step::Filter(steps(filter.trim())?, None))
}

fn walk(path: &[Step], from: Vec<Value>, root: &Value) -> Result<Vec<Value>, String> {
    let mut current = from;
    for step in path {
        let mut next = Vec::new();
        for value in &current {
            take(step, value, root, &mut next)?;
        }
        current = next;
    }
    Ok(current)
}

fn take(step: &Step, value: &Value, root: &Value, next: &mut Vec<Value>) -> Result<(), String> {
    match step {
        Step::Field(name) => {
            next.extend(value.get(name).filter(|found| !found.is_null()).cloned());
        }
        Step::All => match value {
            Value::Array(list) => next.extend(list.iter().cloned()),
            Value::Object(map) => next.extend(map.values().cloned()),
            _ => {}
        },
        Step::Index(index) => {
            let Some(list) = value.as_array() else { return Ok(()) };
            let at = if *index < 0 { *index + list.len() as i64 } else { *index };
            let found = usize::try_from(at).ok().and_then(|at| list.get(at));
            let found = found.ok_or_else(|| {
                format!("array index out of bounds: index {index}, length {}", list.len())
            })?;
            next.push(found.clone());
        }
        Step::Slice(from, to, step) => {
            let Some(list) = value.as_array() else { return Ok(()) };
            let length = list.len() as i64;
            let clamp = |at: i64| if at < 0 { (at + length).max(0) } else { at.min(length) };
            let (from, to) = (clamp(from.unwrap_or(0)), clamp(to.unwrap_or(length)));
            let step = usize::try_from(*step).unwrap_or(1).max(1);
            let part = list.get(from as usize..(to.max(from)) as usize).unwrap_or_default();
            next.extend(part.iter().step_by(step).cloned());
        }
        Step::Union(paths) => {
            for path in paths {
                next.extend(walk(path, vec![value.clone()], root)?);
            }
        }
        Step::Deep => deep(value, next),
        Step::Filter(left, condition) => {
            for item in value.as_array().into_iter().flatten() {
                let found = walk(left, vec![item.clone()], root)?;
                let holds = match condition {
                    None => !found.is_empty(),
                    Some((operator, operand)) => {
                        let right = match operand {
                            Operand::Value(value) => Some(value.clone()),
                            Operand::Path(path) => {
                                walk(path, vec![item.clone()], root)?.into_iter().next()
                            }
                        };
                        match (found.first(), right) {
                            (Some(left), Some(right)) => compare(left, operator, &right),
                            _ => false,
                        }
                    }
                };
                if holds {
                    next.push(item.clone());
                }
            }
        }
    }
    Ok(())
}

fn deep(value: &Value, next: &mut Vec<Value>) {
    next.push(value.clone());
    match value {
        Value::Array(list) => list.iter().for_each(|inner| deep(inner, next)),
        Value::Object(map) => map.values().for_each(|inner| deep(inner, next)),
        _ => {}
    }
}

fn compare(left: &Value, operator: &str, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        _ => Some(text(left).cmp(&text(right))),
    };
    let Some(order) = order else { return false };
    match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: &str, want: &str) {
        let object = json!({
            "data": {".dockerconfigjson": "e30="},
            "items": [{"name": "a", "n": 1, "on": true}, {"name": "b", "n": 2}],
            "spec": {"imagePullSecrets": [{"name": "x"}], "empty": []},
        });
        let got = Template::parse(template).and_then(|template| template.print(&object));
        assert_eq!(got.as_deref(), Ok(want), "for {template}");
    }

    #[test]
    fn templates_print_what_kubectl_prints() {
        check("plain", "plain");
        check(r"{.data.\.dockerconfigjson}", "e30=");
        check("{.data['.dockerconfigjson']}", "");
        check(r"{.data['\.dockerconfigjson']}", "e30=");
        check("{.spec.imagePullSecrets}", r#"[{"name":"x"}]"#);
        check("{.nothing.here}", "");
        check("{.items[*].name}", "a b");
        check("{.items[-1].name}", "b");
        check("{.items[0:1].name}", "a");
        check("{.items[?(@.name==\"b\")].n}", "2");
        check("{.items[?(@.on)].name}", "a");
        check("{range .items[*]}{.name}={.n}{\"\\n\"}{end}", "a=1\nb=2\n");
        check("{..name}", "a b x");
    }

    #[test]
    fn an_index_beyond_the_end_is_an_error() {
        let template = Template::parse("{.list[3]}").unwrap();
        assert!(template.print(&json!({"list": []})).is_err());
    }
}
