-- A journal that programs of the present schema must not touch: its runs are kept in another form.
CREATE TABLE runs(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE readers(least INTEGER NOT NULL);
PRAGMA user_version = 9;
INSERT INTO readers VALUES(9);
INSERT INTO runs VALUES(1, x'00112233');
