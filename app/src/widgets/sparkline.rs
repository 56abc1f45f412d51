//! A small line without axes, drawn on the server: the shape of a figure over the range.

use crate::view::IntoAny;
use leptos::prelude::*;

/// Height of the drawing in its own units; the width is one less than the number of values.
const HEIGHT: f64 = 100.0;

#[component]
pub(crate) fn Sparkline(
    /// One per slot; gaps are gaps.
    values: Vec<Option<f64>>,
    /// Names the colour.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let (line, area) = paths(&values);
    let view_box = format!("0 -4 {} {}", values.len().saturating_sub(1).max(1), HEIGHT + 8.0);
    view! {
        <svg class=format!("sparkline {class}") viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
            <path class="sparkline-area" d=area></path>
            <path class="sparkline-line" d=line></path>
        </svg>
    }
    .into_any()
}

/// The line and the area under it, from 0 to the highest value.
fn paths(values: &[Option<f64>]) -> (String, String) {
    let highest = values.iter().flatten().copied().fold(0.0, f64::max);
    let y = |value: f64| if highest > 0.0 { HEIGHT - value / highest * HEIGHT } else { HEIGHT };
    let (mut line, mut area) = (String::new(), String::new());
    let mut run: Option<usize> = None;
    for (x, value) in values.iter().enumerate() {
        match value {
            Some(value) => {
                let to = format!("{x} {:.1}", y(*value));
                if run.is_none() {
                    run = Some(x);
                    line.push_str(&format!("M{to}"));
                    area.push_str(&format!("M{x} {HEIGHT}L{to}"));
                } else {
                    line.push_str(&format!("L{to}"));
                    area.push_str(&format!("L{to}"));
                }
            }
            None => {
                close(&mut run, x, &mut line, &mut area);
            }
        }
    }
    close(&mut run, values.len(), &mut line, &mut area);
    (line, area)
}

/// Ends a run of values before the slot `end`. A run of one is a short stroke, so that it can be seen.
fn close(run: &mut Option<usize>, end: usize, line: &mut String, area: &mut String) {
    if let Some(start) = run.take() {
        if end - start == 1 {
            line.push_str("h0.01");
        }
        area.push_str(&format!("L{} {HEIGHT}Z", end - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_from_zero_to_the_highest_value() {
        let (line, area) = paths(&[Some(0.0), Some(5.0), Some(10.0)]);
        assert_eq!(line, "M0 100.0L1 50.0L2 0.0");
        assert_eq!(area, "M0 100L0 100.0L1 50.0L2 0.0L2 100Z");
    }

    #[test]
    fn gaps_part_the_line_and_a_lone_value_is_seen() {
        let (line, _) = paths(&[Some(1.0), None, Some(1.0), Some(1.0)]);
        assert_eq!(line, "M0 0.0h0.01M2 0.0L3 0.0");
        assert_eq!(paths(&[None, None]), (String::new(), String::new()));
        assert_eq!(paths(&[Some(0.0)]).0, "M0 100.0h0.01");
    }
}
