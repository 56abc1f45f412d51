//! The parts that pages are made of, one a file; its style has the same name in `style/widgets/`.

mod bar;
mod brand;
mod card;
mod chart;
mod chart_card;
mod client_switch;
mod confirm;
mod copy;
mod dead_letter;
pub(crate) mod dead_letters;
mod edges;
mod empty;
pub(crate) mod endpoints;
mod field;
mod filter_bar;
mod flow;
mod flow_banner;
mod freshness;
mod header;
mod icon;
mod legend;
mod live_mark;
mod nav;
mod problem_box;
mod range_picker;
mod replay;
mod request_panel;
mod requests_table;
mod secret_once;
mod services;
mod snippet;
mod sparkline;
mod status_split;
mod theme_switch;
pub(crate) mod tile;
mod user_menu;
pub(crate) mod verdict;
mod what_changed;

pub(crate) use bar::Bar;
pub(crate) use brand::Brand;
pub(crate) use card::Card;
pub(crate) use chart::Chart;
pub(crate) use chart_card::ChartCard;
pub(crate) use client_switch::ClientSwitch;
pub(crate) use confirm::{Act, Confirm};
pub(crate) use copy::Copy;
pub(crate) use dead_letter::DeadLetter;
pub(crate) use dead_letters::DeadLettersTable;
pub(crate) use edges::EdgesTable;
pub(crate) use empty::Empty;
pub(crate) use endpoints::EndpointsTable;
pub(crate) use field::Field;
pub(crate) use filter_bar::FilterBar;
pub(crate) use flow::FlowPicture;
pub(crate) use flow_banner::FlowBanner;
pub(crate) use freshness::Freshness;
pub(crate) use header::Header;
pub(crate) use icon::{Glyph, Icon};
pub(crate) use legend::Legend;
pub(crate) use live_mark::LiveMark;
pub(crate) use nav::Nav;
pub(crate) use problem_box::ProblemBox;
pub(crate) use range_picker::{RangePicker, Shown};
pub(crate) use replay::{Replay, ReplayNotice};
pub(crate) use request_panel::RequestPanel;
pub(crate) use requests_table::RequestsTable;
pub(crate) use secret_once::SecretOnce;
pub(crate) use services::ServicesTable;
pub(crate) use snippet::Snippets;
pub(crate) use sparkline::Sparkline;
pub(crate) use status_split::StatusSplit;
pub(crate) use theme_switch::ThemeSwitcher;
pub(crate) use tile::{Tile, Tone};
pub(crate) use user_menu::UserMenu;
pub(crate) use verdict::VerdictLine;
pub(crate) use what_changed::WhatChanged;

/// Whether the page has come alive: until then no form may be sent, since the browser would do it its own way.
pub(crate) fn use_alive() -> leptos::prelude::ReadSignal<bool> {
    use leptos::prelude::*;
    let (alive, set_alive) = signal(false);
    Effect::new(move |_| set_alive.set(true));
    alive
}
