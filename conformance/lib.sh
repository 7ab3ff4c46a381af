# What the conformance suites share: printing cases, starting and ending servers, finding the programs.
# Sourced by the suites and by `run`; does nothing by itself.

set -u -o pipefail

CONFORMANCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(cd "$CONFORMANCE/.." && pwd)
PEERS=$CONFORMANCE/.peers
BIN=$PEERS/bin
SUITE=$(basename "$0")
LOGS=$PEERS/logs/$SUITE
PYTHON=$CONFORMANCE/.venv/bin/python

# shellcheck source=versions.env
source "$CONFORMANCE/versions.env"

passed=0
failed=0

# pass CASE
pass() {
    passed=$((passed + 1))
    printf '  \342\234\223 %s\n' "$1"
}

# fail CASE REASON [LOG]: prints the end of the log under the case.
fail() {
    failed=$((failed + 1))
    printf '  \342\234\227 %s: %s\n' "$1" "$2"
    if [[ -n ${3:-} && -s $3 ]]; then
        tail -n 15 "$3" | sed 's/^/      /'
    fi
}

# check CASE LOG COMMAND...: a case that is one command which must succeed.
check() {
    local case=$1 log=$2
    shift 2
    local status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        pass "$case"
    elif ((status == 124)); then
        fail "$case" "no end within its time limit" "$log"
    else
        fail "$case" "exit status $status" "$log"
    fi
}

# says TEXT COMMAND...: the command succeeds and its output has the text. For use with `check`.
says() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || { printf '%s\n(exit status %d)\n' "$output" $?; return 1; }
    printf '%s\n(expected: %s)\n' "$output" "$text"
    [[ $output == *"$text"* ]]
}

# refuses TEXT COMMAND...: the command fails and its output has the text. For use with `check`.
refuses() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) && { printf '%s\n(succeeded)\n' "$output"; return 1; }
    printf '%s\n(expected: %s)\n' "$output" "$text"
    [[ $output == *"$text"* ]]
}

# cases LOG COMMAND...: a program that reports its own cases on standard output, one line each, separated by tabs:
# passed, failed or skipped; the name; the reason; a file to show the end of. Standard error goes to LOG. Skipped ones are
# listed in `skips`.
skips=()
cases() {
    local log=$1 verdict name reason evidence status
    shift
    while IFS=$'\t' read -r verdict name reason evidence; do
        case $verdict in
        passed) pass "$name" ;;
        failed) fail "$name" "$reason" "$evidence" ;;
        skipped) skips+=("$name") ;;
        ended) status=$name ;;
        *) fail "$verdict" "not a case: $name $reason" ;;
        esac
    done < <("$@" 2>"$log" </dev/null; printf 'ended\t%s\n' $?)
    ((status == 0)) || fail "$(basename "$1")" "exit status $status" "$log"
}

# finish [EXPECTED]: the summary and exit status of a suite. Ran fewer cases than EXPECTED: a failure too, so that a
# suite that stops doing its work does not pass.
finish() {
    local expected=${1:-1}
    if ((passed + failed + ${#skips[@]} < expected)); then
        fail "$SUITE" "only $((passed + failed + ${#skips[@]})) of $expected cases ran"
    fi
    echo "  $SUITE: $passed passed, $failed failed (logs: $LOGS)"
    ((failed == 0))
    exit
}

# die MESSAGE [LOG]: the suite cannot run; counts as a failure.
die() {
    fail "$SUITE" "$@"
    finish
}

# need PROGRAM...: programs that setup or the build must have made.
need() {
    local program
    for program in "$@"; do
        [[ -x $program ]] || die "$program is missing; run conformance/setup (peers) or cargo build (Gannet's programs)"
    done
}

# --- servers -------------------------------------------------------------------------------------------------------

server_pids=()

end_servers() {
    local pid
    for pid in "${server_pids[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    server_pids=()
}
trap end_servers EXIT
trap 'exit 130' INT TERM

# free_port: a loopback port no one listens on at the moment.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# certificates: makes those of conformance/certificates, anew for each suite, and sets CERTIFICATES to their folder.
certificates() {
    CERTIFICATES=$LOGS/certificates
    rm -rf "$CERTIFICATES"
    "$CONFORMANCE/certificates" "$CERTIFICATES" 2>"$LOGS/certificates.log" ||
        die "openssl made no certificates" "$LOGS/certificates.log"
}

# start_server LOG PORT COMMAND...: starts it in the background and returns when PORT accepts connections.
start_server() {
    local log=$1 port=$2
    shift 2
    "$@" >"$log" 2>&1 </dev/null &
    local pid=$!
    server_pids+=("$pid")
    local deadline=$((SECONDS + 20))
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || die "$1 ended before it listened on port $port" "$log"
        ((SECONDS < deadline)) || die "$1 does not listen on port $port after 20 s" "$log"
        sleep 0.02
    done
}

# --- Gannet's programs ---------------------------------------------------------------------------------------------

# The debug profile on purpose: debug assertions and overflow checks are on while the peers do their worst.
# Any of these may be set to another program to try a suite on it.
TARGET=${CARGO_TARGET_DIR:-$REPOSITORY/target}/debug
: "${INTEROP_SERVER:=$TARGET/interop-server}"
: "${INTEROP_CLIENT:=$TARGET/interop-client}"
: "${CONNECT_SERVER:=$TARGET/connect-server}"
: "${CONNECT_CLIENT:=$TARGET/connect-client}"
: "${PARCELS_SERVER:=$TARGET/parcels-server}"
: "${PARCELS_CLIENT:=$TARGET/parcels-client}"
: "${GREETER_SERVER:=$TARGET/greeter-server}"
: "${GREETER_CLIENT:=$TARGET/greeter-client}"
: "${GANNET:=$TARGET/gannet}"
: "${VALIDATION:=$TARGET/validation-conformance}"
: "${PROTOC_GEN_GANNET:=$TARGET/protoc-gen-gannet}"
: "${RE2:=$TARGET/examples/re2}"
: "${CEL:=$TARGET/examples/cel}"

# The cases of gRPC's interop-test-descriptions.md that need neither TLS, compression, credentials nor a balancer.
INTEROP_CASES=(
    empty_unary large_unary client_streaming server_streaming ping_pong empty_stream cancel_after_begin
    cancel_after_first_response timeout_on_sleeping_server status_code_and_message special_status_message
    unimplemented_method unimplemented_service custom_metadata
)

mkdir -p "$LOGS"
