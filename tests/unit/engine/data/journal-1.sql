-- A journal of the schema before the present one: a deploy was killed after its second call.
CREATE TABLE run(id TEXT PRIMARY KEY, service TEXT NOT NULL, target TEXT NOT NULL, command TEXT NOT NULL,
 manifest TEXT NOT NULL, started INTEGER NOT NULL, release INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0);
CREATE TABLE entry(run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, phase TEXT NOT NULL, call TEXT NOT NULL,
 time INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX entry_run ON entry(run);
CREATE INDEX run_of ON run(service, target, started);
PRAGMA user_version = 1;
INSERT INTO run VALUES('a1/credit-risk', 'credit-risk', 'prod', 'deploy', '/x/mdl.yaml', 1795521500000000000, 2, 0);
INSERT INTO entry VALUES('a1/credit-risk', 'before', 'append record 2', 1795521500000000000, '');
INSERT INTO entry VALUES('a1/credit-risk', 'after', 'append record 2', 1795521500000000001, '');
INSERT INTO entry VALUES('a1/credit-risk', 'before', 'create instances credit-risk/2', 1795521500000000002, '');
INSERT INTO entry VALUES('a1/credit-risk', 'after', 'create instances credit-risk/2', 1795521500000000003, '');
