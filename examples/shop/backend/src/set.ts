/** `set NAME VALUE`: changes a setting that lives in the database. */
import { pool } from "./database.js";

const [name, value] = process.argv.slice(2);
if (!name || value === undefined) {
  console.error("usage: set NAME VALUE");
  process.exit(2);
}
const upsert = "INSERT INTO setting VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
await pool.query(upsert, [name, value]);
await pool.end();
