//! Standard and predefined rules: what the rule's own field says of it in CEL, with its value filled in.

use buffa_descriptor::FieldDescriptor;
use buffa_descriptor::reflect::DynamicMessage;
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
        for (rule, name) in options::set_rules(self.schema, rules) {
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
}
