//! Lines over the slots: where nothing was counted there is a gap, and what is not complete is dashed.

use super::option::{Chart, option};
use charming::element::{ItemStyle, LineStyle, LineStyleType, Symbol};
use charming::series::Line;
use serde_json::{Value, json};

/// A line to be drawn.
pub(super) struct Stroke {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) width: f64,
    pub(super) dotted: bool,
    /// Filled down to the axis, faintly.
    pub(super) area: bool,
    /// What stands at its right end; nothing where that is empty.
    pub(super) named: String,
    /// One value per slot.
    pub(super) values: Vec<Option<f64>>,
}

/// Adds the strokes to a chart. `open_end`: the last slot is not complete, so the way there is dashed.
pub(super) fn lines(mut chart: Chart, strokes: &[Stroke], open_end: bool) -> Value {
    let mut patches = Vec::new();
    for stroke in strokes {
        let end = stroke.values.len().saturating_sub(1);
        let dashed = open_end && end > 0 && stroke.values[end].is_some() && stroke.values[end - 1].is_some();
        let (mut solid, mut tail) = (stroke.values.clone(), vec![None; stroke.values.len()]);
        if dashed {
            tail[end - 1] = solid[end - 1];
            tail[end] = solid[end].take();
        }
        chart = chart.series(&line(stroke, stroke.key.to_owned(), stroke.dotted));
        patches.push(json!({
            "data": points(&solid, dashed.then_some(end)),
            "areaStyle": stroke.area.then(|| json!({ "color": format!("${}", stroke.key), "opacity": 0.12 })),
            "endLabel": end_label(if dashed { "" } else { &stroke.named }),
            "labelLayout": { "moveOverlap": "shiftY" },
            "emphasis": { "disabled": true },
            "cursor": "default",
            "silent": true,
        }));
        if dashed {
            chart = chart.series(&line(stroke, format!("{}-open", stroke.key), true));
            patches.push(json!({
                "data": tail,
                "endLabel": end_label(&stroke.named),
                "labelLayout": { "moveOverlap": "shiftY" },
                "emphasis": { "disabled": true },
                "silent": true,
            }));
        }
    }
    option(chart, patches)
}

fn line(stroke: &Stroke, id: String, broken: bool) -> Line {
    let color = format!("${}", stroke.key);
    let kind = match (broken, stroke.dotted) {
        (false, _) => LineStyleType::Solid,
        (true, true) => LineStyleType::Dotted,
        (true, false) => LineStyleType::Dashed,
    };
    Line::new()
        .id(id)
        .name(stroke.label)
        .symbol(Symbol::None)
        .connect_nulls(false)
        .item_style(ItemStyle::new().color(color.as_str()))
        .line_style(LineStyle::new().color(color.as_str()).width(stroke.width).type_(kind))
}

fn end_label(name: &str) -> Value {
    json!({ "show": !name.is_empty(), "formatter": name, "color": "$muted", "fontSize": 11, "lineHeight": 12, "distance": 4 })
}

/// Names lines at their ends; those that end within `near` of one another share a label, at the highest of them.
pub(super) fn name_ends(strokes: &mut [Stroke], near: f64) {
    let last = |stroke: &Stroke| stroke.values.iter().rev().flatten().next().copied();
    let mut order: Vec<(usize, f64)> =
        strokes.iter().enumerate().filter_map(|(place, stroke)| Some((place, last(stroke)?))).collect();
    order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut above: Option<(usize, f64)> = None;
    for (place, end) in order {
        let name = strokes[place].label;
        match above {
            Some((named, at)) if at - end < near => {
                strokes[named].named.push('\n');
                strokes[named].named.push_str(name);
            }
            _ => {
                strokes[place].named = name.to_owned();
                above = Some((place, end));
            }
        }
    }
}

/// A value between two gaps would be invisible as a line: it is a dot. `joined`: the slot where another line goes on.
fn points(values: &[Option<f64>], joined: Option<usize>) -> Vec<Value> {
    let gap =
        |place: Option<usize>| place.and_then(|place| values.get(place)).is_none_or(|value| value.is_none());
    let point = |(place, value): (usize, &Option<f64>)| match value {
        Some(value) if gap(place.checked_sub(1)) && gap(Some(place + 1)) && joined != Some(place + 1) => {
            json!({ "value": value, "symbol": "circle", "symbolSize": 5 })
        }
        value => json!(value),
    };
    values.iter().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_end_together_share_a_label() {
        let stroke = |label, values: &[Option<f64>]| Stroke {
            key: label,
            label,
            width: 1.0,
            dotted: false,
            area: false,
            named: String::new(),
            values: values.to_vec(),
        };
        let mut strokes = [
            stroke("p50", &[Some(1.0), Some(5.0)]),
            stroke("p95", &[Some(9.0), Some(5.2), None]),
            stroke("p99", &[Some(9.0), Some(50.0)]),
            stroke("none", &[None]),
        ];
        name_ends(&mut strokes, 3.0);
        assert_eq!(strokes.each_ref().map(|stroke| stroke.named.as_str()), ["", "p95\np50", "p99", ""]);
    }

    #[test]
    fn lone_values_are_dots_and_gaps_stay_gaps() {
        let dot = |value: f64| json!({ "value": value, "symbol": "circle", "symbolSize": 5 });
        assert_eq!(points(&[Some(1.0)], None), [dot(1.0)]);
        assert_eq!(
            points(&[Some(1.0), None, Some(2.0), Some(3.0), None, Some(4.0)], None),
            [dot(1.0), Value::Null, json!(2.0), json!(3.0), Value::Null, dot(4.0)]
        );
        assert_eq!(points(&[None, Some(1.0), None], Some(2)), [Value::Null, json!(1.0), Value::Null]);
    }
}
