//! The shape of the API types: their fields in Go's order, what Go calls their types, and how their lists merge.
//!
//! One table of facts ([`Schema`]) and one walker over it (`shape`) take the place of a decoder for each type: strict
//! decoding, Go's type errors, strategic merge patches and defaults all read the same table.

mod instant;
mod internal;
mod shape;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::object::Kind;

pub(crate) use instant::unix_seconds;
pub use internal::{internal_json, spec_diff};
pub use shape::{Found, Misfit, Shaped, Wanted, shape};

const TABLE: &str = include_str!("schema/types.txt");

/// The table, read once.
#[derive(Debug)]
pub struct Schema {
    structs: Vec<Struct>,
    by_name: BTreeMap<&'static str, usize>,
}

/// A struct of the API.
#[derive(Debug)]
pub struct Struct {
    /// As Go calls it: `PodSpec`.
    pub name: &'static str,
    /// Its fields, in Go's order.
    pub fields: Vec<Field>,
    /// The same, by name.
    by_name: BTreeMap<&'static str, usize>,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// As JSON spells it.
    pub name: &'static str,
    /// Its type.
    pub shape: Type,
    /// Its type as the table spells it.
    spelled: &'static str,
    /// When Go leaves it out.
    pub left_out: LeftOut,
    /// How a strategic patch treats it.
    pub merge: Merge,
    /// Whether a strategic patch names the keys to keep, and drops the others (`patchStrategy: retainKeys`).
    pub retain_keys: bool,
}

/// When Go leaves a field out of its JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// Never.
    Never,
    /// `omitempty`: when it is the empty value of its type; a struct that is no pointer never is.
    Empty,
    /// `omitzero`: when it is the zero value, a struct included.
    Zero,
}

/// How a strategic patch treats a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Objects merge, lists are replaced.
    Plain,
    /// A list of scalars that merges as a set.
    Set,
    /// A list of objects that merges by that field.
    By(&'static str),
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// An object with the fields of that struct.
    Struct(usize),
    /// A list.
    List(Box<Type>),
    /// An object with any keys.
    Map(Box<Type>),
    /// A pointer: null is not the empty value.
    Pointer(Box<Type>),
    /// A text.
    String,
    /// A whole number.
    Int32,
    /// A whole number.
    Int64,
    /// `true` or `false`.
    Bool,
    /// A text in base64.
    Bytes,
    /// `500m`
    Quantity,
    /// A number or a text.
    IntOrString,
    /// An instant in RFC 3339; `MicroTime` too.
    Time,
    /// Anything.
    Any,
}

impl Schema {
    /// The table.
    pub fn get() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(Self::read)
    }

    fn read() -> Self {
        let lines = || TABLE.lines().filter(|line| !line.starts_with('#'));
        let mut by_name = BTreeMap::new();
        let mut aliases = BTreeMap::new();
        for line in lines().filter(|line| !line.starts_with(' ')) {
            match line.split_once(" = ") {
                Some((name, of)) => drop(aliases.insert(name, of)),
                None => drop(by_name.insert(line, by_name.len())),
            }
        }
        let mut schema = Self { structs: Vec::with_capacity(by_name.len()), by_name };
        for line in lines() {
            if let Some(field) = line.strip_prefix(' ') {
                let field = schema.field(field, &aliases);
                let last = schema.structs.last_mut().expect("a struct begins before its fields");
                last.by_name.insert(field.name, last.fields.len());
                last.fields.push(field);
            } else if !line.contains(" = ") {
                schema.structs.push(Struct {
                    name: line,
                    fields: Vec::new(),
                    by_name: BTreeMap::new(),
                });
            }
        }
        schema
    }

    fn field(&self, line: &'static str, aliases: &BTreeMap<&'static str, &'static str>) -> Field {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let spelled = words.next().unwrap_or_default();
        let mut merge = Merge::Plain;
        let mut retain_keys = false;
        for strategy in words.next().into_iter().flat_map(|all| all.split(',')) {
            match strategy.split_once('=') {
                Some((what, key)) => {
                    retain_keys |= what == "r";
                    merge = Merge::By(key);
                }
                None if strategy == "m" => merge = Merge::Set,
                None => retain_keys = true,
            }
        }
        let (name, left_out) = match name.split_once('?') {
            None => (name, LeftOut::Never),
            Some((name, "")) => (name, LeftOut::Empty),
            Some((name, _)) => (name, LeftOut::Zero),
        };
        Field {
            name,
            shape: self.shape_of(spelled, aliases),
            spelled,
            left_out,
            merge,
            retain_keys,
        }
    }

    fn shape_of(
        &self,
        spelled: &'static str,
        aliases: &BTreeMap<&'static str, &'static str>,
    ) -> Type {
        let inner = |of| Box::new(self.shape_of(of, aliases));
        if spelled == "[]byte" {
            return Type::Bytes;
        }
        if let Some(of) = spelled.strip_prefix('*') {
            return Type::Pointer(inner(of));
        }
        if let Some(of) = spelled.strip_prefix("[]") {
            return Type::List(inner(of));
        }
        if let Some((_, of)) = spelled.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            return Type::Map(inner(of));
        }
        match spelled {
            "string" | "Duration" => Type::String,
            "int32" => Type::Int32,
            "int64" => Type::Int64,
            "bool" => Type::Bool,
            "Quantity" => Type::Quantity,
            "IntOrString" => Type::IntOrString,
            "Time" | "MicroTime" => Type::Time,
            "FieldsV1" | "Any" => Type::Any,
            name => match (self.by_name.get(name), aliases.get(name)) {
                (Some(index), _) => Type::Struct(*index),
                (None, Some(of)) => self.shape_of(of, aliases),
                (None, None) => panic!("the table names `{name}` and does not have it"),
            },
        }
    }

    /// The struct of that index.
    pub fn at(&self, index: usize) -> &Struct {
        &self.structs[index]
    }

    /// The struct of that name.
    pub fn named(&self, name: &str) -> Option<&Struct> {
        self.by_name.get(name).map(|index| &self.structs[*index])
    }

    /// The struct that objects of a kind consist of; none for kinds that are only kept.
    pub fn of(&self, kind: Kind) -> Option<&Struct> {
        self.named(match kind {
            Kind::Role => "AckRole",
            Kind::Repository => "AckRepository",
            kind => kind.name(),
        })
    }
}

impl Struct {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).map(|index| &self.fields[*index])
    }
}

impl Field {
    /// Its type as Go prints it, `[]v1.LocalObjectReference`; of the items, when so many lists and maps around them are
    /// taken off. Pointers are not printed.
    pub fn go_type(&self, taken_off: usize) -> String {
        let mut rest = self.spelled;
        for _ in 0..taken_off {
            rest = rest.trim_start_matches('*');
            rest = rest
                .strip_prefix("[]")
                .or_else(|| rest.split_once(']').map(|(_, of)| of))
                .unwrap_or(rest);
        }
        go_name(rest.trim_start_matches('*'))
    }
}

fn go_name(spelled: &str) -> String {
    for prefix in ["[]", "*"] {
        if let Some(of) = spelled.strip_prefix(prefix) {
            return format!("{prefix}{}", go_name(of));
        }
    }
    if let Some((key, of)) = spelled.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return format!("map[{}]{}", go_name(key), go_name(of));
    }
    match spelled {
        "string" | "int32" | "int64" | "bool" => spelled.to_owned(),
        "byte" => "uint8".to_owned(),
        "Quantity" => "resource.Quantity".to_owned(),
        "IntOrString" => "intstr.IntOrString".to_owned(),
        "UID" => "types.UID".to_owned(),
        name => format!("v1.{}", name.strip_prefix("Ack").unwrap_or(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_table_is_read() {
        let schema = Schema::get();
        let lines = TABLE.lines().filter(|line| line.starts_with(' ')).count();
        let fields: usize = schema.structs.iter().map(|one| one.fields.len()).sum();
        assert_eq!(fields, lines);
        assert!(lines > 800);
    }

    #[test]
    fn facts_that_matter() {
        let field = |name: &str, field: &str| {
            let found = Schema::get().named(name).and_then(|one| one.field(field)).expect(field);
            (found.go_type(0), found.merge, found.retain_keys)
        };
        let check = |name, of, go: &str, merge, retain_keys| {
            assert_eq!(field(name, of), (go.to_owned(), merge, retain_keys));
        };
        check("PodSpec", "imagePullSecrets", "[]v1.LocalObjectReference", Merge::By("name"), false);
        check(
            "ServiceAccount",
            "imagePullSecrets",
            "[]v1.LocalObjectReference",
            Merge::Plain,
            false,
        );
        check("PodSpec", "volumes", "[]v1.Volume", Merge::By("name"), true);
        check("DeploymentSpec", "replicas", "int32", Merge::Plain, false);
        check("DeploymentSpec", "strategy", "v1.DeploymentStrategy", Merge::Plain, true);
        check("ObjectMeta", "finalizers", "[]string", Merge::Set, false);
        check("Secret", "data", "map[string][]uint8", Merge::Plain, false);
        check("Container", "imagePullPolicy", "v1.PullPolicy", Merge::Plain, false);
        let data = Schema::get().named("Secret").and_then(|one| one.field("data")).unwrap();
        assert_eq!(data.go_type(1), "[]uint8");
    }
}
