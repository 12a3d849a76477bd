//! A template with those that it includes put in their place.
//!
//! The library hands an included template a copy of all facts, and a notification includes a dozen: half of the time that
//! writing one takes went into copies. What is put in place says the same, but errors name other lines: whoever
//! meets one renders the template as it was written.

use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};
use handlebars::{Handlebars, Path, Template};

/// Includes in one another; deeper ones stay as they are. Circles are refused before.
const DEEPEST: usize = 16;
/// What an included template calls that which stands between its tags.
const BLOCK: &str = "@partial-block";

/// The template, as far as what it includes can be put in its place without saying anything else.
pub(super) fn flat(template: &Template, registry: &Handlebars<'_>) -> Template {
    within(template, registry, None, 0)
}

fn within(template: &Template, registry: &Handlebars<'_>, block: Option<&Template>, depth: usize) -> Template {
    let mut flat = template.clone();
    flat.elements.clear();
    flat.mapping.clear();
    for (at, element) in template.elements.iter().enumerate() {
        let before = flat.elements.len();
        match element {
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                match included(partial, registry, block, depth) {
                    Some(inner) => flat.elements.extend(inner.elements),
                    None => flat.elements.push(element.clone()),
                }
            }
            TemplateElement::HelperBlock(helper) => {
                let inner = inside(helper, registry, block, depth);
                flat.elements.push(TemplateElement::HelperBlock(Box::new(inner)));
            }
            other => flat.elements.push(other.clone()),
        }
        if let Some(place) = template.mapping.get(at) {
            flat.mapping.extend(std::iter::repeat_n(place.clone(), flat.elements.len() - before));
        }
    }
    flat
}

fn inside(
    helper: &HelperTemplate,
    registry: &Handlebars<'_>,
    block: Option<&Template>,
    depth: usize,
) -> HelperTemplate {
    let mut helper = helper.clone();
    // Inside `{{#each}}` what stands between the tags is still about all facts.
    let block = block.filter(|_| matches!(helper.name.as_name(), Some("if" | "unless")));
    for inner in [&mut helper.template, &mut helper.inverse].into_iter().flatten() {
        *inner = within(inner, registry, block, depth);
    }
    helper
}

fn included(
    partial: &DecoratorTemplate,
    registry: &Handlebars<'_>,
    block: Option<&Template>,
    depth: usize,
) -> Option<Template> {
    let is_plain = partial.params.is_empty() && partial.hash.is_empty() && partial.indent.is_none();
    if !is_plain || depth >= DEEPEST {
        return None;
    }
    match partial.name.as_name()? {
        BLOCK => block.cloned(),
        name => {
            let found = registry.get_template(name).filter(|found| stays_inside(found))?;
            let between = partial.template.as_ref().map(|between| within(between, registry, block, depth + 1));
            let flat = within(found, registry, between.as_ref(), depth + 1);
            // Where something stays that waits for what is between the tags, so do the tags.
            (!asks_for_block(&flat)).then_some(flat)
        }
    }
}

/// Whether a template asks for nothing outwards (`../`) and makes no partials of its own: both mean something else in another's place.
fn stays_inside(template: &Template) -> bool {
    template.elements.iter().all(|element| match element {
        TemplateElement::Expression(helper)
        | TemplateElement::HtmlExpression(helper)
        | TemplateElement::HelperBlock(helper) => {
            let mut asked = std::iter::once(&helper.name).chain(&helper.params).chain(helper.hash.values());
            !asked.any(leads_out) && helper.template.iter().chain(&helper.inverse).all(stays_inside)
        }
        TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
            let mut asked = partial.params.iter().chain(partial.hash.values());
            !asked.any(leads_out) && partial.template.iter().all(stays_inside)
        }
        TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => false,
        TemplateElement::RawString(_) | TemplateElement::Comment(_) => true,
        _ => false,
    })
}

fn leads_out(parameter: &Parameter) -> bool {
    match parameter {
        Parameter::Name(name) => name.contains("../"),
        // Whose level counts the blocks around it.
        Parameter::Path(Path::Local(_)) => true,
        Parameter::Path(Path::Relative((_, name))) => name.contains("../") || name.contains('@'),
        Parameter::Literal(_) => false,
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(helper) => helper.params.iter().chain(helper.hash.values()).any(leads_out),
            _ => true,
        },
        _ => true,
    }
}

fn asks_for_block(template: &Template) -> bool {
    template.elements.iter().any(|element| match element {
        TemplateElement::PartialExpression(partial) => partial.name.as_name() == Some(BLOCK),
        TemplateElement::PartialBlock(partial) => partial.template.iter().any(asks_for_block),
        TemplateElement::HelperBlock(helper) => helper.template.iter().chain(&helper.inverse).any(asks_for_block),
        _ => false,
    })
}
