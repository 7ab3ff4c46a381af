"""The parcels that the suite `violations` sends, and the comparison of what its clients were told.

    violations.py make CASES              writes the cases, a line each: name, `unary` or `stream`, messages in hexadecimal
    violations.py compare CASES FOLDER    compares the files CLIENT-SERVER in the folder, and prints a case for each call
                                          as `cases` in lib.sh reads them

What protovalidate for Python finds in a message, called without gRPC, and what grpc-go's client is told by grpc-go's server,
with protovalidate-go, is what all others have to be told."""

import json
import pathlib
import sys

import protovalidate
from google.protobuf import json_format
from parcels import parcels_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import parcels_client  # noqa: E402

OK, INVALID_ARGUMENT, INTERNAL = 0, 3, 13
# What of the cases LARGE fits into the 6 KiB that Gannet's status takes at most, of the 8 KiB of header fields that many
# clients take.
FITTING = range(20, 30)

ADDRESS = {"street": "Nanjing Road 1", "zip": "20000", "country": "CN"}
ITEM = {"name": "tea", "count": 2, "serials": ["a1", "b2"]}
GOOD = {"sender": "Zhang San", "to": ADDRESS, "items": [ITEM], "mail": "zs@example.org", "cents": "120", "grams": 500}


def parcel(**changes):
    """A good one but for some fields; those that are None are left out."""
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return json_format.ParseDict(fields, parcels_pb2.Parcel())


def item(**changes):
    return {**ITEM, **changes}


def enclosed(fields, type_name="Item"):
    return {"@type": f"type.googleapis.com/parcels.{type_name}", **fields}


def address(**changes):
    return {**ADDRESS, **changes}


SEVERAL = parcel(sender="z", to=address(zip="2000", country="cn"), size=7, grams=-1, delay="3601s", code="X", mail="nobody")
CASES = {
    "nothing is wrong": [parcel(by_label={"tea": ITEM}, notes={"1": "soft"}, others={"true": ADDRESS}, marks={"1": 2})],
    "one rule": [parcel(sender="z")],
    "a required field": [parcel(to=None)],
    "several rules": [SEVERAL],
    "nested fields": [parcel(to=address(street="", country="china"))],
    "items of lists": [parcel(items=[ITEM, item(name=""), item(count=0, serials=["a1", "x", "a1"])])],
    "an empty list": [parcel(items=[])],
    "values of maps": [parcel(by_label={"tea": item(count=0)}, notes={"7": "a long note"})],
    "keys of maps": [parcel(by_label={"Tea": ITEM}, notes={"-5": "soft"})],
    "keys and values of all types": [
        parcel(
            by_label={"\"t\n": item(serials=["a"])},
            notes={"-9223372036854775808": "too long"},
            others={"false": address(zip="x")},
            marks={"4294967295": -1},
        )
    ],
    "a message's expression": [parcel(size="SIZE_SMALL", grams=2001)],
    "a field's expression, with a text of its own": [parcel(cents=None, free="why 'not'? ☺")],
    "one of some fields": [parcel(mail=None)],
    "no more than one of some fields": [parcel(phone="1")],
    "one of a oneof's": [parcel(cents=None)],
    "a member of a oneof": [parcel(cents="99")],
    "a rule of one's own": [parcel(items=[item(name="a fragile cup")])],
    "what does not fit into a header field as it is": [parcel(sender="张" * 21), parcel(sender="%" * 21)],
    "bytes": [parcel(seal="AAEC")],
    "a rule that cannot be evaluated": [parcel(pieces=2)],
}
# Of rules that are interpreted, with the rule that is broken. The reference is protovalidate-go for these: Python's cannot ask
# what a Struct or an Any holds.
INTERPRETED = {
    "interpreted rules are kept": (
        [parcel(labels={"color": "red", "more": [1, None]}, enclosed=enclosed(ITEM))],
        None,
    ),
    "what a struct holds": ([parcel(labels={"color": "green"})], "labels.color"),
    "what an any holds": ([parcel(enclosed=enclosed(item(count=4)))], "enclosed.item"),
    "an any of another type": ([parcel(enclosed=enclosed(ADDRESS, "Address"))], "enclosed.item"),
}
CASES |= {name: parcels for name, (parcels, _) in INTERPRETED.items()}
# In a stream, behind one with which nothing is wrong.
CASES = {name: ("unary", parcels) for name, parcels in CASES.items()} | {
    f"{name}, a stream": ("stream", [parcel(), *parcels, parcel()])
    for name, parcels in CASES.items()
    if name in ("nothing is wrong", "several rules", "a rule that cannot be evaluated", "keys and values of all types")
}
# More than there is room for in a status: only of Gannet, as others send what many clients refuse to take.
LARGE = "more violations than there is room for"
CASES[LARGE] = ("unary", [parcel(items=[item(count=0)] * 90)])
CASES[f"{LARGE}, a stream"] = ("stream", [parcel(), parcel(items=[item(count=0)] * 90)])


def make(path):
    with open(path, "w", encoding="ascii") as file:
        for name, (kind, parcels) in CASES.items():
            sent = [one.SerializeToString(deterministic=True).hex() for one in parcels]
            print(name, kind, ",".join(sent), sep="\t", file=file)


def expected(parcels):
    """The code and the violations that a call ends with, and how many receipts come before."""
    for receipts, one in enumerate(parcels):
        try:
            protovalidate.validate(one)
        except protovalidate.ValidationError as error:
            return {"code": INVALID_ARGUMENT, "receipts": receipts, "violations": parcels_client.listed(error.to_proto())}
        except Exception:  # What its evaluation throws has no type of its own.
            return {"code": INTERNAL, "receipts": receipts, "violations": None}
    return {"code": OK, "receipts": len(parcels), "violations": None}


def interpreted(told, name):
    """What protovalidate-go says of a case, if that is what the case is about."""
    rule = INTERPRETED[name][1]
    told_of = [violation["id"] for violation in told["violations"] or []]
    assert told_of == ([rule] if rule else []), f"{name}: {told}"
    return {key: told[key] for key in ("code", "receipts", "violations")}


def ordered(violations):
    """Violations in an order; that in which they are found is each implementation's own."""
    return violations and sorted(violations, key=lambda violation: json.dumps(violation, sort_keys=True))


def whole(outcome):
    """What is to be the same everywhere; the lines of a text are in the order of the violations."""
    return {
        **outcome,
        "text": sorted(outcome["text"].split("\n")),
        "violations": ordered(outcome["violations"]),
    }


def cut(outcome, reference, text):
    """What is wrong with a status that was cut to what there is room for; None if nothing is."""
    *lines, rest = outcome["text"].split("\n")
    told, wanted = outcome["violations"] or [], reference["violations"]
    if {**reference, "violations": 0} != {key: outcome[key] for key in ("code", "receipts")} | {"violations": 0}:
        return "code or receipts differ"
    if told != wanted[: len(told)]:
        return "the violations are not the first ones"
    if lines[1:] != text.split("\n")[1 : len(told) + 1]:
        return "the text has other lines"
    if rest != f" - ({len(wanted) - len(told)} more: there is no room for them in a status)":
        return "the text does not say how many more there are"
    return None if len(told) in FITTING else f"{len(told)} violations were told"


def compare(path, folder):
    make(path)
    found = {}
    for pair in sorted(pathlib.Path(folder).glob("*-*")):
        if not pair.suffix:
            lines = map(json.loads, pair.read_text(encoding="utf-8").splitlines())
            found[pair.name] = {outcome.pop("case"): outcome for outcome in lines}
    for pair, outcomes in found.items():
        for name, (_, parcels) in CASES.items():
            reference = interpreted(found["go-go"][name], name) if name in INTERPRETED else expected(parcels)
            if name.startswith(LARGE) and pair.endswith("-go"):
                continue
            outcome, difference = outcomes.get(name), "it was not called"
            if outcome and name.startswith(LARGE):
                text = "\n".join(["", *(f" - items[{index}].count: must be greater than 0" for index in range(90))])
                difference = cut(outcome, reference, text)
            elif outcome:
                wanted = {**reference, "text": found["go-go"][name]["text"]}
                difference = None if whole(outcome) == whole(wanted) else "it was told something else"
            if difference is None:
                print("passed", f"{pair}: {name}", sep="\t")
                continue
            log = f"{folder}/{pair}-{name.replace(' ', '-')}.differs"
            with open(log, "w", encoding="utf-8") as file:
                json.dump({"told": outcome, "expected": reference}, file, indent=1, ensure_ascii=False)
            print("failed", f"{pair}: {name}", difference, log, sep="\t")


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])
