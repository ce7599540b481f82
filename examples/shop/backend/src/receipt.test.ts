import { expect, test } from "vitest";
import { receiptPage } from "./receipt.js";

const order = { id: 7, email: "a<b>@example.com", status: "placed" as const, totalCents: 1290 };

test("a receipt names what was ordered and the total", () => {
  const page = receiptPage(order, [{ name: "Cup & saucer", quantity: 2, priceCents: 645 }]);
  expect(page).toContain("2 × Cup &amp; saucer</td><td>€12.90");
  expect(page).toContain("<title>Receipt 7</title>");
});

test("what a customer wrote is text, not markup", () => {
  expect(receiptPage(order, [])).toContain("a&lt;b&gt;@example.com");
});
