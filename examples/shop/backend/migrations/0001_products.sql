-- Up Migration
CREATE TABLE product (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL UNIQUE,
    price_cents integer NOT NULL CHECK (price_cents >= 0),
    stock integer NOT NULL DEFAULT 0 CHECK (stock >= 0),
    image_key text,
    image_type text
);

CREATE TABLE setting (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- Down Migration
DROP TABLE setting;
DROP TABLE product;
