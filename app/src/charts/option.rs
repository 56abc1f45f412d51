//! From a charming chart to an ECharts option: what charming cannot say is merged in as JSON.

use charming::component::{Axis, Grid, VisualMap};
use charming::element::Tooltip;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A chart out of charming's parts. Charming's own `Chart` knows every kind of series there is, and with it the browser
/// would load them all.
#[derive(Debug, Default)]
pub(super) struct Chart {
    parts: Map<String, Value>,
    series: Vec<Value>,
}

impl Chart {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn animation(self, is: bool) -> Self {
        self.with("animation", &is)
    }

    pub(super) fn grid(self, grid: &Grid) -> Self {
        self.with("grid", grid)
    }

    pub(super) fn x_axis(self, axis: &Axis) -> Self {
        self.with("xAxis", axis)
    }

    pub(super) fn y_axis(self, axis: &Axis) -> Self {
        self.with("yAxis", axis)
    }

    pub(super) fn tooltip(self, tooltip: &Tooltip) -> Self {
        self.with("tooltip", tooltip)
    }

    pub(super) fn visual_map(self, map: &VisualMap) -> Self {
        self.with("visualMap", map)
    }

    pub(super) fn series(mut self, series: &impl Serialize) -> Self {
        self.series.push(plain(series));
        self
    }

    fn with(mut self, name: &str, part: &impl Serialize) -> Self {
        self.parts.insert(name.to_owned(), plain(part));
        self
    }
}

/// What charming builds is plain data and can always be written.
fn plain(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// The chart as JSON, with `patches` merged into its series, in order.
pub(super) fn option(chart: Chart, patches: impl IntoIterator<Item = Value>) -> Value {
    let mut option = Value::Object(chart.parts);
    merge(
        &mut option,
        json!({
            "textStyle": { "fontFamily": "$font" },
            "toolbox": { "show": false },
            "tooltip": {
                "className": "tip",
                "transitionDuration": 0,
                "textStyle": { "color": "$text", "fontSize": 12 },
                "axisPointer": { "shadowStyle": { "color": "$shade", "opacity": 1 } },
            },
            // the figure around the canvas says it in words
            "aria": { "enabled": false },
        }),
    );
    option["series"] = Value::Array(chart.series);
    for axis in ["xAxis", "yAxis"] {
        merge(&mut option[axis], json!({ "axisLabel": { "hideOverlap": true } }));
    }
    // charming knows only the stepped colours of a gauge's line
    merge(&mut option["xAxis"], json!({ "axisLine": { "lineStyle": { "color": "$line" } } }));
    for (place, patch) in patches.into_iter().enumerate() {
        merge(&mut option["series"][place], patch);
    }
    option
}

/// Merges objects key by key; anything else is replaced.
pub(super) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Every text `$name` as what `resolve` makes of `name`.
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers know the colours"))]
pub(super) fn resolve_tokens(option: &mut Value, resolve: &impl Fn(&str) -> String) {
    match option {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('$') {
                *text = resolve(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_tokens(item, resolve)),
        Value::Object(fields) => fields.values_mut().for_each(|field| resolve_tokens(field, resolve)),
        _ => {}
    }
}

/// Leaves every so many of the axis' labels, so that at most `room` of them remain; a day's name rather than a time.
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers know the width"))]
pub(super) fn thin_out(labels: &mut Value, room: usize) {
    let Some(labels) = labels.as_array_mut() else { return };
    let named = |label: &Value| label.as_str().is_some_and(|label| !label.is_empty());
    let places: Vec<usize> = (0..labels.len()).filter(|place| named(&labels[*place])).collect();
    let stride = places.len().div_ceil(room.max(1)).max(1);
    let is_day = |place: &usize| labels[*place].as_str().is_some_and(|label| label.contains(' '));
    let keep = places.iter().position(is_day).unwrap_or(0) % stride;
    for (n, place) in places.into_iter().enumerate() {
        if n % stride != keep {
            labels[place] = json!("");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_reach_into_objects_and_replace_the_rest() {
        let mut option = json!({ "a": { "b": 1, "c": [1, 2] } });
        merge(&mut option, json!({ "a": { "c": [3], "d": true }, "e": null }));
        assert_eq!(option, json!({ "a": { "b": 1, "c": [3], "d": true }, "e": null }));
    }

    #[test]
    fn labels_are_thinned_out_around_the_days_name() {
        let all = json!(["18:00", "", "21:00", "23 Nov", "03:00", "", "06:00"]);
        let mut few = all.clone();
        thin_out(&mut few, 3);
        assert_eq!(few, json!(["18:00", "", "", "23 Nov", "", "", "06:00"]));
        let mut same = all.clone();
        thin_out(&mut same, 9);
        assert_eq!(same, all);
        let mut none = all;
        thin_out(&mut none, 0);
        assert_eq!(none, json!(["", "", "", "23 Nov", "", "", ""]));
    }

    #[test]
    fn a_chart_without_series_says_so() {
        assert_eq!(option(Chart::new(), [])["series"], json!([]));
    }

    #[test]
    fn tokens_are_resolved_wherever_they_stand() {
        let mut option =
            json!({ "color": "$line", "deep": [{ "color": "$p95" }], "text": "$", "plain": "red" });
        resolve_tokens(&mut option, &|name| format!("<{name}>"));
        assert_eq!(
            option,
            json!({ "color": "<line>", "deep": [{ "color": "<p95>" }], "text": "<>", "plain": "red" })
        );
    }
}
