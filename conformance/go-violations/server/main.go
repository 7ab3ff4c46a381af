// The depot of parcels.proto on grpc-go, validated by protovalidate-go behind go-grpc-middleware's interceptors: what
// clients of Gannet's depot are to see. Knows nothing of Gannet.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"

	"buf.build/go/protovalidate"
	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/protovalidate"
	"google.golang.org/grpc"

	"gannet/conformance/violations/generated/parcels"
)

var addr = flag.String("addr", "127.0.0.1:50051", "where to listen")

type depot struct {
	parcels.UnimplementedDepotServer
}

func (depot) Send(_ context.Context, parcel *parcels.Parcel) (*parcels.Receipt, error) {
	return &parcels.Receipt{Sender: parcel.Sender}, nil
}

func (depot) SendAll(stream grpc.BidiStreamingServer[parcels.Parcel, parcels.Receipt]) error {
	for {
		parcel, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&parcels.Receipt{Sender: parcel.Sender}); err != nil {
			return err
		}
	}
}

func main() {
	flag.Parse()
	validator, err := protovalidate.New()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.UnaryInterceptor(middleware.UnaryServerInterceptor(validator)),
		grpc.StreamInterceptor(middleware.StreamServerInterceptor(validator)),
	)
	parcels.RegisterDepotServer(server, depot{})
	log.Fatal(server.Serve(listener))
}
