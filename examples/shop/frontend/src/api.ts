import type { Info, NewOrder, Order, Product } from "@shop/common";

async function ask<Answer>(path: string, request?: RequestInit): Promise<Answer> {
  const response = await fetch(`/api${path}`, request);
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error ?? body.message ?? response.statusText);
  }
  return body;
}

export const api = {
  info: () => ask<Info>("/info"),
  products: () => ask<Product[]>("/products"),
  orders: () => ask<Order[]>("/orders"),
  order: (order: NewOrder) =>
    ask<Order>("/orders", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(order),
    }),
  upload: (product: number, image: File) =>
    ask<{ key: string }>(`/products/${product}/image`, {
      method: "PUT",
      headers: { "content-type": image.type },
      body: image,
    }),
};
