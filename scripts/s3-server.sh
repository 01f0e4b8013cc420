#!/usr/bin/env bash
# A strict S3 server on this machine, for tests: OpenStack Swift, which checks signatures, digests and clocks.
#   scripts/s3-server.sh start DIR    prints its address; an existing DIR is emptied
#   scripts/s3-server.sh stop DIR
# Key test:tester, secret testing123456; key test:reader, secret reading123456 may do nothing; region us-east-1, path
# style. Needs the packages that scripts/setup.sh test installs, and a file system with extended attributes.
set -euo pipefail

usage() {
    echo "usage: scripts/s3-server.sh start|stop DIR" >&2
    exit 64
}
[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

stop() {
    if [ ! -f "$dir/pids" ]; then return; fi
    while read -r pid; do
        # Each server is the leader of a group of its own, with its workers.
        kill -KILL -- "-$pid" 2>/dev/null || true
    done <"$dir/pids"
    rm -f "$dir/pids"
}

# Ports that nobody listens at: account, container, object, proxy, memcached.
free_ports() {
    /usr/bin/python3 -c '
import socket
sockets = [socket.socket() for _ in range(5)]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in sockets])'
}

launch() {
    local name=$1
    shift
    setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
    echo $! >>"$dir/pids"
}

configure() {
    local kind=$1 port=$2
    cat >"$dir/etc/$kind-server.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
user = $(id -un)
swift_dir = $dir/etc
devices = $dir/srv
mount_check = false
workers = 1
disable_fallocate = true
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
CONF
    swift-ring-builder "$dir/etc/$kind.builder" create 4 1 1 >/dev/null
    swift-ring-builder "$dir/etc/$kind.builder" add "r1z1-127.0.0.1:$port/disk" 1 >/dev/null
    swift-ring-builder "$dir/etc/$kind.builder" rebalance >/dev/null
}

configure_proxy() {
    local port=$1 cache=$2
    cat >"$dir/etc/proxy-server.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
user = $(id -un)
swift_dir = $dir/etc
workers = 1
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$cache
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing123456 .admin
user_test_reader = reading123456
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
CONF
    local filter
    for filter in catch_errors gatekeeper healthcheck listing_formats bulk slo dlo symlink; do
        printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter" >>"$dir/etc/proxy-server.conf"
    done
}

start() {
    local account container object proxy cache kind
    stop
    rm -rf "${dir:?}"/{etc,srv}
    mkdir -p "$dir/etc" "$dir/srv/disk"
    printf '[swift-hash]\nswift_hash_path_suffix = tdr\n[swift-constraints]\n' >"$dir/etc/swift.conf"
    read -r account container object proxy cache < <(free_ports)
    configure account "$account"
    configure container "$container"
    configure object "$object"
    configure_proxy "$proxy" "$cache"
    cd "$dir/etc"
    export SWIFT_CONF_DIR=$dir/etc
    launch memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$cache" -m 64
    for kind in account container object proxy; do
        launch "$kind" /usr/bin/python3 "/usr/bin/swift-$kind-server" "$dir/etc/$kind-server.conf"
    done
    for _ in $(seq 200); do
        if curl -sf "http://127.0.0.1:$proxy/healthcheck" >/dev/null; then
            echo "http://127.0.0.1:$proxy"
            return
        fi
        sleep 0.2
    done
    echo "s3-server: it did not start:" >&2
    tail -n 5 "$dir"/*.log >&2
    stop
    exit 1
}

PATH=$PATH:/usr/sbin
case "$action" in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
