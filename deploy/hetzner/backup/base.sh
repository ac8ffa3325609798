#!/usr/bin/env bash
# A base backup straight into the repository, encrypted there; the log segments before it are then no longer needed here.
set -euo pipefail

docker exec --user postgres webhost-postgres-1 \
    pg_basebackup --username postgres --pgdata - --format tar --wal-method none --checkpoint fast |
    restic backup --quiet --tag base --stdin --stdin-filename base.tar
restic backup --quiet --tag wal /srv/wal
find /srv/wal -type f -mmin +2880 -delete
# Pruning wants the repository for itself.
exec 9>/run/lock/webhost-restic
flock 9
restic forget --quiet --tag base --keep-daily 7 --keep-weekly 4 --keep-monthly 3 --prune
restic forget --quiet --tag wal --keep-within 35d
