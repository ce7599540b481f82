import { expect, test } from "vitest";
import { formatPrice, totalOf } from "./money.js";
import { checkOrder } from "./order.js";

test("a price has two digits behind the point", () => {
  expect([0, 5, 1290, -250].map(formatPrice)).toEqual(["€0.00", "€0.05", "€12.90", "-€2.50"]);
});

test("a total counts each line as often as it was ordered", () => {
  expect(totalOf([{ quantity: 2, priceCents: 450 }, { quantity: 1, priceCents: 99 }])).toBe(999);
});

test("an order needs an address and at least one line", () => {
  expect(checkOrder({ email: "ada", lines: [] })).toEqual({
    ok: false,
    problems: ["the mail address is not valid", "the order is empty"],
  });
  expect(checkOrder(null).ok).toBe(false);
});

test("what else a client sends is dropped", () => {
  const line = { productId: 1, quantity: 2 };
  expect(checkOrder({ email: "ada@example.com", lines: [{ ...line, price: 0 }], admin: true })).toEqual({
    ok: true,
    order: { email: "ada@example.com", lines: [line] },
  });
});
