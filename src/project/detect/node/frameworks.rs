//! JavaScript: dev servers and server libraries, their ports, and how each takes a port.

/// How a dev server is told its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project::detect) enum Takes {
    /// An argument; with what else must be said.
    Argument(&'static str),
    /// The variable `PORT`.
    Variable,
}

/// A program that serves an application while it is developed.
#[derive(Debug, Clone, Copy)]
pub(in crate::project::detect) struct DevServer {
    pub(in crate::project::detect) name: &'static str,
    /// How it is called in a script; the first that a script holds is taken.
    pub(in crate::project::detect) calls: &'static [&'static str],
    pub(in crate::project::detect) takes: Takes,
    /// The port that it has unless told otherwise.
    pub(in crate::project::detect) port: u16,
}

const fn with_argument(name: &'static str, calls: &'static [&'static str], port: u16) -> DevServer {
    DevServer { name, calls, takes: Takes::Argument("--port {{ ports.@ }}"), port }
}

/// Dev servers; those that are built upon Vite come before it.
pub(in crate::project::detect) const DEV_SERVERS: [DevServer; 23] = [
    with_argument("Next.js", &["next dev", "next"], 3000),
    with_argument("Nuxt", &["nuxt dev", "nuxi dev", "nuxt"], 3000),
    with_argument("Astro", &["astro dev", "astro"], 4321),
    with_argument("React Router", &["react-router dev"], 5173),
    with_argument("Remix", &["remix vite:dev"], 5173),
    DevServer { name: "Remix", calls: &["remix dev", "remix-serve"], takes: Takes::Variable, port: 3000 },
    with_argument("vinxi", &["vinxi dev"], 3000),
    with_argument("Angular", &["ng serve", "ng s"], 4200),
    with_argument("Vue CLI", &["vue-cli-service serve"], 8080),
    with_argument("Gatsby", &["gatsby develop"], 8000),
    DevServer {
        name: "Create React App",
        calls: &["react-scripts start", "craco start", "react-app-rewired start"],
        takes: Takes::Variable,
        port: 3000,
    },
    DevServer {
        name: "Docusaurus",
        calls: &["docusaurus start"],
        takes: Takes::Argument("--port {{ ports.@ }} --no-open"),
        port: 3000,
    },
    with_argument("VitePress", &["vitepress dev", "vitepress"], 5173),
    with_argument("Rsbuild", &["rsbuild dev", "rsbuild"], 3000),
    with_argument("Farm", &["farm start", "farm"], 9000),
    with_argument("Parcel", &["parcel serve", "parcel"], 1234),
    with_argument("Eleventy", &["eleventy --serve", "11ty --serve"], 8080),
    with_argument("webpack", &["webpack serve", "webpack-dev-server", "webpack dev"], 8080),
    with_argument("Wrangler", &["wrangler dev"], 8787),
    DevServer { name: "Strapi", calls: &["strapi develop", "strapi dev"], takes: Takes::Variable, port: 1337 },
    DevServer { name: "AdonisJS", calls: &["ace serve"], takes: Takes::Variable, port: 3333 },
    DevServer { name: "Nest", calls: &["nest start"], takes: Takes::Variable, port: 3000 },
    // a port that another process holds must be an error: Vite would take the next one
    DevServer {
        name: "Vite",
        calls: &["vite dev", "vite serve", "vite"],
        takes: Takes::Argument("--port {{ ports.@ }} --strictPort"),
        port: 5173,
    },
];

/// Packages that listen on a port when a program uses them.
pub(in crate::project::detect) const SERVER_LIBRARIES: [(&str, &str); 24] = [
    ("@nestjs/core", "Nest"),
    ("express", "Express"),
    ("fastify", "Fastify"),
    ("koa", "Koa"),
    ("hono", "Hono"),
    ("@hapi/hapi", "hapi"),
    ("restify", "Restify"),
    ("polka", "Polka"),
    ("elysia", "Elysia"),
    ("h3", "h3"),
    ("@apollo/server", "Apollo Server"),
    ("apollo-server", "Apollo Server"),
    ("graphql-yoga", "GraphQL Yoga"),
    ("@feathersjs/feathers", "Feathers"),
    ("socket.io", "Socket.IO"),
    ("json-server", "json-server"),
    ("sails", "Sails"),
    ("@hono/node-server", "Hono"),
    ("@loopback/rest", "LoopBack"),
    ("apollo-server-express", "Apollo Server"),
    ("moleculer-web", "Moleculer"),
    ("nitropack", "Nitro"),
    ("micro", "Micro"),
    ("ws", "ws"),
];

/// The port of a library that listens by itself and takes `PORT`.
pub(in crate::project::detect) fn own_port(library: &str) -> Option<u16> {
    match library {
        "sails" => Some(1337),
        _ => None,
    }
}

/// The dev server that a script calls, and where in the script.
pub(in crate::project::detect) fn dev_server(script: &str) -> Option<DevServer> {
    DEV_SERVERS.iter().find(|server| server.calls.iter().any(|call| calls(script, call))).copied()
}

/// Whether the words of `call` stand in a script, the first of them as a command. A subcommand other than
/// those of a dev server (`next build`, `vite build`) is another program.
fn calls(script: &str, call: &str) -> bool {
    let words: Vec<&str> = script.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let call: Vec<&str> = call.split(' ').collect();
    (0..words.len()).any(|at| {
        let found = &words[at..];
        let fits = found.len() >= call.len()
            && call.iter().zip(found).enumerate().all(|(position, (wanted, word))| {
                let word = if position == 0 { word.rsplit('/').next().unwrap_or(word) } else { word };
                word == *wanted || position == 0 && word.strip_suffix(".js") == Some(wanted)
            });
        if !fits || at > 0 && (found[0].starts_with('-') || words[at - 1].starts_with("--") && words[at - 1] != "--") {
            return false;
        }
        // a bare name is the dev server unless a subcommand follows
        call.len() > 1
            || found.get(1).is_none_or(|next| next.starts_with('-') || next.starts_with(['&', '|', ';', '.']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_servers_are_told_from_other_subcommands() {
        for (script, name) in [
            ("vite", Some("Vite")),
            ("vite --host", Some("Vite")),
            ("vite dev", Some("Vite")),
            ("cross-env NODE_ENV=development vite", Some("Vite")),
            ("vite build && vite preview", None),
            ("next dev --turbopack", Some("Next.js")),
            ("next build", None),
            ("dotenv -e .env -- next dev", Some("Next.js")),
            ("nuxt dev", Some("Nuxt")),
            ("react-router dev", Some("React Router")),
            ("nest start --watch", Some("Nest")),
            ("node --watch src/index.js", None),
            ("./node_modules/.bin/vite", Some("Vite")),
            ("node node_modules/vite/bin/vite.js", Some("Vite")),
            ("tsx watch src/vite.ts", None),
        ] {
            assert_eq!(dev_server(script).map(|server| server.name), name, "{script}");
        }
    }
}
