export const name = "common as committed";
