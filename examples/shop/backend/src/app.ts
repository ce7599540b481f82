import { checkOrder, type Info } from "@shop/common";
import fastify, { type FastifyInstance } from "fastify";
import { rows, setting } from "./database.js";
import { loadImage, storeImage } from "./images.js";
import { tellCustomer } from "./mail.js";
import { allProducts, imageOf, orderWithLines, OutOfStock, placeOrder, recentOrders, setImage } from "./orders.js";
import { printed } from "./print.js";
import { receiptPage } from "./receipt.js";
import { settings } from "./settings.js";

const IMAGE_TYPES = ["image/png", "image/jpeg", "image/svg+xml"];
const byId = { schema: { params: { type: "object", properties: { id: { type: "integer" } } } } };
interface ById {
  Params: { id: number };
}

export function app(): FastifyInstance {
  const server = fastify({ logger: { level: "warn" }, bodyLimit: 5 * 1024 * 1024 });
  server.addContentTypeParser(IMAGE_TYPES, { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  server.get("/health", async () => {
    await rows("SELECT 1 FROM product LIMIT 1");
    return { status: "ok" };
  });

  server.get("/api/info", async (): Promise<Info> => {
    const [row] = await rows<{ database: string }>("SELECT current_database() AS database");
    const shopUrl = await setting("shop_url");
    return { instance: settings.instance, database: row!.database, bucket: settings.s3.bucket, shopUrl };
  });

  server.get("/api/products", allProducts);

  server.get<ById>("/api/products/:id/image", byId, async ({ params }, reply) => {
    const image = await imageOf(params.id);
    if (!image?.key) {
      return reply.code(404).send({ error: "there is no such image" });
    }
    return reply.type(image.type).send(await loadImage(image.key));
  });

  server.put<ById & { Body: Buffer }>("/api/products/:id/image", byId, async (request, reply) => {
    const type = request.headers["content-type"] ?? "";
    if (!IMAGE_TYPES.includes(type) || !(await imageOf(request.params.id))) {
      return reply.code(400).send({ error: `an image of a product is wanted: ${IMAGE_TYPES.join(", ")}` });
    }
    const key = `uploads/${request.params.id}-${Date.now()}`;
    await storeImage(key, type, request.body);
    await setImage(request.params.id, key, type);
    return reply.code(201).send({ key });
  });

  server.get("/api/orders", recentOrders);

  server.post("/api/orders", async (request, reply) => {
    const checked = checkOrder(request.body);
    if (!checked.ok) {
      return reply.code(400).send({ error: checked.problems.join("; ") });
    }
    try {
      const order = await placeOrder(checked.order);
      await tellCustomer(order);
      return reply.code(201).send(order);
    } catch (error) {
      if (error instanceof OutOfStock) {
        return reply.code(409).send({ error: error.message });
      }
      throw error;
    }
  });

  server.get<ById>("/api/orders/:id/receipt", byId, async ({ params }, reply) => {
    const found = await orderWithLines(params.id);
    if (!found) {
      return reply.code(404).send({ error: "there is no such order" });
    }
    return reply.type("text/html; charset=utf-8").send(receiptPage(found.order, found.lines));
  });

  server.get<ById>("/api/orders/:id/receipt.pdf", byId, async ({ params }, reply) => {
    if (!settings.browserUrl) {
      return reply.code(503).send({ error: "no browser prints receipts here" });
    }
    const page = `${settings.printUrl}/api/orders/${params.id}/receipt`;
    return reply.type("application/pdf").send(await printed(settings.browserUrl, page));
  });

  return server;
}
