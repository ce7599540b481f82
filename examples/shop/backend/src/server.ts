import { app } from "./app.js";
import { pool } from "./database.js";
import { settings } from "./settings.js";

const server = app();
await server.listen({ host: process.env.HOST ?? "127.0.0.1", port: settings.port });
console.log(`api: listening on port ${settings.port}`);

process.once("SIGTERM", async () => {
  await server.close();
  await pool.end();
});
