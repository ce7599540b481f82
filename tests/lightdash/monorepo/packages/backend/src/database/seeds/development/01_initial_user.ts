export const seed = () => undefined;
