"""The article's Python client."""

import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


def run(address):
    with grpc.insecure_channel(address) as channel:
        stub = helloworld_pb2_grpc.GreeterStub(channel)
        reply = stub.SayHello(helloworld_pb2.HelloRequest(name="zhangsan"))
        print(reply.message)


run(sys.argv[1])
