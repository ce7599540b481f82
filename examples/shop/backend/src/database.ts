import pg from "pg";
import { settings } from "./settings.js";

export const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: 5 });

// an idle connection that the server closes is replaced by the next query
pool.on("error", (error) => console.error(`database: ${error.message}`));

export async function rows<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await pool.query<Row>(sql, values)).rows;
}

export async function transaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

/** A setting that lives in the database, such as the shop's own address. */
export async function setting(name: string): Promise<string> {
  const [found] = await rows<{ value: string }>("SELECT value FROM setting WHERE name = $1", [name]);
  return found?.value ?? "";
}
