CREATE TABLE uploads (
    id           bigint PRIMARY KEY,
    object_key   text NOT NULL UNIQUE,
    name         text NOT NULL,
    content_type text NOT NULL,
    bytes        bigint NOT NULL,
    -- filled in by the worker
    sha256       text,
    kind         text,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE uploads_id OWNED BY uploads.id;

-- work for `board worker`
CREATE TABLE jobs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    upload     bigint NOT NULL REFERENCES uploads ON DELETE CASCADE,
    attempts   int NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    error      text
);
