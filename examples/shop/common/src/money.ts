/** Prices are whole cents everywhere; this is the only place that makes them readable. */
export function formatPrice(cents: number): string {
  const whole = Math.trunc(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, "0");
  return `${cents < 0 ? "-" : ""}€${whole}.${rest}`;
}

export function totalOf(lines: readonly { quantity: number; priceCents: number }[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
}
