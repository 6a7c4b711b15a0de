//! `kubectl get`: which objects, and in which form.

use serde_json::Value;

use super::Run;
use super::builder::{Found, Info, Wanted};
use super::change::place;
use super::columns;
use super::failure::{Failure, several};
use super::output::{Form, Shape, list, relaxed};
use super::resource::{Resource, printed};
use super::watch::Watch;
use crate::print::jsonpath::Template;
use crate::print::table::{Table, Widths};

const WHOLE: Wanted = Wanted { whole_types: true, local: false, latest: true, names_only: false };

impl Run<'_> {
    pub(super) fn get(&mut self) -> Result<(), Failure> {
        let words = self.flags.words.clone();
        if words.is_empty() && self.flags.values("filename").is_empty() {
            self.out.complain("You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\n");
            return Err(self.flags.usage("Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods)."));
        }
        let printer = self.flags.text("output").filter(|output| *output != "wide");
        if let Some(printer) = printer.filter(|_| self.flags.is_set("show-labels")) {
            let problem = format!("--show-labels option cannot be used with {printer} printer");
            return Err(Failure::error(&problem));
        }
        let watches = self.flags.is_set("watch") || self.flags.is_set("watch-only");
        if self.flags.is_set("output-watch-events") && !watches {
            return Err(Failure::error(
                "--output-watch-events option can only be used with --watch or --watch-only",
            ));
        }
        if watches {
            let form = self.form(true)?;
            return self.get_watching(&words, &form);
        }
        // The type of what is wanted is looked up before the form is read.
        let found = self.find(&words, WHOLE);
        let form = match &found {
            Err(_) => Form::Plain { wide: false },
            Ok(_) => self.form(true)?,
        };
        let Found { mut infos, mut failures, single } = found?;
        if self.flags.is_set("ignore-not-found") {
            failures.retain(|failure| !failure.is_not_found());
        }
        self.sort(&mut infos)?;
        if let Form::Plain { wide } = form {
            self.print_tables(&words, &infos, wide);
            if infos.is_empty() && failures.is_empty() && !self.flags.is_set("ignore-not-found") {
                self.nothing_found(&words);
            }
        } else if single {
            if let Some(info) = infos.first() {
                self.print_one(&form, &info.object, Shape::AsItIs)?;
            }
        } else if !infos.is_empty() || failures.is_empty() {
            let items = infos.into_iter().map(|info| info.object).collect();
            self.print_one(&form, &list(items), Shape::AsItIs)?;
        }
        several(failures)
    }

    fn nothing_found(&mut self, words: &[String]) {
        let kinds = words.first().map_or("", String::as_str);
        let cluster_wide = kinds
            .split(',')
            .any(|kind| Resource::named(kind).is_some_and(|resource| !resource.namespaced));
        if cluster_wide || self.flags.is_set("all-namespaces") {
            self.out.complain("No resources found");
        } else {
            let namespace = self.namespace();
            self.out.complain(&format!("No resources found in {namespace} namespace."));
        }
    }

    /// One table for each type, in the order of first appearance.
    fn print_tables(&mut self, words: &[String], infos: &[Info], wide: bool) {
        let mut groups: Vec<(&'static Resource, Vec<&Value>)> = Vec::new();
        for info in infos {
            // Types that follow one another share a table.
            match groups.last_mut() {
                Some((known, group)) if *known == info.resource() => group.push(&info.object),
                _ => groups.push((info.resource(), vec![&info.object])),
            }
        }
        let several = words.first().is_some_and(|kinds| names_several(kinds));
        let with_kind = groups.len() > 1 || several || self.flags.is_set("show-kind");
        for (index, (resource, group)) in groups.iter().enumerate() {
            if index > 0 && !self.flags.is_set("no-headers") {
                self.out.stdout.push('\n');
            }
            let mut table = self.table(resource, wide);
            for object in group {
                table.rows.push(self.row(resource, object, wide, with_kind));
            }
            let headers = !self.flags.is_set("no-headers");
            let text = table.print(headers, &mut Widths::default());
            self.out.stdout.push_str(&text);
        }
    }

    fn table(&self, resource: &Resource, wide: bool) -> Table {
        let mut headers: Vec<String> = Vec::new();
        if self.flags.is_set("all-namespaces") && resource.namespaced {
            headers.push("NAMESPACE".to_owned());
        }
        let speaks = self.host.client().speaks;
        headers.extend(columns::headers(resource, wide, speaks).into_iter().map(str::to_owned));
        for key in self.flags.list("label-columns") {
            headers.push(key.rsplit('/').next().unwrap_or(&key).to_uppercase());
        }
        if self.flags.is_set("show-labels") {
            headers.push("LABELS".to_owned());
        }
        Table { headers, rows: Vec::new() }
    }

    fn row(&self, resource: &Resource, object: &Value, wide: bool, with_kind: bool) -> Vec<String> {
        let mut row = Vec::new();
        if self.flags.is_set("all-namespaces") && resource.namespaced {
            row.push(place(object).0);
        }
        let (now, speaks) = (self.host.unix_millis(), self.host.client().speaks);
        let mut cells = columns::cells(resource, object, wide, now, speaks);
        if with_kind && resource.kind != "Event" {
            cells[0] = printed(object);
        }
        row.extend(cells);
        let labels = &object["metadata"]["labels"];
        for key in self.flags.list("label-columns") {
            row.push(labels[&key].as_str().unwrap_or_default().to_owned());
        }
        if self.flags.is_set("show-labels") {
            row.push(columns::pairs(labels));
        }
        row
    }

    fn sort(&self, infos: &mut [Info]) -> Result<(), Failure> {
        let Some(path) = self.flags.text("sort-by") else { return Ok(()) };
        let path = relaxed(path).unwrap_or_else(|_| path.to_owned());
        let template = Template::parse(&path)
            .map_err(|error| Failure::error(&format!("sorting error: {error}")))?;
        let keys: Vec<Option<Value>> =
            infos.iter().map(|info| template.find(&info.object).into_iter().next()).collect();
        if !infos.is_empty() && keys.iter().all(Option::is_none) {
            return Err(Failure::error(&format!(
                "couldn't find any field with path \"{path}\" in the list of objects"
            )));
        }
        let mut order: Vec<usize> = (0..infos.len()).collect();
        // Go sorts up to a dozen by insertion, and by what is not there the wrong way round.
        for end in 1..order.len() {
            let mut at = end;
            while at > 0 && is_less(keys[order[at]].as_ref(), keys[order[at - 1]].as_ref()) {
                order.swap(at, at - 1);
                at -= 1;
            }
        }
        let sorted: Vec<Info> = order.into_iter().map(|index| infos[index].clone()).collect();
        infos.clone_from_slice(&sorted);
        Ok(())
    }

    /// The first list, then a row for every change, until somebody interrupts.
    fn get_watching(&mut self, words: &[String], form: &Form) -> Result<(), Failure> {
        let wanted = WHOLE;
        let Found { infos, failures, .. } = self.find(words, wanted)?;
        several(failures)?;
        let Some(resource) = infos.first().map(Info::resource).or_else(|| {
            words.first().and_then(|kind| Resource::named(kind.split('/').next().unwrap_or(kind)))
        }) else {
            return Ok(());
        };
        if infos.iter().any(|info| info.resource() != resource)
            || words.first().is_some_and(|kinds| kinds.contains(','))
        {
            return Err(Failure::error(
                "watch is only supported on individual resources and resource collections - more than 1 resource was found",
            ));
        }
        let with_events = self.flags.is_set("output-watch-events");
        let mut widths = Widths::default();
        let mut headers = !self.flags.is_set("no-headers");
        let mut watch = Watch::from(&infos);
        let firsts = infos.into_iter().map(|info| ("ADDED", info.object)).collect::<Vec<_>>();
        let mut changes = if self.flags.is_set("watch-only") { Vec::new() } else { firsts };
        loop {
            if let Form::Plain { wide } = *form {
                if !changes.is_empty() {
                    let mut table = self.table(resource, wide);
                    if with_events {
                        table.headers.insert(0, "EVENT".to_owned());
                    }
                    for (event, object) in &changes {
                        let mut row = self.row(resource, object, wide, false);
                        if with_events {
                            row.insert(0, format!("{event:<8}"));
                        }
                        table.rows.push(row);
                    }
                    let text = table.print(headers, &mut widths);
                    self.out.stdout.push_str(&text);
                    headers = false;
                }
            } else {
                for (_, object) in &changes {
                    self.print_one(form, object, Shape::AsItIs)?;
                }
            }
            match self.next_changes(&mut watch, resource, words)? {
                Some(more) => changes = more,
                None => return Ok(()),
            }
        }
    }
}

/// Whether a word before names asks for objects of more than one type, whether there are any or not.
fn names_several(kinds: &str) -> bool {
    let mut types = kinds.split(',').map(Resource::named);
    let first = types.next().flatten();
    kinds.split(',').any(|kind| kind == "all") || types.any(|other| other != first)
}

/// K pkg/cmd/get/sorter.go isLess: what is absent comes first, amounts compare as amounts.
fn is_less(one: Option<&Value>, other: Option<&Value>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() };
    match (one, other) {
        (Value::Null, other) => !other.is_null(),
        (_, Value::Null) => false,
        (Value::Number(one), Value::Number(other)) => one.as_f64() < other.as_f64(),
        (Value::String(one), Value::String(other)) => match (amount(one), amount(other)) {
            (Some(one), Some(other)) => one < other,
            _ => one < other,
        },
        _ => false,
    }
}

/// A quantity: `10`, `500m`, `2Gi`.
fn amount(text: &str) -> Option<f64> {
    let end = text.find(|one: char| !(one.is_ascii_digit() || matches!(one, '.' | '-' | '+')));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor = match unit {
        "" => 1.0,
        "m" => 0.001,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}
