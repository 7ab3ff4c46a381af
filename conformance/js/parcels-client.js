// Sends the parcels of a file to a depot, and prints what it is told of each; with grpc-js's client. A line of the file is
// the name of a case, `unary` or `stream`, and the serialized parcels in hexadecimal, between tabs; the answer is a line
// of JSON. The suite `violations` compares it with the answers of other clients. Knows nothing of Gannet.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');

const { values: options } = parseArgs({
  options: {
    addr: { type: 'string', default: '127.0.0.1:50051' },
    cases: { type: 'string' },
    include: { type: 'string', multiple: true },
  },
});

const root = new protobuf.Root();
root.resolvePath = (origin, target) =>
  options.include.map((folder) => path.join(folder, target)).find(fs.existsSync) ?? protobuf.util.path.resolve(origin, target);
root.loadSync(['parcels/parcels.proto', 'buf/validate/validate.proto', 'google/rpc/status.proto'], { keepCase: true });
const [Receipt, Status, Violations] = ['parcels.Receipt', 'google.rpc.Status', 'buf.validate.Violations'].map((name) =>
  root.lookupType(name),
);

const method = (name, streams) => ({
  path: `/parcels.Depot/${name}`,
  requestStream: streams,
  responseStream: streams,
  // As they stand in the file: protobufjs reads keys of 64 bits that it cannot write again.
  requestSerialize: (parcel) => parcel,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (message) => Buffer.from(Receipt.encode(message).finish()),
  responseDeserialize: (bytes) => Receipt.decode(bytes),
});
const Depot = grpc.makeGenericClientConstructor({ send: method('Send', false), sendAll: method('SendAll', true) }, 'Depot');
const depot = new Depot(options.addr, grpc.credentials.createInsecure());

const callOptions = () => ({ deadline: Date.now() + 20_000 });

async function send(parcels, received) {
  for (const parcel of parcels) {
    await new Promise((resolve, reject) => {
      depot.send(parcel, callOptions(), (error, receipt) => (error ? reject(error) : resolve(receipt)));
    });
    received();
  }
}

function sendAll(parcels, received) {
  return new Promise((resolve, reject) => {
    const call = depot.sendAll(callOptions());
    let next = 0;
    const write = () => (next < parcels.length ? call.write(parcels[next++]) : call.end());
    call.on('data', () => {
      received();
      write();
    });
    call.on('error', reject);
    call.on('end', resolve);
    write();
  });
}

// The violations in what `grpc-status-details-bin` holds; null if there are none.
function violationsIn(error) {
  const [encoded] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (encoded === undefined) {
    return null;
  }
  const status = Status.decode(encoded);
  if (status.code !== error.code || status.message !== error.details) {
    throw new Error(`the status in the details is ${status.code}: ${status.message}`);
  }
  return status.details.flatMap((detail) => {
    if (detail.type_url !== 'type.googleapis.com/buf.validate.Violations') {
      throw new Error(`a detail is a ${detail.type_url}`);
    }
    return Violations.decode(detail.value).violations.map((violation) => ({
      field: pathOf(violation.field),
      rule: pathOf(violation.rule),
      id: violation.rule_id,
      message: violation.message,
      for_key: violation.for_key,
    }));
  });
}

function pathOf(path) {
  return (path?.elements ?? []).map((element) => {
    // What is not there has the default of its type, but the message does not own it.
    const own = (name) => (Object.hasOwn(element, name) ? element[name] : 0);
    const subscript = element.subscript === undefined ? null : [element.subscript, String(element[element.subscript])];
    return [own('field_number'), element.field_name, own('field_type'), own('key_type'), own('value_type'), subscript];
  });
}

async function run() {
  for (const line of fs.readFileSync(options.cases, 'utf8').trimEnd().split('\n')) {
    const [name, kind, encoded] = line.split('\t');
    const parcels = encoded.split(',').map((hexadecimal) => Buffer.from(hexadecimal, 'hex'));
    const told = { case: name, receipts: 0, code: 0, text: '', violations: null };
    try {
      await (kind === 'stream' ? sendAll : send)(parcels, () => {
        told.receipts += 1;
      });
    } catch (error) {
      if (error.code === undefined) {
        throw error;
      }
      Object.assign(told, { code: error.code, text: error.details, violations: violationsIn(error) });
    }
    console.log(JSON.stringify(told));
  }
}

run().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
