#!/bin/sh
# Makes the certificates of this folder, which rcgen cannot make: they are wrong on purpose. Needs OpenSSL 3. They hold from
# the day they are made on, and the tests judge them as of 2027-01-01.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -r "$keys"' EXIT

openssl ecparam -name prime256v1 -genkey -noout -out "$keys/ca.key"
openssl req -x509 -new -key "$keys/ca.key" -subj "/CN=fixture CA" -days 3650 -out ca.pem

# leaf NAME [options of x509]: signs the key NAME.key, with names unless the options say otherwise.
leaf() {
    name=$1
    shift
    openssl req -new -key "$keys/$name.key" -subj "/CN=localhost" -out "$keys/csr"
    openssl x509 -req -in "$keys/csr" -CA ca.pem -CAkey "$keys/ca.key" -CAcreateserial -CAserial "$keys/serial" \
        -days 700 "$@" -out "$name.pem"
}
echo "subjectAltName = DNS:localhost" >"$keys/names"
ecdsa() { openssl ecparam -name "${2:-prime256v1}" -genkey -noout -out "$keys/$1.key"; }

ecdsa v1 && leaf v1
ecdsa sha1 && leaf sha1 -extfile "$keys/names" -sha1
ecdsa negative-serial && leaf negative-serial -extfile "$keys/names" -set_serial -5
ecdsa p224 secp224r1 && leaf p224 -extfile "$keys/names"
ecdsa secp256k1 secp256k1 && leaf secp256k1 -extfile "$keys/names"
openssl genrsa -out "$keys/rsa1024.key" 1024 && leaf rsa1024 -extfile "$keys/names"
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out "$keys/rsa-pss.key" && leaf rsa-pss -extfile "$keys/names"
