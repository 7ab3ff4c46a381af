"""A client with TLS both ways, tokens and streams: one line of output for each step."""

import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc

address, folder, name = sys.argv[1:]


def read(file):
    with open(folder + "/" + file, "rb") as opened:
        return opened.read()


def token(password):
    def metadata(context, callback):
        callback((("user", "admin"), ("password", password)), None)

    return grpc.metadata_call_credentials(metadata)


def channel(credentials):
    return grpc.secure_channel(address, credentials, options=[("grpc.ssl_target_name_override", name)])


def attempt(credentials):
    """SayHello, and then a stream of two names."""
    with channel(credentials) as opened:
        stub = helloworld_pb2_grpc.GreeterStub(opened)
        try:
            reply, call = stub.SayHello.with_call(helloworld_pb2.HelloRequest(name="zhangsan"), timeout=10)
            known = dict(call.initial_metadata())
            names = [helloworld_pb2.HelloRequest(name=name) for name in ("zhangsan", "lisi")]
            stream = [reply.message for reply in stub.SayHelloStream(iter(names), timeout=10)]
            print(reply.message, known.get("x-user"), known.get("x-peer"), *stream, sep="; ")
        except grpc.RpcError as error:
            print(error.code().name, " ".join(error.details().split())[:100], sep="; ")


own = grpc.ssl_channel_credentials(read("ca.pem"), read("client.key"), read("client.pem"))
anonymous = grpc.ssl_channel_credentials(read("ca.pem"))
attempt(grpc.composite_channel_credentials(own, token("admin")))
attempt(grpc.composite_channel_credentials(own, token("guessed")))
attempt(grpc.composite_channel_credentials(anonymous, token("admin")))
