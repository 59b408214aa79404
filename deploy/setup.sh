#!/bin/sh
# Makes what compose.yaml reads and writes: .env and secrets/, with passwords and tokens nobody can guess, and folders for data.
# What is there already is left alone.
set -eu
cd "${1:-$(dirname "$0")}"
if [ -e .env ] || [ -e secrets ]; then
  echo ".env or secrets/ is there already: remove both to make new ones" >&2
  exit 1
fi
umask 077
# NATS reads a variable as configuration: a letter first
secret() { printf 'p%s' "$(openssl rand -hex 24)"; }
for name in ROUTE SYSTEM MASTER CLIENT WORKER_EU WORKER_US LEAF_EU LEAF_US; do
  eval "$name=\$(secret)"
  eval "echo NATS_${name}_PASSWORD=\$$name" >> .env
done
{
  echo "MINIO_ROOT_USER=graphvm"
  echo "MINIO_ROOT_PASSWORD=$(secret)"
} >> .env
mkdir secrets
secret > secrets/operator
secret > secrets/worker
hub() { printf 'nats://%s:%s@nats-1:4222,nats://nats-2:4222,nats://nats-3:4222' "$1" "$2"; }
hub master "$MASTER" > secrets/fabric-master
hub client "$CLIENT" > secrets/fabric-client
printf 'nats://worker-eu:%s@leaf-eu:4222' "$WORKER_EU" > secrets/fabric-worker-eu
printf 'nats://worker-us:%s@leaf-us:4222' "$WORKER_US" > secrets/fabric-worker-us
# containers run as whoever may read the secrets, and never as root
mkdir -p state/nats-1 state/nats-2 state/nats-3 state/s3 state/master state/standby inputs data/eu data/us
if [ "$(id -u)" = 0 ]; then
  chown -R 10001:10001 secrets state inputs data
  printf 'GRAPHVM_UID=10001\nGRAPHVM_GID=10001\n' >> .env
else
  printf 'GRAPHVM_UID=%s\nGRAPHVM_GID=%s\n' "$(id -u)" "$(id -g)" >> .env
fi
