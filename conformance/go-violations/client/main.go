// Sends the parcels of a file to a depot, and prints what it is told of each; with grpc-go's client. A line of the file is
// the name of a case, `unary` or `stream`, and the serialized parcels in hexadecimal, between tabs; the answer is a line
// of JSON. The suite `violations` compares it with the answers of other clients. Knows nothing of Gannet.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"gannet/conformance/violations/generated/parcels"
)

var (
	addr  = flag.String("addr", "127.0.0.1:50051", "where the depot is")
	cases = flag.String("cases", "", "the file with the cases")
)

type outcome struct {
	Case       string      `json:"case"`
	Receipts   int         `json:"receipts"`
	Code       uint32      `json:"code"`
	Text       string      `json:"text"`
	Violations []violation `json:"violations"`
}

type violation struct {
	Field   [][]any `json:"field"`
	Rule    [][]any `json:"rule"`
	ID      string  `json:"id"`
	Message string  `json:"message"`
	ForKey  bool    `json:"for_key"`
}

func main() {
	flag.Parse()
	conn, err := grpc.NewClient(*addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer conn.Close()
	depot := parcels.NewDepotClient(conn)
	file, err := os.Open(*cases)
	check(err)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		columns := strings.Split(lines.Text(), "\t")
		var messages []*parcels.Parcel
		for _, hexadecimal := range strings.Split(columns[2], ",") {
			bytes, err := hex.DecodeString(hexadecimal)
			check(err)
			parcel := new(parcels.Parcel)
			check(proto.Unmarshal(bytes, parcel))
			messages = append(messages, parcel)
		}
		call := send
		if columns[1] == "stream" {
			call = sendAll
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		receipts, err := call(ctx, depot, messages)
		cancel()
		line, err := json.Marshal(told(columns[0], receipts, status.Convert(err)))
		check(err)
		fmt.Println(string(line))
	}
	check(lines.Err())
}

func send(ctx context.Context, depot parcels.DepotClient, messages []*parcels.Parcel) (receipts int, err error) {
	for _, parcel := range messages {
		if _, err := depot.Send(ctx, parcel); err != nil {
			return receipts, err
		}
		receipts++
	}
	return receipts, nil
}

func sendAll(ctx context.Context, depot parcels.DepotClient, messages []*parcels.Parcel) (receipts int, err error) {
	stream, err := depot.SendAll(ctx)
	if err != nil {
		return 0, err
	}
	for _, parcel := range messages {
		// Where the call has ended, receiving says why.
		_ = stream.Send(parcel)
		if _, err := stream.Recv(); err != nil {
			return receipts, err
		}
		receipts++
	}
	if err := stream.CloseSend(); err != nil {
		return receipts, err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return receipts, err
	}
	return receipts, nil
}

func told(name string, receipts int, status *status.Status) outcome {
	told := outcome{Case: name, Receipts: receipts, Code: uint32(status.Code()), Text: status.Message()}
	for _, detail := range status.Details() {
		violations, ok := detail.(*validate.Violations)
		if !ok {
			log.Fatalf("%s: a detail is a %T", name, detail)
		}
		for _, one := range violations.Violations {
			told.Violations = append(told.Violations, violation{
				Field: path(one.GetField()), Rule: path(one.GetRule()), ID: one.GetRuleId(), Message: one.GetMessage(),
				ForKey: one.GetForKey(),
			})
		}
	}
	return told
}

func path(path *validate.FieldPath) [][]any {
	elements := [][]any{}
	for _, element := range path.GetElements() {
		var subscript any
		switch key := element.Subscript.(type) {
		case *validate.FieldPathElement_Index:
			subscript = []string{"index", fmt.Sprint(key.Index)}
		case *validate.FieldPathElement_BoolKey:
			subscript = []string{"bool_key", fmt.Sprint(key.BoolKey)}
		case *validate.FieldPathElement_IntKey:
			subscript = []string{"int_key", fmt.Sprint(key.IntKey)}
		case *validate.FieldPathElement_UintKey:
			subscript = []string{"uint_key", fmt.Sprint(key.UintKey)}
		case *validate.FieldPathElement_StringKey:
			subscript = []string{"string_key", key.StringKey}
		}
		// A type that is not there is 1 to the getter, which is that of doubles.
		number := func(there bool, value int32) int32 {
			if there {
				return value
			}
			return 0
		}
		elements = append(elements, []any{
			element.GetFieldNumber(), element.GetFieldName(),
			number(element.FieldType != nil, int32(element.GetFieldType())),
			number(element.KeyType != nil, int32(element.GetKeyType())),
			number(element.ValueType != nil, int32(element.GetValueType())),
			subscript,
		})
	}
	return elements
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
