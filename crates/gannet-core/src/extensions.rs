//! Values by type, attached to a request by interceptors for handlers.

use std::any::{Any, TypeId, type_name};
use std::fmt;

/// At most one value of each type, such as the caller's identity that an interceptor found.
///
/// One pointer wide; an empty one has no allocation. Look-ups are linear, which is fastest for the handful of values a
/// request carries.
///
/// ```
/// use gannet_core::Extensions;
///
/// #[derive(Debug, PartialEq)]
/// struct Tenant(u32);
///
/// let mut extensions = Extensions::new();
/// extensions.insert(Tenant(7));
/// assert_eq!(extensions.get::<Tenant>(), Some(&Tenant(7)));
/// assert_eq!(extensions.remove::<Tenant>(), Some(Tenant(7)));
/// assert!(extensions.is_empty());
/// ```
#[derive(Default)]
pub struct Extensions(Option<Box<Entries>>);

#[derive(Default)]
struct Entries(Vec<Entry>);

struct Entry {
    of: TypeId,
    name: &'static str,
    value: Box<dyn Any + Send + Sync>,
}

impl Extensions {
    /// None yet.
    #[inline]
    pub const fn new() -> Self {
        Self(None)
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_ref().map_or(&[], |entries| &entries.0)
    }

    /// Puts a value in; gives back the one of the same type that was there.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        let replaced = self.remove();
        let entry = Entry { of: TypeId::of::<T>(), name: type_name::<T>(), value: Box::new(value) };
        self.0.get_or_insert_default().0.push(entry);
        replaced
    }

    /// The value of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        let entry = self.entries().iter().find(|entry| entry.of == TypeId::of::<T>())?;
        entry.value.downcast_ref()
    }

    /// The value of this type, to be changed.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        let entry = self.0.as_mut()?.0.iter_mut().find(|entry| entry.of == TypeId::of::<T>())?;
        entry.value.downcast_mut()
    }

    /// Takes the value of this type out.
    pub fn remove<T: 'static>(&mut self) -> Option<T> {
        let position = self.entries().iter().position(|entry| entry.of == TypeId::of::<T>())?;
        let entry = self.0.as_mut()?.0.swap_remove(position);
        entry.value.downcast().ok().map(|value| *value)
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }
}

impl fmt::Debug for Extensions {
    /// The types only: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.entries().iter().map(|entry| entry.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_value_of_a_type_replaces_the_first() {
        let mut extensions = Extensions::new();
        assert_eq!(extensions.insert(1_u8), None);
        assert_eq!(extensions.insert("text"), None);
        assert_eq!(extensions.insert(2_u8), Some(1));
        *extensions.get_mut::<u8>().unwrap() += 1;
        assert_eq!(extensions.get::<u8>(), Some(&3));
        assert_eq!(extensions.get::<&str>(), Some(&"text"));
        assert_eq!(extensions.get::<u16>(), None);
        assert_eq!(extensions.len(), 2);
    }

    #[test]
    fn is_one_pointer_wide() {
        assert_eq!(size_of::<Extensions>(), size_of::<usize>());
    }

    #[test]
    fn debug_shows_types_and_no_values() {
        let mut extensions = Extensions::new();
        extensions.insert(String::from("secret"));
        assert_eq!(format!("{extensions:?}"), r#"{"alloc::string::String"}"#);
    }
}
