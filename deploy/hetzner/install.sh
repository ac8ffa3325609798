#!/usr/bin/env bash
# Installs a shared server and reports its database: see README.md. May be repeated; what was made is kept.
set -euo pipefail
umask 077
cd "$(dirname "$0")"

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

read_settings() {
    [[ -f webhost.env ]] || fail "webhost.env is missing: copy webhost.env.sample and fill it in."
    set -a
    # shellcheck source=/dev/null
    . ./webhost.env
    set +a
    local missing=()
    for name in REPORT_TO REPORT_TOKEN APPLICATION_HOST TENANT_DOMAIN TRUSTED_NETWORKS ACME_EMAIL CLOUDFLARE_TOKEN \
        STORAGE_BOX BACKUP_PASSWORD; do
        [[ -n "${!name:-}" ]] || missing+=("$name")
    done
    ((${#missing[@]} == 0)) || fail "webhost.env does not set: ${missing[*]}"
    [[ "$REPORT_TO" == https://* ]] || fail "REPORT_TO must begin with https://: the report carries a password."
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends ca-certificates certbot curl docker.io jq nftables openssl \
        python3-certbot-dns-cloudflare restic unattended-upgrades wireguard-tools >/dev/null
    if ! docker compose version >/dev/null 2>&1; then
        # Debian 12 has no package of the plugin; Docker's own repository does.
        install -d -m 755 /etc/apt/keyrings
        curl -fsSL https://download.docker.com/linux/debian/gpg -o /etc/apt/keyrings/docker.asc
        chmod 644 /etc/apt/keyrings/docker.asc
        echo "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable" \
            >/etc/apt/sources.list.d/docker.list
        chmod 644 /etc/apt/sources.list.d/docker.list
        apt-get update -qq
        apt-get install -y -qq docker-compose-plugin >/dev/null
    fi
}

# $1 is a path; a secret that is there stays.
make_secret() {
    [[ -s "$1" ]] || openssl rand -hex 32 | tr -d '\n' >"$1"
}

# $1 names the service, $2 is the user in its container that reads the key.
make_certificate() {
    local folder="/etc/webhost/tls/$1"
    install -d -m 755 "$folder"
    if [[ ! -s "$folder/server.key" ]]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$(hostname -f)" \
            -keyout "$folder/server.key" -out "$folder/server.crt" 2>/dev/null
    fi
    chmod 644 "$folder/server.crt"
    chmod 600 "$folder/server.key"
    chown "$2:$2" "$folder/server.key"
}

# The users inside the images: postgres of timescaledb-ha, redis of redis.
postgres_user=1000
redis_user=999

make_state() {
    install -d -m 755 /etc/webhost /etc/webhost/tls
    install -d -m 700 /etc/webhost/secrets
    make_secret /etc/webhost/secrets/postgres
    make_secret /etc/webhost/secrets/fleet
    make_secret /etc/webhost/secrets/redis
    # Compose mounts these two as they are; the container's user must read them.
    chmod 711 /etc/webhost/secrets
    chown "$postgres_user" /etc/webhost/secrets/postgres /etc/webhost/secrets/fleet
    make_certificate postgres "$postgres_user"
    make_certificate redis "$redis_user"
    install -d -m 700 -o "$postgres_user" -g "$postgres_user" /srv/postgres /srv/wal
    install -d -m 700 -o "$redis_user" -g "$redis_user" /srv/redis
    if [[ ! -s /srv/redis/users.acl ]]; then
        printf 'user default off\nuser webhost on #%s ~* &* +@all\n' \
            "$(sha256sum /etc/webhost/secrets/redis | cut -d' ' -f1)" >/srv/redis/users.acl
        chown "$redis_user:$redis_user" /srv/redis/users.acl
    fi
    chmod 755 postgres redis nginx backup
    chmod 644 postgres/*.conf redis/redis.conf nginx/*.template
    chmod 755 postgres/fleet.sh backup/base.sh
}

start_vpn() {
    if [[ ! -s /etc/wireguard/wg0.conf ]]; then
        printf '[Interface]\nAddress = 10.90.0.1/24\nListenPort = 51820\nPrivateKey = %s\n' "$(wg genkey)" >/etc/wireguard/wg0.conf
    fi
    systemctl enable --now wg-quick@wg0
}

start_firewall() {
    sed "s|@TRUSTED_NETWORKS@|${TRUSTED_NETWORKS//,/, }|" nftables.conf >/etc/nftables.conf
    nft --check --file /etc/nftables.conf || fail "TRUSTED_NETWORKS is not a list of IPv4 networks: $TRUSTED_NETWORKS"
    # All containers are on the host's network, so Docker needs no rules of its own.
    install -d -m 755 /etc/docker
    printf '{ "iptables": false, "ip6tables": false, "log-driver": "local" }\n' >/etc/docker/daemon.json
    systemctl enable nftables
    systemctl restart nftables docker
    if ! grep -qs '^PasswordAuthentication no' /etc/ssh/sshd_config.d/webhost.conf; then
        printf 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n' >/etc/ssh/sshd_config.d/webhost.conf
        systemctl reload ssh
    fi
}

get_certificate() {
    printf 'dns_cloudflare_api_token = %s\n' "$CLOUDFLARE_TOKEN" >/etc/webhost/cloudflare.ini
    certbot certonly --non-interactive --agree-tos --email "$ACME_EMAIL" --cert-name tenants --keep-until-expiring \
        --dns-cloudflare --dns-cloudflare-credentials /etc/webhost/cloudflare.ini --domain "*.$TENANT_DOMAIN" \
        --deploy-hook 'docker exec webhost-nginx-1 nginx -s reload || true'
}

start_services() {
    docker compose up --detach --wait --wait-timeout 600
}

start_backups() {
    [[ -s /root/.ssh/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
    printf 'RESTIC_REPOSITORY=sftp:%s:webhost/%s\nRESTIC_PASSWORD=%s\nRESTIC_CACHE_DIR=/var/cache/restic\n' \
        "$STORAGE_BOX" "$(hostname -s)" "$BACKUP_PASSWORD" >/etc/webhost/backup.env
    ssh-keyscan -p 23 "${STORAGE_BOX#*@}" >>/root/.ssh/known_hosts 2>/dev/null
    printf 'Host %s\n    Port 23\n' "${STORAGE_BOX#*@}" >/root/.ssh/config
    (
        set -a
        # shellcheck source=/dev/null
        . /etc/webhost/backup.env
        set +a
        restic cat config >/dev/null 2>&1 || restic init
    ) || fail "The Storage Box does not let this server in. Add its key there, then start this again:" \
        "$(</root/.ssh/id_ed25519.pub)"
    install -m 644 backup/*.service backup/*.timer /etc/systemd/system/
    systemctl daemon-reload
    systemctl enable --now webhost-backup.timer webhost-wal.timer
}

# $1 names the service.
certificate_hash() {
    openssl x509 -in "/etc/webhost/tls/$1/server.crt" -outform der | sha256sum | cut -d' ' -f1
}

report() {
    local address
    address="$(ip -4 route get 1.1.1.1 | sed -nE 's/.* src ([0-9.]+).*/\1/p')"
    # Neither token nor password is an argument that other users of this machine could see.
    jq --null-input --arg host "$address" --rawfile database /etc/webhost/secrets/fleet \
        --rawfile redis /etc/webhost/secrets/redis \
        --arg database_certificate "$(certificate_hash postgres)" --arg redis_certificate "$(certificate_hash redis)" \
        '{
            database: {host: $host, port: 5432, name: "fleet", user: "webhost", password: $database,
                sslMode: "Require", certificateSha256: $database_certificate},
            redis: {host: $host, port: 5433, user: "webhost", password: $redis, certificateSha256: $redis_certificate}
        }' |
        curl --fail-with-body --silent --show-error --retry 5 --retry-all-errors --max-time 30 \
            --header @<(printf 'Authorization: Bearer %s\n' "$REPORT_TOKEN") \
            --header 'Content-Type: application/json' --data-binary @- "$REPORT_TO" ||
        fail "The report was refused. POST /api/servers/orders/{id}/installation answers a new token; then start this again."
    sed -i 's/^REPORT_TOKEN=.*/REPORT_TOKEN=used/' webhost.env
}

read_settings
install_packages
make_state
start_vpn
start_firewall
get_certificate
start_services
start_backups
report
echo "Installed and reported."
