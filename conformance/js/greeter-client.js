// The article's client on grpc-js, chapter by chapter: plaintext, TLS, TLS both ways, a token with every call, streams;
// and the health client. Its flags are those of Gannet's greeter-client. Knows nothing of Gannet.
'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { service: healthService } = require('grpc-health-check');

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    proto: { type: 'string' },
    include: { type: 'string' },
    addr: { type: 'string', default: '127.0.0.1:50051' },
    stream: { type: 'boolean' },
    ca: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    'server-name': { type: 'string' },
    token: { type: 'string' },
    'insecure-token': { type: 'boolean' },
    health: { type: 'string' },
  },
});
const read = (file) => (file === undefined ? null : fs.readFileSync(file));
const { helloworld } = grpc.loadPackageDefinition(
  protoLoader.loadSync(options.proto, { includeDirs: [options.include] }),
);

// The token goes into the metadata of every call.
function token() {
  const [user, password] = options.token.split(':');
  return grpc.credentials.createFromMetadataGenerator((_call, callback) => {
    const metadata = new grpc.Metadata();
    metadata.set('user', user);
    metadata.set('password', password);
    callback(null, metadata);
  });
}

function channelCredentials() {
  const transport =
    options.ca === undefined
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(read(options.ca), read(options.key), read(options.cert));
  if (options.token === undefined || options['insecure-token']) {
    return transport;
  }
  return grpc.credentials.combineChannelCredentials(transport, token());
}

// grpc-js composes no credentials with plaintext; there the token is put in by an interceptor.
function insecureToken(callOptions, nextCall) {
  const [user, password] = options.token.split(':');
  return new grpc.InterceptingCall(nextCall(callOptions), {
    start(metadata, listener, next) {
      metadata.set('user', user);
      metadata.set('password', password);
      next(metadata, listener);
    },
  });
}

const callOptions = () => ({ deadline: Date.now() + 20_000 });

function unary(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, callOptions(), (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

async function run() {
  const channelOptions = {};
  if (options['server-name']) {
    channelOptions['grpc.ssl_target_name_override'] = options['server-name'];
  }
  if (options.token !== undefined && options['insecure-token']) {
    channelOptions.interceptors = [insecureToken];
  }
  const credentials = channelCredentials();
  if (options.health !== undefined) {
    const Health = grpc.makeGenericClientConstructor(healthService, 'Health');
    const client = new Health(options.addr, credentials, channelOptions);
    console.log((await unary(client, 'check', { service: options.health })).status);
    return;
  }
  const client = new helloworld.Greeter(options.addr, credentials, channelOptions);
  if (options.stream) {
    const call = client.SayHelloStream(callOptions());
    // An error ends the iteration; before that the call may be written to in vain.
    names.forEach((name) => call.write({ name }));
    call.end();
    for await (const reply of call) {
      console.log(reply.message);
    }
    return;
  }
  for (const name of names) {
    console.log((await unary(client, 'SayHello', { name })).message);
  }
}

run().then(
  () => process.exit(0),
  (error) => {
    // What google.rpc.Status would hold beside code and message.
    const more = error.metadata?.get('grpc-status-details-bin').length ? ' (and details)' : '';
    console.error(error.details === undefined ? error.message : `${grpc.status[error.code]}: ${error.details}${more}`);
    process.exit(1);
  },
);
