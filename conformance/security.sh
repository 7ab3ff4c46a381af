# The article's chapters 7 to 9 between any two greeters: plaintext, TLS one way and both ways, tokens, and everything
# that must be refused, with what each side then says. Sourced by the suites after lib.sh; does nothing by itself.
#
#     security_cases CLIENT SERVER       which are gannet, go, js or python; all take the flags of Gannet's greeters
#     validation_cases CLIENT            chapter 5: the client and Gannet's server, with --validate
#
# With GREETER_IS=go (or js, python) a suite tries that peer in Gannet's place, which shows that the cases hold between
# peers, and what they say.

: "${GREETER_IS:=gannet}"
GREETER_PROTO=$REPOSITORY/examples/greeter/proto/helloworld.proto
# Where the options of its rules are.
OPTIONS=$REPOSITORY/crates/gannet-codegen/proto
GENERATED_PYTHON=$LOGS/generated

# need_greeters: Gannet's, unless a peer stands in for them.
need_greeters() {
    [[ $GREETER_IS != gannet ]] || need "$GREETER_SERVER" "$GREETER_CLIENT"
}

# greeter_command KIND client|server: sets `command`.
greeter_command() {
    case $1-$2 in
    gannet-client) command=("$GREETER_CLIENT") ;;
    gannet-server) command=("$GREETER_SERVER" --threads 1) ;;
    go-*) command=("$BIN/grpc-go-greeter-$2") ;;
    js-*) command=(node "$CONFORMANCE/js/greeter-$2.js" --proto "$GREETER_PROTO" --include "$OPTIONS") ;;
    python-*) command=("$PYTHON" "$CONFORMANCE/python/greeter_$2.py" --generated "$GENERATED_PYTHON") ;;
    esac
}

# generate_python: the modules that grpcio's greeters import.
generate_python() {
    rm -rf "$GENERATED_PYTHON"
    mkdir -p "$GENERATED_PYTHON"
    "$PYTHON" -m grpc_tools.protoc -I "$(dirname "$GREETER_PROTO")" -I "$OPTIONS" \
        --python_out="$GENERATED_PYTHON" --grpc_python_out="$GENERATED_PYTHON" "$GREETER_PROTO" \
        "$OPTIONS/github.com/mwitkow/go-proto-validators/validator.proto"
}

# What each kind says of each fault, in the words of its own; where it depends on the other side, [KIND.FAULT@OTHER]. A
# server's is looked for in its log.
declare -A client_says=(
    [gannet.unknown-ca]='was issued by `CN=Gannet conformance CA,O=Gannet conformance`, which is not trusted'
    [gannet.wrong-name]='is not for `db.example.org`: it holds DNS localhost, DNS www.example.grpcdev.cn, IP 127.0.0.1, IP ::1'
    [gannet.cn-only]='certificate relies on legacy Common Name field, use SANs instead'
    [gannet.expired]='expired at 2024-02-01 00:00:00 UTC'
    [gannet.future]='is not valid yet: it counts from 2090-01-01 00:00:00 UTC on'
    [gannet.no-certificate]='client certificate'
    [gannet.foreign-certificate]='it was issued by `CN=A foreign CA,O=Gannet conformance`'
    [gannet.expired-certificate]='is valid until 2024-02-01 00:00:00 UTC'
    [gannet.plaintext-to-tls]='https://'
    [gannet.tls-to-plaintext]='use http://'
    [gannet.token-in-plaintext]='the call credentials require transport security'

    [go.unknown-ca]='x509: certificate signed by unknown authority'
    [go.wrong-name]='x509: certificate is valid for localhost, www.example.grpcdev.cn, not db.example.org'
    [go.cn-only]='x509: certificate relies on legacy Common Name field, use SANs instead'
    [go.expired]='x509: certificate has expired or is not yet valid'
    [go.future]='x509: certificate has expired or is not yet valid'
    [go.no-certificate]='remote error: tls: certificate required'
    [go.foreign-certificate]='remote error: tls: unknown certificate authority'
    [go.expired-certificate]='remote error: tls: expired certificate'
    [go.plaintext-to-tls]='error reading server preface'
    [go.plaintext-to-tls@gannet]='initial http2 frame from server is not a settings frame: *http2.GoAwayFrame'
    [go.tls-to-plaintext]='tls: first record does not look like a TLS handshake'
    [go.token-in-plaintext]='the credentials require transport level security'

    [js.unknown-ca]='unable to verify the first certificate'
    [js.wrong-name]="Hostname/IP does not match certificate's altnames: Host: db.example.org."
    [js.cn-only]=accepts
    [js.expired]='certificate has expired'
    [js.future]='certificate is not yet valid'
    [js.no-certificate]='alert certificate required'
    [js.foreign-certificate]='alert unknown ca'
    [js.expired-certificate]='alert certificate expired'
    [js.plaintext-to-tls]='Failed to connect'
    [js.plaintext-to-tls@gannet]='Protocol error'
    [js.tls-to-plaintext]='wrong version number'
    [js.token-in-plaintext]='Cannot compose insecure credentials'

    [python.unknown-ca]='CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate'
    [python.wrong-name]='Hostname Verification Check failed'
    [python.cn-only]=accepts
    [python.expired]='CERTIFICATE_VERIFY_FAILED: certificate has expired'
    [python.future]='CERTIFICATE_VERIFY_FAILED: certificate is not yet valid'
    # grpcio reports the alert that a server sends behind the handshake of TLS 1.3 as a closed socket.
    [python.no-certificate]='failed to connect to all addresses'
    [python.foreign-certificate]='failed to connect to all addresses'
    [python.expired-certificate]='failed to connect to all addresses'
    [python.plaintext-to-tls]='failed to connect to all addresses'
    [python.tls-to-plaintext]='WRONG_VERSION_NUMBER'
    [python.token-in-plaintext]='Established channel does not have a sufficient security level to transfer call credential'
)
declare -A server_says=(
    [gannet.no-certificate]='a client certificate is required and the client gave none'
    [gannet.foreign-certificate]='was issued by `CN=A foreign CA,O=Gannet conformance`, which is not trusted'
    [gannet.expired-certificate]='expired at 2024-02-01 00:00:00 UTC'
    [gannet.plaintext-to-tls]='the client speaks HTTP/2 without TLS'
    [gannet.tls-to-plaintext]='the peer uses TLS, this endpoint does not'

    [go.no-certificate]="tls: client didn't provide a certificate"
    [go.foreign-certificate]='x509: certificate signed by unknown authority'
    [go.expired-certificate]='x509: certificate has expired or is not yet valid'
    [go.plaintext-to-tls]='tls: first record does not look like a TLS handshake'

    [python.no-certificate]='PEER_DID_NOT_RETURN_A_CERTIFICATE'
    [python.foreign-certificate]='CERTIFICATE_VERIFY_FAILED'
    [python.expired-certificate]='CERTIFICATE_VERIFY_FAILED'
    [python.plaintext-to-tls]='WRONG_VERSION_NUMBER'
)
# A client that refuses a certificate says so by an alert; grpc-js and grpcio end the connection instead. What servers
# say of the alert; those of grpc-js and grpcio nothing.
declare -A server_hears=(
    [gannet]='the client refused our certificate'
    [go]='remote error: tls:'
)

# start NAME OPTION...: a server of the kind under test, its port in `port[NAME]`, its log in `log[NAME]`.
declare -A port log
start() {
    local name=$1 command
    shift
    greeter_command "$server" server
    port[$name]=$(free_port)
    log[$name]=$LOGS/$server-server-$name.log
    GRPC_GO_LOG_SEVERITY_LEVEL=info start_server "${log[$name]}" "${port[$name]}" \
        "${command[@]}" --addr "127.0.0.1:${port[$name]}" "$@"
}

# tls NAME: the options of a server that shows the certificate NAME.
tls() { printf '%s\n' --tls-cert "$CERTIFICATES/$1.pem" --tls-key "$CERTIFICATES/$1.key"; }
# identity NAME: the options of a client that shows the certificate NAME.
identity() { printf '%s\n' --cert "$CERTIFICATES/$1.pem" --key "$CERTIFICATES/$1.key"; }

# greet NAME OPTION...: calls the server NAME.
greet() {
    local name=$1 command
    shift
    greeter_command "$client" client
    timeout 30 "${command[@]}" --addr "127.0.0.1:${port[$name]}" "$@"
}

# greets CASE NAME [OPTION...]: the calls succeed, one by one and on a stream.
greets() {
    local case=$1 name=$2
    shift 2
    check "$client -> $server: $case" "$LOGS/case.log" says $'Hello zhangsan!\nHello lisi!' \
        greet "$name" "$@" zhangsan lisi
    check "$client -> $server: $case, a stream" "$LOGS/case.log" says $'hi zhangsan\nhi lisi' \
        greet "$name" --stream "$@" zhangsan lisi
}

# refused CASE CLIENT-TEXT SERVER-TEXT NAME [OPTION...]: the call fails; the client's output and what the server's log
# has of it have these texts (an empty one: anything).
refused() {
    local case="$client -> $server: $1" text=$2 server_text=$3 name=$4
    shift 4
    local before
    before=$(wc -c <"${log[$name]}")
    check "$case" "$LOGS/case.log" refuses "$text" greet "$name" "$@" zhangsan
    [[ $server_text ]] || return 0
    # The server may be slower than its client is.
    local deadline=$((SECONDS + 5))
    until tail -c "+$((before + 1))" "${log[$name]}" | grep -qF -- "$server_text"; do
        if ((SECONDS >= deadline)); then
            fail "$case: the server says so" "its log (${log[$name]}) has no \"$server_text\""
            tail -c "+$((before + 1))" "${log[$name]}" | tail -n 5 | sed 's/^/      /'
            return
        fi
        sleep 0.02
    done
    pass "$case: the server says so"
}

# fault CASE FAULT NAME [OPTION...]: refused with what the two kinds say of this fault.
fault() {
    local case=$1 fault=$2 name=$3
    shift 3
    # Go shows no certificate to a server that names its authorities, and the certificate's is not among them.
    [[ $client.$fault != go.foreign-certificate || $server == python ]] || fault=no-certificate
    local text=${client_says[$client.$fault@$server]:-${client_says[$client.$fault]}}
    # In TLS 1.3 a client learns that its certificate was refused when it thinks that it is connected. The other servers
    # end the connection so that it may miss the reason; then Gannet's client guesses it.
    [[ $fault != *-certificate || $server == gannet || $client == gannet ]] || text=
    refused "$case" "$text" "${server_says[$server.$fault]:-}" "$name" "$@"
}

# heard CASE FAULT NAME OPTION...: as fault, for one that the client finds and tells the server.
heard() {
    local case=$1 fault=$2 name=$3 text=${server_hears[$server]:-}
    shift 3
    if [[ ${client_says[$client.$fault]} == accepts ]]; then
        greets "$case, which it takes" "$name" "$@"
        return
    fi
    [[ $client == go || $client == gannet ]] || text=
    refused "$case" "${client_says[$client.$fault]}" "$text" "$name" "$@"
}

# once CASE TEXT NAME: the log of a server has this text in one line: the client has not come again and again.
once() {
    local case="$client -> $server: $1" text=$2 name=$3 lines
    [[ $text ]] || return 0
    lines=$(grep -cF -- "$text" "${log[$name]}")
    if ((lines == 1)); then
        pass "$case"
    else
        fail "$case" "$lines times"
    fi
}

# mentions CASE NAME TEXT...: the log of a server has these texts.
mentions() {
    local case="$client -> $server: $1" name=$2 text
    shift 2
    for text in "$@"; do
        grep -qF -- "$text" "${log[$name]}" || { fail "$case" "no \"$text\" in it" "${log[$name]}"; return; }
    done
    pass "$case"
}

# security_cases CLIENT SERVER: all of it.
security_cases() {
    local client=$1 server=$2
    plaintext_cases
    tls_cases
    mutual_tls_cases
    end_servers
}

# ends_with LINE COMMAND...: the command fails, and this is the last line of its output, no more and no less. For use with
# `check`.
ends_with() {
    local line=$1 output
    shift
    output=$("$@" 2>&1) && { printf '%s\n(succeeded)\n' "$output"; return 1; }
    printf '%s\n(expected: %s)\n' "$output" "$line"
    [[ ${output##*$'\n'} == "$line" ]]
}

# validation_cases CLIENT: names that break the rule of the contract are refused in the words of go-proto-validators,
# without details; others are not. Only Gannet's server validates.
validation_cases() {
    local client=$1 server=gannet case=$LOGS/case.log
    local fault="INVALID_ARGUMENT: invalid field Name: value 'zhangsan' must be a string conforming to regex \"^[z]{2,5}\$\""
    start validating --validate
    check "$client -> $server: a valid name" "$case" says 'Hello zzz!' greet validating zzz
    check "$client -> $server: a name that breaks the rule" "$case" ends_with "$fault" greet validating zhangsan
    check "$client -> $server: valid names, a stream" "$case" says $'hi zz\nhi zzzzz' greet validating --stream zz zzzzz
    check "$client -> $server: a name that breaks the rule, a stream" "$case" \
        ends_with "$fault" greet validating --stream zz zhangsan
    end_servers
}

plaintext_cases() {
    local token=(--token admin:admin --insecure-token) fault='UNAUTHENTICATED: invalid token' before
    start open
    start token --token admin:admin
    greets "plaintext" open
    greets "plaintext, the token" token "${token[@]}"
    refused "plaintext, a wrong token" "$fault" '' token --token admin:wrong --insecure-token
    refused "plaintext, a wrong token, a stream" "$fault" '' token --stream --token root:admin --insecure-token
    refused "plaintext, no token" "$fault" '' token
    refused "plaintext, no token, a stream" "$fault" '' token --stream
    fault "a token that requires transport security stays at home" token-in-plaintext token --token admin:admin
    fault "TLS to a plaintext port" tls-to-plaintext open --ca "$CERTIFICATES/ca.pem"
}

tls_cases() {
    local trust=(--ca "$CERTIFICATES/ca.pem") token=(--token admin:admin) fault='UNAUTHENTICATED: invalid token'
    local certificate
    start tls $(tls server) "${token[@]}"
    greets "TLS, the token" tls "${trust[@]}" "${token[@]}"
    greets "TLS, another of the names" tls "${trust[@]}" "${token[@]}" --server-name www.example.grpcdev.cn
    refused "TLS, a wrong token" "$fault" '' tls "${trust[@]}" --token admin:wrong
    refused "TLS, a wrong token, a stream" "$fault" '' tls --stream "${trust[@]}" --token admin:wrong
    refused "TLS, no token" "$fault" '' tls "${trust[@]}"
    heard "an unknown authority" unknown-ca tls --ca "$CERTIFICATES/foreign-ca.pem" "${token[@]}"
    heard "a name that the certificate has not" wrong-name tls "${trust[@]}" --server-name db.example.org
    fault "plaintext to a TLS port" plaintext-to-tls tls
    once "plaintext to a TLS port is tried once" "${server_says[$server.plaintext-to-tls]:-}" tls
    for certificate in server-rsa server-chain; do
        start "$certificate" $(tls "$certificate")
        greets "TLS, $certificate" "$certificate" "${trust[@]}"
    done
    for certificate in cn-only expired future; do
        start "$certificate" $(tls "$certificate")
        heard "TLS, $certificate" "$certificate" "$certificate" "${trust[@]}" --server-name localhost
    done
}

mutual_tls_cases() {
    local trust=(--ca "$CERTIFICATES/ca.pem") token=(--token admin:admin)
    start mutual $(tls server) --client-ca "$CERTIFICATES/ca.pem" "${token[@]}"
    greets "TLS both ways, the token" mutual "${trust[@]}" $(identity client) "${token[@]}"
    mentions "the server knows who called" mutual greeter-client spiffe://example.org/greeter-client
    refused "TLS both ways, a wrong token" 'UNAUTHENTICATED: invalid token' '' \
        mutual "${trust[@]}" $(identity client) --token admin:wrong
    heard "TLS both ways, an unknown authority" unknown-ca \
        mutual --ca "$CERTIFICATES/foreign-ca.pem" $(identity client) "${token[@]}"
    fault "no client certificate" no-certificate mutual "${trust[@]}" "${token[@]}"
    fault "a client certificate of a foreign authority" foreign-certificate \
        mutual "${trust[@]}" $(identity foreign-client) "${token[@]}"
    fault "an expired client certificate" expired-certificate \
        mutual "${trust[@]}" $(identity client-expired) "${token[@]}"
}
