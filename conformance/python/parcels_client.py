"""Sends the parcels of a file to a depot, and prints what it is told of each; with grpcio's client. A line of the file is the
name of a case, `unary` or `stream`, and the serialized parcels in hexadecimal, between tabs; the answer is a line of JSON.
The suite `violations` compares it with the answers of other clients. Knows nothing of Gannet."""

import argparse
import json
import queue

import grpc
from buf.validate import validate_pb2
from grpc_status import rpc_status
from parcels import parcels_pb2, parcels_pb2_grpc

LIMIT = 20


def path(path):
    return [element(one) for one in path.elements]


def element(one):
    def number(name):
        return getattr(one, name) if one.HasField(name) else 0

    subscript = one.WhichOneof("subscript")
    key = None
    if subscript is not None:
        value = getattr(one, subscript)
        key = [subscript, str(value).lower() if isinstance(value, bool) else str(value)]
    types = [number(name) for name in ("field_type", "key_type", "value_type")]
    return [number("field_number"), one.field_name, *types, key]


def listed(violations):
    return [
        {
            "field": path(violation.field),
            "rule": path(violation.rule),
            "id": violation.rule_id,
            "message": violation.message,
            "for_key": violation.for_key,
        }
        for violation in violations.violations
    ]


def told(error):
    """What an error says: code, text, violations, which are None if there are no details."""
    # Raises if the status in the details has another code or text.
    status = rpc_status.from_call(error)
    violations = None
    for detail in status.details if status else []:
        found = validate_pb2.Violations()
        if not detail.Unpack(found):
            raise ValueError(f"a detail is a {detail.type_url}")
        violations = (violations or []) + listed(found)
    return {"code": error.code().value[0], "text": error.details(), "violations": violations}


def send(depot, parcels):
    for parcel in parcels:
        depot.Send(parcel, timeout=LIMIT)
        yield


def send_all(depot, parcels):
    """Each parcel when the receipt for the one before is there, so that their number is certain."""
    waiting = queue.SimpleQueue()
    receipts = depot.SendAll(iter(waiting.get, None), timeout=LIMIT)
    try:
        for parcel in parcels:
            waiting.put(parcel)
            next(receipts)
            yield
    finally:
        waiting.put(None)
    for _ in receipts:
        yield


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--addr", default="127.0.0.1:50051")
    parser.add_argument("--cases")
    options = parser.parse_args()
    with grpc.insecure_channel(options.addr) as channel, open(options.cases, encoding="ascii") as cases:
        depot = parcels_pb2_grpc.DepotStub(channel)
        for line in cases:
            name, kind, encoded = line.rstrip("\n").split("\t")
            parcels = [parcels_pb2.Parcel.FromString(bytes.fromhex(one)) for one in encoded.split(",")]
            outcome = {"case": name, "receipts": 0, "code": 0, "text": "", "violations": None}
            try:
                for _ in (send_all if kind == "stream" else send)(depot, parcels):
                    outcome["receipts"] += 1
            except grpc.RpcError as error:
                outcome |= told(error)
            print(json.dumps(outcome))


if __name__ == "__main__":
    main()
