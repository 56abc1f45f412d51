//! How often pages load anew: the reader's choice.

use crate::preference::Preference;
use leptos::prelude::*;

const CHOICE: Preference = Preference("refresh");

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// As soon as something new has been counted.
    #[default]
    Live,
    Seconds10,
    Minute1,
    /// Only when asked to.
    Off,
}

impl Refresh {
    pub(crate) const ALL: [Self; 4] = [Self::Live, Self::Seconds10, Self::Minute1, Self::Off];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Seconds10 => "10s",
            Self::Minute1 => "1m",
            Self::Off => "off",
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Live => "Live: as they are counted",
            Self::Seconds10 => "Every 10 seconds",
            Self::Minute1 => "Every minute",
            Self::Off => "Only when asked for",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|refresh| refresh.as_str() == text).unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct RefreshSwitch {
    chosen: RwSignal<Refresh>,
}

pub(crate) fn provide_refresh() {
    provide_context(RefreshSwitch { chosen: RwSignal::new(rendered()) });
}

impl RefreshSwitch {
    pub(crate) fn chosen(self) -> Refresh {
        self.chosen.get()
    }

    pub(crate) fn choose(self, refresh: Refresh) {
        CHOICE.keep(refresh.as_str());
        self.chosen.set(refresh);
    }
}

/// What the page was rendered with.
pub(crate) fn rendered() -> Refresh {
    CHOICE.rendered().map_or_else(Refresh::default, |text| Refresh::parse(&text))
}
