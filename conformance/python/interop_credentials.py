"""grpcio's kinds of call credentials against an interop server that requires an access token: on the channel, on the call,
composed, refused.

usage: interop_credentials.py GENERATED ADDRESS PLAINTEXT-ADDRESS CA SERVER-NAME ACCOUNT TOKEN

Prints one line for each case, as `cases` in lib.sh reads them. Knows gRPC's test service, nothing of Gannet.
"""

import pathlib
import sys
import traceback

import grpc

generated, ADDRESS, PLAINTEXT_ADDRESS, ca, server_name, ACCOUNT, TOKEN = sys.argv[1:]
# gRPC's test protos are of the package grpc.testing, so their modules lie in the package of grpcio itself.
grpc.__path__.append(f"{generated}/grpc")
from grpc.testing import messages_pb2, test_pb2_grpc  # noqa: E402

LIMIT = 20
ECHO_INITIAL = "x-grpc-test-echo-initial"
TLS = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes())
REQUEST = messages_pb2.SimpleRequest(fill_username=True, fill_oauth_scope=True)
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(seen, expected):
    if seen != expected:
        raise AssertionError(f"expected {expected!r:.200}, seen {seen!r:.200}")


def secure(*credentials):
    if credentials:
        return secured(grpc.composite_channel_credentials(TLS, *credentials))
    return secured(TLS)


def secured(credentials):
    return grpc.secure_channel(ADDRESS, credentials, options=[("grpc.ssl_target_name_override", server_name)])


def call(channel, **extras):
    return test_pb2_grpc.TestServiceStub(channel).UnaryCall.with_call(REQUEST, timeout=LIMIT, **extras)


def refused(code, text, channel, **extras):
    try:
        call(channel, **extras)
    except grpc.RpcError as error:
        if error.code() != code or text not in error.details():
            raise AssertionError(f"expected {code} and {text}, seen {error.code()}: {error.details()}") from error
        return
    raise AssertionError(f"expected {code}, seen success")


class Plugin(grpc.AuthMetadataPlugin):
    """Gives this metadata, and keeps what it was asked for."""

    def __init__(self, *metadata):
        self.metadata = metadata
        self.seen = []

    def __call__(self, context, callback):
        self.seen.append((context.service_url, context.method_name))
        callback(self.metadata, None)


def access_token(token=TOKEN):
    return grpc.access_token_call_credentials(token)


@case
def an_access_token_on_the_channel():
    with secure(access_token()) as channel:
        for _ in range(3):
            equal(call(channel)[0].username, ACCOUNT)


@case
def an_access_token_on_the_call():
    with secure() as channel:
        equal(call(channel, credentials=access_token())[0].username, ACCOUNT)
        # The next call has none.
        refused(grpc.StatusCode.UNAUTHENTICATED, "", channel)


@case
def a_plugin_is_asked_for_every_call():
    plugin = Plugin(("authorization", "Bearer " + TOKEN))
    with secure(grpc.metadata_call_credentials(plugin)) as channel:
        for _ in range(2):
            equal(call(channel)[0].username, ACCOUNT)
    equal(plugin.seen, [(f"https://{server_name}/grpc.testing.TestService", "UnaryCall")] * 2)


@case
def credentials_composed():
    plugin = grpc.metadata_call_credentials(Plugin((ECHO_INITIAL, "composed")))
    with secure(access_token(), plugin) as channel:
        reply, done = call(channel)
        equal(reply.username, ACCOUNT)
        equal(dict(done.initial_metadata()).get(ECHO_INITIAL), "composed")


@case
def credentials_of_the_channel_and_of_the_call():
    plugin = grpc.metadata_call_credentials(Plugin((ECHO_INITIAL, "of the call")))
    with secure(access_token()) as channel:
        reply, done = call(channel, credentials=plugin)
        equal(reply.username, ACCOUNT)
        equal(dict(done.initial_metadata()).get(ECHO_INITIAL), "of the call")


@case
def no_token():
    with secure() as channel:
        refused(grpc.StatusCode.UNAUTHENTICATED, "", channel)


@case
def a_wrong_token():
    with secure(access_token("wrong")) as channel:
        refused(grpc.StatusCode.UNAUTHENTICATED, "", channel)


@case
def a_token_under_another_scheme():
    for value in ["Basic " + TOKEN, TOKEN, "Bearer", "Bearer " + TOKEN + " x", "Bearer=" + TOKEN]:
        with secure(grpc.metadata_call_credentials(Plugin(("authorization", value)))) as channel:
            refused(grpc.StatusCode.UNAUTHENTICATED, "", channel)


@case
def a_token_twice():
    authorization = ("authorization", "Bearer " + TOKEN)
    with secure(grpc.metadata_call_credentials(Plugin(authorization, authorization))) as channel:
        refused(grpc.StatusCode.UNAUTHENTICATED, "", channel)


@case
def a_token_without_tls_stays_at_home():
    with grpc.insecure_channel(PLAINTEXT_ADDRESS) as channel:
        refused(
            grpc.StatusCode.UNAUTHENTICATED, "sufficient security level", channel, credentials=access_token()
        )


def main():
    for function in CASES:
        name = "grpcio: " + function.__name__.replace("_", " ")
        try:
            function()
        except Exception as error:  # a case must not keep the others from running
            traceback.print_exc()
            print("failed", name, " ".join(f"{type(error).__name__}: {error}".split())[:600], sep="\t", flush=True)
        else:
            print("passed", name, sep="\t", flush=True)


main()
