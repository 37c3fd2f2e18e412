#!/usr/bin/env bash
# Records what Debian's exporters answer: starts each with its server, makes some requests, and writes the text of /metrics to
# Exporters/debian-NAME.prom.
#   record-exporters.sh            all of them, in about a minute
#   record-exporters.sh NAME...    some of them
# It needs Debian 12 or newer with apt, curl, gcc (varnishd compiles its configuration) and python3. Packages are unpacked, not
# installed, below RECORD_STATE (default: a temporary folder, deleted at the end). Everything listens on the loopback interface, from
# port RECORD_PORT (24100) on.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/Exporters
state=${RECORD_STATE:-$(mktemp -d)}
root=$state/root
run=$state/run
port=${RECORD_PORT:-24100}
all=(apache bind haproxy haproxy-builtin mysqld nginx node pgbouncer postgres process redis squid varnish)
servers=(apache2 apache2-utils bind9 bind9-dnsutils haproxy mariadb-server nginx pgbouncer postgresql redis-server squid varnish)
pids=()

fail() { printf 'record-exporters: %s\n' "$*" >&2; exit 1; }

stop() {
  trap - EXIT
  for pid in "${pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  [ -n "${RECORD_STATE:-}" ] || rm -rf "$state"
}
trap stop EXIT

# PostgreSQL and MariaDB refuse to run as root, and nothing here needs to be root.
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# ---------------------------------------------------------------------------------------------------------- programs

fetch() {
  [ ! -e "$root/.fetched" ] || return 0
  mkdir -p "$root" "$state/download"
  local name packages=()
  for name in "${all[@]}"; do [ "$name" = haproxy-builtin ] || packages+=("prometheus-$name-exporter"); done
  # What apt would install, so that libraries which this system lacks come too. PostgreSQL's own version is named by its metapackage.
  # Packages that are named here are fetched even where they are installed.
  mapfile -t packages < <(
    { apt-get install -s --no-install-recommends "${packages[@]}" "${servers[@]}" | awk '/^Inst/ { print $2 }'
      printf '%s\n' "${packages[@]}" "${servers[@]}" apache2-bin mariadb-server-core mariadb-client-core libpq5
      apt-cache depends postgresql | awk '/Depends: postgresql-[0-9]/ { print $2; sub("postgresql", "postgresql-client", $2); print $2 }'
    } | sort -u
  )
  (cd "$state/download" && apt-get -o APT::Sandbox::User=root download -qq "${packages[@]}") || fail "the packages could not be downloaded"
  local package
  for package in "$state/download"/*.deb; do dpkg -x "$package" "$root"; done
  touch "$root/.fetched"
}

versions() { # NAME, exporter and server with their versions, for all that can be recorded
  local name server
  for name in "${all[@]}"; do
    case $name in
      apache) server=apache2 ;;
      bind) server=bind9 ;;
      haproxy-builtin) server=haproxy ;;
      mysqld) server=mariadb-server ;;
      redis) server=redis-server ;;
      postgres) server='postgresql-[0-9]*' ;;
      node | process) server= ;;
      *) server=$name ;;
    esac
    printf 'debian-%s\t%s\t%s\n' "$name" \
      "$(version "prometheus-$name-exporter")" "$(version "$server")"
  done
}

version() { # version PACKAGE: its name and version, as Debian writes them; a dash when there is no such package
  local file
  file=$(find "$state/download" -name "$1_*.deb" | head -n 1)
  [ -n "$file" ] || { printf -- '-'; return; }
  # shellcheck disable=SC2016  # words of the format
  dpkg-deb -W --showformat='${Package} ${Version}' "$file"
}

start() { # start NAME COMMAND...: in a process group of its own, its output in NAME.log
  local name=$1
  shift
  setsid "${as[@]}" env "LD_LIBRARY_PATH=$libraries" "$@" >"$run/$name.log" 2>&1 &
  pids+=($!)
}

tool() { "${as[@]}" env "LD_LIBRARY_PATH=$libraries" "$@"; }

until_ok() { # until_ok COMMAND...: 30 seconds at most
  local try
  for try in {1..150}; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  fail "no answer after $((try / 5)) s: $*"
}

answers() { until_ok curl -fs "$1"; }

folder() { # folder NAME: empty, of the user that runs the programs
  rm -rf "${run:?}/$1"
  mkdir -p "$run/$1"
  [ ${#as[@]} = 0 ] || chown 65534:65534 "$run/$1"
  printf '%s' "$run/$1"
}

# --------------------------------------------------------------------------------------------------------- recording

record() { # record NAME URL: its second reply, without what belongs to this machine
  answers "$2"
  curl -fs "$2" | sed -E \
    -e "s#$run#/var/lib#g" -e "s#$root##g" -e "s#\"$(hostname)\"#\"host-1\"#g" -e "s#$(uname -r)#6.1.0#g" \
    >"$out/debian-$1.prom"
  [ -s "$out/debian-$1.prom" ] || fail "$1 answered with nothing"
  printf '%-16s %7d bytes\n' "$1" "$(stat -c %s "$out/debian-$1.prom")"
}

origin() { # a plain web server behind the proxies, on the nginx that nginx_() also uses
  [ -z "${origin_started:-}" ] || return 0
  origin_started=1
  local dir
  dir=$(folder nginx)
  mkdir -p "$dir/html"
  printf 'hello\n' >"$dir/html/index.html"
  cat >"$dir/nginx.conf" <<CONF
daemon off;
pid $dir/nginx.pid;
error_log stderr;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
  server {
    listen 127.0.0.1:$((port + 1));
    root $dir/html;
    location /stub_status { stub_status; }
    location /broken { return 503; }
  }
}
CONF
  start nginx "$root/usr/sbin/nginx" -c "$dir/nginx.conf"
  answers "http://127.0.0.1:$((port + 1))/"
}

traffic() { # traffic URL: good, missing and broken pages
  local i
  for i in {1..40}; do
    curl -s -o /dev/null "$1/index.html?$((i % 7))"
    [ $((i % 8)) != 0 ] || curl -s -o /dev/null "$1/missing"
    [ $((i % 20)) != 0 ] || curl -s -o /dev/null "$1/broken"
  done
}

nginx_() {
  origin
  traffic "http://127.0.0.1:$((port + 1))"
  start nginx-exporter "$root/usr/bin/prometheus-nginx-exporter" -nginx.scrape-uri "http://127.0.0.1:$((port + 1))/stub_status" \
    -web.listen-address "127.0.0.1:$((port + 2))"
  record nginx "http://127.0.0.1:$((port + 2))/metrics"
}

apache() {
  local dir module
  dir=$(folder apache)
  mkdir -p "$dir/html"
  printf 'hello\n' >"$dir/html/index.html"
  {
    for module in mpm_event authz_core authz_host status alias; do
      printf 'LoadModule %s_module %s/usr/lib/apache2/modules/mod_%s.so\n' "$module" "$root" "$module"
    done
    cat <<CONF
ServerName shop.example.org
Listen 127.0.0.1:$((port + 4))
PidFile $dir/apache.pid
DefaultRuntimeDir $dir
ErrorLog $dir/error.log
DocumentRoot $dir/html
ExtendedStatus On
Redirect 503 /broken
<Location /server-status>
  SetHandler server-status
</Location>
CONF
  } >"$dir/httpd.conf"
  start apache "$root/usr/sbin/apache2" -d "$dir" -f "$dir/httpd.conf" -D FOREGROUND
  answers "http://127.0.0.1:$((port + 4))/index.html"
  traffic "http://127.0.0.1:$((port + 4))"
  start apache-exporter "$root/usr/bin/prometheus-apache-exporter" --scrape_uri="http://127.0.0.1:$((port + 4))/server-status?auto" \
    --telemetry.address="127.0.0.1:$((port + 5))"
  record apache "http://127.0.0.1:$((port + 5))/metrics"
}

bind() {
  local dir i
  dir=$(folder bind)
  cat >"$dir/named.conf" <<CONF
options {
  directory "$dir"; pid-file "$dir/named.pid"; session-keyfile "$dir/session.key"; managed-keys-directory "$dir";
  listen-on port $((port + 7)) { 127.0.0.1; }; listen-on-v6 { none; };
  recursion yes; dnssec-validation no; forward only; forwarders { 127.0.0.1 port $((port + 99)); };
};
controls { };
statistics-channels { inet 127.0.0.1 port $((port + 8)) allow { 127.0.0.1; }; };
zone "example.org" { type primary; file "$dir/example.org"; };
CONF
  # shellcheck disable=SC2016  # $TTL is a word of the zone file.
  printf '$TTL 60\n@ SOA ns root 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\nwww A 127.0.0.2\n' >"$dir/example.org"
  start named "$root/usr/sbin/named" -c "$dir/named.conf" -g
  answers "http://127.0.0.1:$((port + 8))/"
  for i in {1..20}; do tool "$root/usr/bin/dig" -p $((port + 7)) @127.0.0.1 www.example.org "missing$i.example.org" >/dev/null; done
  # Nothing answers at the forwarder: this query fails.
  tool "$root/usr/bin/dig" -p $((port + 7)) @127.0.0.1 +tries=1 +time=1 www.example.net >/dev/null || true
  start bind-exporter "$root/usr/bin/prometheus-bind-exporter" --bind.stats-url="http://127.0.0.1:$((port + 8))" \
    --bind.pid-file="$dir/named.pid" --web.listen-address="127.0.0.1:$((port + 9))"
  record bind "http://127.0.0.1:$((port + 9))/metrics"
}

haproxy_server() {
  [ -z "${haproxy_started:-}" ] || return 0
  haproxy_started=1
  origin
  local dir
  dir=$(folder haproxy)
  cat >"$dir/haproxy.cfg" <<CONF
global
  maxconn 400
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:$((port + 11))
  default_backend shop
backend shop
  server one 127.0.0.1:$((port + 1)) check
  server two 127.0.0.1:$((port + 98)) check
listen stats
  bind 127.0.0.1:$((port + 12))
  http-request use-service prometheus-exporter if { path /metrics }
  stats enable
  stats uri /stats
CONF
  start haproxy "$root/usr/sbin/haproxy" -db -f "$dir/haproxy.cfg"
  answers "http://127.0.0.1:$((port + 12))/stats"
  traffic "http://127.0.0.1:$((port + 11))"
}

haproxy() {
  haproxy_server
  start haproxy-exporter "$root/usr/bin/prometheus-haproxy-exporter" --haproxy.scrape-uri="http://127.0.0.1:$((port + 12))/stats;csv" \
    --web.listen-address="127.0.0.1:$((port + 13))"
  record haproxy "http://127.0.0.1:$((port + 13))/metrics"
}

haproxy_builtin() {
  haproxy_server
  record haproxy-builtin "http://127.0.0.1:$((port + 12))/metrics"
}

mysqld() {
  local dir i
  dir=$(folder mysqld)
  tool "$root/usr/bin/mariadb-install-db" --no-defaults --basedir="$root/usr" --datadir="$dir/data" \
    --auth-root-authentication-method=normal --skip-test-db >"$run/mysqld-install.log" 2>&1
  start mysqld "$root/usr/sbin/mariadbd" --no-defaults --basedir="$root/usr" --datadir="$dir/data" --socket="$dir/mysqld.sock" \
    --bind-address=127.0.0.1 --port=$((port + 15)) --innodb-buffer-pool-size=32M --max-connections=100
  until_ok tool "$root/usr/bin/mariadb" --no-defaults -S "$dir/mysqld.sock" -u root -e 'SELECT 1'
  {
    printf "CREATE DATABASE shop; USE shop; CREATE TABLE orders (id INT PRIMARY KEY, total INT) ENGINE=InnoDB;\n"
    for i in {1..50}; do printf 'INSERT INTO orders VALUES (%d, %d); SELECT SUM(total) FROM orders;\n' "$i" "$((i * 3))"; done
  } | tool "$root/usr/bin/mariadb" --no-defaults -S "$dir/mysqld.sock" -u root >/dev/null
  start mysqld-exporter env "DATA_SOURCE_NAME=root@unix($dir/mysqld.sock)/" "$root/usr/bin/prometheus-mysqld-exporter" \
    --web.listen-address="127.0.0.1:$((port + 16))"
  record mysqld "http://127.0.0.1:$((port + 16))/metrics"
}

node() {
  start node-exporter "$root/usr/bin/prometheus-node-exporter" --web.listen-address="127.0.0.1:$((port + 18))" \
    --no-collector.dmi --no-collector.os --no-collector.systemd --no-collector.nvme --no-collector.netclass
  record node "http://127.0.0.1:$((port + 18))/metrics"
  # Without the mounts of this machine, and with two of its processors.
  sed -i -E -e '/(mountpoint|path)="\/(work|tmp|home|root|mnt|media)/d' -e '/cpu="([2-9]|[1-9][0-9]+)"/d' \
    -e '/^node_uname_info/s#(domainname|nodename)="[^"]*"#\1="host-1"#g' -e '/^node_uname_info/s#version="[^"]*"#version="1 SMP"#' \
    "$out/debian-node.prom"
}

postgres_server() {
  [ -z "${postgres_started:-}" ] || return 0
  postgres_started=1
  local dir bin
  dir=$(folder postgres)
  bin=$(dirname "$(find "$root/usr/lib/postgresql" -name initdb | head -n 1)")
  tool "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync >"$run/initdb.log"
  start postgres "$bin/postgres" -D "$dir/data" -p $((port + 20)) -k "$dir" -h 127.0.0.1 -c jit=off
  until_ok tool "$bin/psql" -h 127.0.0.1 -p $((port + 20)) -U postgres -c 'SELECT 1'
  {
    local i
    printf 'CREATE DATABASE shop;\n\\c shop\nCREATE TABLE orders (id int primary key, total int);\n'
    for i in {1..50}; do printf 'INSERT INTO orders VALUES (%d, %d); SELECT sum(total) FROM orders;\n' "$i" "$((i * 3))"; done
  } | tool "$bin/psql" -q -h 127.0.0.1 -p $((port + 20)) -U postgres >/dev/null
}

postgres() {
  postgres_server
  start postgres-exporter env "DATA_SOURCE_NAME=postgresql://postgres@127.0.0.1:$((port + 20))/postgres?sslmode=disable" \
    "$root/usr/bin/prometheus-postgres-exporter" --auto-discover-databases --web.listen-address="127.0.0.1:$((port + 21))"
  record postgres "http://127.0.0.1:$((port + 21))/metrics"
}

pgbouncer() {
  postgres_server
  local dir bin i
  dir=$(folder pgbouncer)
  bin=$(dirname "$(find "$root/usr/lib/postgresql" -name psql | head -n 1)")
  printf '"postgres" ""\n' >"$dir/users.txt"
  cat >"$dir/pgbouncer.ini" <<CONF
[databases]
shop = host=127.0.0.1 port=$((port + 20)) dbname=shop user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $((port + 23))
unix_socket_dir =
auth_type = trust
auth_file = $dir/users.txt
admin_users = postgres
stats_users = postgres
ignore_startup_parameters = extra_float_digits
pool_mode = transaction
CONF
  start pgbouncer "$root/usr/sbin/pgbouncer" "$dir/pgbouncer.ini"
  until_ok tool "$bin/psql" -h 127.0.0.1 -p $((port + 23)) -U postgres -c 'SELECT 1' shop
  for i in {1..20}; do tool "$bin/psql" -q -h 127.0.0.1 -p $((port + 23)) -U postgres -c "SELECT $i" shop >/dev/null; done
  # Debian's exporter reads columns that pgbouncer renamed in 1.8, and fails without them.
  sed -i "s/'total_requests'/'total_query_count'/" "$root/usr/lib/python3/dist-packages/prometheus_pgbouncer_exporter/collectors.py"
  start pgbouncer-exporter env "PYTHONPATH=$root/usr/lib/python3/dist-packages" \
    /usr/bin/python3 "$root/usr/bin/prometheus-pgbouncer-exporter" \
    --host 127.0.0.1 --port $((port + 24)) --pgbouncer-host 127.0.0.1 --pgbouncer-port $((port + 23)) --pgbouncer-user postgres
  record pgbouncer "http://127.0.0.1:$((port + 24))/metrics"
}

process() {
  origin
  postgres_server
  local dir
  dir=$(folder process)
  # Others on this machine may run a PostgreSQL too; children are counted with their parent.
  printf 'process_names:\n- { name: nginx, cmdline: ["%s"] }\n- { name: postgres, cmdline: ["%s"] }\n' \
    "$run/nginx" "$run/postgres" >"$dir/names.yml"
  start process-exporter "$root/usr/bin/prometheus-process-exporter" -config.path "$dir/names.yml" \
    -web.listen-address "127.0.0.1:$((port + 26))"
  record process "http://127.0.0.1:$((port + 26))/metrics"
}

redis() {
  local dir
  dir=$(folder redis)
  start redis "$root/usr/bin/redis-server" --bind 127.0.0.1 --port $((port + 28)) --dir "$dir" --save '' --maxmemory 64mb
  until_ok tool "$root/usr/bin/redis-cli" -p $((port + 28)) ping
  local i
  for i in {1..30}; do printf 'SET order:%d %d\nGET order:%d\nGET missing\nINCR order:none\nLPUSH order:1 x\n' "$i" "$i" "$i"; done |
    tool "$root/usr/bin/redis-cli" -p $((port + 28)) >/dev/null
  start redis-exporter "$root/usr/bin/prometheus-redis-exporter" -redis.addr "redis://127.0.0.1:$((port + 28))" \
    -web.listen-address "127.0.0.1:$((port + 29))"
  record redis "http://127.0.0.1:$((port + 29))/metrics"
}

squid() {
  origin
  local dir i
  dir=$(folder squid)
  cat >"$dir/squid.conf" <<CONF
http_port 127.0.0.1:$((port + 31))
pid_filename $dir/squid.pid
access_log none
cache_log $dir/cache.log
unlinkd_program $root/usr/lib/squid/unlinkd
cache_mem 16 MB
visible_hostname squid.example.org
icon_directory $root/usr/share/squid/icons
mime_table $root/usr/share/squid/mime.conf
error_directory $root/usr/share/squid-langpack/en
coredump_dir $dir
pinger_enable off
shutdown_lifetime 1 second
http_access allow all
CONF
  start squid "$root/usr/sbin/squid" -N -f "$dir/squid.conf" -n record
  until_ok curl -fs -x "http://127.0.0.1:$((port + 31))" "http://127.0.0.1:$((port + 1))/"
  for i in {1..30}; do
    curl -s -o /dev/null -x "http://127.0.0.1:$((port + 31))" "http://127.0.0.1:$((port + 1))/index.html?$((i % 3))"
  done
  curl -s -o /dev/null -x "http://127.0.0.1:$((port + 31))" "http://127.0.0.1:$((port + 98))/" || true
  start squid-exporter "$root/usr/bin/prometheus-squid-exporter" -squid-hostname 127.0.0.1 -squid-port $((port + 31)) \
    -squid-pidfile "$dir/squid.pid" -listen "127.0.0.1:$((port + 32))"
  record squid "http://127.0.0.1:$((port + 32))/metrics"
}

varnish() {
  origin
  local dir
  dir=$(folder varnish)
  start varnish "$root/usr/sbin/varnishd" -F -j none -n "$dir" -a "127.0.0.1:$((port + 34))" -b "127.0.0.1:$((port + 1))" -T none \
    -s malloc,16m -p vcl_path="$root/usr/share/varnish/vcl" -p vmod_path="$root/usr/lib/$triplet/varnish/vmods"
  answers "http://127.0.0.1:$((port + 34))/"
  traffic "http://127.0.0.1:$((port + 34))"
  start varnish-exporter "$root/usr/bin/prometheus-varnish-exporter" -varnishstat-path "$root/usr/bin/varnishstat" -n "$dir" \
    -web.listen-address "127.0.0.1:$((port + 35))"
  record varnish "http://127.0.0.1:$((port + 35))/metrics"
}

# -------------------------------------------------------------------------------------------------------------- main

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=("${all[@]}")
for name in "${wanted[@]}"; do [[ " ${all[*]} " == *" $name "* ]] || fail "no recording is called $name; there are: ${all[*]}"; done
fetch
triplet=$(basename "$(find "$root/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -n 1)")
libraries=$root/usr/lib/$triplet:$root/lib/$triplet
mkdir -p "$run" "$out"
chmod a+rx "$state" "$root" "$run"
versions >"$out/debian-versions.tsv"
for name in "${wanted[@]}"; do
  case $name in
    nginx) nginx_ ;;
    haproxy-builtin) haproxy_builtin ;;
    *) "$name" ;;
  esac
done
