-- workload.sql - what the SQLite of the benchmarks has to do: inserts, joins, groups, an index, updates.
.bail on
PRAGMA journal_mode = MEMORY;
CREATE TABLE item(id INTEGER PRIMARY KEY, part INTEGER, name TEXT, price REAL);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO item SELECT i, i % 997, 'item ' || (i * 7919 % 60000), (i * 31 % 1000) / 7.0 FROM n;
COMMIT;
CREATE INDEX item_part ON item(part);
SELECT part, count(*), round(sum(price), 2) FROM item GROUP BY part ORDER BY 3 DESC LIMIT 5;
SELECT count(*) FROM item a JOIN item b ON a.part = b.part AND b.id <= 3000 WHERE a.id <= 20000;
UPDATE item SET price = price * 1.1 WHERE part < 300;
SELECT name, max(price) FROM item WHERE name LIKE '%99%' GROUP BY substr(name, -1) ORDER BY name;
DELETE FROM item WHERE id % 3 = 0;
SELECT count(*), round(avg(price), 4) FROM item;
