//! Small drawings beside words. They never stand for a word alone: whoever cannot see them misses nothing.

use crate::view::IntoAny;
use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    Ok,
    Warn,
    Error,
    Silent,
    Close,
    Copy,
    Done,
    Down,
    Up,
    Sun,
    Moon,
    System,
    User,
    Leave,
    Plug,
    Table,
    Chart,
    Again,
    Clock,
    Filter,
    Search,
    Settings,
    Pause,
    Play,
}

impl Glyph {
    /// Strokes in a square of 16.
    const fn path(self) -> &'static str {
        match self {
            Self::Ok => "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M5.25 8.25l2 2l3.5-4",
            Self::Warn => "M8 2.25L14.5 13.5h-13zM8 6.5v3.25M8 11.6v.05",
            Self::Error => "M5.2 1.75h5.6L14.25 5.2v5.6L10.8 14.25H5.2L1.75 10.8V5.2zM8 4.75v3.75M8 11v.05",
            Self::Silent => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Copy => "M5.75 5.75h7.5v7.5h-7.5zM10.25 3.25v-.5h-7.5v7.5h.5",
            Self::Done => "M3 8.5l3.25 3.25L13 4.75",
            Self::Down => "M4 6.25l4 4l4-4",
            Self::Up => "M4 9.75l4-4l4 4",
            Self::Sun => {
                "M8 5.25a2.75 2.75 0 1 0 0 5.5a2.75 2.75 0 1 0 0-5.5M8 1.25v1M8 13.75v1M1.25 8h1M13.75 8h1\
                 M3.2 3.2l.75.75M12.05 12.05l.75.75M12.8 3.2l-.75.75M3.95 12.05l-.75.75"
            }
            Self::Moon => "M13.5 9.75A5.75 5.75 0 0 1 6.25 2.5a5.75 5.75 0 1 0 7.25 7.25z",
            Self::System => "M1.75 2.75h12.5v8H1.75zM5.5 13.75h5M8 10.75v3",
            Self::User => {
                "M8 2.25a2.75 2.75 0 1 0 0 5.5a2.75 2.75 0 1 0 0-5.5M2.75 13.75c.5-3 2.5-4 5.25-4s4.75 1 5.25 4"
            }
            Self::Leave => "M6.25 2.75h-3.5v10.5h3.5M6.5 8h7.25M11 5.25L13.75 8L11 10.75",
            Self::Plug => "M5.75 1.75v3M10.25 1.75v3M3.75 4.75h8.5v2.5a4.25 4.25 0 0 1-8.5 0zM8 11.5v2.75",
            Self::Table => "M1.75 2.75h12.5v10.5H1.75zM1.75 6.25h12.5M1.75 9.75h12.5M6.25 6.25v7",
            Self::Chart => "M1.75 1.75v12.5h12.5M4.75 10.75l3-3.5l2 2l3.75-4.5",
            Self::Again => "M13.25 8a5.25 5.25 0 1 1-1.5-3.7M13.25 1.75v3h-3",
            Self::Clock => "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M8 4.5V8l2.5 1.5",
            Self::Search => "M7 2.25a4.75 4.75 0 1 0 0 9.5a4.75 4.75 0 1 0 0-9.5M10.5 10.5l3.75 3.75",
            Self::Settings => {
                "M1.75 4.5h7M12.25 4.5h2M10.5 2.75a1.75 1.75 0 1 0 0 3.5a1.75 1.75 0 1 0 0-3.5M1.75 11.5h2M7.25 11.5h7\
                 M5.5 9.75a1.75 1.75 0 1 0 0 3.5a1.75 1.75 0 1 0 0-3.5"
            }
            Self::Pause => "M5 2.75v10.5M11 2.75v10.5",
            Self::Play => "M4.5 2.5L13 8l-8.5 5.5z",
            Self::Filter => "M1.75 3.25h12.5l-4.75 5.5v4l-3 1.25V8.75z",
        }
    }
}

#[component]
pub(crate) fn Icon(glyph: Glyph, #[prop(optional)] class: &'static str) -> impl IntoView {
    view! {
        <svg class=format!("icon {class}") viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d=glyph.path()></path>
        </svg>
    }
    .into_any()
}
