// Command sarif tells what is wrong with SARIF logs by a JSON schema. It reads one JSON document a line,
// {"schema": …, "log": …}, and writes one a line: the list of errors.
package main

import (
	"encoding/json"
	"log"

	// It brings the schema of SARIF 2.1.0 along, and does not give it away: the tests read it out of its source.
	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/xeipuuv/gojsonschema"

	"oracles/lines"
)

type request struct {
	Schema string          `json:"schema"`
	Log    json.RawMessage `json:"log"`
}

func main() {
	lines.Answer(func(asked request) []string {
		schema := gojsonschema.NewStringLoader(asked.Schema)
		result, err := gojsonschema.Validate(schema, gojsonschema.NewBytesLoader(asked.Log))
		if err != nil {
			log.Fatalf("validating: %v", err)
		}
		errors := []string{}
		for _, found := range result.Errors() {
			errors = append(errors, found.String())
		}
		return errors
	})
}
