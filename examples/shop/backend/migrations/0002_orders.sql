-- Up Migration
CREATE TABLE "order" (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    status text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'shipped')),
    total_cents integer NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_line (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    order_id integer NOT NULL REFERENCES "order" ON DELETE CASCADE,
    product_id integer NOT NULL REFERENCES product,
    quantity integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL
);

CREATE INDEX order_waiting ON "order" (placed_at) WHERE status = 'placed';

-- Down Migration
DROP TABLE order_line;
DROP TABLE "order";
