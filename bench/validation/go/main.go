// Measures protovalidate-go: a line for each row of the table, nanoseconds and allocations of one validation.
package main

import (
	"fmt"
	"log"
	"sort"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"gannet/bench/validation/generated"
)

const (
	round  = 20 * time.Millisecond
	rounds = 15
)

func main() {
	tags := []string{"alpha", "beta", "gamma"}
	second := generated.Kind_KIND_SECOND
	messages := []proto.Message{
		&generated.Article{Name: "zzz"},
		&generated.Mixed{Name: "Zhang San", Email: "zhang.san@example.com", Age: 42, Ratio: 0.5, Tags: tags, Kind: second},
		&generated.Span{First: 3, Last: 7},
		labels("red"),
		&generated.Article{Name: "zhangsan"},
		&generated.Mixed{Name: "", Email: "no address", Age: -1, Ratio: 0.5, Tags: tags, Kind: second},
		&generated.Span{First: 7, Last: 3},
		labels("green"),
	}
	validator, err := protovalidate.New(protovalidate.WithMessages(messages...))
	if err != nil {
		log.Fatal(err)
	}
	for index, message := range messages {
		if valid := validator.Validate(message) == nil; valid != (index < len(messages)/2) {
			log.Fatalf("protovalidate-go is wrong about message %d", index)
		}
		calls := 16
		for measure(validator, message, calls) < round {
			calls *= 2
		}
		times := make([]float64, rounds)
		for index := range times {
			times[index] = float64(measure(validator, message, calls).Nanoseconds()) / float64(calls)
		}
		sort.Float64s(times)
		allocations := testing.AllocsPerRun(100, func() { _ = validator.Validate(message) })
		fmt.Printf("%.1f %.0f\n", times[rounds/2], allocations)
	}
}

func labels(color string) *generated.Labels {
	return &generated.Labels{Labels: &structpb.Struct{Fields: map[string]*structpb.Value{"color": structpb.NewStringValue(color)}}}
}

func measure(validator protovalidate.Validator, message proto.Message, calls int) time.Duration {
	start := time.Now()
	for range calls {
		_ = validator.Validate(message)
	}
	return time.Since(start)
}
