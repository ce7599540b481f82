import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // a port that is written in the source, as so often; `[network] map` makes it each agent's own
  server: { proxy: { "/api": "http://localhost:8000" } },
});
