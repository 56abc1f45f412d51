//! A view in a box, as Leptos' `AnyView` treats it: a view of the same type takes over what is on the page, one of
//! another takes its place.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::renderer::dom::{Element, Node, Placeholder};
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Mountable, Position, PositionState};
use std::any::{Any, TypeId};

pub(super) struct Boxed(Box<dyn Rendered>);

impl Boxed {
    pub(super) fn new<V: RenderHtml + 'static>(view: V) -> Self {
        Self(Box::new(view))
    }
}

/// What browsers call of a view.
trait Rendered: Send {
    fn build(self: Box<Self>) -> Shown;
    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Shown;
    fn rebuild(self: Box<Self>, shown: &mut Shown);
}

impl<V: RenderHtml + 'static> Rendered for V {
    fn build(self: Box<Self>) -> Shown {
        let placeholder = if V::EXISTS { None } else { Some(Rndr::create_placeholder()) };
        Shown { of: TypeId::of::<V>(), state: Box::new((*self).build()), placeholder }
    }

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Shown {
        let state = Box::new((*self).hydrate::<true>(cursor, position));
        let placeholder = if V::EXISTS { None } else { Some(cursor.next_placeholder(position)) };
        Shown { of: TypeId::of::<V>(), state, placeholder }
    }

    fn rebuild(self: Box<Self>, shown: &mut Shown) {
        if shown.of == TypeId::of::<V>()
            && let Some(state) = (&mut *shown.state as &mut dyn Any).downcast_mut::<V::State>()
        {
            (*self).rebuild(state);
        } else {
            shown.replace(Rendered::build(self));
        }
    }
}

trait State: Mountable + Any {}

impl<S: Mountable + Any> State for S {}

/// A view on the page.
pub(super) struct Shown {
    of: TypeId,
    state: Box<dyn State>,
    /// Stands where the view has no node of its own.
    placeholder: Option<Placeholder>,
}

impl Shown {
    fn replace(&mut self, mut other: Self) {
        match &mut self.placeholder {
            Some(placeholder) => {
                placeholder.insert_before_this(&mut other);
                placeholder.unmount();
            }
            None => {
                self.insert_before_this(&mut other);
            }
        }
        self.unmount();
        *self = other;
    }
}

impl Mountable for Shown {
    fn unmount(&mut self) {
        self.state.unmount();
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.unmount();
        }
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.state.mount(parent, marker);
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.mount(parent, marker);
        }
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.state.insert_before_this(child)
            || self.placeholder.as_ref().is_some_and(|placeholder| placeholder.insert_before_this(child))
    }

    fn elements(&self) -> Vec<Element> {
        self.state.elements()
    }
}

impl Render for Boxed {
    type State = Shown;

    fn build(self) -> Shown {
        self.0.build()
    }

    fn rebuild(self, shown: &mut Shown) {
        self.0.rebuild(shown);
    }
}

impl AddAnyAttr for Boxed {
    type Output<A: Attribute> = Self;

    /// Never called: Leptos keeps the attributes that are added to an `AnyView` beside it.
    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

impl RenderHtml for Boxed {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    /// Never called: the server has Leptos' own `AnyView`.
    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Shown {
        self.0.hydrate(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
