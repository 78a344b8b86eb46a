-- A journal of a later schema that programs of the present one may read and write: a column, a table and a phase more.
CREATE TABLE run(id TEXT PRIMARY KEY, service TEXT NOT NULL, target TEXT NOT NULL, command TEXT NOT NULL,
 manifest TEXT NOT NULL, started INTEGER NOT NULL, release INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0,
 host TEXT NOT NULL DEFAULT '');
CREATE TABLE entry(run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, phase TEXT NOT NULL, call TEXT NOT NULL,
 time INTEGER NOT NULL, detail TEXT NOT NULL, request TEXT NOT NULL DEFAULT '');
CREATE TABLE readers(least INTEGER NOT NULL);
CREATE TABLE upload(digest TEXT PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE INDEX entry_run ON entry(run);
CREATE INDEX run_of ON run(service, target, started);
PRAGMA user_version = 3;
INSERT INTO readers VALUES(2);
INSERT INTO upload VALUES('3f9a', 12);
INSERT INTO run VALUES('b2/credit-risk', 'credit-risk', 'prod', 'deploy', '/x/mdl.yaml', 1795521500000000000, 2, 0, 'build-7');
INSERT INTO entry VALUES('b2/credit-risk', 'before', 'append record 2', 1795521500000000000, '', 'r-1');
INSERT INTO entry VALUES('b2/credit-risk', 'after', 'append record 2', 1795521500000000001, '', 'r-1');
INSERT INTO entry VALUES('b2/credit-risk', 'before', 'create instances credit-risk/2', 1795521500000000002, '', 'r-2');
INSERT INTO entry VALUES('b2/credit-risk', 'after', 'create instances credit-risk/2', 1795521500000000003, '', 'r-2');
