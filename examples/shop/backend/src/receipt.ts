import { formatPrice, type Order } from "@shop/common";
import type { ReceiptLine } from "./orders.js";

export function receiptPage(order: Order, lines: readonly ReceiptLine[]): string {
  const rows = lines.map(
    ({ name, quantity, priceCents }) =>
      `<tr><td>${quantity} × ${escaped(name)}</td><td>${formatPrice(quantity * priceCents)}</td></tr>`,
  );
  return `<!doctype html>
<meta charset="utf-8">
<title>Receipt ${order.id}</title>
<style>body { font-family: sans-serif } td { padding: 0.2em 1em }</style>
<h1>Receipt ${order.id}</h1>
<p>${escaped(order.email)}</p>
<table>${rows.join("")}<tr><th>Total</th><td>${formatPrice(order.totalCents)}</td></tr></table>
`;
}

function escaped(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => names[character]!);
}
