import { name } from "@lightdash/common"; export const warehouses = `warehouses on ${name}`;
