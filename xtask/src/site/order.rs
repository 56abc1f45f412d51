//! The order of a wasm's functions: those that resemble each other lie side by side, so that brotli finds what they share.
//!
//! Of a generic function there are as many copies as types it is used with, which differ in a few bytes. wasm-opt sorts
//! functions by name: here they get names that sort as they are to lie.

use std::cmp::Ordering;

use anyhow::{Context, Result};
use wasm_encoder::{Module, NameMap, NameSection, RawSection};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

struct Function<'a> {
    index: u32,
    /// The same for all copies of a generic function.
    name: &'a str,
    body: &'a [u8],
}

impl Function<'_> {
    /// Copies of the same function together, by their length; of one length those that end alike, since they begin with
    /// what differs most: the numbers of their variables.
    fn place(&self, other: &Self) -> Ordering {
        let by_length = || self.body.len().cmp(&other.body.len());
        let by_end = || self.body.iter().rev().cmp(other.body.iter().rev());
        self.name.cmp(other.name).then_with(by_length).then_with(by_end)
    }
}

/// Names each function of a wasm, which still has its names, by its place among the others.
pub(super) fn name_by_place(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut functions = Vec::new();
    let mut imported = 0;
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.context("no wasm")?;
        match &payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let index = imported + functions.len() as u32;
                functions.push(Function { index, name: "", body: body.as_bytes() });
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    name(&mut functions, imported, names)?;
                }
                continue;
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: wasm.get(range).context("a section is cut off")? });
        }
    }
    functions.sort_by(Function::place);
    let mut places: Vec<_> =
        functions.iter().zip(0..).map(|(function, place)| (function.index, place)).collect();
    places.sort_unstable();
    let mut names = NameMap::new();
    for (index, place) in places {
        names.append(index, &format!("{place:06}"));
    }
    let mut section = NameSection::new();
    section.functions(&names);
    module.section(&section);
    Ok(module.finish())
}

fn name<'a>(
    functions: &mut [Function<'a>],
    imported: u32,
    names: wasmparser::NameSectionReader<'a>,
) -> Result<()> {
    for kind in names {
        let Name::Function(names) = kind? else { continue };
        for naming in names {
            let naming = naming?;
            let at = naming.index.checked_sub(imported).and_then(|at| functions.get_mut(at as usize));
            if let Some(function) = at {
                function.name = without_hash(naming.name);
            }
        }
    }
    Ok(())
}

/// rustc ends the name of each copy with a hash, `::h` and sixteen digits; tools may append to that.
fn without_hash(name: &str) -> &str {
    let is_hash = |at: &usize| {
        let digits = name.as_bytes().get(at + 3..at + 19);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let end = name.match_indices("::h").map(|(at, _)| at).find(is_hash);
    end.map_or(name, |end| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{CodeSection, Function as Body, FunctionSection, TypeSection};

    #[test]
    fn a_hash_is_no_part_of_a_name() {
        for (name, without) in [
            ("a::b::h0123456789abcdef", "a::b"),
            ("<T as a::hash>::h::h0123456789abcdef.llvm.1", "<T as a::hash>::h"),
            ("a::has_short::h012", "a::has_short::h012"),
            ("", ""),
        ] {
            assert_eq!(without_hash(name), without);
        }
    }

    fn module(named: &[(&str, usize)]) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let (mut functions, mut code, mut names) =
            (FunctionSection::new(), CodeSection::new(), NameMap::new());
        for ((name, length), index) in named.iter().zip(0..) {
            functions.function(0);
            let mut body = Body::new([]);
            (0..*length).for_each(|_| {
                body.instructions().nop();
            });
            body.instructions().end();
            code.function(&body);
            names.append(index, name);
        }
        let mut section = NameSection::new();
        section.functions(&names);
        module.section(&types).section(&functions).section(&code).section(&section);
        module.finish()
    }

    #[test]
    fn copies_of_a_function_lie_together_by_their_length() {
        let named = [
            ("z::h0000000000000001", 1),
            ("a::h0000000000000009", 9),
            ("z::h0000000000000000", 2),
            ("a::h0000000000000002", 3),
        ];
        let ordered = name_by_place(&module(&named)).expect("a wasm");
        let mut given = Vec::new();
        for payload in Parser::new(0).parse_all(&ordered) {
            let Ok(Payload::CustomSection(section)) = payload else { continue };
            let KnownCustom::Name(names) = section.as_known() else { continue };
            for kind in names {
                let Ok(Name::Function(names)) = kind else { continue };
                given.extend(names.into_iter().flatten().map(|naming| naming.name.to_owned()));
            }
        }
        assert_eq!(given, ["000002", "000001", "000003", "000000"]);
    }
}
