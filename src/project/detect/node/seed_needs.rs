//! JavaScript: what a seed asks of the world beyond this machine. A seed that needs a foreign service fails where
//! nobody gave its key, and with it the launch.

use std::sync::LazyLock;

use regex::Regex;

use super::packages::Package;
use crate::project::detect::tree::{Tree, join, parent};

/// Packages that speak to a service which somebody must have an account of.
const SERVICES: [(&str, &str); 19] = [
    ("stripe", "Stripe"),
    ("@paddle/paddle-node-sdk", "Paddle"),
    ("@lemonsqueezy/lemonsqueezy.js", "Lemon Squeezy"),
    ("@polar-sh/sdk", "Polar"),
    ("openai", "OpenAI"),
    ("@anthropic-ai/sdk", "Anthropic"),
    ("@clerk/backend", "Clerk"),
    ("@clerk/nextjs", "Clerk"),
    ("@clerk/clerk-sdk-node", "Clerk"),
    ("@supabase/supabase-js", "Supabase"),
    ("firebase-admin", "Firebase"),
    ("algoliasearch", "Algolia"),
    ("cloudinary", "Cloudinary"),
    ("@sendgrid/mail", "SendGrid"),
    ("resend", "Resend"),
    ("twilio", "Twilio"),
    ("contentful-management", "Contentful"),
    ("@sanity/client", "Sanity"),
    ("@workos-inc/node", "WorkOS"),
];

static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:\bfrom\s+|\brequire\(\s*|\bimport\(\s*|^import\s+)["']([^"']+)["']"#)
        .expect("the pattern is right")
});
static FILE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\w./@-]+\.(?:[cm]?[jt]sx?)\b").expect("the pattern is right"));

/// Why the seed that a script runs cannot run everywhere; none where nothing says so.
pub(in crate::project::detect) fn foreign(tree: &Tree, package: &Package, script: &str) -> Option<String> {
    let begin = FILE.find_iter(script).map(|found| join(&package.directory, found.as_str().trim_start_matches("./")));
    let mut files: Vec<String> = begin.filter(|path| tree.has(path)).collect();
    let own = files.len();
    let mut at = 0;
    // what the seed imports, and what that imports
    while at < files.len() && files.len() < 40 {
        let path = files[at].clone();
        let text = tree.text(&path).unwrap_or_default();
        for found in IMPORT.captures_iter(text) {
            let name = &found[1];
            let is_used = at < own || uses(tree, &files[..own], text);
            if let Some((_, service)) = SERVICES.iter().find(|(known, _)| known == &name).filter(|_| is_used) {
                return Some(format!("{path} speaks to {service}, which needs an account and its key"));
            }
            if let Some(next) = resolve(tree, package, &path, name)
                && !files.contains(&next)
                && at < own
            {
                files.push(next);
            }
        }
        at += 1;
    }
    None
}

/// Whether the seed itself calls something that a file exports; a connection that is only imported along is harmless.
fn uses(tree: &Tree, seeds: &[String], exporting: &str) -> bool {
    static EXPORT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\bexport\s+(?:const|let|async function|function|class)\s+(\w+)").expect("the pattern is right")
    });
    let calls = |name: &str| {
        let (call, member) = (format!("{name}("), format!("{name}."));
        seeds.iter().filter_map(|seed| tree.text(seed)).any(|text| text.contains(&call) || text.contains(&member))
    };
    EXPORT.captures_iter(exporting).any(|found| calls(&found[1]))
}

/// The file of the tree that an import names.
fn resolve(tree: &Tree, package: &Package, from: &str, name: &str) -> Option<String> {
    let places: Vec<String> = if name.starts_with('.') {
        let mut parts: Vec<&str> = parent(from).split('/').filter(|part| !part.is_empty()).collect();
        for part in name.split('/') {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        vec![parts.join("/")]
    } else {
        let rest = name.strip_prefix("@/").or_else(|| name.strip_prefix("~/"))?;
        ["", "src", "app"].iter().map(|place| join(&join(&package.directory, place), rest)).collect()
    };
    let ends = ["", ".ts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js"];
    let stem = |place: &str| place.trim_end_matches(".js").to_owned();
    places
        .iter()
        .flat_map(|place| ends.iter().flat_map(move |end| [format!("{place}{end}"), format!("{}{end}", stem(place))]))
        .find(|path| tree.has(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::node::packages::packages;

    #[test]
    fn a_seed_that_speaks_to_a_service_is_told_from_one_that_does_not() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let look = |seed: &str| {
            let tree = Tree::of([
                file("package.json", r#"{ "scripts": { "seed": "npx tsx db/seed.ts" } }"#),
                file("db/seed.ts", seed),
                file("lib/pay.ts", "import Stripe from 'stripe';\nexport const stripe = new Stripe(process.env.KEY!)"),
            ]);
            foreign(&tree, &packages(&tree)[0], "npx tsx db/seed.ts")
        };
        let direct = look("import { Resend } from 'resend'");
        assert!(direct.is_some_and(|why| why.starts_with("db/seed.ts speaks to Resend")));
        let used = look("import { stripe } from '../lib/pay'\nawait stripe.products.create()");
        assert!(used.is_some_and(|why| why.starts_with("lib/pay.ts speaks to Stripe")));
        assert!(look("import { stripe } from '@/lib/pay'\nawait stripe.products.list()").is_some());
        assert!(look("import { stripe } from '../lib/pay'\ndb.insert()").is_none(), "it is not called");
        assert!(look("import { db } from './db'\ndb.insert()").is_none());
    }
}
