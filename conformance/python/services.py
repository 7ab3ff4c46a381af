"""The reflection and health client packages of grpcio against a greeter server that has both services.

usage: services.py ADDRESS [CA CERTIFICATE KEY USER:PASSWORD] [--drain PID]

Prints one line for each case, as `cases` in lib.sh reads them. With --drain the last case interrupts the server, whose
process this is, and sees its health change. Knows the greeter's contract, nothing of Gannet.
"""

import os
import pathlib
import signal
import sys
import traceback

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

LIMIT = 20
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
GREETER = "helloworld.Greeter"
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(seen, expected):
    if seen != expected:
        raise AssertionError(f"expected {expected!r:.200}, seen {seen!r:.200}")


def missing(error, call):
    try:
        seen = call()
    except error:
        return
    raise AssertionError(f"expected {error.__name__}, seen {seen!r:.200}")


def fails_with(code, call):
    try:
        seen = call()
    except grpc.RpcError as error:
        if error.code() != code:
            raise AssertionError(f"expected {code}, seen {error.code()}: {error.details()}") from error
        return error.details()
    raise AssertionError(f"expected {code}, seen success: {seen!r:.200}")


def pool(channel):
    return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def health(channel):
    return health_pb2_grpc.HealthStub(channel)


def asked(service):
    return health_pb2.HealthCheckRequest(service=service)


@case
def reflection_names_every_service(channel):
    services = sorted(ProtoReflectionDescriptorDatabase(channel).get_services())
    equal(
        services,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            GREETER,
        ],
    )


@case
def reflection_describes_every_service(channel):
    for service in ProtoReflectionDescriptorDatabase(channel).get_services():
        equal(pool(channel).FindServiceByName(service).full_name, service)


@case
def reflection_describes_the_methods(channel):
    methods = pool(channel).FindServiceByName(GREETER).methods
    equal(
        [(m.name, m.client_streaming, m.server_streaming, m.input_type.full_name) for m in methods],
        [
            ("SayHello", False, False, "helloworld.HelloRequest"),
            ("SayHelloStream", True, True, "helloworld.HelloRequest"),
        ],
    )


@case
def reflection_is_enough_to_call(channel):
    described = pool(channel)
    method = described.FindMethodByName(GREETER + ".SayHello")
    request = message_factory.GetMessageClass(method.input_type)
    reply = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_unary(
        f"/{GREETER}/{method.name}", request_serializer=request.SerializeToString, response_deserializer=reply.FromString
    )
    equal(call(request(name="zhangsan"), timeout=LIMIT).message, "Hello zhangsan!")


@case
def reflection_finds_a_file_by_name_and_by_what_is_in_it(channel):
    equal(pool(channel).FindFileByName("helloworld.proto").package, "helloworld")
    equal(pool(channel).FindFileContainingSymbol("helloworld.HelloReply").name, "helloworld.proto")
    equal(pool(channel).FindFieldByName("helloworld.HelloReply.message").number, 1)


@case
def reflection_knows_what_is_not_there(channel):
    missing(KeyError, lambda: pool(channel).FindFileByName("no_such.proto"))
    missing(KeyError, lambda: pool(channel).FindMessageTypeByName("helloworld.NoSuchMessage"))
    missing(KeyError, lambda: pool(channel).FindServiceByName("no.such.Service"))


@case
def reflection_tells_extensions(channel):
    equal(list(pool(channel).FindAllExtensions(pool(channel).FindMessageTypeByName("helloworld.HelloRequest"))), [])


@case
def reflection_answers_on_one_stream_in_order(channel):
    def requests():
        yield reflection_pb2.ServerReflectionRequest(host="h", file_containing_symbol=GREETER)
        yield reflection_pb2.ServerReflectionRequest(file_by_filename="no_such.proto")
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        yield reflection_pb2.ServerReflectionRequest(file_containing_symbol=GREETER + ".SayHello")

    replies = list(
        reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(requests(), timeout=LIMIT)
    )
    equal(
        [reply.WhichOneof("message_response") for reply in replies],
        ["file_descriptor_response", "error_response", "list_services_response", "file_descriptor_response"],
    )
    equal((replies[0].valid_host, replies[0].original_request.file_containing_symbol), ("h", GREETER))
    equal(replies[1].error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])
    # Again the file that is asked for, but not what it imports, which the stream has brought.
    files = [list(replies[index].file_descriptor_response.file_descriptor_proto) for index in (0, 3)]
    equal(files[1], files[0][:1])


@case
def health_of_the_server_and_of_its_services(channel):
    for service in ["", GREETER]:
        equal(health(channel).Check(asked(service), timeout=LIMIT).status, SERVING)


@case
def health_of_an_unknown_service(channel):
    fails_with(grpc.StatusCode.NOT_FOUND, lambda: health(channel).Check(asked("no.such"), timeout=LIMIT))


@case
def health_of_all_services(channel):
    statuses = health(channel).List(health_pb2.HealthListRequest(), timeout=LIMIT).statuses
    equal({name: statuses[name].status for name in ["", GREETER]}, {"": SERVING, GREETER: SERVING})


@case
def health_is_watched(channel):
    for service, expected in [("", SERVING), (GREETER, SERVING), ("no.such", SERVICE_UNKNOWN)]:
        # A watch of an unknown service goes on too: the service may come.
        watch = health(channel).Watch(asked(service), timeout=LIMIT)
        equal(next(watch).status, expected)
        watch.cancel()


def health_follows_a_drain(channel, process):
    watches = [health(channel).Watch(asked(service), timeout=LIMIT) for service in ["", GREETER]]
    equal([next(watch).status for watch in watches], [SERVING, SERVING])
    os.kill(process, signal.SIGINT)
    # What comes behind that is the end of the stream: a drain does not wait for who only watches.
    equal([next(watch).status for watch in watches], [NOT_SERVING, NOT_SERVING])
    for watch in watches:
        try:
            equal(list(watch), [])
        except grpc.RpcError as error:
            equal(error.code(), grpc.StatusCode.UNAVAILABLE)


class Token(grpc.AuthMetadataPlugin):
    def __init__(self, user, password):
        self.metadata = (("user", user), ("password", password))

    def __call__(self, context, callback):
        callback(self.metadata, None)


def connect(address, ca=None, certificate=None, key=None, token=None):
    if ca is None:
        return grpc.insecure_channel(address)
    ca, certificate, key = (pathlib.Path(file).read_bytes() for file in (ca, certificate, key))
    return grpc.secure_channel(
        address,
        grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(ca, key, certificate), grpc.metadata_call_credentials(Token(*token.split(":")))
        ),
    )


def main():
    arguments, cases = sys.argv[1:], list(CASES)
    if "--drain" in arguments:
        *arguments, _, process = arguments
        cases.append(health_follows_a_drain)
    prefix = "services, TLS both ways and a token: " if len(arguments) > 1 else "services: "
    for function in cases:
        name = prefix + function.__name__.replace("_", " ")
        try:
            with connect(*arguments) as channel:
                if function is health_follows_a_drain:
                    function(channel, int(process))
                else:
                    function(channel)
        except Exception as error:  # a case must not keep the others from running
            traceback.print_exc()
            print("failed", name, " ".join(f"{type(error).__name__}: {error}".split())[:600], sep="\t", flush=True)
        else:
            print("passed", name, sep="\t", flush=True)


main()
