#pragma once

#include <array>

namespace mdl::local::supervisor {

// Step i leads from schema version i to i + 1. Steps are only ever added.
inline constexpr std::array schema_steps{
    R"(
CREATE TABLE counter (value INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
CREATE TABLE services (
  service TEXT NOT NULL, target TEXT NOT NULL,
  gateway TEXT, gateway_revision INTEGER NOT NULL DEFAULT 0, port INTEGER NOT NULL DEFAULT 0,
  scaling TEXT, scaling_revision INTEGER NOT NULL DEFAULT 0,
  split TEXT NOT NULL DEFAULT '[]', live_revision INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (service, target)
) WITHOUT ROWID;
CREATE TABLE releases (
  service TEXT NOT NULL, target TEXT NOT NULL, release INTEGER NOT NULL,
  spec TEXT NOT NULL, revision INTEGER NOT NULL,
  phase TEXT NOT NULL DEFAULT 'up', failure TEXT, proven INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (service, target, release),
  FOREIGN KEY (service, target) REFERENCES services ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE records (
  service TEXT NOT NULL, target TEXT NOT NULL, number INTEGER NOT NULL,
  body TEXT NOT NULL, revision INTEGER NOT NULL,
  PRIMARY KEY (service, target, number),
  FOREIGN KEY (service, target) REFERENCES services ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE secrets (
  service TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (service, target, name, version),
  FOREIGN KEY (service, target) REFERENCES services ON DELETE CASCADE
) WITHOUT ROWID;
)",
    "ALTER TABLE services ADD COLUMN rests_for INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE releases ADD COLUMN start_ms INTEGER NOT NULL DEFAULT 0"};

}  // namespace mdl::local::supervisor
