export interface Product {
  id: number;
  name: string;
  priceCents: number;
  stock: number;
  hasImage: boolean;
}

export interface OrderLine {
  productId: number;
  quantity: number;
}

export interface NewOrder {
  email: string;
  lines: OrderLine[];
}

export interface Order {
  id: number;
  email: string;
  status: "placed" | "shipped";
  totalCents: number;
}

export interface Info {
  instance: string;
  database: string;
  bucket: string;
  shopUrl: string;
}

export type Checked = { ok: true; order: NewOrder } | { ok: false; problems: string[] };

/** Checks what a client sends. The page and the API use the same function. */
export function checkOrder(input: unknown): Checked {
  const { email, lines } = (input ?? {}) as Partial<Record<keyof NewOrder, unknown>>;
  const problems: string[] = [];
  if (typeof email !== "string" || !/^[^\s@]+@[^\s@]+$/.test(email)) {
    problems.push("the mail address is not valid");
  }
  const checked = Array.isArray(lines) ? lines.map(checkLine) : [];
  if (checked.length === 0) {
    problems.push("the order is empty");
  }
  if (checked.includes(undefined)) {
    problems.push("a quantity must be from 1 to 99");
  }
  if (problems.length > 0) {
    return { ok: false, problems };
  }
  return { ok: true, order: { email: email as string, lines: checked as OrderLine[] } };
}

function checkLine(input: unknown): OrderLine | undefined {
  const { productId, quantity } = (input ?? {}) as Partial<Record<keyof OrderLine, unknown>>;
  const valid = isWhole(productId) && isWhole(quantity) && quantity >= 1 && quantity <= 99;
  return valid ? { productId, quantity } : undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
