import { type NewOrder, type Order, type Product, totalOf } from "@shop/common";
import { rows, transaction } from "./database.js";

export class OutOfStock extends Error {
  constructor(readonly productId: number) {
    super(`product ${productId} is out of stock`);
  }
}

export interface ReceiptLine {
  name: string;
  quantity: number;
  priceCents: number;
}

const ORDER = 'id, email, status, total_cents AS "totalCents"';

export function allProducts(): Promise<Product[]> {
  return rows<Product>(
    'SELECT id, name, price_cents AS "priceCents", stock, image_key IS NOT NULL AS "hasImage" FROM product ORDER BY id',
  );
}

export async function imageOf(productId: number): Promise<{ key: string | null; type: string } | undefined> {
  const sql = "SELECT image_key AS key, image_type AS type FROM product WHERE id = $1";
  return (await rows<{ key: string | null; type: string }>(sql, [productId]))[0];
}

export async function setImage(productId: number, key: string, type: string): Promise<void> {
  await rows("UPDATE product SET image_key = $2, image_type = $3 WHERE id = $1", [productId, key, type]);
}

export function recentOrders(): Promise<Order[]> {
  return rows<Order>(`SELECT ${ORDER} FROM "order" ORDER BY id DESC LIMIT 20`);
}

export async function orderWithLines(id: number): Promise<{ order: Order; lines: ReceiptLine[] } | undefined> {
  const [order] = await rows<Order>(`SELECT ${ORDER} FROM "order" WHERE id = $1`, [id]);
  if (!order) {
    return undefined;
  }
  const lines = await rows<ReceiptLine>(
    `SELECT name, quantity, line.price_cents AS "priceCents"
     FROM order_line line JOIN product ON product.id = product_id WHERE order_id = $1 ORDER BY line.id`,
    [id],
  );
  return { order, lines };
}

/** All of the order, or nothing. */
export function placeOrder({ email, lines }: NewOrder): Promise<Order> {
  // always in the same order, so that two orders never wait for each other's rows
  const sorted = lines.toSorted((one, other) => one.productId - other.productId);
  return transaction(async (client) => {
    const priced: { productId: number; quantity: number; priceCents: number }[] = [];
    for (const { productId, quantity } of sorted) {
      const sql = "UPDATE product SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING price_cents";
      const { rows: taken } = await client.query<{ price_cents: number }>(sql, [productId, quantity]);
      if (!taken[0]) {
        throw new OutOfStock(productId);
      }
      priced.push({ productId, quantity, priceCents: taken[0].price_cents });
    }
    const insert = `INSERT INTO "order" (email, total_cents) VALUES ($1, $2) RETURNING ${ORDER}`;
    const { rows: placed } = await client.query<Order>(insert, [email, totalOf(priced)]);
    const order = placed[0]!;
    for (const { productId, quantity, priceCents } of priced) {
      const line = "INSERT INTO order_line (order_id, product_id, quantity, price_cents) VALUES ($1, $2, $3, $4)";
      await client.query(line, [order.id, productId, quantity, priceCents]);
    }
    return order;
  });
}

/** Marks orders that have waited long enough. Each is handed out once, however many schedulers run. */
export function shipDue(afterSeconds: number): Promise<Order[]> {
  return rows<Order>(
    `UPDATE "order" SET status = 'shipped' WHERE id IN (
       SELECT id FROM "order" WHERE status = 'placed' AND placed_at <= now() - make_interval(secs => $1)
       ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED
     ) RETURNING ${ORDER}`,
    [afterSeconds],
  );
}
