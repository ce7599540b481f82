/** Everything that the backend is told from outside. A missing variable stops it at once, by name. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`the environment variable ${name} is not set`);
  }
  return value;
}

export const settings = {
  instance: process.env.INSTANCE ?? "shop",
  get port() {
    return Number(required("PORT"));
  },
  get databaseUrl() {
    return required("DATABASE_URL");
  },
  get s3() {
    return {
      endpoint: required("S3_ENDPOINT"),
      region: required("S3_REGION"),
      bucket: required("S3_BUCKET"),
      accessKey: required("S3_ACCESS_KEY"),
      secretKey: required("S3_SECRET_KEY"),
    };
  },
  get smtp() {
    return {
      host: required("SMTP_HOST"),
      port: Number(required("SMTP_PORT")),
      user: process.env.SMTP_USER,
      password: process.env.SMTP_PASSWORD ?? "",
    };
  },
  /** A browser that prints receipts; without one there are none. */
  browserUrl: process.env.BROWSER_URL || undefined,
  /** The API as that browser reaches it. */
  get printUrl() {
    return required("PRINT_URL");
  },
  shipAfterSeconds: Number(process.env.SHIP_AFTER_SECONDS ?? 60),
};
