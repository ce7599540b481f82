#!/usr/bin/env node
import { note } from "../note.mjs";
note();
