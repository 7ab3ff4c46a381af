"""The greeter on grpcio, for Gannet's client to call.

usage: server.py FOLDER-OF-GENERATED-MODULES MODULE ADDRESS

The name `error` is answered with NOT_FOUND and a message in several scripts.
"""

import concurrent.futures
import importlib
import sys

import grpc

sys.path.insert(0, sys.argv[1])
pb2 = importlib.import_module(sys.argv[2] + "_pb2")
pb2_grpc = importlib.import_module(sys.argv[2] + "_pb2_grpc")


class Greeter(pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        if request.name == "error":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such name: 张三 ☺")
        return pb2.HelloReply(message=f"Hello {request.name}!")

    def SayHelloStream(self, request_iterator, context):
        for request in request_iterator:
            yield pb2.HelloReply(message=f"hi {request.name}")


server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=10))
pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
if server.add_insecure_port(sys.argv[3]) == 0:
    sys.exit(f"cannot listen on {sys.argv[3]}")
server.start()
server.wait_for_termination()
