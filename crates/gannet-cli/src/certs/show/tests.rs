//! The reports of `show`, on certificates made here.
