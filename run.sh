#!/usr/bin/env bash
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: ./run.sh [--serve | --exit] [--port N] [--fresh]

Starts WebHost on this machine, with a PostgreSQL and a blob store of its own, and plays a story on it: two fleets sign
up, are provisioned, drive, and look at their tracks. Then it stays up and says where to go and with which key.

  --serve     start it and skip the story
  --exit      play the story, stop everything, and exit 0 only if every step was verified
  --port N    port of the application (default 7071)
  --fresh     begin with an empty state folder
  -h, --help  this text

  WEBHOST_LOCAL       the state folder (default .local beside this script)
  WEBHOST_CONTROL_DB  Npgsql connection string of an administrator of your own PostgreSQL server (15 or newer, with
                      PostGIS), to use in place of a private one
TEXT
}

mode="story" port=7071 fresh=""
while (($# > 0)); do
    case "$1" in
        --serve) mode="serve" ;;
        --exit) mode="exit" ;;
        --fresh) fresh="yes" ;;
        --port=*) port="${1#*=}" ;;
        --port)
            port="${2:-}"
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            printf 'There is no option %s.\n\n' "$1" >&2
            usage >&2
            exit 2
            ;;
    esac
    shift || break
done
if ! [[ "$port" =~ ^[0-9]{1,5}$ ]] || ((port < 1 || port > 65535)); then
    printf 'The port is "%s". Say --port N with N from 1 to 65535.\n' "$port" >&2
    exit 2
fi

state="${WEBHOST_LOCAL:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/.local}"
# shellcheck source=local/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/local/setup.sh"

need_tools
open_state "$fresh"
stop_on_exit
if port_in_use "$port"; then
    fail "Port $port is taken by another program. Say another one: ./run.sh --port $((port < 65535 ? port + 1 : port - 1))"
fi
[[ -n "${WEBHOST_CONTROL_DB:-}" ]] || need_postgres
need_azurite
if [[ -z "${WEBHOST_CONTROL_DB:-}" ]]; then
    start_postgres
    WEBHOST_ADMIN_DATABASE="$(postgres_connection_string)"
else
    WEBHOST_ADMIN_DATABASE="$WEBHOST_CONTROL_DB"
fi
start_azurite
WEBHOST_BLOBS="$(azurite_connection_string)"
export WEBHOST_ADMIN_DATABASE WEBHOST_BLOBS
build
start_child launcher dotnet "$root/local/Run/bin/Release/net10.0/WebHost.Local.Run.dll" \
    --root "$root" --state "$state" --port "$port" --mode "$mode"
wait_for_child
