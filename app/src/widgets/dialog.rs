//! Opens and closes a `<dialog>`: the browser keeps the focus inside and gives it back.

use leptos::html;
use leptos::prelude::*;

pub(crate) fn show(dialog: NodeRef<html::Dialog>) {
    #[cfg(feature = "hydrate")]
    if let Some(dialog) = dialog.get_untracked() {
        // fails only where it is open already
        let _ = dialog.show_modal();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = dialog;
}

pub(crate) fn close(dialog: NodeRef<html::Dialog>) {
    #[cfg(feature = "hydrate")]
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = dialog;
}
