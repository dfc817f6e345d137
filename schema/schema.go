// Package schema holds the topology language: the CUE definitions that users
// import as netgen.dev/schema and that netgen carries in its binary, so that
// the two never drift apart. It imports nothing of netgen.
package schema

import _ "embed"

// Language is the version of the topology language, the value of a topology's
// apiVersion.
const Language = "netgen.dev/v1"

// ImportPath is where a topology imports the schema from.
const ImportPath = "netgen.dev/schema"

// Source is the schema in CUE.
//
//go:embed topology.cue
var Source []byte
