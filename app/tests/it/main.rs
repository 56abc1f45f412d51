//! Tests of what lies beside the code: the style sheet.

#![allow(clippy::unwrap_used)]

mod style;
