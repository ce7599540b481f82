import { formatPrice, type Product } from "@shop/common";

interface Props {
  product: Product;
  quantity: number;
  /** Changes with each upload, so that the browser asks again. */
  version: number;
  onQuantity: (quantity: number) => void;
  onImage: (image: File) => void;
}

export function ProductRow({ product, quantity, version, onQuantity, onImage }: Props) {
  return (
    <li className="product">
      {product.hasImage ? (
        <img src={`/api/products/${product.id}/image?${version}`} alt={product.name} />
      ) : (
        <div className="blank" />
      )}
      <div>
        <strong>{product.name}</strong> {formatPrice(product.priceCents)}
        <br />
        <small>{product.stock} left</small>
      </div>
      <input
        type="file"
        aria-label={`Image of ${product.name}`}
        accept="image/png,image/jpeg,image/svg+xml"
        onChange={({ target }) => target.files?.[0] && onImage(target.files[0])}
      />
      <input
        type="number"
        aria-label={`Number of ${product.name}`}
        min={0}
        max={99}
        value={quantity}
        onChange={({ target }) => onQuantity(target.valueAsNumber || 0)}
      />
    </li>
  );
}
