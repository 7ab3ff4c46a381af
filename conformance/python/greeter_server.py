"""The greeter on grpcio, for Gannet's client to call: plaintext, TLS, TLS both ways, an interceptor that checks a token,
health and reflection. Its flags are those of Gannet's greeter-server.

The name `error` is answered with NOT_FOUND and a message in several scripts. It says on standard error who called what.
"""

import argparse
import concurrent.futures
import importlib
import pathlib
import sys

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
parser.add_argument("--generated", required=True, help="the folder of the generated modules")
parser.add_argument("--addr", default="127.0.0.1:50051")
parser.add_argument("--tls-cert")
parser.add_argument("--tls-key")
parser.add_argument("--client-ca")
parser.add_argument("--token")
options = parser.parse_args()

sys.path.insert(0, options.generated)
pb2 = importlib.import_module("helloworld_pb2")
pb2_grpc = importlib.import_module("helloworld_pb2_grpc")


class Greeter(pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        note("SayHello", context)
        if request.name == "error":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such name: 张三 ☺")
        return pb2.HelloReply(message=f"Hello {request.name}!")

    def SayHelloStream(self, request_iterator, context):
        note("SayHelloStream", context)
        for request in request_iterator:
            yield pb2.HelloReply(message=f"hi {request.name}")


def note(method, context):
    """Says who calls: the names in the verified certificate, if there is one."""
    names = context.auth_context().get("x509_common_name", []) + list(context.peer_identities() or [])
    print(method, "called by", *(name.decode() for name in names or [b"somebody"]), file=sys.stderr, flush=True)


class Auth(grpc.ServerInterceptor):
    """Checks the article's token: metadata `user` and `password`."""

    def __init__(self, token):
        user, password = token.split(":", 1)
        self.expected = {("user", user), ("password", password)}

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        if handler is None or self.expected <= set(details.invocation_metadata):
            return handler

        def refuse(_request, context):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "invalid token")

        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(refuse)
        return grpc.unary_unary_rpc_method_handler(refuse)


def read(file):
    return pathlib.Path(file).read_bytes()


server = grpc.server(
    concurrent.futures.ThreadPoolExecutor(max_workers=10), interceptors=[Auth(options.token)] if options.token else []
)
pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
states = health.HealthServicer()
states.set("helloworld.Greeter", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(states, server)
reflection.enable_server_reflection(["helloworld.Greeter", "grpc.health.v1.Health", reflection.SERVICE_NAME], server)
if options.tls_cert:
    credentials = grpc.ssl_server_credentials(
        [(read(options.tls_key), read(options.tls_cert))],
        root_certificates=read(options.client_ca) if options.client_ca else None,
        require_client_auth=options.client_ca is not None,
    )
    port = server.add_secure_port(options.addr, credentials)
else:
    port = server.add_insecure_port(options.addr)
if port == 0:
    sys.exit(f"cannot listen on {options.addr}")
server.start()
server.wait_for_termination()
