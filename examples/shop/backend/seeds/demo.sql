INSERT INTO product (name, price_cents, stock, image_key, image_type) VALUES
    ('Cup', 890, 40, 'products/cup.svg', 'image/svg+xml'),
    ('Plate', 1290, 25, 'products/plate.svg', 'image/svg+xml'),
    ('Teapot', 3490, 8, NULL, NULL);

-- each copy of the shop sets its own
INSERT INTO setting VALUES ('shop_url', 'https://shop.example');
