import { formatPrice, type Order } from "@shop/common";
import nodemailer from "nodemailer";
import { setting } from "./database.js";
import { settings } from "./settings.js";

const { host, port, user, password } = settings.smtp;
const transport = nodemailer.createTransport({
  host,
  port,
  secure: false,
  ignoreTLS: true,
  ...(user ? { auth: { user, pass: password } } : {}),
});

export async function tellCustomer(order: Order): Promise<void> {
  const shop = await setting("shop_url");
  await transport.sendMail({
    from: "Shop <orders@shop.example>",
    to: order.email,
    subject: `Order ${order.id}: ${order.status}`,
    text: `Your order of ${formatPrice(order.totalCents)} was ${order.status}.\n\n${shop}/#order-${order.id}\n`,
  });
}
