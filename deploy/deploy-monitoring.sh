#!/usr/bin/env bash
# The stack in containers: up (or nothing), status, logs [SERVICE], down.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() { printf 'deploy-monitoring: %s\n' "$*" >&2; exit 1; }

settings=.env.monitoring
token=credentials/archon-console

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose -f docker-compose.monitoring.yml --env-file "$settings" "$@"
  elif command -v docker-compose >/dev/null; then
    docker-compose -f docker-compose.monitoring.yml --env-file "$settings" "$@"
  else
    fail "Docker Compose is missing: https://docs.docker.com/compose/install/"
  fi
}

check() {
  command -v docker >/dev/null || fail "Docker is missing: https://docs.docker.com/engine/install/"
  docker info >/dev/null 2>&1 || fail "the Docker daemon does not answer: start it, or run this as a user who may reach it"
  [ -f "$settings" ] || fail "there is no deploy/$settings: cp deploy/.env.monitoring.example deploy/$settings, fill it in, run this again"
  local name
  for name in ARCHON_DATABASE_PASSWORD ARCHON_ADMIN_PASSWORD GRAFANA_ADMIN_PASSWORD; do
    grep -qE "^$name=.+" "$settings" || fail "$name has no value in deploy/$settings"
  done
}

up() {
  check
  # Prometheus reads this file with every scrape of the console; a token may be put into it at any time.
  mkdir -p "${token%/*}"
  # Where an earlier version kept it.
  [ ! -f prometheus/archon-token ] || mv prometheus/archon-token "$token"
  [ -f "$token" ] || echo none >"$token"
  compose up -d --build --wait --wait-timeout 300 || { compose ps; fail "not everything came up; deploy-monitoring.sh logs SERVICE says why"; }
  compose ps
  echo
  echo "Archon Console: http://localhost:$(setting ARCHON_PORT 8181), as admin with ARCHON_ADMIN_PASSWORD of deploy/$settings"
  [ "$(cat "$token")" != none ] || echo "To have the console's own metrics too: make a viewer's token under Settings and write it into deploy/$token"
}

setting() { sed -n "s/^$1=//p" "$settings" | tail -n 1 | grep . || echo "$2"; }

case ${1:-up} in
  up) up ;;
  status) check; compose ps ;;
  logs) check; shift; compose logs --tail 200 "$@" ;;
  down) check; compose down ;;
  *) fail "there is no '$1'; there are up, status, logs [SERVICE], down" ;;
esac
