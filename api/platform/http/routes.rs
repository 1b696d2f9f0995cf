//! Routes: from a path to its operations, a look-up a segment, however many operations there are. Tried one after another,
//! as patterns, they took a fifth of the service's time.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::Method;

use super::Operation;

/// All paths.
#[derive(Default)]
pub struct Routes {
    root: Node,
}

/// A segment of paths.
#[derive(Default)]
struct Node {
    fixed: HashMap<String, Node>,
    /// Parts that the caller names, by what follows in the segment: `:void`.
    named: HashMap<String, Named>,
    resource: Option<Resource>,
}

/// A part of a path that the caller names.
struct Named {
    name: String,
    node: Node,
}

/// Operations of a path, by method.
#[derive(Default)]
pub struct Resource {
    operations: Vec<Arc<Operation>>,
}

/// Values that a caller named in a path, by name.
#[derive(Clone, Default)]
pub struct PathValues(Vec<(String, String)>);

impl Routes {
    /// The routes of these operations.
    pub fn of(operations: &[Arc<Operation>]) -> Self {
        let mut routes = Self::default();
        for operation in operations {
            let node = segments(&operation.path).fold(&mut routes.root, Node::below);
            node.resource.get_or_insert_default().operations.push(Arc::clone(operation));
        }
        routes
    }

    /// The resource at a path, and what is named in it.
    pub fn find(&self, path: &str) -> Option<(&Resource, PathValues)> {
        let mut values = PathValues::default();
        let mut node = &self.root;
        for segment in segments(path) {
            node = match node.fixed.get(segment) {
                Some(node) => node,
                None => node.named(segment, &mut values)?,
            };
        }
        Some((node.resource.as_ref()?, values))
    }
}

impl Resource {
    /// The operation of a method. Whoever may GET may ask for the head alone (RFC 9110, 9.3.2); the HTTP layer leaves the
    /// body out. Where the head tells something else, as how far an upload is, it is an operation of its own.
    pub fn operation(&self, method: &Method) -> Option<&Arc<Operation>> {
        let of_method = |method: &Method| self.operations.iter().find(|operation| operation.method == *method);
        of_method(method).or_else(|| of_method(&Method::GET).filter(|_| *method == Method::HEAD))
    }

    /// The methods that there are, as `Allow` lists them.
    pub fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.operations.iter().map(|operation| operation.method.as_str()).collect();
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods.join(", ")
    }
}

impl PathValues {
    /// Value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Node {
    /// The node of a segment of an operation's path, made where there is none.
    fn below(&mut self, segment: &str) -> &mut Self {
        match segment.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, verb)) => {
                let named = self.named.entry(verb.to_owned());
                &mut named.or_insert_with(|| Named { name: name.to_owned(), node: Self::default() }).node
            }
            None => self.fixed.entry(segment.to_owned()).or_default(),
        }
    }

    /// The node of a segment of a caller's.
    fn named(&self, segment: &str, values: &mut PathValues) -> Option<&Self> {
        let verb = segment.find(':').map(|at| segment.split_at(at));
        let (value, verb) = verb.filter(|(_, verb)| self.named.contains_key(*verb)).unwrap_or((segment, ""));
        let named = self.named.get(verb)?;
        // An id has no colon: what follows one is a verb, and this one isn't there.
        if value.is_empty() || value.contains(':') {
            return None;
        }
        values.0.push((named.name.clone(), value.to_owned()));
        Some(&named.node)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}
