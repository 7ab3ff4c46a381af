//! What an expression does not need variables for is evaluated beforehand: once, not for each message.
//!
//! The meanings of the standard rules ask what other rules are set beside theirs (`has(rules.lt) && …`), and make the texts of
//! their violations of the rule's value; when the rule is known, little is left of most. What fails is left as it is, to fail
//! when it is evaluated, if it is. Not here: parts that depend on a message, but not on the item of a macro (`repeated.rs`).

use gannet_cel::Value;
use gannet_cel::re2::Pattern;

use crate::evaluate::Evaluation;
use crate::expression::Variables;
use crate::tree::Expr;
use crate::types::Types;

pub(crate) fn fold(expr: &mut Expr, types: &Types) {
    if let Expr::Macro { range, filter, body, .. } = expr {
        for part in [range].into_iter().chain(filter).chain([body]) {
            fold(part, types);
        }
        return;
    }
    for part in expr.parts() {
        fold(part, types);
    }
    if let Some(folded) = folded(expr, types) {
        *expr = folded;
    }
}

/// What an expression with folded parts is replaced by.
fn folded(expr: &mut Expr, types: &Types) -> Option<Expr> {
    let constant = |value: bool| Some(Expr::Constant(Value::Bool(value)));
    if let Expr::Constant(_) | Expr::Variable(_) | Expr::Local(_) | Expr::Kept { .. } = expr {
        return None;
    }
    if expr.parts().into_iter().all(|part| matches!(part, Expr::Constant(_))) {
        return Evaluation::new(types, &Variables::default(), 0).run(expr).map(Expr::Constant).ok();
    }
    match expr {
        // Either side decides, whatever becomes of the other.
        Expr::And(left, right) if is(left, false) || is(right, false) => constant(false),
        Expr::Or(left, right) if is(left, true) || is(right, true) => constant(true),
        Expr::If(condition, then, otherwise) if is(condition, true) || is(condition, false) => {
            let chosen = if is(condition, true) { then } else { otherwise };
            Some(std::mem::replace(chosen, Expr::Constant(Value::Null)))
        }
        Expr::Call(function, arguments) if function.name() == "matches" => {
            let [_, Expr::Constant(Value::String(pattern))] = arguments.as_slice() else { return None };
            let pattern = Pattern::new(pattern).ok()?;
            Some(Expr::Matches(Box::new(arguments.swap_remove(0)), pattern))
        }
        _ => None,
    }
}

fn is(expr: &Expr, wanted: bool) -> bool {
    matches!(expr, Expr::Constant(Value::Bool(value)) if *value == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// Whether nothing is left to be evaluated, and what else it is.
    fn known(source: &str) -> Option<Value> {
        let types = Types::decode(&[]).unwrap();
        let mut root = parse(source, None).unwrap();
        fold(&mut root, &types);
        match root {
            Expr::Constant(value) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn what_needs_no_variable_is_known() {
        assert_eq!(known("1 + 2 * 3"), Some(Value::Int(7)));
        assert_eq!(known("'%d and %s'.format([1, 'b'])"), Some(Value::from("1 and b")));
        assert_eq!(known("{'a': [1]}.a[0] == 1 ? '' : 'other'"), Some(Value::from("")));
        assert_eq!(known("'abc'.matches('^a.c$') && type(1) == int"), Some(Value::Bool(true)));
        assert_eq!(known("this.a + 1"), None);
        assert_eq!(known("now == now"), None);
    }

    #[test]
    fn one_side_is_enough_where_it_decides() {
        assert_eq!(known("false && this.a"), Some(Value::Bool(false)));
        assert_eq!(known("this.a > 1 && 1 == 2"), Some(Value::Bool(false)));
        assert_eq!(known("1 / 0 == 1 || true"), Some(Value::Bool(true)));
        assert_eq!(known("true ? 'a' : this.b"), Some(Value::from("a")));
        assert_eq!(known("true && this.a"), None, "which may be no condition");
    }

    #[test]
    fn what_fails_is_left_to_fail() {
        assert_eq!(known("1 / 0 == 1"), None);
        assert_eq!(known("'a'.matches('(')"), None);
        assert_eq!(known("no.such.Type"), None);
        assert_eq!(known("false ? 1 / 0 : 2"), Some(Value::Int(2)));
    }
}
