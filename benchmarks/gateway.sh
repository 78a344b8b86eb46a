#!/bin/sh
# The gateway beside nginx and HAProxy, all as one-process reverse proxies of the same upstream (nginx `return 200`), in
# alternating rounds of one run; then its memory with idle connections. Absolute figures drift with the machine, so the
# ratios are what counts. Needs wrk, nginx, haproxy, python3. kamal-proxy too where it is on PATH or named by KAMAL_PROXY: it
# comes from source, `go build ./cmd/kamal-proxy` in a checkout of github.com/basecamp/kamal-proxy.
#   benchmarks/gateway.sh [ROUNDS] [SECONDS] [IDLE-CONNECTIONS]
set -eu
rounds=${1:-5} seconds=${2:-3} idle=${3:-10000}
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/sbin

(cd "$root" && cmake --preset release >/dev/null && cmake --build build/release --target gateway_bench -j 2 >/dev/null)
gateway=$root/build/release/tests/gateway_bench

work=$(mktemp -d)
pids=""
finish() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_ports() {
  python3 -c '
import socket
sockets = [socket.socket() for _ in range(6)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))'
}
set -- $(free_ports)
upstream=$1 nginx=$2 haproxy=$3 ours=$4 kamal=$5 kamal_tls=$6
kamal_proxy=${KAMAL_PROXY:-$(command -v kamal-proxy || true)}
[ -n "$kamal_proxy" ] || echo "kamal-proxy is not here: left out (KAMAL_PROXY names it)" >&2

nginx_config() { # NAME HTTP-BLOCK
  mkdir -p "$work/$1"
  cat >"$work/$1.conf" <<END
daemon off; worker_processes 1; pid $work/$1.pid; error_log $work/$1.log;
events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path $work/$1/body; proxy_temp_path $work/$1/proxy; fastcgi_temp_path $work/$1/fastcgi;
  uwsgi_temp_path $work/$1/uwsgi; scgi_temp_path $work/$1/scgi;
  $2
}
END
}
nginx_config upstream "server { listen 127.0.0.1:$upstream; location / { return 200 'hello'; } }"
nginx_config proxy "upstream u { server 127.0.0.1:$upstream; keepalive 64; keepalive_requests 100000000; }
  server { listen 127.0.0.1:$nginx; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
cat >"$work/haproxy.cfg" <<END
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
listen proxy
  bind 127.0.0.1:$haproxy
  server upstream 127.0.0.1:$upstream
END

ulimit -n "$(ulimit -Hn)"
nginx -c "$work/upstream.conf" 2>/dev/null & pids="$pids $!"
nginx -c "$work/proxy.conf" 2>/dev/null & pids="$pids $!"
haproxy -f "$work/haproxy.cfg" 2>/dev/null & pids="$pids $!"
if [ -n "$kamal_proxy" ]; then
  mkdir -p "$work/kamal"
  export KAMAL_PROXY_SOCKET="$work/kamal/socket"
  HOME=$work/kamal GOMAXPROCS=1 "$kamal_proxy" run --http-port "$kamal" --https-port "$kamal_tls" >"$work/kamal.log" 2>&1 & pids="$pids $!"
fi
"$gateway" "$ours" "$upstream" & ours_pid=$! pids="$pids $!"
for port in $upstream $nginx $haproxy $ours; do
  curl -s -o /dev/null --retry 50 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/"
done
if [ -n "$kamal_proxy" ]; then
  until [ -S "$KAMAL_PROXY_SOCKET" ]; do sleep 0.1; done
  HOME=$work/kamal "$kamal_proxy" deploy bench --target "127.0.0.1:$upstream" --health-check-path / >>"$work/kamal.log" 2>&1
fi

measure() { # NAME PORT CONNECTIONS
  wrk -t1 -c"$3" -d"${seconds}s" --latency "http://127.0.0.1:$2/" >"$work/out"
  grep -q 'Non-2xx\|Socket errors' "$work/out" && { echo "$1 lost requests:"; cat "$work/out"; } >&2
  awk -v name="$1" -v c="$3" '
    / 50%/ { p50 = $2; unit = p50; sub(/[0-9.]+/, "", unit); p50 += 0; if (unit == "ms") p50 *= 1000; if (unit == "s") p50 *= 1000000 }
    /Requests\/sec/ { print name, c, p50, $2 }' "$work/out" >>"$work/results"
}
round=0
while [ $round -lt "$rounds" ]; do
  round=$((round + 1))
  echo "round $round of $rounds" >&2
  for connections in 1 32; do
    measure direct "$upstream" $connections
    measure nginx "$nginx" $connections
    measure haproxy "$haproxy" $connections
    measure mdl "$ours" $connections
    [ -z "$kamal_proxy" ] || measure kamal "$kamal" $connections
  done
done

python3 - "$work/results" "$ours" "$ours_pid" "$idle" <<'END'
import collections, resource, socket, statistics, sys

results = collections.defaultdict(lambda: ([], []))
for line in open(sys.argv[1]):
    name, connections, p50, rate = line.split()
    results[name, int(connections)][0].append(float(p50))
    results[name, int(connections)][1].append(float(rate))
median = {key: tuple(map(statistics.median, lists)) for key, lists in results.items()}
print(f"{'':8} {'p50 c=1':>9} {'added':>8} {'req/s c=1':>10} {'req/s c=32':>11}")
names = [name for name in ("direct", "nginx", "haproxy", "kamal", "mdl") if (name, 1) in median]
for name in names:
    (p50, rate), (_, rate32) = median[name, 1], median[name, 32]
    print(f"{name:8} {p50:6.0f} µs {p50 - median['direct', 1][0]:5.0f} µs {rate:10.0f} {rate32:11.0f}")
for other in names[1:-1]:
    print(f"mdl / {other}: {median['mdl', 32][1] / median[other, 32][1]:.2f} × requests at 32 connections, "
          f"{median['mdl', 1][1] / median[other, 1][1]:.2f} × at 1")

def memory():
    for line in open(f"/proc/{sys.argv[3]}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024

wanted = min(int(sys.argv[4]), resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4 * 3 - 16)
before = memory()
clients = []
for _ in range(wanted):
    client = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    client.recv(4096)
    clients.append(client)
print(f"{wanted} idle connections: {memory():.1f} MB resident, {before:.1f} MB before")
END
