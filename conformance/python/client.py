"""The article's Python client (chapter 10) and what else a grpcio client does to a greeter server.

usage: client.py FOLDER-OF-GENERATED-MODULES MODULE ADDRESS

Prints one line for each case, as `cases` in lib.sh reads them. Knows the greeter's contract, nothing of Gannet.
"""

import importlib
import queue
import sys
import threading
import traceback

import grpc

sys.path.insert(0, sys.argv[1])
pb2 = importlib.import_module(sys.argv[2] + "_pb2")
pb2_grpc = importlib.import_module(sys.argv[2] + "_pb2_grpc")
ADDRESS = sys.argv[3]

# No case may wait longer than this, whatever the server does.
LIMIT = 20
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(seen, expected):
    if seen != expected:
        raise AssertionError(f"expected {expected!r:.200}, seen {seen!r:.200}")


def fails_with(code, call):
    """The call must fail with this status; returns its message."""
    try:
        result = call()
    except grpc.RpcError as error:
        if error.code() != code:
            raise AssertionError(f"expected {code}, seen {error.code()}: {error.details()}") from error
        return error.details()
    raise AssertionError(f"expected {code}, seen success: {result!r:.200}")


def stub(channel):
    return pb2_grpc.GreeterStub(channel)


@case
def the_articles_client():
    # Line for line the article's, but for the port.
    channel = grpc.insecure_channel(ADDRESS)
    greeter = pb2_grpc.GreeterStub(channel)
    response = greeter.SayHello(pb2.HelloRequest(name="zhangsan"))
    channel.close()
    equal(response.message, "Hello zhangsan!")


@case
def many_calls_on_one_connection(channel):
    greeter = stub(channel)
    calls = [greeter.SayHello.future(pb2.HelloRequest(name=str(i)), timeout=LIMIT) for i in range(1000)]
    equal([call.result().message for call in calls], [f"Hello {i}!" for i in range(1000)])


@case
def a_call_tells_code_and_metadata(channel):
    reply, call = stub(channel).SayHello.with_call(
        pb2.HelloRequest(name="a"), timeout=LIMIT, metadata=[("key", "value"), ("blob-bin", bytes(range(256)))]
    )
    equal((reply.message, call.code()), ("Hello a!", grpc.StatusCode.OK))


@case
def names_in_any_script(channel):
    name = "张三 ☺ 😈"
    equal(stub(channel).SayHello(pb2.HelloRequest(name=name), timeout=LIMIT).message, f"Hello {name}!")


@case
def an_empty_message(channel):
    equal(stub(channel).SayHello(pb2.HelloRequest(), timeout=LIMIT).message, "Hello !")


@case
def a_stream_answered_message_by_message(channel):
    requests = queue.SimpleQueue()
    replies = stub(channel).SayHelloStream(iter(requests.get, None), timeout=LIMIT)
    for name in ["zhangsan", "lisi", "wangwu"]:
        # The next is sent only when the last is answered: both directions are open at once.
        requests.put(pb2.HelloRequest(name=name))
        equal(next(replies).message, f"hi {name}")
    requests.put(None)
    equal(list(replies), [])
    equal(replies.code(), grpc.StatusCode.OK)


@case
def a_stream_of_thousands(channel):
    names = [str(i) for i in range(5000)]
    replies = stub(channel).SayHelloStream((pb2.HelloRequest(name=n) for n in names), timeout=LIMIT)
    equal([reply.message for reply in replies], [f"hi {n}" for n in names])


@case
def an_empty_stream(channel):
    equal(list(stub(channel).SayHelloStream(iter(()), timeout=LIMIT)), [])


@case
def streams_beside_each_other(channel):
    seen = {}

    def talk(number):
        replies = stub(channel).SayHelloStream(
            (pb2.HelloRequest(name=f"{number}-{i}") for i in range(100)), timeout=LIMIT
        )
        seen[number] = [reply.message for reply in replies]

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(seen, {number: [f"hi {number}-{i}" for i in range(100)] for number in range(20)})


@case
def an_unknown_method(channel):
    call = channel.unary_unary("/helloworld.Greeter/NoSuchMethod")
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: call(b"", timeout=LIMIT))


@case
def an_unknown_service(channel):
    call = channel.unary_unary("/no.such.Service/SayHello")
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: call(b"", timeout=LIMIT))


@case
def a_request_that_is_not_protobuf(channel):
    call = channel.unary_unary("/helloworld.Greeter/SayHello")
    fails_with(grpc.StatusCode.INTERNAL, lambda: call(b"\x0a\xff", timeout=LIMIT))


@case
def a_unary_method_called_with_two_messages(channel):
    call = channel.stream_unary("/helloworld.Greeter/SayHello")
    message = pb2.HelloRequest(name="a").SerializeToString()
    try:
        call(iter([message, message]), timeout=LIMIT)
    except grpc.RpcError as error:
        if error.code() not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED):
            raise
    else:
        raise AssertionError("a second message was accepted")


@case
def a_deadline_on_a_stream(channel):
    never = threading.Event()

    def requests():
        yield pb2.HelloRequest(name="a")
        never.wait(LIMIT)

    replies = stub(channel).SayHelloStream(requests(), timeout=0.3)
    equal(next(replies).message, "hi a")
    fails_with(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(replies))
    never.set()


@case
def a_deadline_that_has_passed(channel):
    fails_with(
        grpc.StatusCode.DEADLINE_EXCEEDED, lambda: stub(channel).SayHello(pb2.HelloRequest(name="a"), timeout=-1)
    )


@case
def a_stream_cancelled_by_the_client(channel):
    requests = queue.SimpleQueue()
    replies = stub(channel).SayHelloStream(iter(requests.get, None), timeout=LIMIT)
    requests.put(pb2.HelloRequest(name="a"))
    equal(next(replies).message, "hi a")
    replies.cancel()
    fails_with(grpc.StatusCode.CANCELLED, lambda: next(replies))
    requests.put(None)
    # The connection lives on.
    equal(stub(channel).SayHello(pb2.HelloRequest(name="b"), timeout=LIMIT).message, "Hello b!")


@case
def thousands_of_cancelled_calls_do_not_end_the_connection(channel):
    for _ in range(20):
        for call in [stub(channel).SayHello.future(pb2.HelloRequest(name="a")) for _ in range(100)]:
            call.cancel()
    equal(stub(channel).SayHello(pb2.HelloRequest(name="b"), timeout=LIMIT).message, "Hello b!")


@case
def a_large_message(channel):
    name = "z" * (3 << 20)
    equal(stub(channel).SayHello(pb2.HelloRequest(name=name), timeout=LIMIT).message, f"Hello {name}!")


@case
def large_messages_on_a_stream(channel):
    name = "z" * (1 << 20)
    replies = stub(channel).SayHelloStream((pb2.HelloRequest(name=name) for _ in range(10)), timeout=LIMIT)
    equal([reply.message == f"hi {name}" for reply in replies], [True] * 10)


@case
def a_message_over_the_limit(channel):
    # 4 MiB is the limit of every gRPC implementation where none is set.
    request = pb2.HelloRequest(name="z" * (4 << 20))
    details = fails_with(
        grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: stub(channel).SayHello(request, timeout=LIMIT)
    )
    if str(4 << 20) not in details:
        raise AssertionError(f"the message does not name the limit: {details}")
    equal(stub(channel).SayHello(pb2.HelloRequest(name="b"), timeout=LIMIT).message, "Hello b!")


@case
def a_compressed_request(channel):
    # A server that does not know the encoding must say so with UNIMPLEMENTED (compression.md).
    name = "z" * 10000
    try:
        reply = stub(channel).SayHello(
            pb2.HelloRequest(name=name), timeout=LIMIT, compression=grpc.Compression.Gzip
        )
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNIMPLEMENTED:
            raise
    else:
        equal(reply.message, f"Hello {name}!")


def main():
    for function in CASES:
        name = "client: " + function.__name__.replace("_", " ")
        try:
            if function.__code__.co_argcount == 0:
                function()
            else:
                with grpc.insecure_channel(ADDRESS, options=[("grpc.max_send_message_length", -1)]) as channel:
                    function(channel)
        except Exception as error:  # a case must not keep the others from running
            traceback.print_exc()
            print("failed", name, " ".join(f"{type(error).__name__}: {error}".split())[:600], sep="\t", flush=True)
        else:
            print("passed", name, sep="\t", flush=True)


main()
