# shellcheck shell=bash
# Sourced by run.sh and test.sh: makes sure that what a machine must have is there, and starts and stops a private
# PostgreSQL cluster and a private Azurite that keep everything in one folder of ours, the state folder.
#
#   state=/path/to/folder; source local/setup.sh
#   need_tools; need_postgres; need_azurite          installs what it may, or says what to type
#   open_state                                       takes the folder for us alone and clears up after a crash
#   start_postgres [option…]; start_azurite          sets postgres_port, postgres_password and azurite_port
#   stop_azurite; stop_postgres
#
# Processes are only ever signalled when they are proven to be ours: by pid and start time, or for PostgreSQL by the
# folder it runs in.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
: "${state:?set the state folder before sourcing local/setup.sh}"

say() { printf '%s\n' "$*" || true; }

fail() {
    printf '%s\n' "$@" >&2 || true
    exit 1
}

# --- what the machine must have ---------------------------------------------------------------------------------

need_tools() {
    local missing
    if ! command -v dotnet >/dev/null || [[ $'\n'"$(dotnet --list-sdks)" != *$'\n'10.* ]]; then
        fail "The .NET 10 SDK is missing. Install it and start again:" \
            "    curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0" \
            "    export DOTNET_ROOT=~/.dotnet PATH=~/.dotnet:\$PATH"
    fi
    if ! command -v node >/dev/null || ! command -v npm >/dev/null || ! node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; then
        fail "Node 20 or newer with npm is missing (Azurite, the blob store, runs on it). Install it and start again:" \
            "    curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash -" \
            "    sudo apt-get install -y nodejs"
    fi
    for missing in flock setsid setpriv; do
        command -v "$missing" >/dev/null || fail "$missing is missing. Type:" "    sudo apt-get install -y util-linux"
    done
}

# The newest server of version 15 or later that has PostGIS beside it; of one version when $1 names it.
find_postgres() {
    local directory version
    for directory in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn); do
        version="${directory#/usr/lib/postgresql/}"
        version="${version%/bin}"
        if [[ "$version" =~ ^[0-9]+$ ]] && ((version >= 15)) && [[ -z "${1:-}" || "$version" == "$1" ]] &&
            [[ -x "$directory/initdb" && -f "/usr/share/postgresql/$version/extension/postgis.control" ]]; then
            postgres_bin="$directory"
            return 0
        fi
    done
    return 1
}

need_postgres() {
    find_postgres && return 0
    local as_root=() version="" candidate
    local by_hand="    sudo apt-get install -y postgresql-common
    sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
    sudo apt-get install -y postgresql-17 postgresql-17-postgis-3"
    command -v apt-get >/dev/null ||
        fail "PostgreSQL 15 or newer with PostGIS is missing under /usr/lib/postgresql. On Debian or Ubuntu:" "$by_hand"
    if ((EUID != 0)); then
        if sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            candidate="$(newest_packaged_postgres)"
            [[ -n "$candidate" ]] && by_hand="    sudo apt-get update
    sudo apt-get install -y postgresql-$candidate postgresql-$candidate-postgis-3"
            fail "PostgreSQL 15 or newer with PostGIS is missing, and installing it needs root. Type this, then start again:" \
                "$by_hand"
        fi
    fi
    say "Installing PostgreSQL and PostGIS from the distribution …"
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed; see above."
    version="$(newest_packaged_postgres)"
    [[ -n "$version" ]] ||
        fail "This distribution has no PostgreSQL 15 or newer with PostGIS. Take it from PostgreSQL's own archive:" "$by_hand"
    # A cluster of the distribution's own would only take a port and memory: tell its installer to make none, this time.
    local no_cluster=/etc/postgresql-common/createcluster.d/webhost.conf
    "${as_root[@]}" mkdir -p "${no_cluster%/*}"
    printf 'create_main_cluster = false\n' | "${as_root[@]}" tee "$no_cluster" >/dev/null
    local result=0
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold \
        "postgresql-$version" "postgresql-$version-postgis-3" >"$state/logs/apt.log" 2>&1 || result=$?
    "${as_root[@]}" rm -f "$no_cluster"
    ((result == 0)) || fail "Installing PostgreSQL failed:" "$(tail -n 20 "$state/logs/apt.log")"
    find_postgres || fail "PostgreSQL $version was installed, but not under /usr/lib/postgresql/$version/bin."
}

# For the tests of tenants' users in a shared server's Redis, which are skipped where there is none but must run in CI.
need_redis() {
    command -v redis-server >/dev/null && return 0
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        fail "redis-server is missing. Type this, then start again:" "    sudo apt-get install -y redis-server"
    fi
    say "Installing Redis from the distribution …"
    apt-get update -qq || fail "apt-get update failed; see above."
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >"$state/logs/apt.log" 2>&1 ||
        fail "Installing Redis failed:" "$(tail -n 20 "$state/logs/apt.log")"
}

newest_packaged_postgres() {
    local version
    for version in $(apt-cache pkgnames postgresql- | sed -nE 's/^postgresql-([0-9]+)$/\1/p' | sort -rn); do
        if ((version >= 15)) && has_candidate "postgresql-$version" && has_candidate "postgresql-$version-postgis-3"; then
            printf '%s' "$version"
            return 0
        fi
    done
}

has_candidate() { [[ "$(LC_ALL=C apt-cache policy "$1")" =~ Candidate:\ [0-9] ]]; }

need_azurite() {
    azurite_main="$root/local/azurite/node_modules/azurite/dist/src/blob/main.js"
    local installed="$root/local/azurite/node_modules/.package-lock.json"
    [[ -f "$azurite_main" && "$installed" -nt "$root/local/azurite/package-lock.json" ]] && return 0
    exec 8>"$root/local/azurite/.lock"
    flock 8
    if [[ ! -f "$azurite_main" || ! "$installed" -nt "$root/local/azurite/package-lock.json" ]]; then
        say "Installing Azurite from npm …"
        npm --prefix "$root/local/azurite" ci --no-audit --no-fund --loglevel=error >"$state/logs/npm.log" 2>&1 8>&- ||
            fail "npm ci failed in $root/local/azurite:" "$(tail -n 20 "$state/logs/npm.log")"
        touch "$installed"
    fi
    exec 8>&-
}

# --- the state folder -------------------------------------------------------------------------------------------

# Takes the state folder: nobody else uses it until this process ends. When $1 is not empty, it is emptied first.
open_state() {
    mkdir -p "$state" || fail "Cannot make the state folder $state."
    state="$(cd "$state" && pwd -P)"
    if [[ ! -e "$state/.webhost" && -n "$(ls -A "$state")" ]]; then
        fail "$state is not empty and was not made by WebHost. Name another folder in WEBHOST_LOCAL."
    fi
    [[ -w "$state" && -O "$state" ]] || fail "$state belongs to another user. Name another folder in WEBHOST_LOCAL."
    # As root, PostgreSQL's own user passes through the folder, which is no right to list it; secrets in it are mode 0600.
    chmod "$( ((EUID == 0)) && echo 711 || echo 700)" "$state"
    : >>"$state/.webhost"
    exec 9>>"$state/lock"
    # One that is stopping has taken its connection.json away and will soon let go; one that is up has not.
    local deadline=$((SECONDS + 30))
    until flock -n 9; do
        if [[ -f "$state/connection.json" ]] || ((SECONDS >= deadline)); then
            fail "Another instance is running on $state$(running_where)." \
                "Stop it, or give this one a folder and a port of its own: WEBHOST_LOCAL=.local2 ./run.sh --port 7081"
        fi
        sleep 0.2
    done
    clear_leftovers
    if [[ -n "$1" ]]; then
        wipe_state
    fi
    local folder
    for folder in logs pids secrets azurite; do
        [[ -d "$state/$folder" ]] || mkdir -m 700 "$state/$folder"
    done
}

running_where() {
    if [[ -f "$state/connection.json" ]]; then
        sed -nE 's/.*"url": *"([^"]+)".*/ at \1/p' "$state/connection.json"
    fi
}

# What a crash or kill -9 left behind, in the order in which it would have been stopped.
clear_leftovers() {
    local name
    for name in launcher host simulators; do
        stop_recorded "$name" 15
    done
    stop_azurite
    stop_postgres
    rm -f "$state/connection.json"
}

wipe_state() {
    local data
    data="$(postgres_data)"
    rm -rf "$data"
    find "$state" -mindepth 1 -maxdepth 1 ! -name lock ! -name .webhost -exec rm -rf {} +
}

# --- processes --------------------------------------------------------------------------------------------------

# A pid alone may be somebody else's by now; with the start time and the machine's boot it names one process for ever.
process_identity() {
    local stat fields boot
    { read -r stat <"/proc/$1/stat" && read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || return 1
    read -r -a fields <<<"${stat##*) }"
    printf '%s %s %s\n' "$1" "${fields[19]}" "$boot"
}

record_process() { process_identity "$2" >"$state/pids/$1"; }

# Asks the process recorded under a name to stop, and kills it when it has not after some seconds.
stop_recorded() {
    local file="$state/pids/$1" recorded pid deadline=$((SECONDS + $2))
    [[ -f "$file" ]] || return 0
    recorded="$(<"$file")"
    pid="${recorded%% *}"
    if is_recorded "$recorded" && kill -TERM "$pid" 2>/dev/null; then
        while is_recorded "$recorded"; do
            if ((SECONDS >= deadline)); then
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
    fi
    rm -f "$file"
}

# A zombie is gone for us: it holds nothing, and only its parent can remove its entry.
is_recorded() {
    [[ -n "$1" && "$(process_identity "${1%% *}")" == "$1" ]] && ! grep -q '^State:.Z' "/proc/${1%% *}/status" 2>/dev/null
}

# Runs a program as this script's child, so that a signal reaches us while it runs: a shell that waits for a foreground
# program hears of its own only afterwards. Nothing that is started outlives it: no build server, no idle build node.
start_child() {
    local name="$1"
    shift
    MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false "$@" </dev/null 8>&- 9>&- &
    child=$!
    child_name="$name"
    record_process "$name" "$child"
}

wait_for_child() {
    local status=0
    wait "$child" || status=$?
    rm -f "$state/pids/$child_name"
    child=""
    return "$status"
}

# From here on everything is stopped however this script ends, also when its terminal goes away.
stop_on_exit() {
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    trap '' PIPE
    trap stop_everything EXIT
}

stop_everything() {
    trap '' INT TERM HUP
    trap - EXIT
    if [[ -n "${child:-}" ]]; then
        stop_recorded "$child_name" 30
    fi
    clear_leftovers
}

# --- the build --------------------------------------------------------------------------------------------------

# Builds the application, the simulators and the launcher, unless nothing has changed since the last time.
build() {
    local stamp="$root/obj/run.stamp" log="$state/logs/build.log"
    mkdir -p "$root/obj"
    exec 8>"$root/obj/run.lock"
    flock 8
    if [[ ! -f "$stamp" || "$(<"$stamp")" != "$(build_inputs)" ]]; then
        say "Building …"
        start_child build dotnet build "$root/local/run.slnf" --configuration Release --nologo --verbosity quiet >"$log" 2>&1
        wait_for_child || fail "The build failed:" "$(tail -n 40 "$log")"
        build_inputs >"$stamp"
    fi
    exec 8>&-
}

# Changes whenever a source, the SDK, or what was built from them changes.
build_inputs() {
    {
        (cd "$root" && dotnet --version)
        find "$root" \( -name bin -o -name obj -o -name node_modules -o -name .git -o -path "$root/tests" -o -path "$state" \
            -o -name '.local*' \) -prune -o -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' \
            -o -name '*.slnf' -o -name '*.json' -o -name '*.sql' -o -name .editorconfig \) -printf '%p %T@ %s\n' | sort
        find "$root"/{local/Run,local/Providers,functions}/bin/Release -name 'WebHost*.dll' -printf '%p %T@ %s\n' 2>/dev/null | sort
    } | sha256sum
}

# A free loopback port: the one remembered under this name in the state folder when nothing else has taken it.
free_port() {
    local file="$state/$1.port" port
    if [[ -f "$file" ]]; then
        port="$(<"$file")"
        [[ "$port" =~ ^[0-9]+$ ]] && ! port_in_use "$port" && printf '%s' "$port" && return 0
    fi
    # Below the range from which the kernel hands out ports to clients.
    port=$((RANDOM % 12000 + 20000))
    while port_in_use "$port"; do
        port=$((RANDOM % 12000 + 20000))
    done
    printf '%s\n' "$port" >"$file"
    printf '%s' "$port"
}

port_in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The secret of this name, made on first use and kept for the life of the state folder.
secret() {
    local file="$state/secrets/$1"
    if [[ ! -s "$file" ]]; then
        (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$file")
    fi
    printf '%s' "$(<"$file")"
}

# --- PostgreSQL -------------------------------------------------------------------------------------------------

# PostgreSQL refuses to run as root; as root it is run as the distribution's user for it.
as_postgres() {
    if ((EUID == 0)); then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all "$@")
    else
        "$@"
    fi
}

# Where the cluster is: in the state folder, or, when the PostgreSQL user cannot get in there, where the link points.
postgres_data() { readlink -f "$state/postgres"; }

choose_postgres_data() {
    [[ -e "$state/postgres/PG_VERSION" ]] && return 0
    rm -rf "$(postgres_data)" "$state/postgres"
    if ((EUID != 0)); then
        mkdir -m 700 "$state/postgres"
        return 0
    fi
    install -d -m 700 -o postgres -g postgres "$state/postgres" 2>/dev/null || true
    if ! as_postgres touch "$state/postgres/probe" 2>/dev/null; then
        rm -rf "$state/postgres"
        local elsewhere
        elsewhere="/var/lib/webhost-local/$(printf '%s' "$state" | sha256sum | cut -c1-16)"
        install -d -m 755 /var/lib/webhost-local
        rm -rf "$elsewhere"
        install -d -m 700 -o postgres -g postgres "$elsewhere"
        ln -s "$elsewhere" "$state/postgres"
    fi
    rm -f "$state/postgres/probe"
}

start_postgres() {
    local data password_file log
    postgres_password="$(secret postgres)"
    if [[ -e "$state/postgres/PG_VERSION" ]]; then
        find_postgres "$(<"$state/postgres/PG_VERSION")" ||
            fail "$state/postgres was made by PostgreSQL $(<"$state/postgres/PG_VERSION"), which is no longer installed." \
                "Install that version again, or start anew with --fresh."
    fi
    choose_postgres_data
    data="$(postgres_data)"
    log="$data/server.log"
    ln -sfn "$log" "$state/logs/postgres.log"
    if [[ ! -e "$data/PG_VERSION" ]]; then
        password_file="$data.password"
        (umask 077 && printf '%s\n' "$postgres_password" >"$password_file")
        ((EUID != 0)) || chown postgres "$password_file"
        if ! as_postgres "$postgres_bin/initdb" --pgdata="$data" --username=postgres --pwfile="$password_file" \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-instructions >"$state/logs/initdb.log" 2>&1; then
            rm -f "$password_file"
            fail "initdb failed:" "$(tail -n 20 "$state/logs/initdb.log")"
        fi
        rm -f "$password_file"
        # No Unix socket: its path may be at most 107 bytes long, and a state folder's may be longer.
        cat >>"$data/postgresql.conf" <<-'CONF'

			listen_addresses = '127.0.0.1'
			unix_socket_directories = ''
			max_connections = 400
			shared_buffers = '256MB'
			max_wal_size = '2GB'
			timezone = 'UTC'
			log_timezone = 'UTC'
			log_line_prefix = '%m [%p] %d '
		CONF
    fi
    for _ in 1 2 3; do
        postgres_port="$(free_port postgres)"
        if as_postgres "$postgres_bin/pg_ctl" start --pgdata="$data" --wait --timeout=60 --silent \
            --options="-p $postgres_port $*" --log="$log" </dev/null >/dev/null 2>&1 8>&- 9>&-; then
            return 0
        fi
        # Between the look and the use somebody may have taken the port: try another.
        rm -f "$state/postgres.port"
    done
    fail "PostgreSQL did not start; $log ends with:" "$(tail -n 20 "$log")"
}

stop_postgres() {
    local data pid
    data="$(postgres_data)"
    pid="$(head -n 1 "$data/postmaster.pid" 2>/dev/null || true)"
    # The server's working directory is its data folder: that is how we know that this pid is still it.
    if [[ -n "$pid" && "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" == "$data" ]]; then
        find_postgres "$(<"$data/PG_VERSION")" || find_postgres || return 0
        as_postgres "$postgres_bin/pg_ctl" stop --pgdata="$data" --mode=fast --wait --timeout=20 --silent >/dev/null 2>&1 ||
            as_postgres "$postgres_bin/pg_ctl" stop --pgdata="$data" --mode=immediate --wait --timeout=10 --silent >/dev/null 2>&1 ||
            true
    fi
}

# --- Azurite ----------------------------------------------------------------------------------------------------

start_azurite() {
    local pid deadline
    for _ in 1 2 3; do
        azurite_port="$(free_port azurite)"
        setsid node "$azurite_main" --blobHost 127.0.0.1 --blobPort "$azurite_port" --location "$state/azurite" \
            --skipApiVersionCheck --disableTelemetry --silent </dev/null >"$state/logs/azurite.log" 2>&1 8>&- 9>&- &
        pid=$!
        record_process azurite "$pid"
        deadline=$((SECONDS + 30))
        while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do
            port_in_use "$azurite_port" && return 0
            sleep 0.05
        done
        stop_azurite
        rm -f "$state/azurite.port"
    done
    fail "Azurite did not start:" "$(tail -n 20 "$state/logs/azurite.log")"
}

stop_azurite() { stop_recorded azurite 10; }

# Azurite's one account and key, the same for every Azurite in the world: good for loopback only.
azurite_connection_string() {
    printf '%s' "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" \
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" \
        "BlobEndpoint=http://127.0.0.1:$azurite_port/devstoreaccount1;"
}

postgres_connection_string() {
    printf 'Host=127.0.0.1;Port=%s;Username=postgres;Password=%s;Database=postgres' "$postgres_port" "$postgres_password"
}
