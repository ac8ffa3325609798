#!/usr/bin/env bash
# The tenants' database and the role with which the application administers it: it owns the database and makes roles, and is
# no superuser. Extensions need one, so they are made here.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --set password="$(</run/secrets/fleet)" --username postgres --dbname postgres <<'SQL'
CREATE ROLE webhost LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE fleet OWNER webhost;
REVOKE ALL ON DATABASE fleet, postgres FROM PUBLIC;
\connect fleet
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS postgis;
SQL
