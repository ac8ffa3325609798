#!/usr/bin/env bash
# Runs every test against a PostgreSQL and a blob store of its own; arguments go to `dotnet test`. WEBHOST_TEST_TIMESCALE, an
# administrator's connection string, has them use that server, which has TimescaleDB, in place of the PostgreSQL.
# The last line is "N passed, N failed"; exits 0 only when tests ran and none failed.
set -euo pipefail

state="${WEBHOST_LOCAL:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/.local}-test"
# shellcheck source=local/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/local/setup.sh"

need_tools
open_state ""
stop_on_exit
need_postgres
[[ -z "${CI:-}" ]] || need_redis
need_azurite
if [[ -n "${WEBHOST_TEST_TIMESCALE:-}" ]]; then
    WEBHOST_TEST_DATABASE="$WEBHOST_TEST_TIMESCALE"
else
    # Tests kill processes, and what those have written stays; none takes the power from the machine.
    start_postgres -c fsync=off
    WEBHOST_TEST_DATABASE="$(postgres_connection_string)"
    # To copy a database that has PostGIS takes a tenth of the time that creating PostGIS in each new one does.
    PGPASSWORD="$postgres_password" "$postgres_bin/psql" --host=127.0.0.1 --port="$postgres_port" --username=postgres \
        --dbname=template1 --no-psqlrc --quiet --command="SET client_min_messages = warning" \
        --command="CREATE EXTENSION IF NOT EXISTS postgis"
fi
# Azurite writes down all that it knows every few seconds: what earlier runs left would make it slow.
rm -rf "$state/azurite"
start_azurite
WEBHOST_TEST_BLOBS="$(azurite_connection_string)"
export WEBHOST_TEST_DATABASE WEBHOST_TEST_BLOBS

# Most processes live for seconds. Watching what runs, to compile it better later, costs them a fifth of their processor time,
# and compiling again what has run 30 times another: 300 times (hexadecimal 12C) is soon enough.
export DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=12C

results="$state/results"
rm -rf "$results"
status=0
say "Building …"
start_child build dotnet build "$root/WebHost.sln" --nologo --verbosity quiet
wait_for_child || status=$?

# Two assemblies at a time, which is what two processors bear. The scenarios take as long as all others together, so that they
# come first; their capital letter sees to it.
assemblies=()
while read -r project; do
    assemblies+=("$(dirname "$project")/bin/Debug/net10.0/$(basename "$project" .csproj).dll")
done < <(find "$root/tests" -name '*.Tests.csproj' | LC_ALL=C sort)
if ((status == 0)); then
    start_child tests dotnet test "${assemblies[@]}" --nologo \
        --results-directory "$results" --logger "console;verbosity=minimal" --logger "trx;LogFilePrefix=tests" \
        "$@" -- RunConfiguration.MaxCpuCount=2
    wait_for_child || status=$?
fi

# A result file has all assemblies that ran to their end; a skipped test is counted in `total` alone.
total=0 passed=0 failed=0
while read -r file_total file_passed file_failed; do
    total=$((total + file_total)) passed=$((passed + file_passed)) failed=$((failed + file_failed))
done < <(find "$results" -name '*.trx' -exec \
    sed -nE 's/.*<Counters total="([0-9]+)" executed="[0-9]+" passed="([0-9]+)" failed="([0-9]+)".*/\1 \2 \3/p' {} + 2>/dev/null)
skipped=$((total - passed - failed))

if ((total == 0)); then
    say "No test ran."
    status=1
elif ((status != 0 && failed == 0)); then
    say "No test failed, but dotnet test did (exit code $status): see above."
elif ((failed > 0)); then
    status=1
fi
summary="$passed passed, $failed failed"
((skipped == 0)) || summary+=", $skipped skipped"
stop_everything
say "$summary"
exit "$status"
