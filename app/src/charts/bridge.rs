//! The bridge to ECharts: mount, draw, and take down again.
//!
//! The rules: tooltips are DOM nodes, never HTML, because endpoint names come from outside; nothing is styled by text
//! and no text becomes code, so the page's content policy may be strict; an exception in ECharts costs a chart, never
//! the page; whoever drops a [`Canvas`] leaves nothing behind.

use super::option::{resolve_tokens, thin_out};
use super::{Drawing, Tip};
use crate::charts::bridge::echarts::Instance;
use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::{document, window};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};

mod echarts {
    use super::*;

    #[wasm_bindgen]
    extern "C" {
        pub(super) type Instance;

        #[wasm_bindgen(catch, js_namespace = echarts)]
        pub(super) fn init(element: &HtmlElement) -> Result<Instance, JsValue>;
        #[wasm_bindgen(catch, method, js_name = setOption)]
        pub(super) fn set_option(this: &Instance, option: &JsValue, how: &JsValue) -> Result<(), JsValue>;
        #[wasm_bindgen(catch, method)]
        pub(super) fn on(this: &Instance, event: &str, handler: &Function) -> Result<(), JsValue>;
        #[wasm_bindgen(catch, method, js_name = dispatchAction)]
        pub(super) fn dispatch_action(this: &Instance, action: &JsValue) -> Result<(), JsValue>;
        #[wasm_bindgen(catch, method, js_name = convertToPixel)]
        pub(super) fn convert_to_pixel(this: &Instance, finder: &JsValue, value: f64)
        -> Result<f64, JsValue>;
        #[wasm_bindgen(catch, method, js_name = convertFromPixel)]
        pub(super) fn convert_from_pixel(
            this: &Instance,
            finder: &JsValue,
            value: f64,
        ) -> Result<f64, JsValue>;
        #[wasm_bindgen(catch, method)]
        pub(super) fn resize(this: &Instance) -> Result<(), JsValue>;
        #[wasm_bindgen(catch, method)]
        pub(super) fn dispose(this: &Instance) -> Result<(), JsValue>;
    }
}

/// A chart on the page.
pub(crate) struct Canvas {
    chart: Rc<Chart>,
    observer: ResizeObserver,
    /// Kept for as long as ECharts may call them.
    _calls: [Closure<dyn Fn(JsValue)>; 2],
    _resized: Closure<dyn Fn()>,
}

struct Chart {
    element: HtmlElement,
    instance: Instance,
    tips: RefCell<Vec<Tip>>,
    /// The ids of the series that were drawn last.
    series: RefCell<Vec<String>>,
    write: Cell<fn(f64) -> String>,
    hovered: Cell<bool>,
    /// Whether its slots are the page's.
    over_time: Cell<bool>,
    /// What ECharts calls to write and to place things; handed over with each option.
    write_tip: Closure<dyn Fn(JsValue) -> JsValue>,
    write_value: Closure<dyn Fn(f64) -> String>,
    place_tip: Closure<dyn Fn(JsValue, JsValue, JsValue) -> JsValue>,
}

thread_local! {
    /// The charts of this page, for the crosshair that runs through all of them.
    static CHARTS: RefCell<Vec<Weak<Chart>>> = const { RefCell::new(Vec::new()) };
}

impl Canvas {
    /// Prepares an element of fixed height. ECharts must be [loaded](when_loaded).
    pub(crate) fn mount(element: &HtmlElement) -> Option<Self> {
        let chart = Chart::new(element)?;
        CHARTS.with_borrow_mut(|charts| {
            charts.retain(|chart| chart.strong_count() > 0);
            charts.push(Rc::downgrade(&chart));
        });

        let weak = Rc::downgrade(&chart);
        let moved = Closure::new(move |event: JsValue| {
            if let Some(chart) = weak.upgrade() {
                chart.hovered.set(true);
                chart.share_crosshair(&event);
                chart.hovered.set(false);
            }
        });
        let left = Closure::new(move |_: JsValue| for_each(Chart::hide_crosshair));
        report(chart.instance.on("updateAxisPointer", moved.as_ref().unchecked_ref()));
        report(chart.instance.on("globalout", left.as_ref().unchecked_ref()));

        let weak = Rc::downgrade(&chart);
        let resized = Closure::new(move || {
            if let Some(chart) = weak.upgrade() {
                report(chart.instance.resize());
            }
        });
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Self { chart, observer, _calls: [moved, left], _resized: resized })
    }

    /// Draws; what was drawn before and is not in the drawing disappears.
    pub(crate) fn draw(&self, drawing: Drawing) {
        let Drawing { mut option, tips, write, over_time } = drawing;
        let chart = &self.chart;
        let style =
            document().document_element().and_then(|root| window().get_computed_style(&root).ok().flatten());
        resolve_tokens(&mut option, &|token| {
            let value = style.as_ref().and_then(|style| style.get_property_value(&format!("--{token}")).ok());
            value.map(|value| value.trim().to_owned()).unwrap_or_default()
        });
        thin_out(&mut option["xAxis"]["data"], (f64::from(chart.element.client_width()) / 56.0) as usize);
        let Ok(option) = option.serialize(&serde_wasm_bindgen::Serializer::json_compatible()) else { return };
        chart.tips.replace(tips);
        chart.over_time.set(over_time);
        if let Some(write) = write {
            chart.write.set(write);
            set(&at(&option, &["yAxis", "axisLabel"]), "formatter", chart.write_value.as_ref());
        }
        set(&at(&option, &["tooltip"]), "formatter", chart.write_tip.as_ref());
        set(&at(&option, &["tooltip"]), "position", chart.place_tip.as_ref());
        // a tooltip that is open refers to the series by place and would be written anew for one that has gone
        let series = ids(&option);
        if chart.series.replace(series.clone()) != series {
            report(chart.instance.dispatch_action(&action("hideTip")));
        }
        let how = Object::new();
        set(&how, "replaceMerge", &Array::of1(&"series".into()));
        report(chart.instance.set_option(&option, &how));
    }

    /// The slot under a place of the element, in pixels from its left edge.
    pub(crate) fn slot_at(&self, x: f64) -> Option<usize> {
        let slots = self.chart.tips.borrow().len();
        let slot = self.chart.instance.convert_from_pixel(&x_axis(), x).ok()?;
        (slots > 0 && slot.is_finite()).then(|| (slot.max(0.0) as usize).min(slots - 1))
    }

    /// Left and right edge of the slots from `first` to `last`, in pixels.
    pub(crate) fn edges(&self, first: usize, last: usize) -> (f64, f64) {
        let middle = |slot: usize| self.chart.pixel(slot as f64);
        let half = (middle(1) - middle(0)).abs() / 2.0;
        (middle(first) - half, middle(last) + half)
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.observer.disconnect();
        report(self.chart.instance.dispose());
    }
}

impl Chart {
    fn new(element: &HtmlElement) -> Option<Rc<Self>> {
        let instance = echarts::init(element).ok()?;
        let chart = Rc::new_cyclic(|this: &Weak<Self>| {
            let (tip, value, place) = (this.clone(), this.clone(), this.clone());
            Self {
                element: element.clone(),
                instance,
                tips: RefCell::default(),
                series: RefCell::default(),
                write: Cell::new(|value| value.to_string()),
                hovered: Cell::new(false),
                over_time: Cell::new(true),
                write_tip: Closure::new(move |slots| {
                    let tip = tip.upgrade().and_then(|chart| chart.tip(&slots));
                    tip.map_or_else(|| JsValue::from_str(""), JsValue::from)
                }),
                write_value: Closure::new(move |number| {
                    value.upgrade().map(|chart| (chart.write.get())(number)).unwrap_or_default()
                }),
                place_tip: Closure::new(move |point: JsValue, _, tip| {
                    place.upgrade().map_or(point.clone(), |chart| chart.beside(&point, &tip))
                }),
            }
        });
        Some(chart)
    }

    /// The middle of a slot, in pixels from the left edge.
    fn pixel(&self, slot: f64) -> f64 {
        self.instance.convert_to_pixel(&x_axis(), slot).unwrap_or(0.0)
    }

    /// The tooltip; none on the charts that only follow the crosshair of another.
    fn tip(&self, slots: &JsValue) -> Option<Element> {
        if !self.element.matches(":hover").unwrap_or(false) {
            return None;
        }
        // A cell knows its slot; everything else has one value per slot.
        let of_cell = number(&at(slots, &["0", "value", "0"]));
        let slot = of_cell.or_else(|| number(&at(slots, &["0", "dataIndex"])))? as usize;
        write_tip(self.tips.borrow().get(slot)?).ok()
    }

    /// Beside the pointer, on the side that has more room; at the top, so that it covers little.
    fn beside(&self, point: &JsValue, tip: &JsValue) -> JsValue {
        let x = number(&at(point, &["0"])).unwrap_or(0.0);
        let width = tip.dyn_ref::<HtmlElement>().map_or(0.0, |tip| f64::from(tip.offset_width()));
        let room = f64::from(self.element.client_width());
        let left = if x < room / 2.0 { x + 16.0 } else { x - width - 16.0 };
        let left = left.min(room - width).max(0.0);
        Array::of2(&left.into(), &4.0.into()).into()
    }

    /// Shows the same slot on the other charts.
    fn share_crosshair(&self, event: &JsValue) {
        if !self.over_time.get() || !self.element.matches(":hover").unwrap_or(false) {
            return;
        }
        match number(&at(event, &["axesInfo", "0", "value"])) {
            Some(slot) => for_each(|chart| {
                if chart.over_time.get() && !chart.hovered.get() {
                    chart.show_crosshair(slot);
                }
            }),
            None => for_each(|chart| {
                if !chart.hovered.get() {
                    chart.hide_crosshair();
                }
            }),
        }
    }

    fn show_crosshair(&self, slot: f64) {
        let action = action("updateAxisPointer");
        set(&action, "x", &self.pixel(slot).into());
        set(&action, "y", &(f64::from(self.element.client_height()) / 2.0).into());
        report(self.instance.dispatch_action(&action));
    }

    fn hide_crosshair(&self) {
        let action = action("updateAxisPointer");
        set(&action, "currTrigger", &"leave".into());
        report(self.instance.dispatch_action(&action));
    }
}

fn for_each(act: impl Fn(&Chart)) {
    // a chart that acts may call back: nothing stays borrowed
    let charts: Vec<Rc<Chart>> =
        CHARTS.with_borrow(|charts| charts.iter().filter_map(Weak::upgrade).collect());
    charts.iter().for_each(|chart| act(chart));
}

/// A tooltip as nodes. All text is set as text.
fn write_tip(tip: &Tip) -> Result<Element, JsValue> {
    let document = document();
    let node = |name: &str, class: &str, text: &str| -> Result<Element, JsValue> {
        let node = document.create_element(name)?;
        node.set_class_name(class);
        node.set_text_content(Some(text));
        Ok(node)
    };
    let root = node("div", "tip-body", "")?;
    root.append_child(&*node("div", "tip-title", &tip.title)?)?;
    let table = node("table", "tip-rows", "")?;
    for row in &tip.rows {
        let line = node("tr", "", "")?;
        let label = node("th", "", &row.label)?;
        if !row.key.is_empty() {
            label.insert_before(
                &*node("span", &format!("swatch {}", row.key), "")?,
                label.first_child().as_ref(),
            )?;
        }
        line.append_child(&label)?;
        line.append_child(&*node("td", "", &row.value)?)?;
        line.append_child(&*node("td", "tip-share", &row.share)?)?;
        table.append_child(&line)?;
    }
    root.append_child(&table)?;
    if let Some(note) = tip.note {
        root.append_child(&*node("div", "tip-note", note)?)?;
    }
    Ok(root)
}

/// Calls back once ECharts is there, at once if it is; loads it where the page did not ask for it.
pub(crate) fn when_loaded(then: impl FnOnce() + 'static) {
    const SCRIPT: &str = "/echarts.min.js";
    if Reflect::has(&window(), &"echarts".into()).unwrap_or(false) {
        return then();
    }
    let document = document();
    let script = match document.query_selector(&format!("script[src='{SCRIPT}']")) {
        Ok(Some(script)) => script,
        _ => {
            let Ok(script) = document.create_element("script") else { return };
            // cannot fail: names and values are valid
            let _ = script.set_attribute("src", SCRIPT);
            if let Some(head) = document.head() {
                let _ = head.append_child(&script);
            }
            script
        }
    };
    let then = Closure::once_into_js(then);
    let _ = script.add_event_listener_with_callback("load", then.unchecked_ref());
}

/// What ECharts throws goes to the console; nothing else can be done about it.
fn report(outcome: Result<(), JsValue>) {
    if let Err(error) = outcome {
        leptos::logging::error!("a chart could not be drawn: {error:?}");
    }
}

/// The ids of an option's series.
fn ids(option: &JsValue) -> Vec<String> {
    let series = Array::from(&at(option, &["series"]));
    series.iter().map(|series| at(&series, &["id"]).as_string().unwrap_or_default()).collect()
}

fn action(kind: &str) -> Object {
    let action = Object::new();
    set(&action, "type", &kind.into());
    action
}

fn x_axis() -> JsValue {
    let finder = Object::new();
    set(&finder, "xAxisIndex", &0.into());
    finder.into()
}

/// Sets a field of a plain object.
fn set(object: &JsValue, key: &str, value: &JsValue) {
    // plain objects accept any field; on anything else there is nothing to set
    let _ = Reflect::set(object, &key.into(), value);
}

/// Reads a field of a field; `undefined` where there is none.
fn at(value: &JsValue, path: &[&str]) -> JsValue {
    path.iter().fold(value.clone(), |value, key| {
        if value.is_object() {
            Reflect::get(&value, &(*key).into()).unwrap_or(JsValue::UNDEFINED)
        } else {
            JsValue::UNDEFINED
        }
    })
}

fn number(value: &JsValue) -> Option<f64> {
    value.as_f64()
}
