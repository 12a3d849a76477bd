//! Names that a template asks for, in every branch: one that stands where the sample facts do not lead is tried nowhere else.

use std::collections::BTreeSet;

use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, Template};

use super::helpers;

/// What a template asks for: the names, with their lines, and those it makes itself.
#[derive(Default)]
pub(super) struct Asked {
    /// As they are written, without what leads outwards.
    pub(super) names: Vec<(usize, String)>,
    /// Names of blocks and of what partials are given.
    pub(super) own: BTreeSet<String>,
}

impl Asked {
    pub(super) fn of(template: &Template) -> Self {
        let mut asked = Self::default();
        asked.template(template);
        asked
    }

    fn template(&mut self, template: &Template) {
        for (at, element) in template.elements.iter().enumerate() {
            let line = template.mapping.get(at).map_or(0, |mapping| mapping.0);
            self.element(element, line);
        }
    }

    fn element(&mut self, element: &TemplateElement, line: usize) {
        match element {
            TemplateElement::HtmlExpression(helper)
            | TemplateElement::Expression(helper)
            | TemplateElement::HelperBlock(helper) => self.helper(helper, line),
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                partial.params.iter().for_each(|parameter| self.parameter(parameter, line));
                for (name, parameter) in &partial.hash {
                    self.own.insert(name.clone());
                    self.parameter(parameter, line);
                }
                partial.template.iter().for_each(|inner| self.template(inner));
            }
            _ => {}
        }
    }

    fn helper(&mut self, helper: &HelperTemplate, line: usize) {
        if !helper.block && helper.params.is_empty() && helper.hash.is_empty() {
            self.parameter(&helper.name, line);
        }
        helper.params.iter().chain(helper.hash.values()).for_each(|parameter| self.parameter(parameter, line));
        match &helper.block_param {
            Some(BlockParam::Single(name)) => self.make(name),
            Some(BlockParam::Pair((first, second))) => {
                self.make(first);
                self.make(second);
            }
            _ => {}
        }
        helper.template.iter().chain(&helper.inverse).for_each(|inner| self.template(inner));
    }

    fn make(&mut self, parameter: &Parameter) {
        if let Parameter::Name(name) = parameter {
            self.own.insert(name.clone());
        }
    }

    fn parameter(&mut self, parameter: &Parameter, line: usize) {
        let name = match parameter {
            Parameter::Name(name) => name,
            Parameter::Path(Path::Relative((_, name))) => name,
            Parameter::Subexpression(inner) => return self.element(&inner.element, line),
            _ => return,
        };
        let name = name.trim_start_matches("../").trim_start_matches("./");
        if !helpers::NAMES.contains(&name) {
            self.names.push((line, name.to_owned()));
        }
    }
}

/// The part of a name that nothing is called, if there is one.
pub(super) fn unknown<'n>(name: &'n str, known: &BTreeSet<String>, own: &BTreeSet<String>) -> Option<&'n str> {
    let is_known = |part: &&str| {
        let leads = ["", "this", ".."].contains(part) || part.starts_with('@') || part.parse::<usize>().is_ok();
        leads || known.contains(*part) || own.contains(*part)
    };
    name.split(['.', '/']).map(|part| part.trim_matches(['[', ']'])).find(|part| !is_known(part))
}
