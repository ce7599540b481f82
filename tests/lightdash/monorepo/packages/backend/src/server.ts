/** Answers as the real one does, with how it was started; the packages that it needs are those that were built. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { name } from "@lightdash/common";
import { warehouses } from "@lightdash/warehouses";

const dbt = execFileSync("sh", ["-c", "command -v dbt1.7"], { encoding: "utf8" }).trim();

export function serve(program: string): void {
    const { env, execArgv } = process;
    const state = { program, name, warehouses, dbt, directory: process.cwd(), options: execArgv, environment: env };
    const server = createServer((request, response) => {
        response.writeHead(request.url === "/api/v1/health" ? 200 : 404, { "content-type": "application/json" });
        response.end(JSON.stringify(state));
    });
    server.listen(Number(env.PORT), "127.0.0.1");
    process.once("SIGTERM", () => process.exit(0));
}
