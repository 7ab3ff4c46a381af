module gannet/conformance/validators

go 1.24

require (
	github.com/golang/protobuf v1.3.2
	github.com/mwitkow/go-proto-validators v0.3.2
)

require github.com/gogo/protobuf v1.3.0 // indirect
