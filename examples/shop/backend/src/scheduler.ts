import { setTimeout } from "node:timers/promises";
import { pool } from "./database.js";
import { tellCustomer } from "./mail.js";
import { shipDue } from "./orders.js";
import { settings } from "./settings.js";

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

const pause = () => setTimeout(500, undefined, { signal: stop.signal }).catch(() => {});

await pool.query("SELECT 1");
console.log("scheduler: ready");
while (!stop.signal.aborted) {
  try {
    for (const order of await shipDue(settings.shipAfterSeconds)) {
      await tellCustomer(order);
      console.log(`scheduler: shipped order ${order.id}`);
    }
  } catch (error) {
    console.error("scheduler: tried in vain", error);
  }
  await pause();
}
await pool.end();
