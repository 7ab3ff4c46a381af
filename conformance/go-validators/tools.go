//go:build tools

// Programs that `generate` builds, named here so that go.mod keeps them.
package main

import (
	_ "github.com/golang/protobuf/protoc-gen-go"
	_ "github.com/mwitkow/go-proto-validators/protoc-gen-govalidators"
)
