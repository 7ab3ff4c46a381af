//! What a macro would evaluate anew for each item, though it is always the same, is marked, to be evaluated once.
//!
//! `this.names.all(name, this.ages[name] > 17)` reads `this.ages`, a map, for each name. It is the peer who decides how many names
//! there are and how large the map is, and the two must not be multiplied. Not here: the evaluation (`evaluate.rs`).

use std::collections::BTreeSet;
use std::mem;

use gannet_cel::Value;

use crate::tree::Expr;

/// Marks what is the same for each item, and says how many such parts are the same for all of an evaluation.
pub(crate) fn mark(root: &mut Expr) -> usize {
    let mut frames = Frames(vec![0]);
    frames.mark(root);
    frames.0.pop().unwrap_or_default()
}

/// How many results are kept: first for the whole evaluation, then, for each macro around the place that is looked at, from the
/// outermost on, for an item of it. An index here is a frame.
struct Frames(Vec<usize>);

/// The macros whose variables an expression takes, as frames.
type Used = BTreeSet<usize>;

/// The frame that an expression stays the same in.
fn frame_of(used: &Used) -> usize {
    used.last().copied().unwrap_or_default()
}

impl Frames {
    /// The frame of the innermost macro.
    fn innermost(&self) -> usize {
        self.0.len() - 1
    }

    fn mark(&mut self, expr: &mut Expr) -> Used {
        match expr {
            Expr::Local(between) => Used::from([self.innermost().saturating_sub(*between)]),
            Expr::Macro { range, filter, body, kept, .. } => {
                let of_range = self.mark(range);
                self.0.push(0);
                let mut of_items = Used::new();
                for part in filter.iter_mut().chain([body]) {
                    let used = self.mark(part);
                    self.keep(part, &used);
                    of_items.extend(used);
                }
                of_items.remove(&self.innermost());
                *kept = self.0.pop().unwrap_or_default();
                let used = &of_items | &of_range;
                if frame_of(&used) == self.innermost() {
                    self.keep(range, &of_range);
                }
                used
            }
            other => {
                let mut parts = other.parts();
                let each: Vec<Used> = parts.iter_mut().map(|part| self.mark(part)).collect();
                let used: Used = each.iter().flatten().copied().collect();
                // Else the whole is the same for each item, and kept, if not something larger.
                if frame_of(&used) == self.innermost() {
                    for (part, used) in parts.into_iter().zip(&each) {
                        self.keep(part, used);
                    }
                }
                used
            }
        }
    }

    /// Has the result of an expression kept, if it is the same for each item of the innermost macro.
    fn keep(&mut self, expr: &mut Expr, used: &Used) {
        let is_there = matches!(
            expr,
            Expr::Constant(_) | Expr::Variable(_) | Expr::Local(_) | Expr::Qualified(_) | Expr::Kept { .. }
        );
        let (innermost, frame) = (self.innermost(), frame_of(used));
        let Some(count) = self.0.get_mut(frame).filter(|_| frame < innermost && !is_there) else { return };
        let place = *count;
        *count += 1;
        let inner = Box::new(mem::replace(expr, Expr::Constant(Value::Null)));
        *expr = Expr::Kept { between: (frame > 0).then(|| innermost - frame), place, inner };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// How many results are kept for the evaluation, and for an item of each macro, in the order in which macros end.
    fn kept(source: &str) -> (usize, Vec<usize>) {
        fn of_macros(expr: &mut Expr, counts: &mut Vec<usize>) {
            if let Expr::Macro { range, filter, body, kept, .. } = expr {
                for part in [range].into_iter().chain(filter).chain([body]) {
                    of_macros(part, counts);
                }
                counts.push(*kept);
            }
            for part in expr.parts() {
                of_macros(part, counts);
            }
        }
        let mut root = parse(source, None).unwrap();
        let count = mark(&mut root);
        let mut counts = Vec::new();
        of_macros(&mut root, &mut counts);
        (count, counts)
    }

    #[test]
    fn what_is_the_same_for_each_item_is_kept() {
        assert_eq!(kept("this.map[this.name] == this.other"), (0, vec![]), "nothing is repeated");
        assert_eq!(kept("this.names.all(name, this.ages[name] > 17)"), (1, vec![0]));
        assert_eq!(kept("this.names.all(name, name.startsWith(this.a + this.b))"), (1, vec![0]), "as one");
        assert_eq!(kept("this.names.exists(name, this.a.b == 'x')"), (1, vec![0]), "the body as a whole");
        assert_eq!(
            kept("this.all(name, name == 'a' || name == this)"),
            (0, vec![0]),
            "names and constants are there"
        );
        assert_eq!(kept("this.map(x, x > this.a, x + this.b)"), (2, vec![0]), "in filters too");
    }

    #[test]
    fn what_is_the_same_for_the_items_of_an_inner_macro_is_kept_for_an_item_of_the_outer_one() {
        assert_eq!(kept("this.a.all(x, x.b.all(y, x.c[y] == this.d))"), (1, vec![0, 1]));
        assert_eq!(kept("this.a.all(x, this.b.all(y, y == x))"), (1, vec![0, 0]), "the inner range");
        assert_eq!(
            kept("this.a.all(x, this.b.all(y, y == this.c))"),
            (2, vec![0, 0]),
            "the inner macro, within it its part"
        );
    }
}
