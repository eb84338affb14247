// Command gotemplates renders templates as Kelos does: text/template, missingkey=error and no
// functions but Go's own. It reads one JSON document a line, {"template": …, "vars": {…}}, and
// writes one a line: {"output": …}, or {"error": …, "phase": "parse" or "execute"}.
//
// With "event", .Payload is what go-github makes of "payload", as in Kelos's webhook server. With "struct", the
// variables are a struct, as in Kelos v0.24.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"text/template"
	"unicode/utf8"

	"github.com/google/go-github/v66/github"

	"oracles/lines"
)

type request struct {
	Template string          `json:"template"`
	Vars     map[string]any  `json:"vars"`
	Event    string          `json:"event"`
	Payload  json.RawMessage `json:"payload"`
	Struct   bool            `json:"struct"`
}

type answer struct {
	Output *string `json:"output,omitempty"`
	Error  string  `json:"error,omitempty"`
	Phase  string  `json:"phase,omitempty"`
	// The output is not UTF-8, so JSON can't carry it.
	Binary bool `json:"binary,omitempty"`
}

func main() {
	lines.Answer(render)
}

func render(r request) answer {
	t, err := template.New("template").Option("missingkey=error").Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error(), Phase: "parse"}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, variables(r)); err != nil {
		return answer{Error: err.Error(), Phase: "execute"}
	}
	if !utf8.Valid(b.Bytes()) {
		return answer{Binary: true}
	}
	s := b.String()
	return answer{Output: &s}
}

func variables(r request) any {
	if r.Struct {
		return item(r.Vars)
	}
	vars := lines.Typed(r.Vars)
	if r.Event != "" {
		payload, err := github.ParseWebHook(r.Event, r.Payload)
		if err != nil {
			log.Fatalf("an event %s: %v", r.Event, err)
		}
		vars.(map[string]any)["Payload"] = payload
	}
	return vars
}

// workItem has the fields of Kelos's struct, in its order.
type workItem struct {
	ID             string
	Number         int
	Title          string
	Body           string
	URL            string
	Labels         string
	Comments       string
	Kind           string
	Branch         string
	ReviewState    string
	ReviewComments string
	Time           string
	Schedule       string
}

func item(vars map[string]any) any {
	text, err := json.Marshal(vars)
	if err != nil {
		log.Fatal(err)
	}
	var known workItem
	if err := json.Unmarshal(text, &known); err != nil {
		log.Fatal(err)
	}
	return known
}
