//! A report whose type only its reader knows, so that whatever keeps reports is compiled once and not once per type.
//!
//! On the server it is written as soon as it is there, for the page that carries it. In the browser it comes out of that
//! page as plain JSON, and is read when somebody first asks for it.

#[cfg(not(feature = "ssr"))]
use crate::read::read_value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::any::Any;
use std::sync::{Arc, OnceLock};

#[cfg(feature = "ssr")]
type Json = Box<serde_json::value::RawValue>;
#[cfg(not(feature = "ssr"))]
type Json = serde_json::Value;

#[derive(Clone)]
pub(super) struct Held(Arc<Inner>);

struct Inner {
    /// In the browser only what came with the page; what it has loaded itself is never written.
    json: Json,
    /// `None`: it is not a report of the type.
    report: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
}

impl Held {
    pub(super) fn new<T: Serialize + Send + Sync + 'static>(report: T) -> Self {
        #[cfg(feature = "ssr")]
        let json = serde_json::value::to_raw_value(&report).unwrap_or_default();
        #[cfg(not(feature = "ssr"))]
        let json = Json::Null;
        let report: Box<dyn Any + Send + Sync> = Box::new(report);
        Self(Arc::new(Inner { json, report: OnceLock::from(Some(report)) }))
    }

    pub(super) fn get<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Option<&T> {
        let report = self.0.report.get_or_init(|| Some(Box::new(self.0.read::<T>()?)));
        report.as_ref()?.downcast_ref()
    }
}

impl Inner {
    #[cfg(feature = "ssr")]
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.json.get()).ok()
    }

    #[cfg(not(feature = "ssr"))]
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        read_value(&self.json).ok()
    }
}

impl Serialize for Held {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Ok(Self(Arc::new(Inner { json, report: OnceLock::new() })))
    }
}
