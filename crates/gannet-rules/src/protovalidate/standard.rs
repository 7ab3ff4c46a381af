//! Standard and predefined rules: what the rule's own field says of it in CEL, with its value filled in.

use buffa_descriptor::FieldDescriptor;
use buffa_descriptor::reflect::DynamicMessage;
use proc_macro2::TokenStream;

use super::Body;
use super::options;
use super::table::Element;
use super::value::Target;

impl Body<'_> {
    /// The checks that typed rules, such as `StringRules`, ask for: one per rule that is set.
    pub(super) fn standard(
        &mut self,
        typed: &FieldDescriptor,
        rules: &DynamicMessage,
        target: &Target<'_>,
    ) -> TokenStream {
        let mut checks = TokenStream::new();
        for (rule, name) in options::set_rules(self.schema, rules) {
            let short = format!("{}.{}", typed.name(), rule.name());
            let expressions = match options::predefined(self.schema, &rule, &target.place) {
                Ok(expressions) => expressions,
                Err(error) => {
                    checks.extend(self.fault(error));
                    continue;
                }
            };
            let mut path = target.prefix.to_vec();
            path.push(Element::of(typed));
            path.push(match &name {
                Some(name) => Element::of_extension(&rule, name),
                None => Element::of(&rule),
            });
            for expression in &expressions {
                checks.extend(self.cel(expression, &short, target, &path, Some((rules, &rule))));
            }
        }
        checks
    }
}
