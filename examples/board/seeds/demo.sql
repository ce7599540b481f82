-- Demonstration data. Running it again changes nothing.
INSERT INTO messages (author, body, created_at)
SELECT author, body, created_at::timestamptz
FROM (VALUES
    ('Ada',   'Welcome to the board. Everything on this page comes from PostgreSQL.', '2026-01-05 09:00:00Z'),
    ('Grace', 'Files go to the bucket, invitations go out by mail.',                  '2026-01-05 09:12:00Z'),
    ('Linus', 'The worker looks at each upload and says what it is.',                 '2026-01-05 10:30:00Z')
) AS seed (author, body, created_at)
WHERE NOT EXISTS (SELECT FROM messages);

-- the address in invitations; every installation sets its own with `board set site_url ...`
INSERT INTO settings (name, value) VALUES ('site_url', 'http://localhost:3000')
ON CONFLICT (name) DO NOTHING;
