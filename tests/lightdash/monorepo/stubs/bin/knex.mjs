#!/usr/bin/env node
import { execFileSync } from "node:child_process";
import { note } from "../note.mjs";
note();
// the seed of the real one compiles the demonstration project
if (process.argv[2] === "seed:run") execFileSync("dbt1.7", ["--version"]);
