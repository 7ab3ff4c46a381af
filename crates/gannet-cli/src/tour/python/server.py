"""A Greeter on a free port, which is the one line of output; with TLS both ways if a folder of certificates is given."""

import sys
from concurrent import futures

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        caller = context.auth_context().get("x509_common_name", [b"nobody"])[0].decode()
        metadata = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-caller", caller), ("x-user", metadata.get("user", "nobody"))))
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "没有名字")
        return helloworld_pb2.HelloReply(message="Hello %s!" % request.name)

    def SayHelloStream(self, requests, context):
        for request in requests:
            yield helloworld_pb2.HelloReply(message="hi %s" % request.name)


def read(file):
    with open(sys.argv[1] + "/" + file, "rb") as opened:
        return opened.read()


server = grpc.server(futures.ThreadPoolExecutor(4))
helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
if len(sys.argv) > 1:
    own = [(read("server.key"), read("server.pem"))]
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(own, read("ca.pem"), True))
else:
    port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
# Until the tour closes our input.
sys.stdin.read()
