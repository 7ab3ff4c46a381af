"""The article's client on grpcio, chapter by chapter: plaintext, TLS, TLS both ways, a token with every call, streams; and
the health client. Its flags are those of Gannet's greeter-client. Knows nothing of Gannet. The article's own Python client,
as it stands, is in client.py, with what grpcio does without TLS.
"""

import argparse
import importlib
import pathlib
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

LIMIT = 20


class Token(grpc.AuthMetadataPlugin):
    """The article's token, which goes into the metadata of every call."""

    def __init__(self, token):
        self.user, self.password = token.split(":", 1)

    def metadata(self):
        return (("user", self.user), ("password", self.password))

    def __call__(self, context, callback):
        callback(self.metadata(), None)


def channel(options):
    arguments = []
    if options.server_name:
        arguments.append(("grpc.ssl_target_name_override", options.server_name))
    if options.ca is None:
        return grpc.insecure_channel(options.addr, options=arguments)

    def read(file):
        return pathlib.Path(file).read_bytes() if file else None

    credentials = grpc.ssl_channel_credentials(read(options.ca), read(options.key), read(options.cert))
    if options.token and not options.per_call:
        credentials = grpc.composite_channel_credentials(
            credentials, grpc.metadata_call_credentials(Token(options.token))
        )
    return grpc.secure_channel(options.addr, credentials, options=arguments)


def extras(options):
    """What goes with every call: a time limit, and the token unless the channel has it."""
    if options.token and options.insecure_token:
        # Over plaintext grpcio sends no credentials, only metadata.
        return {"timeout": LIMIT, "metadata": Token(options.token).metadata()}
    if options.token and (options.per_call or options.ca is None):
        return {"timeout": LIMIT, "credentials": grpc.metadata_call_credentials(Token(options.token))}
    return {"timeout": LIMIT}


def run(options):
    with channel(options) as connected:
        if options.health is not None:
            request = health_pb2.HealthCheckRequest(service=options.health)
            reply = health_pb2_grpc.HealthStub(connected).Check(request, **extras(options))
            print(health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status))
            return
        sys.path.insert(0, options.generated)
        pb2 = importlib.import_module("helloworld_pb2")
        greeter = importlib.import_module("helloworld_pb2_grpc").GreeterStub(connected)
        requests = (pb2.HelloRequest(name=name) for name in options.names)
        if options.stream:
            for reply in greeter.SayHelloStream(requests, **extras(options)):
                print(reply.message)
            return
        for request in requests:
            print(greeter.SayHello(request, **extras(options)).message)


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--generated", required=True, help="the folder of the generated modules")
    parser.add_argument("--addr", default="127.0.0.1:50051")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--server-name")
    parser.add_argument("--token")
    parser.add_argument("--insecure-token", action="store_true")
    parser.add_argument("--per-call", action="store_true", help="the token goes with each call, not with the channel")
    parser.add_argument("--health")
    parser.add_argument("names", nargs="*", default=["world"])
    try:
        run(parser.parse_args())
    except grpc.RpcError as error:
        # What google.rpc.Status would hold beside code and message.
        trailers = dict(error.trailing_metadata() or ())
        more = " (and details)" if "grpc-status-details-bin" in trailers else ""
        sys.exit(f"{error.code().name}: {error.details()}{more}")


main()
