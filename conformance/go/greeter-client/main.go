// The article's client on grpc-go, chapter by chapter: plaintext, TLS, TLS both ways, a token with every call, streams;
// and the health client. Its flags are those of Gannet's greeter-client. Knows nothing of Gannet.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"gannet/conformance/generated/helloworld"
)

var (
	addr          = flag.String("addr", "127.0.0.1:50051", "where the server is")
	stream        = flag.Bool("stream", false, "send all names on one stream")
	caFile        = flag.String("ca", "", "the authority to trust; means TLS")
	certFile      = flag.String("cert", "", "the client's certificate")
	keyFile       = flag.String("key", "", "its key")
	serverName    = flag.String("server-name", "", "the name to expect in the server's certificate")
	token         = flag.String("token", "", "USER:PASSWORD, sent with every call")
	insecureToken = flag.Bool("insecure-token", false, "send the token over plaintext too")
	health        = flag.String("health", "", "ask for the health of this service instead")
)

// customCredential is the article's: the token goes into the metadata of every call.
type customCredential struct{ user, password string }

func (c customCredential) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"user": c.user, "password": c.password}, nil
}

func (c customCredential) RequireTransportSecurity() bool { return !*insecureToken }

func main() {
	flag.Parse()
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"world"}
	}
	if err := run(names); err != nil {
		if status, ok := status.FromError(err); ok {
			more := ""
			if len(status.Details()) > 0 {
				more = " (and details)"
			}
			fmt.Fprintf(os.Stderr, "%s: %s%s\n", code.Code(status.Code()), status.Message(), more)
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

func run(names []string) error {
	transport, err := transportCredentials()
	if err != nil {
		return err
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if *token != "" {
		user, password, _ := strings.Cut(*token, ":")
		options = append(options, grpc.WithPerRPCCredentials(customCredential{user, password}))
	}
	conn, err := grpc.NewClient(*addr, options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	if *health != "" {
		response, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: *health})
		if err != nil {
			return err
		}
		fmt.Println(response.Status)
		return nil
	}
	client := helloworld.NewGreeterClient(conn)
	if *stream {
		return sayHelloStream(ctx, client, names)
	}
	for _, name := range names {
		reply, err := client.SayHello(ctx, &helloworld.HelloRequest{Name: name})
		if err != nil {
			return err
		}
		fmt.Println(reply.Message)
	}
	return nil
}

func transportCredentials() (credentials.TransportCredentials, error) {
	if *caFile == "" {
		return insecure.NewCredentials(), nil
	}
	if *certFile == "" {
		return credentials.NewClientTLSFromFile(*caFile, *serverName)
	}
	cert, err := tls.LoadX509KeyPair(*certFile, *keyFile)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(*caFile)
	if err != nil {
		return nil, err
	}
	certPool := x509.NewCertPool()
	if ok := certPool.AppendCertsFromPEM(ca); !ok {
		return nil, fmt.Errorf("%s: no certificate in it", *caFile)
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{cert},
		ServerName:   *serverName,
		RootCAs:      certPool,
	}), nil
}

// sayHelloStream sends from one goroutine and receives in another.
func sayHelloStream(ctx context.Context, client helloworld.GreeterClient, names []string) error {
	stream, err := client.SayHelloStream(ctx)
	if err != nil {
		return err
	}
	go func() {
		for _, name := range names {
			// io.EOF says that the call has ended; Recv says why.
			if err := stream.Send(&helloworld.HelloRequest{Name: name}); err != nil {
				return
			}
		}
		stream.CloseSend()
	}()
	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println(reply.Message)
	}
}
