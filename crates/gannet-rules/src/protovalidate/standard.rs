//! Standard and predefined rules: what the rule's own field says of it in CEL, with its value filled in.

use buffa_descriptor::reflect::{DynamicMessage, ReflectMessage as _};
use buffa_descriptor::{FieldDescriptor, MessageDescriptor};
use proc_macro2::TokenStream;

use super::Body;
use super::options;
use super::table::Element;
use super::value::Spot;
use crate::cel::{Code, Environment, Type, check, constant};
use crate::{Error, Place};

impl Body<'_> {
    /// The checks that typed rules, such as `StringRules`, ask for: one per rule that is set.
    #[allow(clippy::too_many_arguments, reason = "they say together what a violation is about")]
    pub(super) fn standard(
        &mut self,
        typed: &FieldDescriptor,
        rules: &DynamicMessage,
        ty: &Type,
        this: &Code,
        field: &[Element],
        prefix: &[Element],
        spot: &Spot,
        place: &Place,
    ) -> TokenStream {
        let mut checks = TokenStream::new();
        for (rule, name) in self.set_rules(rules) {
            let short = format!("{}.{}", typed.name(), rule.name());
            let expressions = match options::predefined(self.schema, &rule, place) {
                Ok(expressions) => expressions,
                Err(error) => {
                    checks.extend(self.fault(error));
                    continue;
                }
            };
            let mut path = prefix.to_vec();
            path.push(Element::of(typed));
            path.push(match &name {
                Some(name) => Element::of_extension(&rule, name),
                None => Element::of(&rule),
            });
            for expression in &expressions {
                let environment = Environment {
                    pool: self.schema.pool(),
                    this: Some(ty.clone()),
                    rule: Some(constant(rules, &rule)),
                    rules: Some(rules),
                };
                let written = check(&expression.expression, &environment)
                    .and_then(|node| self.outcome(expression, &node, this, field, &path, spot));
                checks.extend(match written {
                    Ok(written) => written,
                    Err(text) => self.fault(Error::new(place.clone(), text).of_rule(&*short)),
                });
            }
        }
        checks
    }

    /// The rules that are set, in the order of their numbers, and the full names of those that are extensions.
    fn set_rules(&self, rules: &DynamicMessage) -> Vec<(FieldDescriptor, Option<String>)> {
        let descriptor: &MessageDescriptor = rules.message_descriptor();
        let own = descriptor.fields().iter().map(|field| (field.clone(), None));
        let pool = self.schema.pool();
        let extensions = pool
            .message_index(descriptor.full_name())
            .into_iter()
            .flat_map(|index| pool.extensions_of(index))
            .map(|extension| (extension.field().clone(), Some(extension.full_name().to_owned())));
        let mut set: Vec<(FieldDescriptor, Option<String>)> = own
            .chain(extensions)
            .filter(|(field, _)| rules.field_by_number(field.number()).is_some())
            .collect();
        set.sort_by_key(|(field, _)| field.number());
        set
    }
}
