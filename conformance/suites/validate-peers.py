"""Random messages of protovalidate's conformance contracts, validated by Gannet, protovalidate-go and protovalidate for Python:
verdicts and violations must be the same. Prints a case for each contract and peer, as `cases` in lib.sh reads them.

Arguments: the contracts as a descriptor set, Gannet's program, protovalidate-go's (both speak the protocol of protovalidate's
conformance suite), the folder for logs. Environment: SEED, and MESSAGES, how many of each type."""

import collections
import os
import random
import subprocess
import sys

import protovalidate
from buf.validate import validate_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

SEED = int(os.environ.get("SEED", "1"))
MESSAGES = int(os.environ.get("MESSAGES", "8"))
CASES = "buf.validate.conformance.cases"
WELL_KNOWN = "google.protobuf."
DEEPEST = 3

# Messages on which a peer is alone: the other one agrees with Gannet on all of them.
KNOWN = {
    "go": {
        # Its own implementation of the rule refuses the empty text, which the rule's expression takes.
        "StringHttpHeaderValueLoose",
    },
    "python": {
        # Items of a list, or values of a map, with numbers that the enum has not.
        "MapExternalEnumDefined", "RepeatedEnumDefined", "RepeatedExternalEnumDefined", "RepeatedYetAnotherExternalEnumDefined",
        # Floats are doubles to it: the message says 1.23 in place of 1.2300000190734863.
        "FloatConst", "FloatIn",
        # -0 counts as not set.
        "DoubleIgnore", "FloatIgnore",
    },
}  # fmt: skip
# Contracts of which a peer knows nothing as they are: Python wants extensions of rules in its default pool.
LEFT_OUT = {"go": (), "python": ("predefined_rules_",)}

TEXTS = [
    "", "a", "zz", "foo", "bar", "foobar", "ſK張三☺", "\u0000", "a\nb", "x" * 40, "f00d@example.com", "example.com", "-bad-.com",
    "127.0.0.1", "::1", "fe80::1%eth0", "10.0.0.0/8", "10.0.0.1/8", "::/0", "https://example.com/a?b#c", "./a", "%zz", "a:80",
    "[::1]:443", "123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000",
    "123e4567e89b12d3a456426614174000", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "x-header", ":path", "Value 1", "bufbuild.validate.v1",
]
INTEGERS = [0, 1, 2, 3, 4, 5, 7, 10, 16, 100, 255, 256, -1, -2, -10]
FLOATS = [0.0, -0.0, 1.0, 1.5, -1.5, 3.25, 100.0, 1e9, float("inf"), float("-inf"), float("nan")]
RANGES = {
    "int32": (-(2**31), 2**31 - 1), "sint32": (-(2**31), 2**31 - 1), "sfixed32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1), "sint64": (-(2**63), 2**63 - 1), "sfixed64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1), "fixed32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1), "fixed64": (0, 2**64 - 1),
}  # fmt: skip
TYPES = {getattr(FieldDescriptor, f"TYPE_{name.upper()}"): name for name in RANGES}


def limits(message):
    """The values that stand in rules, which messages should come close to."""
    for field, value in message.ListFields():
        for item in value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]:
            if hasattr(item, "ListFields"):
                yield from limits(item)
            elif isinstance(item, (int, float, str, bytes)) and not isinstance(item, bool):
                yield item


class Messages:
    """Makes up messages, from a seed."""

    def __init__(self, random):
        self.random = random

    def number(self, name, near):
        least, most = RANGES[name]
        near = [item + by for item in near if isinstance(item, int) for by in (-1, 0, 1)]
        value = self.random.choice(near + near + INTEGERS + [least, most, self.random.randint(least, most)])
        return min(max(value, least), most)

    def text(self, near):
        near = [item for item in near if isinstance(item, str)]
        value = self.random.choice(TEXTS + near + near)
        lengths = [length for length in near if isinstance(length, int) and 0 < length < 50]
        if lengths and self.random.random() < 0.5:
            return self.random.choice("aé") * (self.random.choice(lengths) + self.random.randint(-1, 1))
        return self.random.choice([value, value, value + self.random.choice(TEXTS), self.random.choice(TEXTS) + value])

    def scalar(self, field, near):
        if field.type in TYPES:
            return self.number(TYPES[field.type], near)
        if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
            near = [item + by for item in near if isinstance(item, (int, float)) for by in (-0.5, 0, 0.5)]
            return self.random.choice(FLOATS + near + near)
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self.random.random() < 0.5
        if field.type == FieldDescriptor.TYPE_STRING:
            return self.text(near)
        if field.type == FieldDescriptor.TYPE_BYTES:
            near = [item for item in near if isinstance(item, bytes)]
            return self.random.choice(near + [b"", b"\x00", b"\xff" * 4, b"a" * 16, b"abc", self.text([]).encode()])
        known = [value.number for value in field.enum_type.values]
        return self.random.choice(known if field.enum_type.is_closed else [*known, *known, 99, 2**31 - 1])

    def fill(self, message, depth=0):
        name = message.DESCRIPTOR.full_name
        if name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            message.seconds = self.random.choice([0, 0, 1, 2, 5, 10, 1_000, 1_000_000_000])
            # Whole microseconds: Python cuts off what is finer.
            message.nanos = self.random.choice([0, 0, 1_000, 999_999_000])
            return
        if name == "google.protobuf.Any":
            message.type_url = self.random.choice(["", "type.googleapis.com/google.protobuf.Duration", "a/b.C"])
            return
        for field in message.DESCRIPTOR.fields:
            if self.random.random() < 0.2 and not field.is_required:
                continue
            options = field.GetOptions()
            near = list(limits(options.Extensions[validate_pb2.field])) if options.HasExtension(validate_pb2.field) else []
            self.field(message, field, near, depth)

    def field(self, message, field, near, depth):
        if field.message_type and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(self.random.randint(0, 3)):
                entry = self.scalar(key, near)
                if not value.message_type:
                    getattr(message, field.name)[entry] = self.scalar(value, near)
                elif depth < DEEPEST:
                    self.fill(getattr(message, field.name)[entry], depth + 1)
        elif field.is_repeated:
            for _ in range(self.random.randint(0, 4)):
                if not field.message_type:
                    getattr(message, field.name).append(self.scalar(field, near))
                elif depth < DEEPEST:
                    self.fill(getattr(message, field.name).add(), depth + 1)
        elif not field.message_type:
            setattr(message, field.name, self.scalar(field, near))
        elif depth < DEEPEST or field.is_required:
            getattr(message, field.name).SetInParent()
            self.fill(getattr(message, field.name), depth + 1)


def types(descriptors):
    for descriptor in descriptors:
        # What stands in a message whose rules are refused is not generated, so Gannet's program does not know it.
        if not descriptor.GetOptions().map_entry and descriptor.name != "WrongType":
            yield descriptor
            yield from types(descriptor.nested_types)


def subscripted(path):
    parts = []
    for element in path.elements:
        which = element.WhichOneof("subscript")
        parts.append(element.field_name + (f"[{getattr(element, which)!r}]" if which else ""))
    return ".".join(parts)


def told(violations):
    """Violations so that they can be compared; their order is each implementation's own."""
    return sorted(
        (subscripted(violation.field), subscripted(violation.rule), violation.rule_id, violation.message, violation.for_key)
        for violation in violations.violations
    )


def asked(program, request, response, log):
    """The verdicts of a program that speaks the protocol of the conformance suite."""
    with open(log, "wb") as errors:
        done = subprocess.run([program], input=request, stdout=subprocess.PIPE, stderr=errors, timeout=300, check=True)
    verdicts = {}
    for name, result in response.FromString(done.stdout).results.items():
        kind = result.WhichOneof("result")
        verdicts[name] = (kind, told(result.validation_error) if kind == "validation_error" else None)
    return verdicts


def by_python(message):
    try:
        protovalidate.validate(message)
    except protovalidate.ValidationError as error:
        return "validation_error", told(error.to_proto())
    except protovalidate.CompilationError:
        return "compilation_error", None
    except Exception:  # What its evaluation throws has no type of its own.
        return "runtime_error", None
    return "success", None


def main():
    contracts, ours, go, logs = sys.argv[1:]
    files = descriptor_pb2.FileDescriptorSet.FromString(open(contracts, "rb").read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    harness = "buf.validate.conformance.harness."
    request = message_factory.GetMessageClass(pool.FindMessageTypeByName(harness + "TestConformanceRequest"))()
    response = message_factory.GetMessageClass(pool.FindMessageTypeByName(harness + "TestConformanceResponse"))
    request.fdset.ParseFromString(files.SerializeToString())

    make, messages, file_of = Messages(random.Random(SEED)), {}, {}
    for file in files.file:
        if not file.package.startswith(CASES):
            continue
        for descriptor in types(pool.FindFileByName(file.name).message_types_by_name.values()):
            for number in range(MESSAGES):
                name = f"{descriptor.full_name}#{number}"
                message = messages[name] = message_factory.GetMessageClass(descriptor)()
                make.fill(message)
                file_of[name] = file.name.rsplit("/", 1)[-1]
                request.cases[name].type_url = f"type.googleapis.com/{descriptor.full_name}"
                request.cases[name].value = message.SerializeToString(deterministic=True)

    sent = request.SerializeToString()
    mine = asked(ours, sent, response, f"{logs}/gannet.log")
    peers = {
        "go": asked(go, sent, response, f"{logs}/go.log"),
        "python": {name: by_python(message) for name, message in messages.items()},
    }
    kinds = collections.Counter(kind for kind, _ in mine.values())
    print(f"seed {SEED}: {len(messages)} messages, Gannet's verdicts: {dict(kinds)}", file=sys.stderr)
    for peer, theirs in peers.items():
        compare(peer, messages, file_of, mine, theirs, logs)


def same_kind(peer, verdict):
    """Python's faults of contracts and those of evaluation cannot be told apart."""
    errors = (("compilation_error", None), ("runtime_error", None))
    return "error" if peer == "python" and verdict in errors else verdict


def compare(peer, messages, file_of, mine, theirs, logs):
    differences = collections.defaultdict(list)
    messages = {
        name: message
        for name, message in messages.items()
        if name.split("#")[0].rsplit(".", 1)[-1] not in KNOWN[peer] and not file_of[name].startswith(LEFT_OUT[peer] or ("/",))
    }
    counts = collections.Counter(file_of[name] for name in messages)
    for name in messages:
        if same_kind(peer, mine.get(name)) != same_kind(peer, theirs.get(name)):
            differences[file_of[name]].append(name)
    for file, count in sorted(counts.items()):
        case, wrong = f"{peer}: {file}, {count} messages", differences[file]
        if not wrong:
            print("passed", case, sep="\t")
            continue
        log = f"{logs}/{peer}-{file}.log"
        with open(log, "w", encoding="utf-8") as written:
            for name in wrong:
                print(name, str(messages[name]), f"  gannet: {mine.get(name)}", f"  {peer}: {theirs.get(name)}", sep="\n", file=written)
        print("failed", case, f"{len(wrong)} verdicts differ (SEED={SEED})", log, sep="\t")


main()
