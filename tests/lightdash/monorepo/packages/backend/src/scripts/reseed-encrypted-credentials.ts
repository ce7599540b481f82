// @ts-expect-error a stub without types
import { note } from "../../../../stubs/note.mjs";

note("reseed-encrypted-credentials");
