//! Small repositories, one for each thing that `init` knows, written for these tests.

/// A repository: its files, and what the written `harness.toml` must hold.
pub(super) struct Repository {
    pub(super) name: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) holds: &'static [&'static str],
}

pub(super) const REPOSITORIES: &[Repository] = &[
    Repository { name: "empty", files: &[], holds: &["# Not found in the files:"] },
    Repository {
        name: "vite-pnpm",
        files: &[
            (
                "package.json",
                r#"{ "name": "@acme/site", "packageManager": "pnpm@9.0.0", "scripts": { "dev": "vite", "lint": "eslint .", "test": "vitest run" }, "devDependencies": { "vite": "^7", "typescript": "5" } }"#,
            ),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
            ("index.html", "<p>site"),
            ("tsconfig.json", "{}"),
        ],
        holds: &[
            r#"name = "site""#,
            r#"run = "pnpm install --frozen-lockfile", inputs = ["pnpm-lock.yaml"], outputs = ["node_modules"]"#,
            r#"command = "pnpm run dev --port {{ ports.web }} --strictPort""#,
            r#"http_get = { path = "/", port = "{{ ports.web }}" }"#,
            r#"run = "pnpm exec tsc --noEmit""#,
            r#"run = "pnpm run test", environment = { CI = "true" }"#,
        ],
    },
    Repository {
        name: "port-in-script",
        files: &[
            (
                "package.json",
                r#"{ "scripts": { "dev": "next dev --turbopack -p 3100" }, "dependencies": { "next": "15" } }"#,
            ),
            ("yarn.lock", ""),
            ("app/(shop)/page.tsx", ""),
        ],
        holds: &[
            "web = 3100",
            r#"command = "yarn run next dev --turbopack --port {{ ports.web }}""#,
            r#"run = "yarn install --frozen-lockfile --network-timeout"#,
            r#"http_get = { path = "/""#,
        ],
    },
    Repository {
        name: "monorepo",
        files: &[
            (
                "package.json",
                r#"{ "name": "root", "workspaces": ["apps/*", "packages/*"], "scripts": { "dev": "turbo run dev", "lint": "turbo run lint" } }"#,
            ),
            ("turbo.json", "{}"),
            ("bun.lock", ""),
            (
                "apps/web/package.json",
                r#"{ "name": "web", "scripts": { "dev": "nuxt dev" }, "dependencies": { "nuxt": "4" } }"#,
            ),
            ("apps/web/.env.example", "PORT=3000\nNUXT_PUBLIC_API=http://localhost:4000\n"),
            (
                "apps/server/package.json",
                r#"{ "name": "server", "scripts": { "dev": "tsx watch src/index.ts" }, "dependencies": { "fastify": "5", "pg": "8" } }"#,
            ),
            (
                "apps/server/src/index.ts",
                "app.get('/healthz', x); app.listen({ port: Number(process.env.SERVER_PORT ?? 4000) })",
            ),
            ("packages/ui/package.json", r#"{ "name": "ui", "scripts": { "dev": "tsc --watch" } }"#),
        ],
        holds: &[
            "bun install --frozen-lockfile",
            "[processes.web]",
            r#"command = "bun run dev --port {{ ports.web }}""#,
            "[processes.server]",
            r#"SERVER_PORT = "{{ ports.server }}""#,
            r#"path = "/healthz""#,
            r#"NUXT_PUBLIC_API = "http://localhost:{{ ports.server }}""#,
            r#"name = "lint", run = "bun run lint""#,
        ],
    },
    Repository {
        name: "prisma",
        files: &[
            (
                "package.json",
                r#"{ "scripts": { "dev": "nest start --watch" }, "dependencies": { "@nestjs/core": "11", "@prisma/client": "6" }, "devDependencies": { "prisma": "6" }, "prisma": { "seed": "tsx prisma/seed.ts" } }"#,
            ),
            ("package-lock.json", "{}"),
            ("src/main.ts", "await app.listen(process.env.PORT ?? 3000)"),
            (
                "prisma/schema.prisma",
                "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n  directUrl = env(\"DIRECT_URL\")\n  extensions = [uuidOssp(map: \"uuid-ossp\"), vector]\n}\n",
            ),
            ("prisma/migrations/1_init/migration.sql", "create table a ();"),
            ("prisma/seed.ts", ""),
            (
                ".env.example",
                "DATABASE_URL=\"postgresql://u:p@localhost:5432/app?schema=public\"\nJWT_SECRET=\nSTRIPE_SECRET_KEY=sk_test\nGREETING=\"hello {{ name }}\"\n",
            ),
        ],
        holds: &[
            r#"run = "npx --no-install prisma migrate deploy""#,
            r#"inputs = ["prisma/migrations/**"], incremental = true"#,
            r#"run = "npx --no-install prisma db seed""#,
            r#"DATABASE_URL = "{{ database.url }}?schema=public""#,
            r#"DIRECT_URL = "{{ database.url }}""#,
            r#"extensions = ["uuid-ossp", "vector"]"#,
            "create = true",
            r#"GREETING = "{% raw %}hello {{ name }}{% endraw %}""#,
            r#"STRIPE_SECRET_KEY = "sk_test""#,
            "npm ci",
        ],
    },
    Repository {
        name: "concurrently",
        files: &[
            (
                "package.json",
                r#"{ "scripts": { "dev": "concurrently \"npm:dev:client\" \"npm run dev:server\"", "dev:client": "vite", "dev:server": "nodemon server.js" }, "dependencies": { "express": "4" } }"#,
            ),
            ("index.html", ""),
            ("server.js", "app.listen(3001)"),
        ],
        holds: &["[processes.client]", "[processes.server]", r#"map = { 3001 = "{{ ports.server }}" }"#],
    },
    Repository {
        name: "django",
        files: &[
            ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"),
            ("requirements.txt", "Django==5.1\npsycopg2-binary\npytest\nruff\n"),
            (
                "shop/settings.py",
                "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['DB_NAME'], 'HOST': os.environ.get('DB_HOST')}}",
            ),
            ("shop/urls.py", "urlpatterns = [path('manage/', admin.site.urls)]"),
            ("cart/migrations/0001_initial.py", ""),
        ],
        holds: &[
            r#"command = ".venv/bin/python manage.py runserver 127.0.0.1:{{ ports.web }}""#,
            r#"run = ".venv/bin/python manage.py migrate --noinput", inputs = ["{manage.py,**/migrations/*.py}"], incremental = true"#,
            r#"DB_NAME = "{{ database.name }}""#,
            r#"path = "/manage/login/""#,
            ".venv/bin/pytest -q",
            "create = true",
        ],
    },
    Repository {
        name: "fastapi-uv",
        files: &[
            (
                "backend/pyproject.toml",
                "[project]\nname = \"backend\"\ndependencies = [\"fastapi[standard]\", \"asyncpg\", \"alembic\"]\n",
            ),
            ("backend/uv.lock", ""),
            ("backend/app/__init__.py", ""),
            ("backend/app/main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
            ("backend/alembic.ini", "[alembic]\nscript_location = alembic\n"),
            ("backend/alembic/env.py", "os.environ['DATABASE_URL']"),
            ("backend/alembic/versions/1.py", ""),
            (".env.example", "DATABASE_URL=postgresql+asyncpg://u:p@localhost/app\n"),
        ],
        holds: &[
            r#"run = "uv sync --frozen", working_dir = "backend", inputs = ["backend/uv.lock"], outputs = ["backend/.venv"]"#,
            r#"command = ".venv/bin/python -m uvicorn app.main:app --reload --host 127.0.0.1 --port {{ ports.backend }}""#,
            r#"run = ".venv/bin/python -m alembic upgrade head", working_dir = "backend", inputs = ["{backend/alembic.ini,backend/alembic/versions/**/*.py}"]"#,
            "postgresql+asyncpg://{{ database.user }}:{{ database.password }}@",
            r#"path = "/docs""#,
        ],
    },
    Repository {
        name: "flask-poetry",
        files: &[
            ("pyproject.toml", "[tool.poetry]\nname = \"blog\"\n[tool.poetry.dependencies]\nflask = \"3\"\n"),
            ("poetry.lock", ""),
            ("blog/__init__.py", "app = Flask(__name__)\n@app.route('/')\ndef index(): pass\n"),
        ],
        holds: &["poetry install --no-interaction", "-m flask --app blog run --port {{ ports.web }}", r#"path = "/""#],
    },
    Repository {
        name: "rails",
        files: &[
            ("Gemfile", "gem \"rails\", \"~> 8\"\ngem \"pg\"\n"),
            ("Gemfile.lock", ""),
            ("config/routes.rb", "get \"up\" => \"rails/health#show\", as: :rails_health_check"),
            ("db/schema.rb", "enable_extension \"citext\""),
            ("db/migrate/1_a.rb", ""),
            ("Procfile.dev", "web: bin/rails server\ncss: bin/rails tailwindcss:watch\n"),
        ],
        holds: &[
            "bin/rails server --binding 127.0.0.1",
            "bin/rails db:schema:load",
            "path = \"/up\"",
            "[processes.css]",
            "citext",
        ],
    },
    Repository {
        name: "laravel",
        files: &[
            ("artisan", "#!/usr/bin/env php"),
            ("composer.json", "{ \"require\": { \"laravel/framework\": \"^12\" } }"),
            (".env.example", "APP_URL=http://localhost\nDB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_DATABASE=app\n"),
            ("database/migrations/1_a.php", ""),
        ],
        holds: &[
            "php artisan serve",
            "php artisan migrate --force",
            r#"DB_DATABASE = "{{ database.name }}""#,
            r#"APP_URL = "http://localhost:{{ ports.web }}""#,
        ],
    },
    Repository {
        name: "phoenix",
        files: &[
            ("mix.exs", "{:phoenix, \"~> 1.8\"}, {:postgrex, \">= 0.0.0\"}"),
            (
                "config/dev.exs",
                "http: [port: String.to_integer(System.get_env(\"PORT\") || \"4000\")], url: System.get_env(\"DATABASE_URL\")",
            ),
            ("priv/repo/migrations/1_a.exs", ""),
        ],
        holds: &["mix phx.server", "mix ecto.migrate", r#"DATABASE_URL = "{{ database.url }}""#],
    },
    Repository {
        name: "go",
        files: &[
            ("go.mod", "module example.com/shop\n\ngo 1.24\n\nrequire github.com/jackc/pgx/v5 v5.7.0\n"),
            (
                "cmd/server/main.go",
                "package main\nfunc main() {\n  mux.HandleFunc(\"GET /healthz\", ok)\n  http.ListenAndServe(\":\"+os.Getenv(\"PORT\"), mux)\n  pgx.Connect(ctx, os.Getenv(\"DATABASE_URL\"))\n}\n",
            ),
            ("cmd/migrate/main.go", "package main\nfunc main() {}\n"),
            ("migrations/1_a.sql", "-- +goose Up\ncreate extension if not exists pg_trgm;\n"),
        ],
        holds: &[
            "go build -o .harness/bin/server ./cmd/server",
            r#"PORT = "{{ ports.api }}""#,
            "goose -dir migrations postgres",
            r#"extensions = ["pg_trgm"]"#,
            r#"path = "/healthz""#,
            "go test ./...",
        ],
    },
    Repository {
        name: "cargo",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n[dependencies]\naxum = \"0.8\"\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n",
            ),
            ("Cargo.lock", ""),
            (
                "src/main.rs",
                "let port = std::env::var(\"PORT\"); sqlx::migrate!(); Router::new().route(\"/health\", get(ok));",
            ),
            ("migrations/0001_a.sql", ""),
        ],
        holds: &["cargo build --locked", r#"command = "target/debug/shop""#, r#"path = "/health""#, "RUSTUP_HOME"],
    },
    Repository {
        name: "compose",
        files: &[
            (
                "compose.yaml",
                "services:\n  db: { image: 'pgvector/pgvector:pg16' }\n  store: { image: minio/minio }\n  mail: { image: axllent/mailpit }\n  old: { image: 'mysql:8' }\n",
            ),
            (
                ".devcontainer/devcontainer.json",
                "// the container\n{ \"forwardPorts\": [3000], \"containerEnv\": { \"LOG_LEVEL\": \"debug\" } }",
            ),
            ("Procfile", "web: ./serve --port $PORT\nworker: ./work\nrelease: ./migrate\n"),
            (
                ".env.sample",
                "S3_ENDPOINT=http://localhost:9000\nAWS_SECRET_ACCESS_KEY=\nSMTP_HOST=localhost\nBROKEN LINE\nA='it\"s\\\\'\n",
            ),
        ],
        holds: &[
            r#"S3_ENDPOINT = "{{ s3.endpoint }}""#,
            r#"AWS_SECRET_ACCESS_KEY = "{{ s3.secret_key }}""#,
            r#"SMTP_HOST = "{{ mail.smtp_host }}""#,
            r#"LOG_LEVEL = "debug""#,
            "[processes.worker]",
            "[infra.s3]                    # compose.yaml: services.store",
        ],
    },
    Repository {
        name: "mysql",
        files: &[
            (
                "package.json",
                r#"{ "scripts": { "dev": "node server.js", "db:migrate": "knex migrate:latest" }, "dependencies": { "express": "4", "mysql2": "3", "pg": "8", "knex": "3", "ioredis": "5" } }"#,
            ),
            ("server.js", "app.listen(process.env.PORT || 3000)"),
            ("db/migrations/1_a.js", ""),
            (
                "docker-compose.yml",
                "services:\n  db:\n    image: mariadb:11\n    environment: { MARIADB_DATABASE: shop }\n  cache: { image: redis }\n",
            ),
            (
                ".env.example",
                "DB_CLIENT=mysql2\nDB_HOST=localhost\nDB_PORT=3306\nDB_USER=shop\nDB_PASSWORD=secret\nDB_NAME=shop\nREDIS_URL=redis://localhost:6379/2\n",
            ),
        ],
        holds: &[
            "[stores.shop]",
            r#"use = "mariadb""#,
            r#"run = "npm run db:migrate", inputs = ["db/migrations/**"] }"#,
            "[stores.redis]",
            r#"use = "redis""#,
            r#"DB_HOST = "{{ stores.shop.host }}""#,
            r#"DB_PORT = "{{ stores.shop.port }}""#,
            r#"DB_USER = "root""#,
            r#"DB_PASSWORD = """#,
            r#"DB_NAME = "{{ stores.shop.database }}""#,
            r#"DB_CLIENT = "mysql2""#,
            r#"REDIS_URL = "redis://{{ stores.redis.host }}:{{ stores.redis.port }}/2""#,
        ],
    },
    Repository {
        name: "mongodb",
        files: &[
            (
                "package.json",
                r#"{ "scripts": { "start": "node app.js" }, "dependencies": { "express": "4", "mongoose": "8" } }"#,
            ),
            ("app.js", "mongoose.connect('mongodb://localhost:27017/todo'); app.listen(process.env.PORT || 3000)"),
        ],
        holds: &["[stores.mongo]", r#"use = "mongodb""#, r#"map = { 27017 = "{{ stores.mongo.port }}" }"#],
    },
    Repository {
        name: "rust-redis",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = 'links'\n[dependencies]\naxum = '0.8'\ncache = { package = 'deadpool-redis', version = '1' }\n[dev-dependencies]\nmongodb = '3'\n",
            ),
            ("src/main.rs", "env::var(\"PORT\"); env::var(\"REDIS_URL\");"),
            (".env.example", "REDIS_URL=redis://127.0.0.1\n"),
        ],
        holds: &["[stores.redis]", r#"REDIS_URL = "{{ stores.redis.url }}""#],
    },
    Repository {
        name: "aiohttp",
        files: &[
            ("requirements.txt", "aiohttp\nmotor\n"),
            (
                "server.py",
                "if __name__ == '__main__':\n    web.run_app(app, port=int(os.getenv('APP_PORT', '8085')))\n",
            ),
            (".env.example", "MONGODB_URI=mongodb://mongo:27017/notes\n"),
            ("jobs/pom.xml", "<project/>"),
        ],
        holds: &[
            "api = 8085",
            r#"APP_PORT = "{{ ports.api }}""#,
            r#"MONGODB_URI = "mongodb://{{ stores.mongo.host }}:{{ stores.mongo.port }}/notes""#,
            "jobs/pom.xml: a program by Maven",
        ],
    },
];
