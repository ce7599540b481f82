import { formatPrice, type Order } from "@shop/common";

export function OrderList({ orders }: { orders: Order[] }) {
  return (
    <ul aria-label="Orders">
      {orders.map((order) => (
        <li key={order.id} id={`order-${order.id}`}>
          {order.id}: {order.email}, {formatPrice(order.totalCents)}, {order.status}{" "}
          <a href={`/api/orders/${order.id}/receipt.pdf`}>receipt</a>
        </li>
      ))}
    </ul>
  );
}
