// The article's server on grpc-go, chapter by chapter: reflection, streams, interceptors that check a token, TLS one way
// and both ways; and health. Its flags are those of Gannet's greeter-server. Knows nothing of Gannet.
//
// It says on standard error who called what; with GRPC_GO_LOG_SEVERITY_LEVEL=info also which handshakes failed, and why.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"gannet/conformance/generated/helloworld"
)

var (
	addr     = flag.String("addr", "127.0.0.1:50051", "where to listen")
	_        = flag.Int("threads", 0, "has no meaning here")
	certFile = flag.String("tls-cert", "", "the server's certificate; means TLS")
	keyFile  = flag.String("tls-key", "", "its key")
	clientCA = flag.String("client-ca", "", "the authority whose clients are served; means TLS both ways")
	token    = flag.String("token", "", "USER:PASSWORD that calls must bring")
)

type greeterServer struct {
	helloworld.UnimplementedGreeterServer
}

func (s *greeterServer) SayHello(_ context.Context, in *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	if in.Name == "error" {
		return nil, status.Error(codes.NotFound, "no such name: 张三 ☺")
	}
	return &helloworld.HelloReply{Message: "Hello " + in.Name + "!"}, nil
}

func (s *greeterServer) SayHelloStream(stream helloworld.Greeter_SayHelloStreamServer) error {
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&helloworld.HelloReply{Message: "hi " + in.Name}); err != nil {
			return err
		}
	}
}

// auth checks the article's token: metadata `user` and `password`.
func auth(ctx context.Context) error {
	md, ok := metadata.FromIncomingContext(ctx)
	if !ok {
		return status.Error(codes.Unauthenticated, "missing credentials")
	}
	user, password, _ := strings.Cut(*token, ":")
	if value := md["user"]; len(value) != 1 || value[0] != user {
		return status.Error(codes.Unauthenticated, "invalid token")
	}
	if value := md["password"]; len(value) != 1 || value[0] != password {
		return status.Error(codes.Unauthenticated, "invalid token")
	}
	return nil
}

// note says who calls: the names in the verified certificate, if there is one.
func note(ctx context.Context, method string) {
	caller := "somebody"
	if peer, ok := peer.FromContext(ctx); ok {
		if info, ok := peer.AuthInfo.(credentials.TLSInfo); ok && len(info.State.VerifiedChains) > 0 {
			leaf := info.State.VerifiedChains[0][0]
			caller = leaf.Subject.CommonName
			for _, uri := range leaf.URIs {
				caller += " " + uri.String()
			}
		}
	}
	log.Printf("%s called by %s", method, caller)
}

func unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	note(ctx, info.FullMethod)
	if *token != "" {
		if err := auth(ctx); err != nil {
			return nil, err
		}
	}
	return handler(ctx, req)
}

func stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	note(stream.Context(), info.FullMethod)
	if *token != "" {
		if err := auth(stream.Context()); err != nil {
			return err
		}
	}
	return handler(srv, stream)
}

func main() {
	flag.Parse()
	options := []grpc.ServerOption{grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(stream)}
	if *certFile != "" {
		transport, err := transportCredentials()
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(transport))
	}
	server := grpc.NewServer(options...)
	helloworld.RegisterGreeterServer(server, &greeterServer{})
	reflection.Register(server)
	states := health.NewServer()
	states.SetServingStatus(helloworld.Greeter_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, states)

	lis, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(lis))
}

func transportCredentials() (credentials.TransportCredentials, error) {
	if *clientCA == "" {
		return credentials.NewServerTLSFromFile(*certFile, *keyFile)
	}
	cert, err := tls.LoadX509KeyPair(*certFile, *keyFile)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(*clientCA)
	if err != nil {
		return nil, err
	}
	certPool := x509.NewCertPool()
	if ok := certPool.AppendCertsFromPEM(ca); !ok {
		return nil, errors.New(*clientCA + ": no certificate in it")
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    certPool,
	}), nil
}
