import { checkOrder, type Info, type Order, type Product } from "@shop/common";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { api } from "./api.js";
import { Heading } from "./Heading.js";
import { OrderList } from "./OrderList.js";
import { ProductRow } from "./ProductRow.js";

export function App() {
  const [info, setInfo] = useState<Info>();
  const [products, setProducts] = useState<Product[]>([]);
  const [orders, setOrders] = useState<Order[]>([]);
  const [quantities, setQuantities] = useState<Record<number, number>>({});
  const [email, setEmail] = useState("");
  const [version, setVersion] = useState(0);
  const [trouble, setTrouble] = useState("");
  const [offline, setOffline] = useState(false);

  const refresh = useCallback(
    () =>
      Promise.all([api.products(), api.orders()]).then(
        ([newProducts, newOrders]) => {
          setProducts(newProducts);
          setOrders(newOrders);
          setOffline(false);
        },
        () => setOffline(true),
      ),
    [],
  );

  useEffect(() => {
    api.info().then(setInfo, (error: Error) => setTrouble(error.message));
    void refresh();
    const timer = setInterval(refresh, 1000);
    return () => clearInterval(timer);
  }, [refresh]);

  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setTrouble("");
      await refresh();
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const lines = Object.entries(quantities)
      .filter(([, quantity]) => quantity > 0)
      .map(([id, quantity]) => ({ productId: Number(id), quantity }));
    const checked = checkOrder({ email, lines });
    if (!checked.ok) {
      setTrouble(checked.problems.join("; "));
      return;
    }
    void attempt(async () => {
      await api.order(checked.order);
      setQuantities({});
    });
  };

  return (
    <>
      <Heading info={info} />
      <form onSubmit={submit}>
        <ul aria-label="Products">
          {products.map((product) => (
            <ProductRow
              key={product.id}
              product={product}
              quantity={quantities[product.id] ?? 0}
              version={version}
              onQuantity={(quantity) => setQuantities((all) => ({ ...all, [product.id]: quantity }))}
              onImage={(image) =>
                void attempt(async () => {
                  await api.upload(product.id, image);
                  setVersion((before) => before + 1);
                })
              }
            />
          ))}
        </ul>
        <label>
          Mail address <input name="email" value={email} onChange={({ target }) => setEmail(target.value)} />
        </label>{" "}
        <button type="submit">Order</button>
      </form>
      {(trouble || offline) && (
        <p role="alert" className="trouble">
          {trouble || "the shop does not answer"}
        </p>
      )}
      <h2>Orders</h2>
      <OrderList orders={orders} />
    </>
  );
}
