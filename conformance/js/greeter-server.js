// The article's server on grpc-js, chapter by chapter: streams, an interceptor that checks a token, TLS one way and both
// ways; and health. Its flags are those of Gannet's greeter-server. Knows nothing of Gannet.
//
// It says on standard error who called what.
'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { HealthImplementation } = require('grpc-health-check');

const { values: options } = parseArgs({
  options: {
    proto: { type: 'string' },
    include: { type: 'string' },
    addr: { type: 'string', default: '127.0.0.1:50051' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    'client-ca': { type: 'string' },
    token: { type: 'string' },
  },
});
const read = (file) => (file === undefined ? null : fs.readFileSync(file));
const { helloworld } = grpc.loadPackageDefinition(
  protoLoader.loadSync(options.proto, { includeDirs: [options.include] }),
);

const greeter = {
  SayHello(call, callback) {
    if (call.request.name === 'error') {
      callback({ code: grpc.status.NOT_FOUND, details: 'no such name: 张三 ☺' });
    } else {
      callback(null, { message: `Hello ${call.request.name}!` });
    }
  },
  SayHelloStream(call) {
    call.on('data', (request) => call.write({ message: `hi ${request.name}` }));
    call.on('end', () => call.end());
  },
};

// Checks the article's token: metadata `user` and `password`.
function isValid(metadata) {
  const [user, password] = options.token.split(':');
  const is = (key, expected) => {
    const seen = metadata.get(key);
    return seen.length === 1 && seen[0] === expected;
  };
  return is('user', user) && is('password', password);
}

function caller(call) {
  const certificate = call.getAuthContext().sslPeerCertificate;
  return certificate?.subject ? `${certificate.subject.CN} ${certificate.subjectaltname ?? ''}` : 'somebody';
}

function auth(method, call) {
  return new grpc.ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata, next) {
          console.error(`${method.path} called by ${caller(call)}`);
          if (options.token === undefined || isValid(metadata)) {
            next(metadata);
          } else {
            call.sendStatus({ code: grpc.status.UNAUTHENTICATED, details: 'invalid token' });
          }
        },
      });
    },
  });
}

function serverCredentials() {
  if (options['tls-cert'] === undefined) {
    return grpc.ServerCredentials.createInsecure();
  }
  const pair = { cert_chain: read(options['tls-cert']), private_key: read(options['tls-key']) };
  return grpc.ServerCredentials.createSsl(read(options['client-ca']), [pair], options['client-ca'] !== undefined);
}

const server = new grpc.Server({ interceptors: [auth] });
server.addService(helloworld.Greeter.service, greeter);
new HealthImplementation({ '': 'SERVING', 'helloworld.Greeter': 'SERVING' }).addToServer(server);
server.bindAsync(options.addr, serverCredentials(), (error) => {
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
});
