//! One figure: its value, how it changed, its shape over the range.

use super::Sparkline;
use crate::awaited::{awaited, awaited_behind};
use crate::number::{self, Delta, Direction};
use crate::view::IntoAny;
use leptos::prelude::*;

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// More is neither good nor bad.
    Neutral,
    /// More is worse.
    LessIsBetter,
}

impl Tone {
    /// Only what is notable has a colour: an alarm that always rings is none.
    fn class(self, delta: &Delta) -> &'static str {
        match (self, delta.direction) {
            (Self::LessIsBetter, Direction::Up) if delta.notable => "delta is-worse",
            (Self::LessIsBetter, Direction::Down) if delta.notable => "delta is-better",
            _ => "delta",
        }
    }
}

/// What a tile says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) value: String,
    /// The exact value, where `value` is rounded.
    pub(crate) exact: String,
    pub(crate) delta: Option<Delta>,
    /// The value of the period before.
    pub(crate) before: String,
}

impl Figure {
    /// What could not be loaded.
    fn missing() -> Self {
        let none = || number::NONE.to_owned();
        Self { value: none(), exact: String::new(), delta: None, before: none() }
    }
}

#[component]
pub(crate) fn Tile(
    label: &'static str,
    /// What the figure is, what it is read from and how far it may be off.
    about: &'static str,
    /// The colour of its shape.
    class: &'static str,
    tone: Tone,
    // derived signals rather than closures: so the tile is compiled once, not once per figure
    figure: Signal<Option<Figure>>,
    shape: Signal<Option<Vec<Option<f64>>>>,
) -> impl IntoView {
    let text = move |Figure { value, exact, delta, before }: Figure| {
        let delta = delta.map(|delta| {
            let class = tone.class(&delta);
            let (arrow, word) = match delta.direction {
                Direction::Up => ("↑ ", "up "),
                Direction::Down => ("↓ ", "down "),
                Direction::Same => ("", "the same "),
            };
            view! {
                <span class=class>
                    <span aria-hidden="true">{arrow}</span>
                    <span class="visually-hidden">{word}</span>
                    {delta.text}
                </span>
            }
        });
        view! {
            <dd class="tile-value" title=exact>{value}</dd>
            <dd class="tile-change">
                {delta}
                <span class="tile-before" title="The period of the same length just before">
                    {format!("was {before}")}
                </span>
            </dd>
        }
    };
    let no_value =
        || view! { <dd class="tile-value skeleton-text"></dd><dd class="tile-change"></dd> }.into_any();
    view! {
        <div class="tile">
            <dt class="tile-head">
                <span class="tile-label">{label}</span>
                <button
                    class="tile-ask"
                    type="button"
                    popovertarget=format!("about-{class}")
                    aria-label=format!("What is {label}?")
                >
                    "?"
                </button>
                <div class="popover tile-about" id=format!("about-{class}") popover="auto">{about}</div>
            </dt>
            {awaited_behind(no_value, move || text(figure.get().unwrap_or_else(Figure::missing)))}
            <dd class="tile-shape">
                {awaited(move || shape.get().map(|values| view! { <Sparkline values class/> }))}
            </dd>
        </div>
    }
    .into_any()
}
