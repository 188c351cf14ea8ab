//! HTML and SVG read strictly: what is opened is closed, and nothing is left unquoted.

use std::collections::HashMap;

/// An element with the text right behind its opening tag.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub attributes: HashMap<String, String>,
    pub text: String,
}

/// Elements that HTML never closes.
const VOID: [&str; 3] = ["meta", "link", "img"];

/// All elements of a text, in order.
#[track_caller]
pub fn elements(text: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        check_text(before);
        let (tag, after) = match after.strip_prefix("!--") {
            Some(comment) => {
                rest = comment.split_once("-->").expect("the end of a comment").1;
                continue;
            }
            None => split_tag(after),
        };
        rest = after;
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name.trim()),
                "wrongly closed, before {after:.80}"
            );
            continue;
        }
        let is_closed = tag.ends_with('/');
        let (name, attributes) = parse(tag.trim_end_matches('/'));
        let text = after.split('<').next().unwrap_or_default().to_owned();
        if name == "style" {
            // Not words, and nothing that could end it.
            rest = &rest[text.len()..];
        }
        if !is_closed && !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        found.push(Element {
            name,
            attributes,
            text,
        });
    }
    check_text(rest);
    assert!(open.is_empty(), "never closed: {open:?}");
    found
}

/// A `>` inside quotation marks does not end a tag.
fn split_tag(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return (&text[..at], &text[at + 1..]),
            '<' if !is_quoted => panic!("`<` in a tag: {text:.80}"),
            _ => {}
        }
    }
    panic!("a tag without an end: {text:.80}");
}

fn parse(tag: &str) -> (String, HashMap<String, String>) {
    let (name, mut rest) = tag
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((tag.trim(), ""));
    let mut attributes = HashMap::new();
    while let Some((key, after)) = rest.trim_start().split_once("=\"") {
        let (value, after) = after.split_once('"').expect("a closing quotation mark");
        check_text(value);
        let key = key.trim();
        assert!(
            key.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-:".contains(c)),
            "the attribute {key:?} of {tag:.120}"
        );
        assert!(
            attributes
                .insert(key.to_owned(), value.to_owned())
                .is_none(),
            "twice: {key} in {tag:.120}"
        );
        rest = after;
    }
    assert_eq!(rest.trim(), "", "the rest of {tag:.120}");
    (name.to_owned(), attributes)
}

/// Every `&` begins an entity, and no character is one that XML cannot hold.
fn check_text(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap_or_default();
        assert!(
            ["amp", "lt", "gt", "quot", "apos"].contains(&entity),
            "&{part:.20}"
        );
    }
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
}

/// Asserts that a text refers to nothing outside itself, runs nothing, and that all ids are unique.
#[track_caller]
pub fn assert_alone(text: &str) -> Vec<Element> {
    let elements = elements(text);
    let mut ids: Vec<&String> = Vec::new();
    for element in &elements {
        assert!(
            !["script", "link", "iframe", "object", "embed", "base"]
                .contains(&element.name.as_str()),
            "{element:?}"
        );
        for (key, value) in &element.attributes {
            assert!(!key.starts_with("on"), "{element:?}");
            if ["href", "xlink:href", "src", "srcset", "data", "action"].contains(&key.as_str()) {
                assert!(
                    value.starts_with('#') || value.starts_with("data:image/png;base64,"),
                    "{key}={value:.80}"
                );
            } else if key != "xmlns" {
                assert!(!value.contains("://"), "{key}={value:.80}");
            }
            if value.contains("url(") {
                assert!(value.starts_with("url(#"), "{value}");
            }
        }
        ids.extend(element.attributes.get("id"));
        if element.name == "style" {
            for fetched in ["@import", "url(", "@font-face", "://"] {
                assert!(!element.text.contains(fetched), "{fetched} in a style");
            }
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is there twice");
    let is_there = |id: &str| ids.iter().any(|other| *other == id);
    for element in &elements {
        for (key, value) in &element.attributes {
            if key == "aria-labelledby" {
                assert!(value.split(' ').all(is_there), "{value}");
            }
            if let Some(id) = value.strip_prefix('#').filter(|_| key == "href") {
                assert!(is_there(id), "no place {id}");
            }
            if let Some(id) = value.strip_prefix("url(#") {
                assert!(is_there(id.trim_end_matches(')')), "no place {id}");
            }
        }
    }
    elements
}

/// The figures: drawings that can be read aloud.
pub fn figures(elements: &[Element]) -> Vec<&Element> {
    let is_figure = |element: &&Element| {
        element
            .attributes
            .get("role")
            .is_some_and(|role| role == "img")
    };
    elements.iter().filter(is_figure).collect()
}

/// Asserts that each figure has a title and a description.
#[track_caller]
pub fn assert_told(elements: &[Element]) {
    let text = |id: &str| {
        let found = elements.iter().find(|element| {
            element
                .attributes
                .get("id")
                .is_some_and(|other| other == id)
        });
        found.map_or("", |element| element.text.as_str())
    };
    for figure in figures(elements) {
        let ids: Vec<_> = figure.attributes["aria-labelledby"].split(' ').collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.iter().all(|id| !text(id).trim().is_empty()), "{ids:?}");
    }
}
