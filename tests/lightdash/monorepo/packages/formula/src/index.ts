export const formula = "formula";
