export const up = () => undefined;
